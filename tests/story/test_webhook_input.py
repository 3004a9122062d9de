"""What comes in at POST /webhook, from Webex and from anybody else: checked, written down once, and never trusted."""

import hashlib
import hmac
import json
import os
from collections.abc import Iterator
from typing import Any

import pytest

from broadcast.model import State
from tests.story.stage import SECRET, Stage


@pytest.fixture(scope="module")
def listening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Return one bot for all tests that only knock at its door and leave nothing behind."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
            patch.delenv(name)
        stage = Stage(tmp_path_factory.mktemp("listening")).open()
        stage.settled()
        yield stage
        stage.close()


def event(**changes: Any) -> dict[str, Any]:
    """Return an event about a message nobody knows."""
    data = {"id": "signed", "roomId": "r", "personId": "p", "roomType": "group"}
    return {"resource": "messages", "event": "created", "actorId": "a", "data": data, **changes}


def encoded(value: Any) -> bytes:
    """Return JSON."""
    return json.dumps(value).encode()


def digest(body: bytes, kind: str, secret: str = SECRET) -> str:
    """Return the HMAC of a body in hex."""
    return hmac.new(secret.encode(), body, kind).hexdigest()


# Signatures


BODY = encoded(event())
SHA1, SHA256, SHA512 = (digest(BODY, kind) for kind in ("sha1", "sha256", "sha512"))


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Spark-Signature": SHA1},
        {"X-Spark-Signature": SHA1.upper()},
        {"X-Webex-Signature": f"SHA-256={SHA256}"},
        {"X-Webex-Signature": f"SHA-256={SHA256}, SHA-512={SHA512}"},
        {"X-Webex-Signature": f"sha512={SHA512}"},
        {"X-Webex-Signature": f"SHA-256={SHA256}", "X-Spark-Signature": SHA1},
    ],
)
def test_a_good_signature_of_either_kind_lets_an_event_in(listening: Stage, headers: dict[str, str]) -> None:
    """The documented SHA-1 header, and the modern one in the forms it has been seen in."""
    answer = listening.post(BODY, **headers)
    assert (answer.status_code, answer.text) == (200, "OK")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Spark-Signature": ""},
        {"X-Spark-Signature": "0" * 40},
        {"X-Spark-Signature": SHA1[:-1]},
        {"X-Spark-Signature": digest(BODY, "sha1", "another secret")},
        {"X-Spark-Signature": digest(BODY, "sha1", "")},
        {"X-Spark-Signature": digest(BODY + b" ", "sha1")},
        {"X-Spark-Signature": hashlib.sha1(BODY).hexdigest()},  # noqa: S324 – what an attacker could make
        {"X-Webex-Signature": f"SHA-256={'0' * 64}"},
        {"X-Webex-Signature": f"SHA-256={SHA256}, SHA-512={'0' * 128}"},
        {"X-Webex-Signature": f"SHA-256={'0' * 64}", "X-Spark-Signature": SHA1},
        {"X-Webex-Signature": f"MD5={SHA256}"},
    ],
)
def test_a_bad_signature_keeps_an_event_out(listening: Stage, headers: dict[str, str]) -> None:
    """None, a wrong one, one of another secret or another body, a weak one beside it: 401 and no effect."""
    listening.settled()
    listening.webex.clear_calls()
    assert listening.post(BODY, **headers).status_code == 401
    assert listening.ledger.backlog(0).events == 0
    assert listening.webex.calls == []


def test_the_signature_is_of_the_raw_bytes(listening: Stage) -> None:
    """The same JSON with other blanks is another body."""
    respaced = json.dumps(event(), indent=2).encode()
    assert listening.post(respaced, **{"X-Spark-Signature": SHA1}).status_code == 401
    assert listening.post_signed(respaced).status_code == 200


def test_webex_with_the_modern_header_is_understood(stage: Stage) -> None:
    """A whole broadcast under `X-Webex-Signature`."""
    lobby = stage.space()
    stage.webex.hooks.modern = True
    stage.broadcast(stage.alice, "hello")
    assert stage.body(lobby) == "hello"


