"""The contract of every ledger, fourth part: finishing, reporting, sending again, forgetting, what waits."""

from collections.abc import Callable
from pathlib import Path

import pytest

from broadcast.model import Backlog, Content, Form, SpaceKind, State, StoredFile, Why
from broadcast.outcomes import Outcome
from broadcast.ports import Ledger
from tests.contract.records import (
    FAILED,
    START,
    UNKNOWN,
    Worker,
    duty_event,
    hire,
    in_doubt,
    message_event,
    place,
    retry,
    sent,
    text,
)

Opener = Callable[[], Ledger]
FILE = StoredFile(path=Path("/files/a"), name="a.json", content_type="application/json", size=2)


# finishing and reporting


@pytest.mark.parametrize("outcome", [retry(START + 60), in_doubt(START + 60), sent("part one of two")])
def test_a_broadcast_runs_while_something_is_open(worker: Worker, outcome: Outcome) -> None:
    """Waiting, being sent, in doubt, half sent: not finished, and not reported."""
    worker.open("a", "b", content=text("one", "two"))
    claim, _ = worker.claim()
    worker.settle(claim, outcome)
    assert (worker.finish(), worker.ledger.running(), worker.ledger.unreported()) == ([], 1, [])


def test_a_broadcast_is_finished_once(worker: Worker) -> None:
    """When nothing is open it is handed out with its counts, by one worker, once."""
    number = worker.open("a", "b", "c", place("d", why=Why.READ_ONLY))
    worker.ledger.settle(list(zip(worker.claim(), [sent(), FAILED, UNKNOWN], strict=True)), START)
    [finished] = worker.ledger.finish_broadcasts(worker.token, START + 7)
    counts = finished.counts
    assert (finished.number, finished.opened_at, finished.finished_at) == (number, START, START + 7)
    assert (counts.sent, counts.failed, counts.skipped, counts.unknown, counts.unsettled) == (1, 1, 1, 1, 0)
    assert (worker.finish(), worker.ledger.running()) == ([], 0)


def test_a_broadcast_without_destinations_is_finished_at_once(worker: Worker) -> None:
    """A bot that is nowhere has nothing to wait for."""
    number = worker.open()
    assert worker.finish() == [number]


def test_a_later_broadcast_may_finish_first(worker: Worker) -> None:
    """One that waits for a space does not keep another from its end."""
    worker.open("a")
    worker.settle(worker.claim_one(), retry(START + 60))
    second = worker.open("b")
    worker.settle_all(sent())
    assert worker.finish() == [second]


def test_a_finished_broadcast_is_unreported_until_the_sender_is_told(open_ledger: Opener) -> None:
    """A crash between the two leaves it to be reported by the next worker."""
    worker = hire(open_ledger())
    first, second = worker.open(), worker.open()
    worker.finish()
    after = open_ledger()
    assert [one.number for one in after.unreported()] == [first, second]
    after.mark_reported(first, START)
    assert [one.number for one in after.unreported()] == [second]


@pytest.mark.parametrize(
    ("outcome", "is_kept"), [(sent(), False), (FAILED, True), (UNKNOWN, True)], ids=["sent", "failed", "unknown"]
)
def test_texts_are_forgotten_where_nothing_can_be_sent_again(worker: Worker, outcome: Outcome, is_kept: bool) -> None:
    """After the report the message is dropped, unless a delivery failed or is unknown; the counts stay."""
    content = text("one", form=Form.CARD, card="{}", file=FILE)
    number = worker.open("a", place("b", why=Why.READ_ONLY), content=content)
    worker.settle_all(outcome)
    worker.finish()
    assert worker.ledger.content(number) == content
    worker.ledger.mark_reported(number, START)
    kept = worker.ledger.content(number)
    assert (kept == content, kept.group_parts == () and kept.card is None and kept.file is None) == (
        is_kept,
        not is_kept,
    )
    assert len(worker.states(number)) == 2


def test_the_files_that_are_still_needed_are_known(worker: Worker) -> None:
    """Until the text is forgotten or the broadcast dropped."""
    worker.open("a", content=text("one", form=Form.FILE, file=FILE))
    seen = [worker.ledger.files_in_use()]
    worker.settle_all(FAILED)
    [number] = worker.finish()
    worker.ledger.mark_reported(number, START)
    seen.append(worker.ledger.files_in_use())
    worker.ledger.purge(START + 1)
    assert [*seen, worker.ledger.files_in_use()] == [{FILE.path}, {FILE.path}, set()]


