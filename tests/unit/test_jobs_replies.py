"""The lanes of replies and reports: what people are told, once, and what is forgotten."""

import os

import pytest

from broadcast.buttons import card
from broadcast.config import Config, ReportRules
from broadcast.jobs import DARE_EVERY, IDLE_SECONDS, LONG_PAUSE
from broadcast.ledger.sqlite import SqliteLedger
from broadcast.model import Reply
from tests.unit.desk import HOUR, Desk
from tests.unit.town import Town
from webexsim import Fault

# replies


def test_a_reply_is_said_in_its_thread_and_once(desk: Desk, town: Town) -> None:
    """Then there is nothing to say."""
    hello = town.world.say(town.alice, town.room, "hi", mention=[town.bot])
    desk.ledger.queue_reply(Reply(key="k", markdown="**done**", space_id=town.room.id, parent_id=hello.id))
    lane = desk.replies(town)
    assert [lane.step(), lane.step()] == [0.0, IDLE_SECONDS]
    [said] = town.world.messages(by=town.bot)
    assert (said.markdown, said.parent_id) == ("**done**", hello.id)


def test_a_reply_to_a_person_goes_to_the_1_1(desk: Desk, town: Town) -> None:
    """Nobody else reads it."""
    desk.ledger.queue_reply(Reply(key="k", markdown="hi", person_id=town.alice.id))
    desk.replies(town).step()
    assert town.said(town.dm) == ["hi"]


def test_a_reply_whose_thread_is_gone_is_said_without_it(desk: Desk, town: Town) -> None:
    """The message was deleted meanwhile, for example."""
    desk.ledger.queue_reply(Reply(key="k", markdown="hi", space_id=town.room.id, parent_id="gone"))
    desk.replies(town).step()
    assert town.said(town.room) == ["hi"]


def test_a_reply_with_a_card_shows_it_in_its_thread(desk: Desk, town: Town) -> None:
    """Where cards are not shown, the text is."""
    hello = town.world.say(town.alice, town.room, "hi", mention=[town.bot])
    reply = Reply(key="k", markdown="done", space_id=town.room.id, parent_id=hello.id, card=card("done", []))
    desk.ledger.queue_reply(reply)
    desk.replies(town).step()
    [said] = town.world.messages(by=town.bot)
    assert (said.markdown, said.parent_id, len(said.attachments)) == ("done", hello.id, 1)


def test_a_reply_whose_card_is_refused_is_said_without_it(desk: Desk, town: Town) -> None:
    """The text is in the thread, and only there."""
    hello = town.world.say(town.alice, town.room, "hi", mention=[town.bot])
    desk.ledger.queue_reply(
        Reply(key="k", markdown="done", space_id=town.room.id, parent_id=hello.id, card='{"contentType": "a/b"}')
    )
    desk.replies(town).step()
    [said] = town.world.messages(by=town.bot)
    assert (said.markdown, said.parent_id, said.attachments) == ("done", hello.id, ())


def run_replies(desk: Desk, town: Town, fault: Fault, minutes: int = 5) -> int:
    """Have a reply run into a fault; return how often it was said within some minutes."""
    desk.ledger.queue_reply(Reply(key="k", markdown="hi", space_id=town.room.id))
    town.server.faults.add(fault)
    lane = desk.replies(town)
    for _ in range(minutes * 6):
        lane.step()
        town.clock.advance(10.0)
    return len(town.said(town.room))


@pytest.mark.parametrize("status", [401, 423, 429, 500, 502, 503])
def test_a_reply_that_was_certainly_not_said_is_said_later(desk: Desk, town: Town, status: int) -> None:
    """Once."""
    assert run_replies(desk, town, Fault(kind="status", method="POST", status=status, times=2)) == 1


@pytest.mark.parametrize(
    ("fault", "times"),
    [
        (Fault(kind="cut_after"), 1),
        (Fault(kind="cut_before"), 0),
        (Fault(kind="broken"), 1),
        (Fault(kind="status", status=403), 0),
    ],
)
def test_a_reply_that_may_have_been_said_is_not_said_again(desk: Desk, town: Town, fault: Fault, times: int) -> None:
    """Twice would be worse than not at all."""
    assert run_replies(desk, town, fault) == times
    assert desk.ledger.replies_waiting() == 0


def test_a_reply_that_cannot_be_said_for_an_hour_is_dropped(desk: Desk, town: Town) -> None:
    """It is old news by then."""
    run_replies(desk, town, Fault(kind="status", method="POST", status=423, times=None), minutes=70)
    assert desk.ledger.replies_waiting() == 0


def test_in_a_short_pause_nothing_is_said(desk: Desk, town: Town) -> None:
    """The lane waits for the gate."""
    desk.ledger.queue_reply(Reply(key="k", markdown="hi", space_id=town.room.id))
    town.gate.close(LONG_PAUSE - 1)
    assert desk.replies(town).step() == LONG_PAUSE - 1
    assert town.said() == []


