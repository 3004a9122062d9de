"""What the sender reads in the thread of his message: at once, while it goes on, and at the end; in a few calls."""

import re
from collections.abc import Callable

import pytest

from broadcast.model import State
from tests.story.stage import Stage, eventually


@pytest.fixture
def stage(make_stage: Callable[..., Stage]) -> Stage:
    """Return a world that runs faster than elsewhere: there is much waiting here."""
    return make_stage(pace=60).open()


# At once


def test_at_once_the_sender_learns_how_many_get_it(stage: Stage) -> None:
    """Before any space has it he reads to how many it goes, how long that takes, and where he can watch."""
    for space in stage.spaces(3):
        stage.hold(room=space)
    message = stage.says(stage.alice, "hello")
    assert stage.opened(message).startswith("Passing your message on to 4 spaces (group spaces: 3, 1-1s: 1), in about ")
    assert f"[Details]({stage.url}/broadcasts/" in stage.opened(message)


def test_at_once_the_sender_learns_who_is_left_out_and_why(empty_stage: Stage) -> None:
    """Spaces of another organization are counted under their reason."""
    for number in range(2):
        empty_stage.space(f"Globex {number}", owner=empty_stage.globex)
    stage = empty_stage.open()
    message = stage.broadcast(stage.alice, "hello")
    assert "Passing your message on to 1 spaces (group spaces: 0, 1-1s: 1)" in stage.opened(message)
    assert "Left out: 2\n- 2 × the space does not belong to the sender's organization" in stage.opened(message)


def test_a_message_that_goes_nowhere_says_so_and_nothing_else(empty_stage: Stage) -> None:
    """Nobody gets it: that is the one thing said, with the reason."""
    empty_stage.config(source={"bots_own_org": False}, destination={"bots_own_org": True})
    stage = empty_stage.open()
    message = stage.broadcast(stage.bob, "hello")
    assert stage.told(message) == [stage.outcome(message)]
    assert stage.outcome(message).startswith("Nobody got your message")
    assert "the space does not belong to my organization" in stage.outcome(message)


def test_an_event_that_comes_again_says_nothing_again(make_stage: Callable[..., Stage]) -> None:
    """Delivered five times, and once more by hand at the end: two messages stand in the thread."""
    stage = make_stage(pace=2).open()
    stage.webex.hooks.duplicate = 4
    message = stage.broadcast(stage.alice, "hello")
    stage.post_event("messages", "created", id=message.id, roomId=message.room_id)
    stage.settled()
    assert stage.told(message) == [stage.opened(message), stage.outcome(message)]


def test_in_a_group_space_the_thread_is_the_place_too(stage: Stage) -> None:
    """The message was a mention in a space: all that is said about it stands under it, nothing in the 1-1."""
    lobby = stage.space()
    message = stage.broadcast(stage.alice, "hello", room=lobby)
    assert {said.room_id for said in stage.thread(message)} == {lobby.id}
    assert stage.is_once_everywhere()


def test_the_thread_speaks_the_configured_language(empty_stage: Stage) -> None:
    """With cs_CZ the words, the buttons and the outcome are Czech."""
    stage = empty_stage.open(LOCALE="cs_CZ")
    message = stage.broadcast(stage.alice, "ahoj")
    assert len(stage.told(message)) == 2
    assert not re.search(r"\b(Sent|Passing|spaces|Duration|Reply)\b", "\n".join(stage.answers(message)))
    assert stage.button(message, "Vzít zpět")


# While it goes on


def test_one_message_is_edited_as_it_goes_on(stage: Stage) -> None:
    """A broadcast of a minute: first so many of so many, in the end it says that all is done; one message."""
    held, *others = stage.spaces(6)
    stage.hold(room=held)
    for number, space in enumerate(others):
        stage.fault("slow", room=space, seconds=15 + 8 * number)
    message = stage.says(stage.alice, "hello")
    progress = eventually(lambda: stage.progress(message))
    assert re.match(r"Sent: \d of 7 \(\d+ %\), .+ to go\.", progress.markdown)
    stage.let_go()
    stage.settled()
    eventually(lambda: (stage.progress(message) or progress).markdown == "All 7 are dealt with.")


def test_a_broadcast_that_is_over_soon_has_no_progress(make_stage: Callable[..., Stage]) -> None:
    """What is over in a moment is told once, at the end."""
    stage = make_stage(pace=2)
    stage.spaces(5)
    message = stage.open().broadcast(stage.alice, "hello")
    assert stage.progress(message) is None


