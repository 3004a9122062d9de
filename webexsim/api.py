"""The routing table of the imitated API, and its endpoints for people and organizations. Holds no state, no rules.

The endpoints for rooms and memberships are in `api_rooms`, for messages and cards in `api_messages`, for webhooks in
`api_webhooks`; each turns a request into calls of the world and their result into JSON.
"""

import re
from collections.abc import Callable
from dataclasses import replace

from webexsim import api_messages, api_rooms, api_webhooks, refusals, wire
from webexsim.exchange import Reply, Request
from webexsim.model import Org, Person
from webexsim.paging import page
from webexsim.world import World

Endpoint = Callable[[World, Request], Reply]


def _me(_world: World, request: Request) -> Reply:
    return Reply(json=wire.person(request.actor, request.actor))


def _person(world: World, request: Request) -> Reply:
    return Reply(json=wire.person(world.directory.person(request.args[0]), request.actor))


def _people(world: World, request: Request) -> Reply:
    found = sorted(_found(world, request), key=_person_key)
    return page(request, found, _person_key, lambda someone: wire.person(someone, request.actor))


def _person_key(someone: Person) -> str:
    return someone.id


def _found(world: World, request: Request) -> list[Person]:
    email, name, ids = (request.query.get(key, "") for key in ("email", "displayName", "id"))
    if ids:
        known = (world.directory.people.get(person_id) for person_id in ids.split(","))
        return [someone for someone in known if someone]
    colleagues = [someone for someone in world.directory.people.values() if someone.org.id == request.actor.org.id]
    if email:
        return [someone for someone in colleagues if someone.email.lower() == email.lower()]
    if name:
        return [someone for someone in colleagues if someone.display_name.lower().startswith(name.lower())]
    raise refusals.person_query()


def _organizations(_world: World, request: Request) -> Reply:
    return Reply(json={"items": [wire.organization(request.actor.org)]})


def _organization(world: World, request: Request) -> Reply:
    org: Org | None = world.directory.orgs.get(request.args[0])
    if org is None or (org.id != request.actor.org.id and not world.foreign_orgs_readable):
        raise refusals.no_organization()
    return Reply(json=wire.organization(org))


_TABLE: list[tuple[str, str, Endpoint]] = [
    ("POST", "/messages", api_messages.create),
    ("GET", "/messages", api_messages.listing),
    ("GET", "/messages/direct", api_messages.direct),
    ("GET", "/messages/{}", api_messages.get),
    ("PUT", "/messages/{}", api_messages.edit),
    ("DELETE", "/messages/{}", api_messages.delete),
    ("GET", "/contents/{}", api_messages.content),
    ("HEAD", "/contents/{}", api_messages.content),
    ("POST", "/attachment/actions", api_messages.submit),
    ("GET", "/attachment/actions/{}", api_messages.action),
    ("GET", "/rooms", api_rooms.listing),
    ("GET", "/rooms/{}", api_rooms.get),
    ("GET", "/memberships", api_rooms.memberships),
    ("POST", "/memberships", api_rooms.add_member),
    ("GET", "/memberships/{}", api_rooms.membership),
    ("PUT", "/memberships/{}", api_rooms.change_member),
    ("DELETE", "/memberships/{}", api_rooms.remove_member),
    ("GET", "/people/me", _me),
    ("GET", "/people/{}", _person),
    ("GET", "/people", _people),
    ("GET", "/organizations", _organizations),
    ("GET", "/organizations/{}", _organization),
    ("GET", "/webhooks", api_webhooks.listing),
    ("POST", "/webhooks", api_webhooks.create),
    ("GET", "/webhooks/{}", api_webhooks.get),
    ("PUT", "/webhooks/{}", api_webhooks.update),
    ("DELETE", "/webhooks/{}", api_webhooks.delete),
]
_ROUTES = [(method, re.compile(path.replace("{}", "([^/]+)") + "/?$"), endpoint) for method, path, endpoint in _TABLE]


def answer(world: World, request: Request) -> Reply:
    """Answer a request, or raise the API's refusal."""
    known = False
    for method, pattern, endpoint in _ROUTES:
        match = pattern.match(request.path)
        if match and method == request.method:
            return endpoint(world, replace(request, args=match.groups()) if match.groups() else request)
        known = known or match is not None
    raise refusals.wrong_method(request.method) if known else refusals.no_such_resource()