def test_events_without_a_secret_are_refused_and_the_log_says_what_to_do(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    """Webhooks of the earlier bot carry no signature: the operator is told to open the set-up page once."""
    assert stage.post(BODY).status_code == 401
    assert "open /webhook once" in capsys.readouterr().out


# Bodies


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no json",
        b"\xff\xfe",
        b"null",
        b"[]",
        b'"text"',
        b"{}",
        b"{",
        b'{"resource": NaN}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        encoded(event(data=None)),
        encoded(event(data=[])),
        encoded(event(data={})),
        encoded(event(data={"id": 7})),
        encoded(event(data={"id": ""})),
        encoded(event(data={"id": ["x"]})),
        encoded(event(resource=7)),
        encoded(event(resource="")),
        encoded(event(event=None)),
        encoded(event(event={"a": 1})),
        encoded(event(data={"id": "x", "roomId": 7})),
        b'{"resource": "messages", "event": "created", "data": {"id": "\\ud800"}}',
    ],
)
def test_a_signed_body_that_is_no_event_is_a_bad_request(listening: Stage, body: bytes) -> None:
    """No JSON, no event, wrong types, endless nesting, half a character: 400, and the bot goes on."""
    listening.settled()
    assert listening.post_signed(body).status_code == 400
    assert listening.ledger.backlog(0).events == 0
    assert listening.get("/healthz").ok


@pytest.mark.parametrize(("size", "status"), [(1_048_576, 400), (1_048_577, 413)])
def test_a_body_of_more_than_a_mebibyte_is_not_read(listening: Stage, size: int, status: int) -> None:
    """Up to 1,048,576 bytes a body is looked at; one more and it is refused, signed or not."""
    assert listening.post_signed(b" " * size).status_code == status
    assert listening.post(b" " * size).status_code == (413 if status == 413 else 401)


@pytest.mark.parametrize(
    ("resource", "action"),
    [
        ("messages", "updated"),
        ("messages", "deleted"),
        ("memberships", "updated"),
        ("rooms", "created"),
        ("rooms", "migrated"),
        ("attachmentActions", "created"),
        ("meetings", "started"),
        ("../../etc", "'; DROP TABLE events; --"),
        ("☃" * 500, "x" * 5000),
    ],
)
def test_events_the_bot_does_not_act_upon_are_taken_and_done_with(listening: Stage, resource: str, action: str) -> None:
    """Known or never heard of: 200, nothing happens, nothing goes on waiting."""
    assert listening.post_event(resource, action, id="x", roomId="y").status_code == 200
    listening.settled()
    assert listening.world.messages(by=listening.bot) == []


@pytest.mark.parametrize(
    ("resource", "action"), [("messages", "created"), ("memberships", "created"), ("memberships", "deleted")]
)
@pytest.mark.parametrize("id_", ["unknown", "../people/me", "..", "x" * 3000, "a b?c=d#e", "☃"])
def test_events_about_things_webex_does_not_know_end_quietly(
    listening: Stage, resource: str, action: str, id_: str
) -> None:
    """A made-up id costs a few calls at most, reaches no other endpoint, and nobody hears of it."""
    listening.settled()
    listening.webex.clear_calls()
    listening.post_event(resource, action, id=id_, roomId=id_, personId=listening.bot.id if resource[1] == "e" else "p")
    listening.settled()
    assert listening.world.messages(by=listening.bot) == []
    assert len(listening.webex.calls) <= 3
    assert {call.path.split("/")[1] for call in listening.webex.calls} <= {resource, "rooms"}


# What Webex does to events


def test_a_message_deleted_before_it_is_read_is_not_broadcast(stage: Stage) -> None:
    """Gone again when the bot asks for it: nobody gets it, and nobody is told."""
    lobby = stage.space()
    stage.webex.hooks.hold()
    stage.world.delete(stage.says(stage.alice, "oops"))
    stage.webex.hooks.release()
    stage.settled()
    assert stage.copies(lobby) == []
    assert stage.world.messages(by=stage.bot) == []


def test_a_message_webex_does_not_know_yet_is_asked_for_again(stage: Stage) -> None:
    """Right after the event GET says 404 once: the message is broadcast all the same."""
    lobby = stage.space()
    stage.fault("status", "GET", "/messages", status=404)
    stage.broadcast(stage.alice, "hello")
    assert stage.body(lobby) == "hello"


def test_an_event_that_comes_again_after_the_broadcast_is_nothing_new(stage: Stage) -> None:
    """The very same bytes, ten minutes of Webex's time later, cost no call and make no copy."""
    lobby = stage.space()
    stage.broadcast(stage.alice, "hello")
    stage.webex.clear_calls()
    for delivery in list(stage.webex.hooks.deliveries):
        stage.webex.hooks.replay(delivery)
    stage.settled()
    assert stage.body(lobby) == "hello"
    assert stage.webex.calls == []


def test_one_message_through_two_webhooks_is_one_broadcast(stage: Stage) -> None:
    """The same message told by two webhooks, in other words each, goes out once."""
    lobby = stage.space()
    stage.webex.hooks.drop(1.0)
    message = stage.says(stage.alice, "hello")
    for extra in ({}, {"roomType": "direct"}, {"created": "2026-01-01T00:00:00.000Z"}, {"personId": "x"}):
        stage.post_event("messages", "created", id=message.id, roomId=message.room_id, **extra)
    stage.settled()
    assert stage.body(lobby) == "hello"


