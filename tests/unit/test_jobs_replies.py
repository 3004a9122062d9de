"""The lanes of replies and reports: what people are told, once, and what is forgotten."""

import os
import threading
from dataclasses import replace

import pytest

from broadcast.buttons import card
from broadcast.config import Config, ReportRules
from broadcast.jobs import DARE_EVERY, IDLE_SECONDS, LONG_PAUSE, PAUSE
from broadcast.ledger.sqlite import SqliteLedger
from broadcast.model import Reply
from broadcast.retry import GRACE
from tests.unit.desk import HOUR, Desk
from tests.unit.town import Town, answering
from webexsim import Fault, Space

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


def run_replies(
    desk: Desk, town: Town, *faults: Fault, room: Space | None = None, key: str = "k", minutes: int = 5
) -> int:
    """Have a reply to a space, the group space where none is named, run into faults; return how often it was said."""
    place = room or town.room
    desk.ledger.queue_reply(Reply(key=key, markdown="hi", space_id=place.id))
    for fault in faults:
        town.server.faults.add(fault)
    lane = desk.replies(town)
    for _ in range(minutes * 6):
        lane.step()
        town.clock.advance(10.0)
    return town.said(place).count("hi")


def failing(method: str, status: int, times: int | None = 1) -> Fault:
    """Return the fault of a Webex that answers with an error status."""
    return Fault(kind="status", method=method, path="/messages", status=status, times=times)


@pytest.mark.parametrize("status", [401, 423, 429, 503])
def test_a_reply_that_was_certainly_not_said_is_said_later(desk: Desk, town: Town, status: int) -> None:
    """Once, and without a look."""
    assert run_replies(desk, town, failing("POST", status, times=2)) == 1
    assert not [call for call in town.server.calls if call.method == "GET"]


DOUBTFUL = [
    Fault(kind="cut_after", method="POST"),
    Fault(kind="cut_before", method="POST"),
    Fault(kind="broken", method="POST"),
    *[failing("POST", status, times=2) for status in (500, 502, 504)],
]


@pytest.mark.parametrize("fault", DOUBTFUL)
def test_in_a_1_1_a_reply_in_doubt_is_said_just_once(desk: Desk, town: Town, fault: Fault) -> None:
    """It is looked for, and said again if it is not there."""
    assert run_replies(desk, town, fault, room=town.dm) == 1
    assert desk.ledger.replies_waiting() == 0


@pytest.mark.parametrize(
    ("fault", "times"),
    [*zip(DOUBTFUL, [2, 1, 2, 1, 1, 1], strict=True), (Fault(kind="cut_after", times=None), 2)],
)
def test_in_a_group_space_a_reply_in_doubt_is_said_once_more(desk: Desk, town: Town, fault: Fault, times: int) -> None:
    """It may rather be there twice than be missing; but not three times, however long Webex gives no answer."""
    assert run_replies(desk, town, replace(fault, method="POST")) == times
    assert desk.ledger.replies_waiting() == 0


def test_in_a_group_space_that_was_quiet_since_it_is_tried_until_it_is_taken(desk: Desk, town: Town) -> None:
    """Where nothing has happened since, it certainly was not said: an outage loses no outcome."""
    town.room.last_activity -= 2 * HOUR
    assert run_replies(desk, town, Fault(kind="cut_before", method="POST", times=6), minutes=30) == 1


def test_in_a_space_that_the_bot_has_left_nothing_is_looked_for(desk: Desk, town: Town) -> None:
    """It is said once more, in vain, and that is that."""
    desk.ledger.queue_reply(Reply(key="k", markdown="hi", space_id=town.room.id))
    town.server.faults.add(Fault(kind="cut_before", method="POST"))
    lane = desk.replies(town)
    lane.step()
    town.world.leave(town.bot, town.room)
    town.clock.advance(GRACE)
    lane.step()
    assert desk.ledger.replies_waiting() == 0


def test_what_is_said_once_more_is_tried_until_it_is_taken(desk: Desk, town: Town) -> None:
    """The first attempt got no answer, those after it certainly did nothing."""
    faults = (Fault(kind="cut_before", method="POST"), failing("POST", 503, times=3))
    assert run_replies(desk, town, *faults, key="ask:m") == 1


def test_a_doubt_is_not_forgotten_over_an_attempt_that_did_nothing(desk: Desk, town: Town) -> None:
    """It was said, its repetition refused once and then said as well: there is no third time."""
    cut = Fault(kind="cut_after", method="POST")
    assert run_replies(desk, town, cut, failing("POST", 503), cut, key="ask:m") == 2


