"""The contract of every ledger: when there is something to do. A worker that is paid by the second leaves by it."""

from dataclasses import replace
from pathlib import Path

import pytest

from broadcast.model import PendingEvent, Reply, StoredFile
from broadcast.outcomes import Outcome
from broadcast.ports import Ledger
from tests.contract.records import (
    FAILED,
    START,
    UNKNOWN,
    Worker,
    duty_event,
    in_doubt,
    message_event,
    retry,
    sent,
    text,
)

REPLY = Reply(key="r", markdown="hi", space_id="home")


def head(ledger: Ledger, now: float = START) -> PendingEvent:
    """Return the message that is due."""
    pending = ledger.next_message(now)
    assert pending is not None
    return pending


def test_a_new_ledger_leaves_nothing_to_do(ledger: Ledger) -> None:
    """Nobody has asked for anything."""
    assert ledger.work_left(START) is None


@pytest.mark.parametrize("event", [message_event("a"), duty_event("a")])
def test_an_event_is_something_to_do(ledger: Ledger, event: object) -> None:
    """At once, and of either kind."""
    ledger.record(event, START)  # type: ignore[arg-type]
    assert ledger.work_left(START) == 0.0


def test_an_event_that_is_finished_is_nothing_to_do(ledger: Ledger) -> None:
    """It is kept for those who send it again, and that is all."""
    ledger.record(message_event("a"), START)
    ledger.finish_event(head(ledger), "done", START)
    assert ledger.work_left(START) is None


def test_an_event_that_is_put_off_is_something_to_do_later(ledger: Ledger) -> None:
    """When it is due, and at once when that is past."""
    ledger.record(message_event("a"), START)
    ledger.defer_event(head(ledger), until=START + 60, now=START, counts=True)
    assert (ledger.work_left(START), ledger.work_left(START + 61)) == (60.0, 0.0)


def test_a_duty_that_is_put_off_is_something_to_do_later(ledger: Ledger) -> None:
    """Like a message."""
    ledger.record(duty_event("a"), START)
    duty = ledger.next_duty(START)
    assert duty is not None
    ledger.defer_event(duty, until=START + 60, now=START, counts=True)
    assert ledger.work_left(START) == 60.0


def test_a_message_that_holds_keeps_those_behind_it_from_being_something_to_do(ledger: Ledger) -> None:
    """They wait for it; one that does not hold lets them by."""
    ledger.record(message_event("a", asked_at=1.0), START)
    ledger.record(message_event("b", asked_at=2.0), START)
    first = head(ledger)
    ledger.defer_event(first, until=START + 60, now=START, counts=True, holds=True)
    assert ledger.work_left(START) == 60.0
    ledger.defer_event(first, until=START + 60, now=START, counts=True, holds=False)
    assert ledger.work_left(START) == 0.0


def test_a_reply_is_something_to_do_until_it_is_said(ledger: Ledger) -> None:
    """Also while it is being said, because it may fail."""
    ledger.queue_reply(REPLY)
    assert ledger.work_left(START) == 0.0
    reply = ledger.next_reply(START)
    assert reply is not None
    assert ledger.work_left(START) == 0.0
    ledger.settle_reply(reply, try_at=START + 30, now=START)
    assert ledger.work_left(START) == 30.0
    ledger.settle_reply(reply, try_at=None, now=START)
    assert ledger.work_left(START) is None


def test_a_broadcast_is_something_to_do_until_its_outcome_is_told(worker: Worker) -> None:
    """While it waits, while it is sent, while nobody has closed it, and while the sender does not know."""
    number = worker.open("a", "b")
    assert worker.ledger.work_left(START) == 0.0
    claims = worker.claim()
    assert worker.ledger.work_left(START) == 0.0
    for claim in claims:
        worker.settle(claim, sent())
    assert worker.ledger.work_left(START) == 0.0
    worker.finish()
    assert worker.ledger.work_left(START) == 0.0
    worker.ledger.mark_reported(number, START)
    assert worker.ledger.work_left(START) is None


@pytest.mark.parametrize("outcome", [retry(START + 60), in_doubt(START + 60)])
def test_what_is_to_be_tried_or_looked_at_later_is_something_to_do_then(worker: Worker, outcome: Outcome) -> None:
    """Nothing before."""
    worker.open("a")
    worker.settle(worker.claim_one(), outcome)
    assert (worker.ledger.work_left(START), worker.ledger.work_left(START + 99)) == (60.0, 0.0)


@pytest.mark.parametrize("outcome", [FAILED, UNKNOWN])
def test_what_failed_is_nothing_to_do_unless_somebody_asks_for_it(worker: Worker, outcome: Outcome) -> None:
    """Then it is, at once."""
    number = worker.open("a")
    worker.settle(worker.claim_one(), outcome)
    worker.finish()
    worker.ledger.mark_reported(number, START)
    assert worker.ledger.work_left(START) is None
    assert worker.ledger.send_again(number, [outcome.state]) == 1  # type: ignore[union-attr]
    assert worker.ledger.work_left(START) == 0.0


def test_the_soonest_of_many_counts(worker: Worker) -> None:
    """A retry, a reply, an event: whichever comes first."""
    worker.open("a")
    worker.settle(worker.claim_one(), retry(START + 60))
    worker.ledger.queue_reply(REPLY)
    reply = worker.ledger.next_reply(START)
    assert reply is not None
    worker.ledger.settle_reply(reply, try_at=START + 40, now=START)
    assert worker.ledger.work_left(START) == 40.0
    worker.ledger.record(duty_event("d"), START)
    assert worker.ledger.work_left(START) == 0.0


def test_where_a_file_came_from_is_kept(worker: Worker) -> None:
    """Another machine can fetch it again; where it is not known, nothing is made up."""
    file = StoredFile(
        path=Path("/files/a/content"), name="a.pdf", content_type="x/y", size=1, url="https://w.example/v1/contents/1"
    )
    numbers = [
        worker.open("a", content=text(file=each), source=f"s{count}")
        for count, each in enumerate((file, replace(file, url="")))
    ]
    assert [worker.ledger.content(number).file for number in numbers] == [file, replace(file, url="")]
