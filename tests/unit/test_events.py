"""Which webhook bodies count as Webex's, and what the bot reads from them."""

import hmac
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcast.errors import NotAnEvent
from broadcast.events import MAX_BODY, derive_secret, iso_time, parse, verify
from broadcast.model import Event, SpaceKind

SECRET = "přísně tajné"
BODY = '{"name": "Žluťoučký kůň"}'.encode()
RECEIVED = 1_795_341_600.0
MESSAGE = {
    "resource": "messages",
    "event": "created",
    "actorId": "eva",
    "data": {
        "id": "message-1",
        "roomId": "space-1",
        "roomType": "group",
        "personId": "eva",
        "created": "2026-11-22T09:59:58.500Z",
    },
}
NOT_EVENTS = {
    "nothing": b"",
    "no JSON": b"{",
    "no UTF-8": b'{"resource": "\xff"}',
    "a list": b"[]",
    "null": b"null",
    "NaN": b'{"resource": "messages", "event": "created", "data": {"id": "1", "x": NaN}}',
    "nested too deeply for the parser": b"[" * 100_000,
    "nested too deeply": b'{"resource": "r", "event": "e", "data": {"id": "1", "x": ' + b"[" * 40 + b"]" * 40 + b"}}",
    "a number without end": b'{"data": ' + b"9" * 5000 + b"}",
    "half a character": b'{"resource": "r", "event": "e", "data": {"id": "\\ud800"}}',
    "half a character elsewhere": b'{"resource": "r", "event": "e", "data": {"id": "1"}, "x": ["\\udfff"]}',
}


def digest(name: str, body: bytes = BODY, secret: str = SECRET) -> str:
    """Sign a body as Webex does."""
    return hmac.new(secret.encode(), body, name).hexdigest()


GOOD = {name: digest(name) for name in ("sha1", "sha256", "sha512")}
BAD = {name: digest(name, secret="another") for name in GOOD}


def event_with(envelope: dict[str, Any] | None = None, **data: object) -> Event:
    """Read the event of a message with some fields changed; None takes one away."""
    changed = MESSAGE | (envelope or {}) | {"data": MESSAGE["data"] | data}  # type: ignore[operator]
    return parse(json.dumps(changed).encode(), received_at=RECEIVED)


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Spark-Signature": GOOD["sha1"]},
        {"x-spark-signature": f" {GOOD['sha1'].upper()} "},
        {"X-Webex-Signature": f"SHA-256={GOOD['sha256']}, SHA-512={GOOD['sha512']}"},
        {"X-Webex-Signature": f"sha512={GOOD['sha512']}"},
        {"X-WEBEX-SIGNATURE": f" Sha_256 = {GOOD['sha256']} ,,"},
        {"X-Webex-Signature": GOOD["sha1"]},
        {"X-Webex-Signature": GOOD["sha256"]},
        {"X-Webex-Signature": GOOD["sha512"]},
        {"X-Webex-Signature": f"ed25519=abc, SHA-256={GOOD['sha256']}"},
        {"X-Webex-Signature": f"SHA-256={GOOD['sha256']}", "X-Spark-Signature": BAD["sha1"]},
        {"X-Webex-Signature": "v2=unreadable", "X-Spark-Signature": GOOD["sha1"]},
        {"X-Webex-Signature": "", "X-Spark-Signature": GOOD["sha1"]},
    ],
)
def test_a_body_that_webex_signed_is_taken(headers: dict[str, str]) -> None:
    """Both headers count, in every spelling seen."""
    assert verify(BODY, headers, SECRET)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Spark-Signature": ""},
        {"X-Spark-Signature": BAD["sha1"]},
        {"X-Spark-Signature": GOOD["sha1"][:-1]},
        {"X-Spark-Signature": GOOD["sha256"]},
        {"X-Spark-Signature": "ž" * 40},
        {"X-Spark-Signature": "０" * 40},
        {"X-Spark-Signature": GOOD["sha1"] + "," + BAD["sha1"]},
        {"X-Spark-Signature": "a" * 1_000_000},
        {"X-Webex-Signature": f"SHA-256={BAD['sha256']}", "X-Spark-Signature": GOOD["sha1"]},
        {"X-Webex-Signature": f"SHA-256={GOOD['sha256']}, SHA-512={BAD['sha512']}"},
        {"X-Webex-Signature": f"SHA-256={BAD['sha256']}, SHA-256={GOOD['sha256']}"},
        {"X-Webex-Signature": f"SHA-512={GOOD['sha256']}"},
        {"X-Webex-Signature": "SHA-256="},
        {"X-Webex-Signature": "SHA-256=," * 100_000},
        {"X-Webex-Signature": f"SHA-256={GOOD['sha256']}," * 100},
        {"Signature": GOOD["sha1"]},
    ],
)
def test_a_body_that_webex_did_not_sign_is_refused(headers: dict[str, str]) -> None:
    """Without a right signature, or with a wrong one beside it, nothing is believed."""
    assert verify(BODY, headers, SECRET) is False