def test_in_a_long_pause_a_word_now_and_then_is_dared(desk: Desk, town: Town) -> None:
    """One, and after some minutes another one: people wait for news then."""
    for key in ("a", "b", "c"):
        desk.ledger.queue_reply(Reply(key=key, markdown=key, space_id=town.room.id))
    town.gate.close(HOUR)
    lane = desk.replies(town)
    counts = []
    for seconds in (0.0, 1.0, DARE_EVERY):
        town.clock.advance(seconds)
        lane.step()
        counts.append(len(town.said()))
    assert counts == [1, 1, 2]


# reports and housekeeping


def test_the_sender_is_told_once_in_the_thread(desk: Desk) -> None:
    """When the broadcast is over; whoever says it is rung for."""
    desk.broadcast()
    lane = desk.reports()
    assert [lane.step(), lane.step()] == [IDLE_SECONDS, IDLE_SECONDS]
    [reply] = desk.replies_waiting()
    assert (reply.space_id, reply.parent_id, reply.markdown) == ("home", "thread", "1 sent, 1 tallies")
    assert reply.card == "a card"
    assert (desk.said, desk.ledger.unreported()) == (1, [])


class DyingLedger(SqliteLedger):
    """A ledger whose process is killed before it can note that the sender was told."""

    def mark_reported(self, broadcast: int, now: float) -> None:
        """Come to no end."""
        raise KeyboardInterrupt(broadcast, now)


def test_a_crash_in_the_middle_does_not_tell_the_sender_twice(desk: Desk) -> None:
    """The report was written down, the note that it was is missing."""
    desk.broadcast()
    whole, desk.ledger = desk.ledger, DyingLedger(desk.ledger.path)
    with pytest.raises(KeyboardInterrupt):
        desk.reports().step()
    desk.ledger = whole
    desk.reports().step()
    assert len(desk.replies_waiting()) == 1


def test_reports_can_be_switched_off(desk: Desk) -> None:
    """The broadcast is done with all the same."""
    desk.config = Config(report=ReportRules(in_thread=False))
    desk.broadcast()
    desk.reports().step()
    assert (desk.replies_waiting(), desk.ledger.unreported()) == ([], [])


@pytest.mark.parametrize(("outcome", "is_kept"), [("sent", False), ("failed", True), ("unknown", True)])
def test_a_file_goes_when_nobody_needs_it_any_more(desk: Desk, outcome: str, is_kept: bool) -> None:
    """It stays as long as it may be sent once more."""
    file = desk.file()
    desk.broadcast(outcome=outcome, file=file)
    desk.reports().step()
    assert file.path.exists() is is_kept


def test_what_is_too_old_is_forgotten(desk: Desk) -> None:
    """After the days that are configured; once an hour is often enough to look."""
    desk.broadcast()
    lane = desk.reports()
    seen = []
    for days in (0.0, 89.0, 0.01, 1.5):
        desk.clock.advance(days * 86400)
        lane.step()
        seen.append(len(desk.ledger.broadcasts(limit=9)))
    assert (seen, desk.logged) == ([1, 1, 1, 0], ["ledger.purged"])


def test_files_that_nothing_names_are_dropped(desk: Desk) -> None:
    """Of a message that was never opened, for example; what is needed or has just been fetched stays."""
    old, new, needed = (desk.file(name) for name in ("old", "new", "needed"))
    for file, age in ((old, 25 * HOUR), (new, 60.0), (needed, 25 * HOUR)):
        os.utime(file.path.parent, (0, desk.clock.now() - age))
    desk.broadcast(outcome="failed", file=needed)
    desk.reports().step()
    assert [file.path.exists() for file in (old, new, needed)] == [False, True, True]


def test_senders_hear_of_a_long_pause(desk: Desk) -> None:
    """Those whose broadcast is waiting, once a pause."""
    desk.broadcast("m1")
    desk.broadcast("m2", outcome="waiting")
    desk.reports().step()
    desk.replies_waiting()
    desk.gate.close(HOUR)
    lane = desk.reports()
    lane.step()
    lane.step()
    [reply] = desk.replies_waiting()
    assert reply.markdown == f"paused until {desk.clock.now() + HOUR:.0f}"


@pytest.mark.parametrize(("seconds", "in_thread"), [(LONG_PAUSE, True), (HOUR, False)])
def test_a_short_pause_or_a_silent_bot_says_nothing(desk: Desk, seconds: float, in_thread: bool) -> None:
    """A minute needs no explanation."""
    desk.config = Config(report=ReportRules(in_thread=in_thread))
    desk.broadcast(outcome="waiting")
    desk.gate.close(seconds)
    desk.reports().step()
    assert desk.replies_waiting() == []
