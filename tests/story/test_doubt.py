"""Attempts without an answer: what can be found out is, the rest is called unknown; nothing arrives twice unasked."""

from collections.abc import Callable

import pytest

from broadcast.model import State
from tests.story.stage import Stage, eventually

DOUBTFUL = ["cut_after", "hang", "empty", "broken"]


@pytest.fixture
def stage(make_stage: Callable[..., Stage]) -> Stage:
    """Return a world that runs faster than elsewhere: there is much waiting here."""
    return make_stage(pace=60).open()


@pytest.mark.parametrize("kind", DOUBTFUL)
def test_in_a_1_1_it_is_found_out_what_happened(stage: Stage, kind: str) -> None:
    """Webex took the message and did not say so: it is found there, and not sent again."""
    stage.fault(kind, room=stage.dm, seconds=1, effect=True)
    message = stage.broadcast(stage.alice, "hello")
    assert stage.states() == {State.SENT: 1}
    assert stage.is_once_everywhere()
    assert stage.outcome(message).startswith("Sent: 1 (group spaces: 0, 1-1s: 1)\n")


@pytest.mark.parametrize("kind", DOUBTFUL)
def test_in_a_group_space_it_stays_unknown_and_is_told(stage: Stage, kind: str) -> None:
    """Nobody can say whether it arrived: it is not sent again, and the sender is asked to look."""
    lobby = stage.space()
    stage.fault(kind, room=lobby, seconds=1, effect=True)
    message = stage.broadcast(stage.alice, "hello")
    assert stage.states() == {State.UNKNOWN: 1, State.SENT: 1}
    assert stage.is_once_everywhere()
    assert "Uncertain: 1" in stage.outcome(message)
    assert "Lobby" in stage.outcome(message)


def test_a_hang_that_did_nothing_is_found_out(stage: Stage) -> None:
    """The space's last activity is older than the attempt: it did not get it, so it is sent."""
    lobby = stage.space()
    stage.fault("hang", room=lobby, seconds=3, effect=False)
    stage.fault("hang", room=stage.dm, seconds=3, effect=False)
    stage.broadcast(stage.alice, "hello")
    assert stage.states() == {State.SENT: 2}
    assert stage.is_once_everywhere()


@pytest.mark.parametrize("skew", [3600.0, -3600.0])
def test_a_clock_that_differs_from_webexs_is_no_matter(make_stage: Callable[..., Stage], skew: float) -> None:
    """With Webex an hour ahead or behind, what did nothing is sent again and what arrived is not."""
    stage = make_stage(pace=60, skew=skew)
    lost, arrived = stage.spaces(2)
    stage.open()
    stage.fault("cut_before", room=lost)
    stage.fault("cut_after", room=arrived)
    stage.broadcast(stage.alice, "hello")
    assert stage.states() == {State.SENT: 2, State.UNKNOWN: 1}
    assert stage.is_once_everywhere()


def test_somebody_elses_message_meanwhile_makes_it_unknown_and_not_twice(stage: Stage) -> None:
    """People went on talking in the space after the attempt: it cannot be told apart, so it is not sent again."""
    lobby = stage.space()
    stage.settled()
    stage.fault("cut_before", room=lobby)
    stage.hold("GET", f"/rooms/{lobby.id}")
    stage.says(stage.alice, "hello")
    stage.holds()
    stage.world.say(stage.alice, lobby, "anybody here?")
    stage.let_go()
    stage.settled()
    assert stage.states() == {State.UNKNOWN: 1, State.SENT: 1}
    assert stage.copies(lobby) == []