def test_one_changed_byte_breaks_the_signature() -> None:
    """The signature is over the very bytes, not over what they mean."""
    assert not verify(BODY.replace(b": ", b":"), {"X-Spark-Signature": GOOD["sha1"]}, SECRET)


def test_an_empty_secret_verifies_nothing() -> None:
    """A bot without a secret does not take what anybody can sign."""
    assert not verify(BODY, {"X-Spark-Signature": digest("sha1", secret="")}, "")


@settings(deadline=None)
@given(st.binary(), st.dictionaries(st.sampled_from(["X-Spark-Signature", "X-Webex-Signature"]), st.text()), st.text())
def test_no_header_makes_the_check_stumble(body: bytes, headers: dict[str, str], secret: str) -> None:
    """Whatever stands in the headers, the answer is no."""
    assert verify(body, headers, secret) is False


@settings(deadline=None)
@given(st.binary(), st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.sampled_from(sorted(GOOD)))
def test_every_signed_body_is_taken(body: bytes, secret: str, name: str) -> None:
    """Any bytes, signed with any secret, pass."""
    assert verify(body, {"X-Webex-Signature": f"{name}={digest(name, body, secret)}"}, secret)


def test_the_secret_follows_from_the_token_and_hides_it() -> None:
    """The same token always makes the same secret, another one another, and neither shows the token."""
    assert derive_secret("token-1") == derive_secret("token-1") != derive_secret("token-2")
    assert len(bytes.fromhex(derive_secret("token-1"))) == 32


def test_a_message_event_is_cut_down_to_what_the_bot_uses() -> None:
    """Ids, kind of space and times are read."""
    assert event_with() == Event(
        key="messages:created:message-1",
        resource="messages",
        action="created",
        id="message-1",
        space_id="space-1",
        space_kind=SpaceKind.GROUP,
        person_id="eva",
        actor_id="eva",
        asked_at=RECEIVED - 1.5,
    )


def test_a_message_repeated_with_other_details_is_the_same_event() -> None:
    """A delivery with another time or another name of the webhook has the same key."""
    assert event_with({"name": "old"}, created=None).key == event_with({"name": "new"}).key


@pytest.mark.parametrize(
    ("resource", "action"), [("messages", "created"), ("messages", "deleted"), ("attachmentActions", "created")]
)
def test_what_happens_once_is_known_by_its_id(resource: str, action: str) -> None:
    """A message or a card's answer is created once."""
    assert event_with({"resource": resource, "event": action}).key == f"{resource}:{action}:message-1"


@pytest.mark.parametrize(
    ("resource", "action"), [("memberships", "created"), ("messages", "updated"), ("rooms", "updated")]
)
def test_what_may_happen_again_is_known_by_its_details(resource: str, action: str) -> None:
    """Somebody who leaves and returns, or edits twice, causes another event; a repeated delivery does not."""
    envelope = {"resource": resource, "event": action}
    first, again = event_with(envelope, created="2026-11-01T00:00:00Z"), event_with(envelope)
    assert first.key != again.key == event_with(envelope | {"name": "another"}).key
    assert again.key.startswith(f"{resource}:{action}:message-1:")


def test_the_order_of_fields_makes_no_other_event() -> None:
    """The same membership written in another order has the same key."""
    bodies = (b'{"id": "1", "personId": "2"}', b'{"personId":"2","id":"1"}')
    template = b'{"resource": "memberships", "event": "updated", "data": %b}'
    one, other = (parse(template % data, received_at=RECEIVED) for data in bodies)
    assert one.key == other.key


def test_a_room_event_names_its_space() -> None:
    """The id of a room event is the space's."""
    event = parse(
        b'{"resource": "rooms", "event": "updated", "data": {"id": "space-1", "type": "direct"}}', received_at=RECEIVED
    )
    assert (event.space_id, event.space_kind) == ("space-1", SpaceKind.DIRECT)


def test_an_event_of_an_unknown_resource_is_one_all_the_same() -> None:
    """What Webex may think of later is no mistake of the sender."""
    event = parse(b'{"resource": "meetings", "event": "started", "data": {"id": "1"}}', received_at=RECEIVED)
    assert (event.resource, event.space_id, event.space_kind, event.asked_at) == ("meetings", "", None, RECEIVED)


def test_a_new_kind_of_space_is_left_open() -> None:
    """A roomType that nobody has heard of does not lose the message."""
    assert event_with(roomType="hologram").space_kind is None


