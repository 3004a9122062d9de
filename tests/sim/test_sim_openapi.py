"""Every kind of answer holds to Webex's official OpenAPI description, so that shapes cannot drift.

The description is not part of this repository. It is looked for beside the project, or where WEBEX_OPENAPI names it.
"""

import functools
import json
import os
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from webexsim import SimFile, refusals

BESIDE = Path(__file__).parents[2] / "../shared/reference/webex-messaging.openapi.json"
CARD = {
    "contentType": "application/vnd.microsoft.card.adaptive",
    "content": {"type": "AdaptiveCard", "version": "1.3", "body": [{"type": "TextBlock", "text": "hi"}]},
}
# Shown in the description's own examples or in the guide on webhooks, but missing in its schemas.
UNLISTED = {
    "Message": {"parentId", "html"},
    "DirectMessage": {"html", "parentId", "mentionedPeople", "mentionedGroups", "attachments", "updated"},
    "Webhook": {"orgId", "createdBy", "appId"},
    "Attachment": {"contentType"},
}


@functools.cache
def description() -> dict[str, Any]:
    """Return the description; without it skip, but fail where tests must be complete."""
    path = Path(os.environ.get("WEBEX_OPENAPI", BESIDE))
    if not path.exists():
        say = pytest.fail if os.environ.get("CI") else pytest.skip
        say(f"Webex's OpenAPI description is not at {path.name}; name it with WEBEX_OPENAPI")
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def json_schema(node: Any) -> Any:
    """Turn OpenAPI 3.0's dialect into JSON Schema: `nullable` becomes a second type."""
    if isinstance(node, list):
        return [json_schema(item) for item in node]
    if not isinstance(node, dict):
        return node
    turned = {key: json_schema(value) for key, value in node.items() if key not in ("example", "nullable", "xml")}
    if node.get("nullable") and "type" in turned:
        turned["type"] = [turned["type"], "null"]
    return turned


@functools.cache
def components() -> dict[str, Any]:
    """Return the schemas, closed: a field they do not know is an error."""
    schemas: dict[str, Any] = json_schema(description()["components"]["schemas"])
    # The description types a card's content as a File of a document store: its one known wrong spot.
    schemas["Attachment"]["properties"]["content"] = {"type": "object"}
    for name, schema in schemas.items():
        schema["properties"] |= {key: {} for key in UNLISTED.get(name, ())}
        schema["additionalProperties"] = False
    return schemas


def complaints(method: str, path: str, status: int, body: Any) -> list[str]:
    """Say what in an answer does not fit the description of that operation."""
    answers = description()["paths"][path][method.lower()]["responses"]
    content = answers[str(status)].get("content", {}).get("application/json")
    if content is None:
        return [] if body is None else ["a body where none is described"]
    schema = {**json_schema(content["schema"]), "components": {"schemas": components()}}
    return [error.message for error in Draft202012Validator(schema).iter_errors(body)]