def test_events_that_overtake_each_other_are_put_in_order(stage: Stage) -> None:
    """Five messages whose events arrive the wrong way round go out as they were written."""
    lobby = stage.space()
    stage.settled()
    stage.webex.hooks.drop(1.0)
    stage.hold("GET", "/messages")
    stage.post_event("messages", "created", id="first of all", created="2020-01-01T00:00:00.000Z")
    stage.holds()
    said = [stage.says(stage.alice, f"number {number}") for number in range(5)]
    for number, message in reversed(list(enumerate(said))):
        created = f"2021-01-01T00:00:0{number}.000Z"
        stage.post_event("messages", "created", id=message.id, roomId=message.room_id, created=created)
    stage.let_go()
    stage.settled()
    assert [copy.text[-8:] for copy in stage.copies(lobby)] == [f"number {number}" for number in range(5)]


def test_a_message_that_was_written_before_is_let_pass(stage: Stage) -> None:
    """While the second message is being read, the event of the first one comes at last: it goes out first."""
    lobby = stage.space()
    stage.settled()
    stage.webex.hooks.drop(1.0)
    first, second = stage.says(stage.alice, "one"), stage.says(stage.alice, "two")
    stage.hold("GET", f"/messages/{second.id}")
    stage.post_event("messages", "created", id=second.id, created="2021-01-01T00:00:02.000Z")
    stage.holds()
    stage.post_event("messages", "created", id=first.id, created="2021-01-01T00:00:01.000Z")
    stage.let_go()
    stage.settled()
    assert [copy.text[-3:] for copy in stage.copies(lobby)] == ["one", "two"]


@pytest.mark.parametrize("created", ["rubbish", "9999-12-31T23:59:59.999Z", "", "2026-13-45", "1970-01-01T00:00:00Z"])
def test_an_event_with_an_odd_time_is_broadcast(stage: Stage, created: str) -> None:
    """A time that cannot be read, or lies in the far future, neither stops a message nor those after it."""
    lobby = stage.space()
    stage.webex.hooks.drop(1.0)
    for text in ("one", "two"):
        message = stage.says(stage.alice, text)
        stage.post_event("messages", "created", id=message.id, roomId=message.room_id, created=created)
        stage.settled()
    assert [copy.text[-3:] for copy in stage.copies(lobby)] == ["one", "two"]


def test_the_bots_own_messages_cost_nothing(empty_stage: Stage) -> None:
    """With a webhook for all messages a broadcast to twenty spaces comes back as events: dropped without a call."""
    empty_stage.spaces(20)
    stage = empty_stage.open()
    stage.settled()
    stage.webex.clear_calls()
    stage.broadcast(stage.alice, "hello")
    reads = [call.path for call in stage.webex.calls if call.method == "GET"]
    own = [stage.copies(space)[0] for space in stage.world.directory.spaces_of(stage.bot)]
    for message in own:
        assert stage.post_event("messages", "created", id=message.id, personId=stage.bot.id).status_code == 200
    stage.settled()
    assert [call.path for call in stage.webex.calls if call.method == "GET"] == reads


def test_a_broadcast_does_not_come_back_as_events(empty_stage: Stage) -> None:
    """The webhooks are made so that twenty copies in group spaces cause no event; what is said in a 1-1 does."""
    empty_stage.spaces(20)
    stage = empty_stage.open()
    stage.settled()
    before = len(stage.webex.hooks.deliveries)
    stage.broadcast(stage.alice, "hello")
    assert stage.states() == {State.SENT: 21}
    assert len(stage.webex.hooks.deliveries) - before <= len(stage.world.messages(room=stage.dm))


def test_editing_a_message_before_it_is_read_sends_the_newest_words(stage: Stage) -> None:
    """The text is read from Webex when it is sent, not when it was written."""
    lobby = stage.space()
    stage.webex.hooks.hold()
    stage.world.edit(stage.says(stage.alice, "lunch at 11"), "lunch at 12")
    stage.webex.hooks.release()
    stage.settled()
    assert stage.body(lobby) == "lunch at 12"


def test_many_events_at_once_are_all_answered(stage: Stage) -> None:
    """Two hundred in a moment, most of them rubbish: every one is answered 200, and the good one is done once."""
    lobby = stage.space()
    stage.broadcast(stage.alice, "hello")
    last = stage.webex.hooks.deliveries[-1]
    for number in range(100):
        stage.webex.hooks.replay(last)
        stage.world.set_announcement_only(lobby, bool(number % 2))
    stage.settled()
    assert {delivery.status for delivery in stage.webex.hooks.deliveries} == {200}
    assert stage.body(lobby) == "hello"