@pytest.mark.parametrize("fault", [failing("POST", 403), failing("POST", 413)])
def test_a_reply_that_was_refused_is_done_with(desk: Desk, town: Town, fault: Fault) -> None:
    """Asking again would bring the same answer."""
    assert run_replies(desk, town, fault, room=town.dm) == 0
    assert desk.ledger.replies_waiting() == 0


@pytest.mark.parametrize(
    ("key", "fault"),
    [("k", Fault(kind="cut_before", method="POST")), (PAUSE, Fault(kind="cut_before")), (PAUSE, failing("POST", 500))],
)
def test_what_is_not_looked_for_is_said_once_at_most(desk: Desk, town: Town, fault: Fault, key: str) -> None:
    """What was for one person, whose 1-1 is not known, and the word about a pause."""
    to_alice = Reply(key=key, markdown="hi", person_id=town.alice.id)
    desk.ledger.queue_reply(Reply(key=key, markdown="hi", space_id=town.dm.id) if key == PAUSE else to_alice)
    town.server.faults.add(fault)
    desk.replies(town).step()
    assert (town.said(), desk.ledger.replies_waiting()) == ([], 0)


@pytest.mark.parametrize(("key", "times"), [(PAUSE, 0), ("k", 1)])
def test_a_word_about_a_pause_is_not_tried_again(desk: Desk, town: Town, key: str, times: int) -> None:
    """Even where it was certainly not said: by then it would be wrong."""
    assert run_replies(desk, town, failing("POST", 503), key=key) == times


def test_a_reply_in_doubt_is_looked_for_when_webex_must_be_through_with_it(desk: Desk, town: Town) -> None:
    """Not before: it may still be at it."""
    desk.ledger.queue_reply(Reply(key="k", markdown="hi", space_id=town.dm.id))
    town.server.faults.add(Fault(kind="cut_before", method="POST"))
    lane = desk.replies(town)
    seen = []
    for seconds in (0.0, GRACE - 0.1, 0.1):
        town.clock.advance(seconds)
        lane.step()
        seen.append(len(town.said(town.dm)))
    assert seen == [0, 0, 1]


@pytest.mark.parametrize(
    "fault", [failing("GET", 500, 3), failing("GET", 429, 3), Fault(kind="hang", method="GET", times=3)]
)
def test_a_look_that_fails_is_repeated(desk: Desk, town: Town, fault: Fault) -> None:
    """Nothing is said before it is known."""
    town.clock.runs = True
    assert run_replies(desk, town, Fault(kind="cut_after", method="POST"), fault, room=town.dm) == 1
    assert desk.ledger.replies_waiting() == 0


@pytest.mark.parametrize("fault", [Fault(kind="cut_before", method="POST", times=None), failing("GET", 500, None)])
def test_a_reply_is_not_in_doubt_for_ever(desk: Desk, town: Town, fault: Fault) -> None:
    """After an hour it is old news, whether it cannot be said or cannot be looked for."""
    cut = Fault(kind="cut_before", method="POST")
    assert run_replies(desk, town, cut, fault, room=town.dm, minutes=58) == 0
    assert desk.ledger.replies_waiting() == 1
    assert run_replies(desk, town, room=town.dm) == 0
    assert desk.ledger.replies_waiting() == 0


def doubt(desk: Desk, town: Town, reply: Reply) -> None:
    """Have the first attempt at a reply come to nothing, and let the lane look for it."""
    desk.ledger.queue_reply(reply)
    town.server.faults.add(Fault(kind="cut_before", method="POST"))
    lane = desk.replies(town)
    lane.step()
    town.clock.advance(GRACE)
    lane.step()


def test_the_same_words_in_another_thread_are_another_reply(desk: Desk, town: Town) -> None:
    """Two people are told the same in a row."""
    first, second = (town.world.say(town.alice, town.dm, text) for text in "ab")
    town.webex.post(town.dm.id, "hi", parent_id=first.id)
    doubt(desk, town, Reply(key="k", markdown="hi", space_id=town.dm.id, parent_id=second.id))
    assert [said.parent_id for said in town.world.messages(by=town.bot)] == [first.id, second.id]