ROOM = {"roomId": "{room}"}
HOOK = {"name": "w", "targetUrl": "http://127.0.0.1/", "resource": "messages", "event": "created", "secret": "s"}
OPERATIONS: list[tuple[str, str, str, Any]] = [
    ("POST", "/messages", "messages", {**ROOM, "text": "x", "parentId": "{hello}"}),
    ("POST", "/messages", "messages", {**ROOM, "markdown": "<@personId:{alice}> <@all>"}),
    ("POST", "/messages", "messages", {**ROOM, "attachments": [CARD]}),
    ("GET", "/messages/{messageId}", "messages/{hello}", None),
    ("GET", "/messages/{messageId}", "messages/{with_file}", None),
    ("GET", "/messages/{messageId}", "messages/{with_card}", None),
    ("GET", "/messages", "messages?roomId={room}&mentionedPeople=me", None),
    ("GET", "/messages", "messages?roomId={dm}", None),
    ("GET", "/messages/direct", "messages/direct?personId={alice}", None),
    ("PUT", "/messages/{messageId}", "messages/{own}", {**ROOM, "markdown": "*new*"}),
    ("DELETE", "/messages/{messageId}", "messages/{own}", None),
    ("GET", "/rooms", "rooms", None),
    ("GET", "/rooms/{roomId}", "rooms/{room}", None),
    ("GET", "/memberships", "memberships", None),
    ("GET", "/memberships", "memberships?roomId={room}", None),
    ("GET", "/memberships/{membershipId}", "memberships/{member}", None),
    ("POST", "/memberships", "memberships", {**ROOM, "personEmail": "carl@acme.example", "isModerator": True}),
    ("PUT", "/memberships/{membershipId}", "memberships/{member}", {"isModerator": False}),
    ("DELETE", "/memberships/{membershipId}", "memberships/{member}", None),
    ("GET", "/people/me", "people/me", None),
    ("GET", "/people/{personId}", "people/{alice}", None),
    ("GET", "/people/{personId}", "people/{bob}", None),
    ("GET", "/people", "people?email=alice@acme.example", None),
    ("GET", "/organizations", "organizations", None),
    ("GET", "/organizations/{orgId}", "organizations/{globex}", None),
    ("GET", "/webhooks", "webhooks", None),
    ("POST", "/webhooks", "webhooks", HOOK),
    ("GET", "/webhooks/{webhookId}", "webhooks/{hook}", None),
    ("PUT", "/webhooks/{webhookId}", "webhooks/{hook}", {**HOOK, "status": "active"}),
    ("DELETE", "/webhooks/{webhookId}", "webhooks/{hook}", None),
    ("POST", "/attachment/actions", "attachment/actions", {"type": "submit", "messageId": "{with_card}", "inputs": {}}),
    ("GET", "/attachment/actions/{id}", "attachment/actions/{action}", None),
]


@pytest.fixture
def ids(town: Any, api: Any) -> dict[str, str]:
    """Put one of everything into the town; return the ids by name."""
    world = town.world
    with_card = world.say(town.bot, town.room, "card", attachments=[CARD])
    made = {
        "own": world.say(town.bot, town.room, "own").id,
        "with_file": world.say(town.alice, town.dm, "file", files=[SimFile("a", b"a")], mention_all=True).id,
        "with_card": with_card.id,
        "action": world.submit(town.alice, with_card, {"a": "b"}).id,
        "member": town.room.members[town.bot.id].id,
        "hook": api("POST", "webhooks", json=HOOK).json()["id"],
    }
    return made | {name: thing.id for name, thing in vars(town).items() if hasattr(thing, "id")}


def filled(value: Any, ids: dict[str, str]) -> Any:
    """Put ids where names are."""
    if isinstance(value, dict):
        return {key: filled(item, ids) for key, item in value.items()} if value is not CARD else value
    return value.format(**ids) if isinstance(value, str) else value


@pytest.mark.parametrize(
    ("method", "described", "path", "body"), OPERATIONS, ids=[f"{o[0]} {o[2]}" for o in OPERATIONS]
)
def test_an_answer_is_as_described(*, ids: Any, api: Any, method: str, described: str, path: str, body: Any) -> None:
    """The real answer of each operation, lists and single things, validates – and has no field of its own."""
    answer = api(method, path.format(**ids), json=filled(body, ids))
    assert answer.status_code in (200, 202, 204), answer.text
    assert complaints(method, described, answer.status_code, answer.json() if answer.content else None) == []


def test_the_description_would_find_a_fault() -> None:
    """A wrong type and an unknown field are both complained about."""
    assert complaints("GET", "/rooms/{roomId}", 200, {"id": 5, "titel": "x"}) != []
    assert len(complaints("GET", "/rooms", 200, {"items": [{"id": 5}, {"type": "club"}]})) == 2


def test_every_refusal_has_a_described_status() -> None:
    """No refusal answers with a status the description does not list."""
    described = set(description()["paths"]["/messages"]["post"]["responses"])
    samples = [getattr(refusals, name) for name in dir(refusals) if name.islower() and not name.startswith("_")]
    made = [make(*sample(make)) for make in samples if callable(make)]
    assert {str(refusal.status) for refusal in made} <= described


def sample(make: Any) -> list[Any]:
    """Return arguments for a refusal that takes one."""
    known = {"headers": {}, "details": ["x"], "seconds": 1}
    return [known.get(name, "x") for name in make.__code__.co_varnames[: make.__code__.co_argcount]]
