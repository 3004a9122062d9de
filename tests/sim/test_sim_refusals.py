"""What the API refuses, with which status and words."""

from typing import Any

import pytest

LONG = "Message length limited to 7439 characters before encryption and 10000 characters after encryption"
ONE = "Exactly one of the destination fields must not be empty (roomId, toPersonEmail, toPersonId)"
NO_ROOM = "Could not find a room with provided ID."
CARD = {
    "contentType": "application/vnd.microsoft.card.adaptive",
    "content": {"type": "AdaptiveCard", "version": "1.3", "body": [{"type": "TextBlock", "text": "hi"}]},
}

POSTS = [
    ("no destination", {"text": "x"}, 400, ONE),
    ("two destinations", {"text": "x", "roomId": "room", "toPersonEmail": "alice@acme.example"}, 400, ONE),
    ("nothing to say", {"roomId": "room"}, 400, "Both text and file cannot be empty."),
    ("text of 7440 bytes", {"roomId": "room", "text": "x" * 7440}, 400, LONG),
    ("markdown of 7440 bytes", {"roomId": "room", "markdown": "x" * 7440}, 400, LONG),
    ("3720 two-byte letters", {"roomId": "room", "text": "ž" * 3720}, 400, LONG),
    ("unknown room", {"roomId": "nowhere", "text": "x"}, 404, NO_ROOM),
    ("room without the bot", {"roomId": "outside", "text": "x"}, 404, NO_ROOM),
    ("raw uuid", {"roomId": "bbceb1ad-43f1-3b58-9147-f14bb0c4d154", "text": "x"}, 404, NO_ROOM),
    ("announcement-only", {"roomId": "news", "text": "x"}, 403, "Only moderators are allowed"),
    ("read-only 1-1", {"roomId": "frozen", "text": "x"}, 403, "This room is read-only."),
    ("1-1 whose other is gone", {"roomId": "dead", "text": "x"}, 403, "The other participant"),
    ("unknown person", {"toPersonEmail": "nobody@acme.example", "text": "x"}, 404, "Could not find a person"),
    ("two files", {"roomId": "room", "files": ["http://x/1", "http://x/2"]}, 400, "Only one file"),
    ("unreachable file", {"roomId": "room", "files": ["http://nowhere.example/1"]}, 400, "Unable to retrieve content"),
    ("nothing listens", {"roomId": "room", "files": ["http://127.0.0.1:9/f"]}, 400, "Unable to retrieve content"),
    ("two cards", {"roomId": "room", "attachments": [CARD, CARD]}, 400, "Only one attachment"),
    ("text that is no string", {"roomId": "room", "text": 5}, 400, "Invalid value for field 'text'."),
    ("files that are no list", {"roomId": "room", "files": "http://x/1"}, 400, "Invalid value for field 'files'."),
    ("a list", [1, 2], 400, ONE),
]


@pytest.mark.parametrize(("body", "status", "words"), [row[1:] for row in POSTS], ids=[row[0] for row in POSTS])
def test_a_message_no_room_takes_is_refused(town: Any, api: Any, body: Any, status: int, words: str) -> None:
    """POST /messages answers with Webex's status and words, and posts nothing."""
    if isinstance(body, dict) and hasattr(town, body.get("roomId", "-")):
        body = {**body, "roomId": getattr(town, body["roomId"]).id}
    before = len(town.world.messages())
    answer = api("POST", "messages", json=body)
    assert (answer.status_code, answer.json()["message"][: len(words)]) == (status, words)
    assert len(town.world.messages()) == before


@pytest.mark.parametrize("field", ["text", "markdown"])
def test_7439_bytes_are_taken(town: Any, api: Any, field: str) -> None:
    """A message of exactly the limit is posted."""
    assert api("POST", "messages", json={"roomId": town.room.id, field: "x" * 7439}).status_code == 200


