"""Who may send, and who gets it: the sender check, the destination filters, and what is left out with a reason."""

import base64
import json
from typing import Any

import pytest

from broadcast.model import State
from tests.story.stage import Stage
from webexsim import Person, Space

ANYBODY = {"bots_own_org": False}


def is_passed_on(stage: Stage, sender: Person) -> bool:
    """Say whether a broadcast of this sender was opened."""
    stage.broadcast(sender, "hello")
    return bool(stage.ledger.broadcasts(limit=1))


# The sender


@pytest.mark.parametrize(
    ("source", "alice", "bob"),
    [
        ({}, True, False),
        ({"bots_own_org": False}, True, True),
        ({"bots_own_org": False, "from_sender_list": True, "sender_list": ["bob@globex.example"]}, False, True),
        ({"from_sender_list": True, "sender_list": ["bob@globex.example"]}, False, False),
        ({"from_sender_list": True, "sender_list": {"alice@acme.example": "boss"}}, True, False),
        ({"from_sender_list": True, "sender_list": {"ALICE@Acme.Example": {}}}, True, False),
        ({"from_sender_list": True, "sender_list": [" alice@acme.example "]}, True, False),
        ({"from_sender_list": True, "sender_list": []}, False, False),
        ({"sender_list": ["bob@globex.example"]}, True, False),
    ],
)
@pytest.mark.parametrize("name", ["alice", "bob"])
def test_all_sender_checks_that_are_on_must_hold(
    empty_stage: Stage, source: dict[str, Any], alice: bool, bob: bool, name: str
) -> None:
    """Own org and list, alone and together; a list or an object; addresses without regard to case."""
    empty_stage.config(source=source)
    stage = empty_stage.open()
    assert is_passed_on(stage, getattr(stage, name)) is {"alice": alice, "bob": bob}[name]


def test_a_changed_sender_list_counts_from_the_next_message_on(stage: Stage) -> None:
    """The file is read again when it changes: no restart."""
    stage.config(source={"from_sender_list": True, "sender_list": ["carl@acme.example"]})
    assert not is_passed_on(stage, stage.alice)
    stage.config(source={"from_sender_list": True, "sender_list": ["alice@acme.example"]})
    assert is_passed_on(stage, stage.alice)


def forms(org_id: str) -> list[str]:
    """Return an org id in the other ways in which Webex writes it."""
    uuid = base64.b64decode(org_id + "==").decode().rpartition("/")[2]
    texts = (f"ciscospark://us/ORGANIZATION/{uuid.upper()}", f"ciscospark://urn:TEAM:eu/ORGANIZATION/{uuid}", uuid)
    return [uuid, *(base64.b64encode(text.encode()).decode() for text in texts)]


@pytest.mark.parametrize("form", range(4))
def test_org_ids_are_compared_by_what_they_name(stage: Stage, form: int) -> None:
    """A sender's org in another encoding is still the bot's org, and the owner of the same spaces."""
    lobby, alice = stage.space(), stage.alice
    shown = {"id": alice.id, "emails": [alice.email], "displayName": "Alice", "type": "person"}
    body = json.dumps({**shown, "orgId": forms(alice.org.id)[form]})
    stage.fault("status", "GET", "/people/", status=200, body=body, times=None)
    stage.broadcast(alice, "hello")
    assert stage.body(lobby) == stage.body(stage.dm) == "hello"


def test_a_refused_sender_is_told_once_in_the_thread(stage: Stage) -> None:
    """However often the event comes, one answer stands under the message, and nothing anywhere else."""
    lobby = stage.space(members=[stage.bot, stage.bob])
    stage.webex.hooks.duplicate = 3
    message = stage.broadcast(stage.bob, "hello", room=lobby)
    reason = "only people of my own organization may send"
    assert stage.told(message) == [f"Sorry, your message was not passed on: {reason}."]
    assert len(stage.world.messages(by=stage.bot)) == 1


def test_a_refused_sender_in_a_thread_is_told_in_that_thread(stage: Stage) -> None:
    """Webex refuses replies to replies: the answer goes under the thread's first message."""
    lobby = stage.space(members=[stage.bot, stage.bob])
    root = stage.world.say(stage.bob, lobby, "a thread")
    stage.broadcast(stage.bob, "hello", room=lobby, parent=root)
    assert len(stage.told(root)) == 1


