"""Endpoints for rooms and memberships. Hold no state, no rules but those of the API itself."""

from collections.abc import Callable

from webexsim import refusals, wire
from webexsim.exchange import Reply, Request
from webexsim.model import Membership, Person, Space
from webexsim.paging import page
from webexsim.world import World

_NEWEST_FIRST = 1e13


def listing(world: World, request: Request) -> Reply:
    """GET /rooms: those the caller is in, by id unless `sortBy` says otherwise."""
    kind = request.query.get("type", "")
    spaces = [space for space in world.directory.spaces_of(request.actor) if kind in ("", space.type)]
    if "teamId" in request.query:
        spaces = []
    key = _sorting(request.query.get("sortBy", "id"))
    if key is not _by_id:
        spaces.sort(key=key)
    return page(request, spaces, key, lambda space: wire.room(space, request.actor, listed=True))


def _sorting(word: str) -> Callable[[Space], str]:
    known = {"id": _by_id, "lastactivity": _by_activity, "created": _by_age}
    if word not in known:
        raise refusals.bad_field("sortBy")
    return known[word]


def _by_id(space: Space) -> str:
    return space.id


def _by_activity(space: Space) -> str:
    return f"{_NEWEST_FIRST - space.last_activity * 1000:015.1f}{space.id}"


def _by_age(space: Space) -> str:
    return f"{_NEWEST_FIRST - space.created * 1000:015.1f}{space.id}"


def get(world: World, request: Request) -> Reply:
    """GET /rooms/{id}."""
    return Reply(json=wire.room(world.directory.space_for(request.actor, request.args[0]), request.actor))


def memberships(world: World, request: Request) -> Reply:
    """GET /memberships: the caller's own, or those of one room."""
    if "roomId" not in request.query:
        return _own(world, request)
    space = world.directory.space_for(request.actor, request.query["roomId"])
    asked = request.query.get("personId") or request.query.get("personEmail")
    person = world.directory.find(asked) if asked else None
    members = [it for it in world.directory.members(space) if not asked or it.person == person]
    return page(request, members, lambda member: member.person.id, wire.membership)


def _own(world: World, request: Request) -> Reply:
    if "personId" in request.query or "personEmail" in request.query:
        raise refusals.missing("roomId")
    mine = [space.members.get(request.actor.id) for space in world.directory.spaces_of(request.actor)]
    return page(request, [member for member in mine if member], lambda member: member.room_id, wire.membership)


def _member(world: World, request: Request) -> Membership:
    member = world.directory.memberships.get(request.args[0])
    if member is None or request.actor.id not in world.directory.spaces[member.room_id].members:
        raise refusals.no_membership()
    return member


def membership(world: World, request: Request) -> Reply:
    """GET /memberships/{id}."""
    return Reply(json=wire.membership(_member(world, request)))


def add_member(world: World, request: Request) -> Reply:
    """POST /memberships."""
    space = world.directory.space_for(request.actor, request.needed("roomId"))
    person_id = request.text("personId")
    person = world.directory.named(person_id, "" if person_id else request.needed("personEmail"))
    if person.id in space.members:
        raise refusals.already_member()
    _check_may_manage(space, request.actor)
    moderator = bool(request.flag("isModerator"))
    return Reply(json=wire.membership(world.directory.join(space, person, request.actor, moderator)))


def change_member(world: World, request: Request) -> Reply:
    """PUT /memberships/{id}: make somebody a moderator or not."""
    member = _member(world, request)
    moderator = request.flag("isModerator")
    if moderator is None:
        raise refusals.missing("isModerator")
    space = world.directory.spaces[member.room_id]
    _check_may_manage(space, request.actor)
    changed = world.directory.set_moderator(space, member.person, moderator, request.actor)
    return Reply(json=wire.membership(changed))


def remove_member(world: World, request: Request) -> Reply:
    """DELETE /memberships/{id}: leave, or take somebody out."""
    member = _member(world, request)
    space = world.directory.spaces[member.room_id]
    if space.type == "direct":
        raise refusals.direct_room_members()
    if member.person.id != request.actor.id:
        _check_may_manage(space, request.actor)
    world.directory.leave(space, member.person, request.actor)
    return Reply(status=204)


def _check_may_manage(space: Space, actor: Person) -> None:
    if space.type == "direct":
        raise refusals.direct_room_members()
    if space.locked and not space.members[actor.id].is_moderator:
        raise refusals.not_moderator()