@pytest.mark.parametrize(("form", "is_refused"), [(Form.CARD, False), (Form.FILE, True)])
def test_a_broadcast_knows_whether_its_card_was_refused(worker: Worker, form: Form, is_refused: bool) -> None:
    """A card that goes out as a file was."""
    number = worker.open("a", content=text("one", form=Form.UNTRIED, card="{}", file=FILE))
    worker.ledger.settle_form(number, form)
    found = worker.ledger.broadcast(number)
    assert found
    assert found.card_refused is is_refused


def test_broadcasts_are_listed_newest_first(worker: Worker) -> None:
    """As many as asked for, with whom they are from and where they were asked for."""
    numbers = [worker.open("a", "b") for _ in range(3)]
    newest, *_ = found = worker.ledger.broadcasts(limit=2)
    assert [one.number for one in found] == numbers[:0:-1]
    assert (newest.source_id, newest.space_id, newest.thread_id) == ("m3", "home", "thread-m3")
    assert (newest.sender_name, newest.sender_email) == ("Alice Nováková", "alice@acme.example")
    assert (newest.counts.waiting, newest.counts.planned, newest.finished_at) == (2, 2, None)


def test_one_broadcast_can_be_asked_for(worker: Worker) -> None:
    """By its number; a number that is none gives none."""
    number = worker.open("a")
    found = worker.ledger.broadcast(number)
    assert (found and found.number, worker.ledger.broadcast(number + 1)) == (number, None)


def test_deliveries_tell_what_became_of_each_space(worker: Worker) -> None:
    """In the order of the plan, with title, kind, reason and what Webex said."""
    number = worker.open("b", place("a", kind=SpaceKind.DIRECT))
    worker.settle(worker.claim_one(), FAILED)
    first, second = worker.ledger.deliveries(number)
    assert (first.space_id, first.title, first.why, first.detail) == ("b", "Title of b", Why.FORBIDDEN, "403 no")
    assert (second.space_id, second.kind, second.state, second.detail) == ("a", SpaceKind.DIRECT, State.WAITING, "")


def test_a_delivery_that_succeeds_in_the_end_shows_no_fault(worker: Worker) -> None:
    """What went wrong before is not held against it."""
    number = worker.open("a")
    worker.settle(worker.claim_one(), retry())
    worker.settle(worker.claim_one(), sent())
    [row] = worker.ledger.deliveries(number)
    assert (row.state, row.why, row.detail) == (State.SENT, Why.NONE, "")


def test_tallies_count_by_state_reason_and_kind(worker: Worker) -> None:
    """Each group with its number and no more examples than asked for, in the order of the plan."""
    people = [place(f"p{number}", kind=SpaceKind.DIRECT) for number in range(2)]
    number = worker.open("a", "b", "c", *people, place("d", why=Why.READ_ONLY), place("e", why=Why.OTHER_ORG))
    worker.settle_all(sent())
    tallies = worker.ledger.tallies(number, examples=2)
    assert {(one.state, one.why, one.kind): (one.count, [row.space_id for row in one.examples]) for one in tallies} == {
        (State.SENT, Why.NONE, SpaceKind.GROUP): (3, ["a", "b"]),
        (State.SENT, Why.NONE, SpaceKind.DIRECT): (2, ["p0", "p1"]),
        (State.SKIPPED, Why.READ_ONLY, SpaceKind.GROUP): (1, ["d"]),
        (State.SKIPPED, Why.OTHER_ORG, SpaceKind.GROUP): (1, ["e"]),
    }


# sending again


def ended(worker: Worker, *outcomes: Outcome, content: Content | None = None) -> int:
    """Return a finished broadcast whose deliveries to a, b, c … ended so."""
    number = worker.open(*"abcdef"[: len(outcomes)], content=content)
    worker.ledger.settle(list(zip(worker.claim(), outcomes, strict=True)), worker.now)
    assert worker.finish() == [number]
    return number


@pytest.mark.parametrize(
    ("states", "again"),
    [([State.UNKNOWN], ["c"]), ([State.FAILED], ["b"]), ([State.FAILED, State.UNKNOWN], ["b", "c"]), ([], [])],
)
def test_what_did_not_arrive_can_be_sent_again(worker: Worker, states: list[State], again: list[str]) -> None:
    """Those in the states asked for, and no other; what was sent stays sent."""
    number = ended(worker, sent(), FAILED, UNKNOWN)
    worker.ledger.mark_reported(number, START)
    assert worker.ledger.send_again(number, states) == len(again)
    assert [(claim.broadcast, claim.space_id) for claim in worker.claim()] == [(number, name) for name in again]


