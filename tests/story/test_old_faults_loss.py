"""How the earlier bot of this kind lost messages (L1 to L10) and sent them twice (D1 to D3).

Each test would fail on one of those faults.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.story.stage import SimFile, Stage, eventually

CARD = {"type": "AdaptiveCard", "version": "1.3", "body": [{"type": "TextBlock", "text": "Lunch"}]}


def card_file(content_type: str = "application/json", name: str = "lunch.json") -> SimFile:
    """Return a card in a file."""
    return SimFile(name, json.dumps(CARD).encode(), content_type)


def test_l1_the_webhook_is_answered_before_anything_is_sent(stage: Stage) -> None:
    """While Webex answers no post at all, the event has been answered: the fan-out is not part of it."""
    spaces = stage.spaces(3)
    stage.hold(times=None)
    stage.says(stage.alice, "hello")
    stage.holds(4)
    stage.webex.hooks.wait_idle()
    assert {delivery.status for delivery in stage.webex.hooks.deliveries} == {200}
    stage.let_go()
    stage.settled()
    assert [stage.body(space) for space in spaces] == ["hello"] * 3


def test_l2_one_malformed_answer_does_not_stop_the_other_spaces(stage: Stage) -> None:
    """A Retry-After that is no number costs none of thirty spaces its copy."""
    spaces = stage.spaces(30)
    stage.fault("status", status=429, headers={"Retry-After": "rand(30),add(30)"}, after=7)
    stage.broadcast(stage.alice, "hello")
    assert [stage.body(space) for space in spaces] == ["hello"] * 30


@pytest.mark.parametrize(
    "headers",
    [{"Content-Disposition": "attachment; filename*=UTF-8''p%C5%99%C3%ADloha.txt"}, {"Content-Disposition": ""}],
)
def test_l2_a_file_with_an_odd_name_is_delivered_with_its_text(stage: Stage, headers: Mapping[str, str]) -> None:
    """A name in RFC 5987's form, or none at all, stops neither the file nor the text."""
    lobby = stage.space()
    stage.broadcast(stage.alice, "look", files=[SimFile("x.txt", b"hello", "text/plain", headers)])
    assert stage.body(lobby) == "look"
    assert stage.copy(lobby).files[0].content == b"hello"


@pytest.mark.parametrize(("outcome", "files"), [("infected", 0), ("unscannable", 1)])
def test_l2_a_file_the_scanner_objects_to_does_not_take_the_text_along(stage: Stage, outcome: Any, files: int) -> None:
    """Infected, the file stays behind; unscannable, it goes out; the text always arrives, and the sender is told."""
    lobby, file = stage.space(), SimFile("x.zip", b"PK")
    stage.webex.scan(file, outcome)
    message = stage.broadcast(stage.alice, "look", files=[file])
    assert stage.body(lobby) == "look"
    assert len(stage.copy(lobby).files) == files
    assert "The file" in "\n".join(stage.told(message))


def test_l3_a_file_that_is_scanned_for_ever_does_not_keep_the_text(make_stage: Callable[..., Stage]) -> None:
    """When patience ends the text goes out without the file, and the sender is told so."""
    stage = make_stage(pace=60)
    stage.config(delivery={"give_up_after_minutes": 1})
    lobby, file = stage.space(), SimFile("x.zip", b"PK")
    stage.webex.scan(file, "scanning", times=10_000)
    message = stage.open().broadcast(stage.alice, "look", files=[file])
    assert stage.body(lobby) == "look"
    assert "still scanning" in "\n".join(stage.told(message))


def test_l4_a_file_survives_a_rate_limit_whole(stage: Stage) -> None:
    """Three 429s among five uploads: every space has the file once, with all its bytes."""
    spaces = stage.spaces(5)
    stage.fault("status", status=429, headers={"Retry-After": "1"}, times=3, after=1)
    stage.broadcast(stage.alice, "look", files=[SimFile("x.bin", bytes(range(256)) * 400)])
    assert [stage.copy(space).files[0].content for space in spaces] == [bytes(range(256)) * 400] * 5


def test_l5_a_failing_lookup_of_spaces_loses_none(empty_stage: Stage) -> None:
    """With GET /rooms/ID always failing, and the list failing twice, all ten spaces have their copy."""
    spaces = empty_stage.spaces(10)
    stage = empty_stage.open()
    stage.fault("status", "GET", "/rooms/.", status=502, times=None)
    stage.fault("status", "GET", "/rooms", status=502, times=2)
    stage.broadcast(stage.alice, "hello")
    assert [stage.body(space) for space in spaces] == ["hello"] * 10