def test_a_refusal_speaks_the_configured_language(empty_stage: Stage) -> None:
    """With cs_CZ the refused sender is answered in Czech."""
    empty_stage.config(locale="cs_CZ")
    stage = empty_stage.open()
    assert "nemohu rozeslat" in stage.answers(stage.broadcast(stage.bob, "hello"))[0]


def test_refused_senders_need_not_be_told(empty_stage: Stage) -> None:
    """With `tell_refused` false the bot is silent."""
    empty_stage.config(source={"tell_refused": False})
    stage = empty_stage.open()
    stage.broadcast(stage.bob, "hello")
    assert stage.world.messages(by=stage.bot) == []


def test_other_bots_are_neither_passed_on_nor_answered(empty_stage: Stage) -> None:
    """With every check off, a bot that writes 1-1 or mentions the bot gets nothing: two such bots would never end."""
    empty_stage.config(source=ANYBODY)
    echo = empty_stage.world.bot("Echo Bot", empty_stage.acme)
    lobby = empty_stage.space(members=[empty_stage.bot, echo])
    stage = empty_stage.open()
    stage.broadcast(echo, "hello")
    stage.broadcast(echo, "hello", room=lobby)
    assert stage.world.messages(by=stage.bot) == []


# The destinations


@pytest.fixture
def places(empty_stage: Stage) -> dict[str, Space]:
    """Return spaces of two orgs and 1-1s with people of both; anybody may send."""
    stage = empty_stage
    stage.config(source=ANYBODY)
    return {
        "acme": stage.space("Acme's"),
        "globex": stage.space("Globex's", owner=stage.globex),
        "carl": stage.world.direct(stage.bot, stage.colleague("Carl Dee")),
        "bob": stage.world.direct(stage.bot, stage.bob),
    }


@pytest.mark.parametrize(
    ("destination", "by_alice", "by_bob"),
    [
        ({}, {"acme", "carl"}, {"globex", "bob"}),
        ({"senders_own_org": False}, {"acme", "globex", "carl", "bob"}, {"acme", "globex", "carl", "bob"}),
        ({"senders_own_org": False, "bots_own_org": True}, {"acme", "carl"}, {"acme", "carl"}),
        ({"bots_own_org": True}, {"acme", "carl"}, set()),
    ],
)
def test_all_destination_filters_that_are_on_must_hold(
    empty_stage: Stage, places: dict[str, Space], destination: dict[str, bool], by_alice: set[str], by_bob: set[str]
) -> None:
    """The owner of a group space counts, and the org of the other person of a 1-1."""
    empty_stage.config(source=ANYBODY, destination=destination)
    stage = empty_stage.open()
    for sender, reached in ((stage.alice, by_alice), (stage.bob, by_bob)):
        stage.broadcast(sender, sender.email)
        texts = {key: " ".join(copy.text for copy in stage.copies(place)) for key, place in places.items()}
        assert {key for key, text in texts.items() if text.endswith(f"\n{sender.email}")} == reached


def test_the_sender_learns_which_spaces_were_left_out_and_why(empty_stage: Stage, places: dict[str, Space]) -> None:
    """The report names the spaces of others, with the filter that left them out."""
    stage = empty_stage.open()
    report = stage.outcome(stage.broadcast(stage.alice, "hello"))
    assert "Sent: 3 (group spaces: 1, 1-1s: 2)" in report
    assert "Left out: 2" in report
    assert "2 × the space does not belong to the sender's organization" in report
    assert "Globex's" in report


def test_a_broadcast_that_may_go_nowhere_says_so(empty_stage: Stage) -> None:
    """A sender of another org than all spaces is told that nobody got the message."""
    empty_stage.config(source=ANYBODY, destination={"bots_own_org": True})
    stage = empty_stage.open()
    message = stage.broadcast(stage.bob, "hello")
    assert stage.outcome(message).startswith("Nobody got your message")