CALLS = [
    ("GET", "messages/{secret}", {}, 404, "Unable to get message."),
    ("GET", "messages/nothing", {}, 404, "Unable to get message."),
    ("GET", "messages?roomId={room}", {}, 403, "Failed to get activity."),
    ("GET", "messages", {}, 400, "Required String parameter 'roomId' is not present"),
    ("GET", "messages?roomId={room}&mentionedPeople={alice}", {}, 400, "Invalid value for field 'mentionedPeople'."),
    ("GET", "messages/direct", {}, 400, "Required String parameter 'personId' is not present"),
    ("GET", "messages/direct?personId={bob}", {}, 404, NO_ROOM),
    ("PUT", "messages/{hello}", {"roomId": "{room}", "text": "mine now"}, 403, "You are not allowed"),
    ("PUT", "messages/{hello}", {"text": "where"}, 400, "Required String parameter 'roomId' is not present"),
    ("DELETE", "messages/{hello}", None, 403, "You are not allowed"),
    ("GET", "rooms/{outside}", {}, 404, NO_ROOM),
    ("GET", "rooms?max=0", {}, 400, "Invalid value for field 'max'."),
    ("GET", "rooms?sortBy=size", {}, 400, "Invalid value for field 'sortBy'."),
    ("GET", "memberships?roomId={outside}", {}, 404, NO_ROOM),
    ("GET", "memberships?personId={alice}", {}, 400, "Required String parameter 'roomId' is not present"),
    ("GET", "memberships/none", {}, 404, "Could not find a membership"),
    ("POST", "memberships", {"roomId": "{room}", "personId": "{alice}"}, 409, "Person is already in the room."),
    ("POST", "memberships", {"roomId": "{room}", "personEmail": "who@x"}, 404, "Could not find a person"),
    ("POST", "memberships", {"roomId": "{locked}", "personEmail": "carl@acme.example"}, 403, "Only moderators"),
    ("POST", "memberships", {"roomId": "{dm}", "personId": "{bob}"}, 403, "Memberships of a direct room"),
    ("GET", "people/none", {}, 404, "Could not find a person"),
    ("GET", "people", {}, 400, "Email, displayName, or id list should be specified."),
    ("GET", "organizations/none", {}, 404, "Could not find an organization"),
    ("GET", "webhooks/none", {}, 404, "Could not find a webhook"),
    ("GET", "attachment/actions/none", {}, 404, "Could not find an attachment action"),
    ("POST", "attachment/actions", {"type": "submit", "messageId": "{hello}", "inputs": {}}, 404, "Unable to get"),
    ("POST", "attachment/actions", {"type": "tap", "messageId": "{hello}"}, 400, "Invalid value for field 'type'."),
    ("GET", "contents/none", {}, 404, "Unable to get message."),
    ("GET", "teams", {}, 404, "The requested resource could not be found."),
    ("PATCH", "rooms", {}, 405, "Request method 'PATCH' not supported"),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "words"), CALLS, ids=[f"{c[0]} {c[1]}" for c in CALLS])
def test_a_call_that_cannot_be_is_refused(
    *, town: Any, api: Any, method: str, path: str, body: Any, status: int, words: str
) -> None:
    """Each endpoint refuses with Webex's status and words."""
    ids = {name: thing.id for name, thing in vars(town).items() if hasattr(thing, "id")}
    filled = {key: value.format(**ids) if isinstance(value, str) else value for key, value in (body or {}).items()}
    answer = api(method, path.format(**ids), json=filled or None)
    assert (answer.status_code, answer.json()["message"][: len(words)]) == (status, words)


@pytest.mark.parametrize("token", ["", "nobody", "Bearer"])
def test_a_wrong_token_is_refused(api: Any, token: str) -> None:
    """A call without a token somebody has is answered 401."""
    answer = api("GET", "people/me", token=token)
    words = "The request requires a valid access token set in the Authorization request header."
    assert (answer.status_code, answer.json()["message"]) == (401, words)


def test_a_refusal_can_be_traced(api: Any) -> None:
    """A refusal carries its words twice, one tracking id in header and body, and a date."""
    answer = api("GET", "rooms/none")
    body = answer.json()
    assert body["errors"] == [{"description": body["message"]}]
    assert body["trackingId"] == answer.headers["trackingid"]
    assert answer.headers["Date"].endswith("GMT")


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [("text/plain", b"hi", 415), ("application/json", b"{half", 400), ("multipart/form-data", b"no boundary", 400)],
)
def test_a_body_that_does_not_parse_is_refused(
    *, town: Any, server: Any, session: Any, content_type: str, body: bytes, status: int
) -> None:
    """A body of the wrong type or shape is refused, and the connection goes on."""
    headers = {"Authorization": f"Bearer {town.bot.token}", "Content-Type": content_type}
    assert session.post(f"{server.url}messages", data=body, headers=headers, timeout=30).status_code == status
    assert session.get(f"{server.url}people/me", headers=headers, timeout=30).status_code == 200


BAD_CARDS = [
    ({"type": "AdaptiveCard", "version": "1.3", "body": [{"type": "TextBlock"}]}, "#/body/0: required key [text]"),
    ({"type": "AdaptiveCard", "version": "1.3", "body": [{"type": "Tweet"}]}, "#/body/0: Tweet is not a valid type"),
    ({"type": "AdaptiveCard", "version": "1.3", "body": {}}, "#/body: expected type: JSONArray"),
    ({"type": "AdaptiveCard", "version": "1.3", "actions": [3]}, "#/actions/0: expected type: JSONObject"),
    ({"type": "AdaptiveCard"}, "Missing Adaptive Card Version"),
    ({"version": "1.3"}, "#: required key [type] not found"),
]


@pytest.mark.parametrize(("card", "words"), BAD_CARDS)
def test_a_bad_card_is_refused_with_what_is_wrong(town: Any, api: Any, card: Any, words: str) -> None:
    """A card that is none is a 400 that names the spot."""
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
    answer = api("POST", "messages", json={"roomId": town.room.id, "attachments": [attachment]})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["description"].startswith(words)


def test_an_attachment_that_is_no_card_is_refused(town: Any, api: Any) -> None:
    """Only Adaptive Cards are attachments."""
    answer = api("POST", "messages", json={"roomId": town.room.id, "attachments": [{"contentType": "text/plain"}]})
    assert answer.status_code == 400


def test_another_organization_can_be_closed_to_the_bot(town: Any, api: Any) -> None:
    """Reading a foreign organization is a 404 where the world says so; the own one stays readable."""
    town.world.foreign_orgs_readable = False
    assert api("GET", f"organizations/{town.globex.id}").status_code == 404
    assert api("GET", f"organizations/{town.acme.id}").json()["displayName"] == "Acme"
