"""What holds on DynamoDB where an order is broken off at any of its writes, or a write is made and not answered."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import pytest
from botocore.exceptions import ClientError

from broadcast.errors import LedgerFailed
from broadcast.ledger.dynamodb import DynamoLedger
from broadcast.model import State
from tests.cloud.tampering import WRITES, Dying, Tampered
from tests.contract.records import (
    FAILED,
    START,
    Worker,
    changed,
    draft,
    edit_of,
    hire,
    message_event,
    place,
    recall_of,
    retry,
    sent,
    spaces,
    text,
)
from tests.contract.tables import new_table

Act = Callable[[Worker], object]
Open = Callable[[Worker], int | None]
Make = Callable[[], Any]
NO_ANSWER = ClientError({"Error": {"Code": "InternalServerError", "Message": "because"}}, "a write")


class Meddler(Tampered):
    """Has something else done in place of the next write that names a thing."""

    def __init__(self, client: Any) -> None:
        super().__init__(client)
        self.name, self.instead = "", refuse

    def meddle(self, name: str, instead: Callable[[Make], Any]) -> None:
        """Say what is done instead of which write."""
        self.name, self.instead = name, instead

    def call(self, name: str, **request: Any) -> Any:
        """Make a call, or what is done instead."""

        def make() -> Any:
            return Tampered.call(self, name, **request)

        with self.lock:
            is_meant = bool(self.name) and name in WRITES and self.name in str(request)
            self.name = "" if is_meant else self.name
        return self.instead(make) if is_meant else make()


def refuse(_: Make) -> None:
    """Make no write."""
    raise NO_ANSWER


def keep_silent(make: Make) -> None:
    """Make a write, and give no answer."""
    make()
    raise NO_ANSWER


@dataclass
class Late:
    """A write that seems to have failed, and can be made later."""

    make: Make = lambda: None

    def __call__(self, make: Make) -> None:
        """Keep it."""
        self.make = make
        raise NO_ANSWER


@pytest.fixture
def meddler(client: Any) -> Meddler:
    """Return what can meddle with the writes of a worker."""
    return Meddler(client)


@pytest.fixture
def worker(meddler: Meddler, table: str) -> Worker:
    """Return a worker."""
    return hire(DynamoLedger(table, client=meddler))


def killed_everywhere(client: Any, before: Act, act: Act) -> Iterator[Worker]:
    """Yield who takes over for each write of an act before which the process was killed, and after the last one."""
    is_through = False
    for writes in count():
        if is_through:
            return
        table = new_table(client)
        worker = hire(DynamoLedger(table, client=client))
        before(worker)
        with suppress(KeyboardInterrupt):
            act(replace(worker, ledger=DynamoLedger(table, client=Dying(client, writes))))
            is_through = True
        yield hire(DynamoLedger(table, client=client))


# what is opened


def arrive(worker: Worker) -> None:
    """Have a broadcast that has arrived; the worker knows by heart what there is to do."""
    worker.open("a", "b")
    worker.settle_all(sent())
    worker.finish()
    assert worker.claim() == []


def open_broadcast(worker: Worker) -> int | None:
    """Open a broadcast."""
    return worker.ledger.open_broadcast(worker.token, draft("new"), map(place, "ab"), START)


def open_edit(worker: Worker) -> int | None:
    """Open an edit of what has arrived."""
    return worker.ledger.open_change(worker.token, edit_of(1), START)


def open_recall(worker: Worker) -> int | None:
    """Open a recall of what has arrived."""
    return worker.ledger.open_change(worker.token, recall_of(1), START)


@pytest.mark.parametrize("open_it", [open_broadcast, open_edit, open_recall])
def test_what_is_opened_without_an_answer_is_carried_out(worker: Worker, meddler: Meddler, open_it: Open) -> None:
    """By the worker that has opened it, under the same lease; when the event is repeated, it is no news."""
    arrive(worker)
    meddler.meddle("#opened_at", keep_silent)
    with pytest.raises(LedgerFailed):
        open_it(worker)
    assert (worker.ledger.next_due(), spaces(worker.claim()), open_it(worker)) == (0.0, ["a", "b"], None)


@pytest.mark.parametrize("open_it", [open_broadcast, open_edit, open_recall])
def test_what_turns_out_to_be_open_is_carried_out(worker: Worker, meddler: Meddler, open_it: Open) -> None:
    """Though the write that opened it came through only after the worker had looked once more."""
    arrive(worker)
    late = Late()
    meddler.meddle("#opened_at", late)
    with pytest.raises(LedgerFailed):
        open_it(worker)
    assert worker.claim() == []
    late.make()
    assert (open_it(worker), spaces(worker.claim())) == (None, ["a", "b"])


def test_what_is_cancelled_without_an_answer_is_not_sent(worker: Worker, meddler: Meddler) -> None:
    """What was in flight does not come back to wait."""
    worker.open("a")
    claim = worker.claim_one()
    meddler.meddle("#cancelled_at", keep_silent)
    with pytest.raises(LedgerFailed):
        worker.ledger.cancel(1, START)
    worker.settle(claim, retry())
    assert (worker.whys(1), worker.finish()) == ({"a": ("skipped", "cancelled")}, [1])


def test_a_number_that_was_taken_in_vain_does_not_run(worker: Worker, meddler: Meddler) -> None:
    """A write was refused while a broadcast was staged: it is planned anew, and when that is over nothing runs."""
    meddler.meddle("'source'", refuse)
    with pytest.raises(LedgerFailed):
        open_broadcast(worker)
    seen = [worker.ledger.running(), open_broadcast(worker), worker.ledger.running()]
    worker.settle_all(sent())
    assert (seen, worker.finish(), worker.ledger.running()) == ([0, 2, 1], [2], 0)


def test_an_event_keeps_its_place_whenever_its_recording_is_killed(client: Any) -> None:
    """Though the repetition says another time; it can be put off and finished."""
    event = message_event("e", asked_at=START)
    for after in killed_everywhere(client, lambda _: None, lambda worker: worker.ledger.record(event, START)):
        after.ledger.record(replace(event, asked_at=START + 3), START)
        pending = after.ledger.next_message(START)
        assert pending
        after.ledger.defer_event(pending, until=START + 9, now=START, counts=True)
        assert after.ledger.next_message(START + 8) is None
        after.ledger.finish_event(pending, "done", START)
        assert after.ledger.backlog(START).events == 0


# what is sent again


def half_sent(worker: Worker) -> None:
    """Have a broadcast of two messages that has arrived in one space; in two the second message failed."""
    worker.open("a", "b", "c", content=text("one", "two"))
    worker.settle_in({name: sent(f"{name}1") for name in "abc"})
    worker.settle_in({"a": sent("a2"), "b": FAILED, "c": FAILED})
    tell_all(worker)


def half_edited(worker: Worker) -> None:
    """Have a broadcast, and an edit of it that has failed in two of three spaces."""
    worker.open("a", "b", "c")
    worker.settle_in({name: sent(f"{name}1") for name in "abc"})
    worker.edit(1)
    worker.settle_in({"a": changed("a1"), "b": FAILED, "c": FAILED})
    tell_all(worker)


def send_again(worker: Worker) -> int:
    """Have the last one sent again where it failed."""
    return worker.ledger.send_again(last(worker), [State.FAILED])


def last(worker: Worker) -> int:
    """Return the number of the newest broadcast."""
    return worker.ledger.broadcasts(limit=1)[0].number


def tell_all(worker: Worker) -> None:
    """Finish what can be, and tell of it."""
    worker.finish()
    for broadcast in worker.ledger.unreported():
        worker.ledger.mark_reported(broadcast.number, worker.now)


def check_counts(worker: Worker) -> None:
    """See that what is told of each broadcast are its deliveries, and all of them."""
    for broadcast in worker.ledger.broadcasts(limit=9):
        states = list(worker.states(broadcast.number).values())
        assert {state: states.count(state) for state in State} == {
            state: getattr(broadcast.counts, state) for state in State
        }
        assert broadcast.finished_at is None or broadcast.counts.unsettled == 0


def test_what_is_sent_again_goes_as_a_whole_whenever_that_is_killed(client: Any) -> None:
    """Or not at all; where it fails once more it can be sent again once more, and arrives."""
    seen = set()
    for after in killed_everywhere(client, half_sent, send_again):
        check_counts(after)
        claims = after.claim()
        seen.add("".join(spaces(claims)))
        after.ledger.settle([(claim, FAILED) for claim in claims], START)
        tell_all(after)
        assert send_again(after) == 2
        check_counts(after)
        after.settle_all(sent("2"))
        tell_all(after)
        check_counts(after)
        assert (after.counts(last(after)).sent, after.ledger.work_left(START)) == (3, None)
    assert seen == {"", "bc"}


@pytest.mark.parametrize("before", [half_sent, half_edited])
def test_a_recall_ends_whenever_what_was_sent_again_is_killed(client: Any, before: Act) -> None:
    """No copy is left, nothing waits, and everything is told of."""
    for after in killed_everywhere(client, before, send_again):
        after.recall(1)
        after.settle_all(changed())
        tell_all(after)
        check_counts(after)
        assert after.copies(1) == {"a": (), "b": (), "c": ()}
        assert (after.counts(last(after)).sent, after.ledger.work_left(START)) == (3, None)


@pytest.mark.parametrize(
    ("name", "instead"),
    [("#again", keep_silent), ("'open'", refuse), ("#changes", refuse), ("delivery#row#", refuse)],
)
def test_what_is_sent_again_can_be_wherever_that_fails(
    worker: Worker, meddler: Meddler, name: str, instead: Callable[[Make], Any]
) -> None:
    """Under the same lease: whoever asks once more gets what is left of it."""
    half_sent(worker)
    meddler.meddle(name, instead)
    with pytest.raises(LedgerFailed):
        send_again(worker)
    send_again(worker)
    assert (spaces(worker.claim()), worker.counts(1).planned) == (["b", "c"], 3)


def test_a_worker_that_was_not_told_is_told_by_who_asks_once_more(worker: Worker, meddler: Meddler, table: str) -> None:
    """From another process, while the worker knows by heart that there is nothing to do."""
    half_sent(worker)
    worker.claim()
    outsider = replace(worker, ledger=DynamoLedger(table, client=meddler))
    meddler.meddle("#changes", refuse)
    with pytest.raises(LedgerFailed):
        send_again(outsider)
    assert (send_again(outsider), spaces(worker.claim())) == (0, ["b", "c"])


def test_what_fails_once_more_does_not_wait_because_somebody_was_slow(
    worker: Worker, meddler: Meddler, client: Any, table: str
) -> None:
    """A worker has carried the order out, tried and failed, before whoever gave it has written the deliveries."""
    half_sent(worker)

    def be_slow(make: Make) -> Any:
        after = hire(DynamoLedger(table, client=client))
        after.settle_all(FAILED)
        tell_all(after)
        return make()

    meddler.meddle("delivery#row#", be_slow)
    assert (send_again(worker), worker.states(1)) == (2, {"a": "sent", "b": "failed", "c": "failed"})
    check_counts(worker)
    assert (worker.counts(1).failed, worker.ledger.work_left(START)) == (2, None)


def test_of_two_that_send_the_same_again_one_does(worker: Worker, meddler: Meddler, client: Any, table: str) -> None:
    """The other is told that there is nothing to send."""
    half_sent(worker)
    told = []

    def be_slow(make: Make) -> Any:
        told.append(send_again(replace(worker, ledger=DynamoLedger(table, client=client))))
        return make()

    meddler.meddle("#again", be_slow)
    told.append(send_again(worker))
    assert (told, spaces(worker.claim())) == ([2, 0], ["b", "c"])


@pytest.mark.parametrize("times", [0, 1])
def test_who_was_overtaken_does_not_end_what_is_sent_again(
    worker: Worker, meddler: Meddler, client: Any, table: str, times: int
) -> None:
    """However often that was before: another worker has ended it, and it was sent again, just before this one does."""
    half_sent(worker)
    for _ in range(times):
        send_again(worker)
        worker.settle_all(FAILED)
        tell_all(worker)
    send_again(worker)
    worker.settle_all(FAILED)

    def be_slow(make: Make) -> Any:
        after = hire(DynamoLedger(table, client=client))
        tell_all(after)
        send_again(after)
        return make()

    meddler.meddle("#finished_at", be_slow)
    assert worker.finish() == []
    after = hire(DynamoLedger(table, client=client))
    assert (spaces(after.claim()), after.counts(1).sending) == (["b", "c"], 2)