def test_the_owner_of_a_1_1_is_not_what_webex_calls_its_owner(stage: Stage) -> None:
    """A colleague's 1-1 whose `ownerId` names another org still gets the message: the person counts."""
    carl = stage.world.direct(stage.bot, stage.colleague())
    carl.owner = stage.globex
    stage.broadcast(stage.alice, "hello")
    assert stage.body(carl) == "hello"


def asked(stage: Stage) -> int:
    """Count the questions who is in a 1-1."""
    return sum(call.path == "/memberships" and "roomId" in call.query for call in stage.webex.calls)


def test_who_is_in_a_1_1_is_asked_once_and_remembered_over_a_restart(
    empty_stage: Stage, places: dict[str, Space]
) -> None:
    """Two 1-1s besides the sender's own: two questions for the first broadcast, none for the next two."""
    stage = empty_stage.open()
    stage.broadcast(stage.alice, "one")
    assert asked(stage) == 2
    stage.broadcast(stage.alice, "two")
    stage.shut()
    stage.open()
    stage.broadcast(stage.alice, "three")
    assert asked(stage) == 2


def test_without_a_filter_nobody_is_asked(empty_stage: Stage, places: dict[str, Space]) -> None:
    """Both filters off: no question about any 1-1."""
    empty_stage.config(destination={"senders_own_org": False})
    stage = empty_stage.open()
    stage.broadcast(stage.alice, "hello")
    assert asked(stage) == 0


def test_a_1_1_nobody_can_say_anything_about_is_left_out(empty_stage: Stage, places: dict[str, Space]) -> None:
    """While Webex refuses to say who is in it, a filter lets nothing through, and the sender learns why."""
    stage = empty_stage.open()
    stage.fault("status", "GET", "/memberships", status=404, room=places["carl"])
    message = stage.broadcast(stage.alice, "hello")
    assert stage.copies(places["carl"]) == []
    assert "which organization the space belongs to" in stage.outcome(message)


# What is known to be refused


def test_an_announcement_space_is_skipped_unless_the_bot_moderates_it(empty_stage: Stage) -> None:
    """No post is tried where only moderators may; the reason is told; where the bot is one, it posts."""
    closed = empty_stage.space("News", moderators=[empty_stage.alice], announcement_only=True)
    own = empty_stage.space("Own news", moderators=[empty_stage.bot], announcement_only=True)
    stage = empty_stage.open()
    message = stage.broadcast(stage.alice, "hello")
    assert (stage.copies(closed), stage.body(own)) == ([], "hello")
    assert stage.states() == {State.SKIPPED: 1, State.SENT: 2}
    assert "only moderators can post there, and I am none" in stage.outcome(message)
    assert stage.attempts(message) == 2


def test_a_frozen_1_1_is_skipped(empty_stage: Stage) -> None:
    """A compliance officer froze it: no post is tried, the reason is told."""
    frozen = empty_stage.world.direct(empty_stage.bot, empty_stage.colleague(), read_only=True)
    stage = empty_stage.open()
    message = stage.broadcast(stage.alice, "hello")
    assert stage.copies(frozen) == []
    assert "the conversation is read-only" in stage.outcome(message)
    assert stage.attempts(message) == 1


def test_a_1_1_whose_other_person_is_gone_is_skipped(empty_stage: Stage) -> None:
    """It stays in the bot's list for ever; no post is tried, and the reason is told."""
    carl = empty_stage.colleague()
    dead = empty_stage.world.direct(empty_stage.bot, carl)
    empty_stage.world.leave(carl, dead)
    stage = empty_stage.open()
    message = stage.broadcast(stage.alice, "hello")
    assert "the other person has left the conversation" in stage.outcome(message)
    assert stage.attempts(message) == 1


def test_somebody_who_comes_back_to_a_1_1_gets_messages_again(empty_stage: Stage) -> None:
    """The event about the membership makes the bot ask anew."""
    carl = empty_stage.colleague()
    space = empty_stage.world.direct(empty_stage.bot, carl)
    empty_stage.world.leave(carl, space)
    stage = empty_stage.open()
    stage.broadcast(stage.alice, "one")
    stage.world.join(carl, space)
    stage.settled()
    stage.broadcast(stage.alice, "two")
    assert stage.body(space) == "two"