def test_what_was_said_outside_of_a_thread_that_is_gone_is_found_there(desk: Desk, town: Town) -> None:
    """The third form of the reply was taken, and nobody heard of it."""
    desk.ledger.queue_reply(Reply(key="k", markdown=" hi\n", space_id=town.dm.id, parent_id="gone"))
    town.server.faults.add(Fault(kind="cut_after", method="POST", after=1))
    lane = desk.replies(town)
    for _ in range(3):
        lane.step()
        town.clock.advance(GRACE)
    assert [text.strip() for text in town.said(town.dm)] == ["hi"]


def test_a_message_that_shows_no_text_leaves_it_open(desk: Desk, town: Town) -> None:
    """It may be the reply, or not: it is said once more."""
    item = f'{{"id": "x", "roomId": "{town.dm.id}", "personId": "{town.bot.id}"}}'
    town.server.faults.add(replace(answering(f'{{"items": [{item}]}}'), method="GET", path="/messages"))
    doubt(desk, town, Reply(key="k", markdown="hi", space_id=town.dm.id))
    assert (len(town.said(town.dm)), desk.ledger.replies_waiting()) == (1, 0)


@pytest.mark.parametrize("skew", [HOUR, -HOUR])
def test_a_clock_that_differs_from_webexs_is_no_matter(desk: Desk, town: Town, skew: float) -> None:
    """What was said is found, though it was said an hour before or after by the bot's clock."""
    town.clock.jump(skew)
    town.webex.me()
    assert run_replies(desk, town, Fault(kind="cut_after", method="POST"), room=town.dm) == 1


@pytest.mark.parametrize(("was_posted", "key", "times"), [(True, "k", 1), (False, "k", 1), (False, PAUSE, 0)])
def test_what_was_being_said_when_the_process_was_killed(
    desk: Desk, town: Town, was_posted: bool, key: str, times: int
) -> None:
    """It is there once afterwards, whether it was posted before or not; the word about a pause once at most."""
    desk.ledger.queue_reply(Reply(key=key, markdown="hi", space_id=town.dm.id))
    reply = desk.ledger.next_reply(town.clock.now())
    if reply and was_posted:
        town.webex.post(town.dm.id, reply.markdown)
    desk.ledger.take_lease("next", town.clock.now(), HOUR, holder_is_dead=lambda _: True)
    assert run_replies(desk, town, key=key, room=town.dm) == times
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
    first, reply = desk.replies_waiting()
    assert first.markdown == "opened"
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
    assert [reply.markdown for reply in desk.replies_waiting()] == ["opened", "1 sent, 1 tallies"]


def test_what_was_announced_is_not_announced_again(desk: Desk) -> None:
    """Whoever opened it has said so already: the report adds the outcome."""
    finished = desk.broadcast()
    assert finished
    desk.ledger.queue_reply(desk.opened(finished, []))
    desk.reports().step()
    assert [reply.markdown for reply in desk.replies_waiting()] == ["opened", "1 sent, 1 tallies"]


def test_the_outcome_waits_for_the_word_about_the_order(desk: Desk) -> None:
    """Somebody has begun something and is about to say so: what became of it is told after that."""
    desk.broadcast()
    with desk.telling:
        lane = threading.Thread(target=desk.reports().step)
        lane.start()
        lane.join(0.2)
        assert lane.is_alive()
        desk.ledger.queue_reply(Reply(key="word", markdown="Sending again: 1.", space_id="home"))
    lane.join()
    assert [reply.markdown for reply in desk.replies_waiting()] == ["Sending again: 1.", "opened", "1 sent, 1 tallies"]


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


@pytest.mark.parametrize("outcome", ["sent", "failed", "unknown"])
def test_from_a_lent_disk_a_file_goes_with_its_report(desk: Desk, outcome: str) -> None:
    """It is small, and what is needed again is fetched again."""
    desk.is_lent, file = True, desk.file()
    desk.broadcast(outcome=outcome, file=file)
    desk.reports().step()
    assert not file.path.exists()


@pytest.mark.parametrize("is_lent", [False, True])
def test_a_lent_disk_is_tidied_before_the_work_begins(desk: Desk, is_lent: bool) -> None:
    """What an earlier call left of broadcasts that went on elsewhere is dropped; what still waits keeps its file."""
    desk.is_lent = is_lent
    over, waiting = desk.file("m1"), desk.file("m2")
    desk.broadcast("m1", outcome="failed", file=over)
    desk.broadcast("m2", outcome="waiting", file=waiting)
    desk.reports().tidy()
    assert (over.path.exists(), waiting.path.exists()) == (not is_lent, True)


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