@pytest.mark.parametrize("body", NOT_EVENTS.values(), ids=NOT_EVENTS)
def test_what_is_no_event_is_refused(body: bytes) -> None:
    """Odd bodies are refused as such."""
    with pytest.raises(NotAnEvent):
        parse(body, received_at=RECEIVED)


@pytest.mark.parametrize("name", ["resource", "event", "data"])
@pytest.mark.parametrize("value", [None, "", 7, True, [], {}])
def test_an_envelope_needs_resource_event_and_data(name: str, value: object) -> None:
    """None of the three may be missing, empty or of another type."""
    with pytest.raises(NotAnEvent):
        parse(json.dumps(MESSAGE | {name: value}).encode(), received_at=RECEIVED)


@pytest.mark.parametrize("value", [None, "", 7, True, ["message-1"], {"id": "1"}])
def test_data_needs_an_id(value: object) -> None:
    """An id that is missing, empty or no text is none."""
    with pytest.raises(NotAnEvent):
        event_with(id=value)


@pytest.mark.parametrize("name", ["roomId", "roomType", "personId"])
@pytest.mark.parametrize("value", [7, True, ["x"], {"id": "1"}])
def test_a_field_of_another_type_is_refused(name: str, value: object) -> None:
    """What should be text is text, or the event is refused."""
    with pytest.raises(NotAnEvent):
        event_with(None, **{name: value})


def test_fields_that_are_missing_or_null_are_empty() -> None:
    """An event with nothing but its id is enough."""
    event = event_with({"actorId": None}, roomId=None, roomType=None, personId=None)
    assert (event.space_id, event.space_kind, event.person_id, event.actor_id) == ("", None, "", "")


@pytest.mark.parametrize(
    ("created", "asked_at"),
    [
        ("2026-11-22T09:59:00Z", RECEIVED - 60),
        ("2026-11-22T10:59:00+01:00", RECEIVED - 60),
        ("2026-11-22T11:00:00Z", RECEIVED),
        ("2026-11-22T09:59:00", RECEIVED),
        ("yesterday", RECEIVED),
        (None, RECEIVED),
        (7, RECEIVED),
    ],
)
def test_a_message_was_asked_for_when_it_was_written(created: object, asked_at: float) -> None:
    """Webex's time counts where it can be read and is not in the future; the time of arrival otherwise."""
    assert event_with(created=created).asked_at == asked_at


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-11-22T10:00:00Z", RECEIVED),
        ("2026-11-22T10:00:00.250Z", RECEIVED + 0.25),
        ("2026-11-22T10:00:00.123456789Z", RECEIVED + 0.123456),
        ("2026-11-22T11:30:00+01:30", RECEIVED),
        ("2026-11-22T10:00:00+0000", RECEIVED),
        ("1969-12-31T23:59:59Z", -1.0),
        ("2026-11-22T10:00:00", None),
        ("2026-11-22", None),
        ("2026-02-30T10:00:00Z", None),
        ("", None),
        ("\ud800", None),
    ],
)
def test_times_are_read_with_their_zone(text: str, seconds: float | None) -> None:
    """Z and offsets are understood, with and without fractions; a time of no zone is none."""
    assert iso_time(text) == seconds


@settings(deadline=None)
@given(st.text() | st.datetimes().map(str) | st.datetimes(timezones=st.timezones()).map(str))
def test_no_time_makes_the_reader_stumble(text: str) -> None:
    """Any text is a time or none."""
    assert isinstance(iso_time(text), float | None)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
FIELDS = st.sampled_from(["resource", "event", "data", "id", "roomId", "roomType", "created", "actorId"])


@settings(deadline=None)
@given(st.dictionaries(FIELDS, JSON | st.dictionaries(FIELDS, JSON)))
def test_any_json_is_an_event_or_none(envelope: dict[str, object]) -> None:
    """No JSON makes the reader stumble, and every id it gives can be written down."""
    try:
        event = parse(json.dumps(envelope).encode(), received_at=RECEIVED)
    except NotAnEvent:
        return
    written = f"{event.key} {event.space_id} {event.person_id} {event.actor_id}".encode()
    assert b":%b" % event.id.encode() in written
    assert event.id


@settings(deadline=None)
@given(st.binary())
def test_any_bytes_are_an_event_or_none(body: bytes) -> None:
    """Bytes nobody meant are refused in the same way."""
    with pytest.raises(NotAnEvent):
        parse(body, received_at=RECEIVED)


def test_the_largest_body_is_one_mebibyte() -> None:
    """The bound is the one that is documented."""
    assert MAX_BODY == 1024 * 1024