@pytest.mark.parametrize("kind", DOUBTFUL)
def test_resend_is_there_for_those_who_rather_have_it_twice(make_stage: Callable[..., Stage], kind: str) -> None:
    """With `when_unknown` "resend" a group space gets it again, a 1-1, where it can be found out, does not."""
    stage = make_stage(pace=60)
    stage.config(delivery={"when_unknown": "resend"})
    lobby = stage.space()
    stage.open()
    for space in (lobby, stage.dm):
        stage.fault(kind, room=space, seconds=1, effect=True)
    stage.broadcast(stage.alice, "hello")
    assert (len(stage.copies(lobby)), len(stage.copies(stage.dm))) == (2, 1)
    assert stage.states() == {State.SENT: 2}


def test_the_same_words_sent_before_are_not_mistaken_for_this_message(stage: Stage) -> None:
    """An earlier broadcast said the same: the one that was cut before it arrived is still sent to the 1-1."""
    stage.broadcast(stage.alice, "hello")
    stage.fault("cut_before", room=stage.dm)
    stage.broadcast(stage.alice, "hello")
    assert len(stage.copies(stage.dm)) == 2


# What the bot says to the sender


@pytest.mark.parametrize("status", [429, 500, 503])
def test_the_report_is_said_when_it_can_be(stage: Stage, status: int) -> None:
    """It fails twice, and is then told, once."""
    stage.settled()
    stage.fault("status", status=status, after=2, times=2, headers={"Retry-After": "1"})
    message = stage.broadcast(stage.alice, "hello")
    assert stage.outcome(message)


def test_a_report_that_may_have_been_said_is_not_said_again(stage: Stage) -> None:
    """Its answer was lost: once is better than twice."""
    stage.fault("cut_after", after=2)
    message = stage.broadcast(stage.alice, "hello")
    assert stage.outcome(message)


def test_a_report_finds_its_reader_though_the_message_is_gone(stage: Stage) -> None:
    """The sender has deleted the message: the report stands in the space, without its thread."""
    lobby = stage.space()
    stage.hold(room=lobby)
    message = stage.says(stage.alice, "hello")
    stage.holds()
    eventually(lambda: State.WAITING not in stage.states(), "the 1-1 has it, or gets it now")
    stage.world.delete(message)
    eventually(lambda: stage.ledger.changes_of(1), "it is to be taken back")
    stage.let_go()
    stage.settled()
    said = [said for said in stage.world.messages(room=stage.dm, by=stage.bot) if "Sent: 2" in said.text]
    assert [report.parent_id for report in said] == [None]


@pytest.mark.parametrize("when_unknown", ["ask", "resend"])
def test_a_copy_that_may_be_there_twice_is_not_called_taken_back(stage: Stage, when_unknown: str) -> None:
    """The answer to the first attempt was lost, and the message sent again: the first copy has no number."""
    stage.config(delivery={"when_unknown": when_unknown})
    lobby = stage.space()
    stage.fault("cut_after", room=lobby)
    message = stage.broadcast(stage.alice, "hello")
    if when_unknown == "ask":
        stage.steer(message, "retry unknown")
    stage.steer(message, "recall")
    assert len(stage.copies(lobby)) == 1
    assert "Taken back: 1\n" in stage.outcomes(message)[-1]
    assert "Uncertain: 1." in stage.outcomes(message)[-1]


def test_a_message_that_cannot_be_read_at_all_is_given_up_and_told(make_stage: Callable[..., Stage]) -> None:
    """For longer than the patience Webex fails to show it: the sender hears that it could not be passed on."""
    stage = make_stage(pace=100)
    stage.config(delivery={"give_up_after_minutes": 1})
    stage.open().fault("status", "GET", "/people/", status=500, times=None)
    message = stage.broadcast(stage.alice, "hello")
    assert "could not be passed on" in "\n".join(stage.told(message))
    assert stage.copies(stage.dm) == []


def test_where_webex_says_no_at_once_the_sender_reads_its_words(stage: Stage) -> None:
    """Not that it was tried again and again."""
    stage.fault("status", "GET", "/people/", status=403, body='{"message": "Not for you"}')
    message = stage.broadcast(stage.alice, "hello")
    assert stage.told(message) == ["Sorry, your message could not be passed on: 403 Not for you"]