def test_however_long_it_takes_the_thread_costs_fewer_than_twenty_calls(make_stage: Callable[..., Stage]) -> None:
    """Minutes with something new all the time: ten edits, the last of which says that it is done."""
    stage = make_stage(pace=50)
    spaces = stage.spaces(40)
    stage.open()
    for number, space in enumerate(spaces):
        stage.fault("slow", room=space, seconds=8 * (number + 1))
    message = stage.says(stage.alice, "hello")
    eventually(lambda: stage.progress(message))
    eventually(lambda: stage.progress(message).markdown == "All 41 are dealt with.")  # type: ignore[union-attr]
    stage.settled()
    told = sum(1 + said.edits for said in stage.thread(message))
    assert stage.calls("PUT", "/messages") == sum(said.edits for said in stage.thread(message)) <= 10
    assert 8 < told < 20


def test_it_says_that_it_waits_for_an_earlier_message(stage: Stage) -> None:
    """The second message learns how much of the first one is left, at once and in its progress."""
    for space in stage.spaces(3):
        stage.hold(room=space)
    stage.says(stage.alice, "one")
    stage.holds(3)
    message = stage.says(stage.alice, "two")
    assert re.search(r"It waits for an earlier message first; \d deliveries of that are left", stage.opened(message))
    progress = eventually(lambda: stage.progress(message))
    assert "It waits for an earlier message." in progress.markdown
    stage.let_go()
    stage.settled()


def test_it_says_that_webex_takes_no_messages_and_when_it_tries_again(stage: Stage) -> None:
    """A space is out of order for long: the progress says so, with a time of the day."""
    stage.fault("status", status=503, room=stage.space(), times=None)
    message = stage.says(stage.alice, "hello")
    waits = r"Webex does not take messages at the moment; I try again at \d\d:\d\d UTC\."
    eventually(lambda: (said := stage.progress(message)) and re.search(waits, said.markdown or ""))
    stage.webex.faults.clear()
    stage.settled()
    assert stage.is_once_everywhere()


# At the end


def test_the_outcome_says_how_long_it_took_and_what_can_be_done(stage: Stage) -> None:
    """Counts, duration, the page, the words to reply with, and buttons for the same."""
    stage.fault("slow", room=stage.space(), seconds=200)
    message = stage.broadcast(stage.alice, "hello")
    said = stage.outcome(message)
    assert said.startswith("Sent: 2 (group spaces: 1, 1-1s: 1)\n")
    assert re.search(r"\n\nDuration: [3-9] min\n\n", said)
    assert f"[Details]({stage.url}/broadcasts/" in said
    assert "Reply in this thread: `recall` takes every copy back" in said
    assert stage.button(message, "Take back")


def test_the_outcome_offers_what_fits(stage: Stage) -> None:
    """Where something failed and something is uncertain, both can be sent again, each by its own word and button."""
    vault, lobby = stage.spaces(2)
    stage.fault("status", status=403, room=vault, times=None)
    stage.fault("cut_after", room=lobby)
    message = stage.broadcast(stage.alice, "hello")
    for word, title in (("retry", "Send the failed again"), ("retry unknown", "Send the uncertain again")):
        assert f"`{word}`" in stage.outcome(message)
        assert stage.button(message, title)


def test_the_spaces_of_an_outcome_are_links(stage: Stage) -> None:
    """Who is told that a space failed gets there with a click."""
    vault = stage.space("Vault")
    stage.fault("status", status=403, room=vault, times=None)
    said = stage.outcome(stage.broadcast(stage.alice, "hello"))
    assert re.search(r"Not delivered: 1\n- 1 × Webex does not let me post there: \[Vault\]\(webexteams://", said)


def test_switched_off_the_thread_stays_empty(make_stage: Callable[..., Stage]) -> None:
    """With `report.in_thread` false nothing is said of itself, however long it takes; who asks is answered."""
    stage = make_stage(pace=60)
    stage.config(report={"in_thread": False})
    stage.fault("slow", room=stage.space(), seconds=60)
    message = stage.open().broadcast(stage.alice, "hello")
    assert stage.answers(message) == []
    assert stage.steer(message, "status").startswith("Sent: 2")


def test_a_thread_that_cannot_be_written_to_holds_up_nothing(stage: Stage) -> None:
    """The 1-1 refuses every reply: the spaces get the message all the same."""
    lobby = stage.space()
    stage.fault("status", status=403, room=stage.dm, times=None)
    stage.broadcast(stage.alice, "hello")
    assert stage.body(lobby) == "hello"
    assert stage.states() == {State.SENT: 1, State.FAILED: 1}