def test_l6_a_space_whose_owner_is_not_told_is_not_dropped_in_silence(empty_stage: Stage) -> None:
    """Without a filter it is a destination like any other; with one the sender learns why it was left out."""
    lobby = empty_stage.space(owner_id_hidden=True)
    empty_stage.config(destination={"senders_own_org": False})
    stage = empty_stage.open()
    stage.broadcast(stage.alice, "one")
    assert stage.body(lobby) == "one"
    stage.config()
    message = stage.broadcast(stage.alice, "two")
    assert "Webex does not say which organization the space belongs to" in stage.outcome(message)


def test_l7_the_sender_is_told_what_arrived_and_what_did_not(stage: Stage) -> None:
    """The report in the thread counts what was sent, and names the space that was not reached and why."""
    stage.spaces(2)
    closed = stage.space("Vault")
    stage.fault("status", status=403, room=closed, times=None)
    report = stage.outcome(stage.broadcast(stage.alice, "hello"))
    assert "Sent: 3 (group spaces: 2, 1-1s: 1)" in report
    assert "Not delivered: 1" in report
    assert "Vault" in report


def test_l8_a_text_of_more_than_one_message_arrives_as_a_whole(stage: Stage) -> None:
    """20,000 characters go out in several messages, and no word of them is missing."""
    lobby, words = stage.space(), [f"word{number}" for number in range(2500)]
    stage.broadcast(stage.alice, " ".join(words))
    texts = [copy.markdown or "" for copy in stage.copies(lobby)]
    assert len(texts) > 1
    assert " ".join(texts).partition("\n\n")[2].split() == words


def test_l9_a_body_that_is_no_json_is_a_bad_request_and_no_crash(stage: Stage) -> None:
    """A signed body of rubbish is answered 400, so Webex has no failures to count against the bot's code."""
    assert stage.post_signed(b"no json").status_code == 400
    assert stage.post_signed(b"").status_code == 400


@pytest.mark.parametrize("path", ["/organizations", "/rooms/.", "/memberships/."])
def test_l10_a_refused_lookup_does_not_keep_the_bot_in_a_foreign_space(empty_stage: Stage, path: str) -> None:
    """It posts its farewell and leaves, though the organization is none of its business or Webex fails for a while."""
    empty_stage.config(membership={"bots_own_org": True})
    stage = empty_stage.open()
    is_forbidden = path == "/organizations"
    stage.fault("status", "GET", path, status=403 if is_forbidden else 502, times=None if is_forbidden else 2)
    foreign = stage.space(owner=stage.globex, members=[stage.bob])
    stage.world.join(stage.bot, foreign, by=stage.bob)
    eventually(lambda: stage.bot.id not in foreign.members)
    assert "I am leaving now" in stage.copy(foreign).text


def test_d1_the_same_event_again_sends_nothing_again(stage: Stage) -> None:
    """Each event delivered four times at once makes one copy in each of twenty spaces."""
    spaces = stage.spaces(20)
    stage.webex.hooks.duplicate = 3
    stage.broadcast(stage.alice, "hello")
    assert [stage.body(space) for space in spaces] == ["hello"] * 20


def test_d2_a_card_that_may_have_arrived_is_not_sent_again_as_a_file(stage: Stage) -> None:
    """Webex takes the card and its answer cannot be read: the space has the card once, and no file."""
    lobby = stage.space()
    stage.fault("broken", room=lobby)
    stage.broadcast(stage.alice, "lunch?", files=[card_file()])
    assert stage.copy(lobby).attachments[0]["content"] == CARD
    assert stage.copy(lobby).files == ()


def test_d3_what_was_sent_is_remembered_over_a_restart(stage: Stage) -> None:
    """After a restart the very same events, delivered again, bring nothing a second time."""
    spaces = stage.spaces(3)
    stage.broadcast(stage.alice, "hello")
    seen = [delivery for delivery in stage.webex.hooks.deliveries if b'"messages"' in delivery.body]
    stage.shut()
    stage.open()
    for delivery in seen:
        assert stage.post(delivery.body, **delivery.headers).status_code == 200
    stage.settled()
    assert [stage.body(space) for space in spaces] == ["hello"] * 3