def test_a_broadcast_sent_again_ends_and_is_reported_once_more(worker: Worker) -> None:
    """It runs until the last of it is settled."""
    number = ended(worker, sent(), UNKNOWN)
    worker.ledger.mark_reported(number, START)
    worker.ledger.send_again(number, [State.UNKNOWN])
    assert (worker.ledger.running(), worker.finish(), worker.ledger.unreported()) == (1, [], [])
    worker.settle_all(sent())
    assert worker.finish() == [one.number for one in worker.ledger.unreported()] == [number]
    assert worker.states(number) == {"a": "sent", "b": "sent"}


def test_sending_again_goes_on_where_it_stopped(worker: Worker) -> None:
    """With the part that is missing, and with new patience."""
    number = worker.open("a", content=text("one", "two"))
    worker.settle(worker.claim_one(), sent("x1"))
    worker.settle(worker.claim_one(), retry())
    worker.settle(worker.claim_one(), UNKNOWN)
    worker.finish()
    worker.ledger.send_again(number, [State.UNKNOWN])
    claim = worker.claim_one()
    assert (claim.part, claim.first_tried) == (1, None)


def test_a_late_outcome_does_not_end_what_is_sent_again(worker: Worker) -> None:
    """The attempt that was given up as unknown has no say any more."""
    number = worker.open("a")
    late = worker.claim_one()
    worker.settle(late, UNKNOWN)
    worker.finish()
    worker.ledger.send_again(number, [State.UNKNOWN])
    worker.settle(late, sent())
    new = worker.claim_one()
    worker.settle(late, FAILED)
    assert (new.attempt > late.attempt, worker.states(number)) == (True, {"a": "sending"})


def test_what_runs_or_is_forgotten_is_not_sent_again(worker: Worker) -> None:
    """A broadcast that is not over, one whose texts were dropped, one that never was."""
    running = worker.open("a", "b")
    worker.settle(worker.claim_one(), FAILED)
    forgotten = ended_elsewhere(worker)
    for number in (running, forgotten, 99):
        assert worker.ledger.send_again(number, [State.FAILED, State.SENT]) == 0
    assert worker.states(forgotten) == {"z": "sent"}


def ended_elsewhere(worker: Worker) -> int:
    """Return a broadcast to another space that is finished, reported and forgotten."""
    number = worker.open("z")
    worker.ledger.settle([(claim, sent()) for claim in worker.claim() if claim.space_id == "z"], START)
    worker.finish()
    worker.ledger.mark_reported(number, START)
    return number


# forgetting


def test_what_is_old_and_over_is_dropped(worker: Worker) -> None:
    """Finished broadcasts and events before the time go; what runs, is newer or still waits stays."""
    worker.open("a")
    worker.settle_all(sent())
    worker.finish()
    running = worker.open("b")
    worker.now += 10
    newer = worker.open()
    worker.finish()
    assert worker.ledger.purge(START + 5) == 1
    assert [one.number for one in worker.ledger.broadcasts(limit=9)] == [newer, running]
    assert (worker.states(running), worker.ledger.purge(START + 5)) == ({"b": "waiting"}, 0)


def test_an_event_is_kept_until_it_is_old_and_over(worker: Worker) -> None:
    """Recording it again tells: True only for the one that was dropped."""
    ledger = worker.ledger
    for key, finished_at in (("old", START), ("newer", START + 10)):
        ledger.record(message_event(key), START)
        pending = ledger.next_message(START)
        assert pending
        ledger.finish_event(pending, "done", finished_at)
    ledger.record(message_event("waits"), START)
    ledger.purge(START + 5)
    assert [ledger.record(message_event(key), START) for key in ("old", "newer", "waits")] == [True, False, False]


# what waits


def test_the_backlog_is_what_waits(worker: Worker) -> None:
    """Events of both lanes, deliveries that wait or are under way, and how long the oldest event has been waiting."""
    assert worker.ledger.backlog(START) == Backlog(events=0, deliveries=0, oldest_event_age=None)
    worker.ledger.record(message_event("a"), START)
    worker.ledger.record(duty_event("b"), START + 3)
    worker.open("a", "b", place("c", why=Why.READ_ONLY))
    worker.claim(1)
    assert worker.ledger.backlog(START + 5) == Backlog(events=2, deliveries=2, oldest_event_age=5.0)


def test_the_backlog_never_shows_a_negative_age(ledger: Ledger) -> None:
    """A clock that was set back makes the event new, not from the future."""
    ledger.record(message_event("a"), START)
    assert ledger.backlog(START - 60).oldest_event_age == 0.0
