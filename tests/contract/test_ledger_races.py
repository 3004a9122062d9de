"""Races for a DynamoDB ledger: many that want the same at the same moment, on a DynamoDB that is not moto."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from itertools import chain
from typing import Any

import pytest

from broadcast.errors import LeaseLost
from broadcast.ledger.dynamodb import DynamoLedger
from broadcast.model import Reply, State, Why
from tests.contract.dynalite import dynalite, require
from tests.contract.records import (
    FAILED,
    LEASE,
    START,
    Worker,
    all_at_once,
    draft,
    hire,
    message_event,
    place,
    sent,
    spaces,
)
from tests.contract.tables import ledger_on, new_table

EIGHT = range(8)
Opener = Callable[[], DynamoLedger]


def take(ledger: DynamoLedger, now: float) -> int | None:
    """Ask for the lease."""
    return ledger.take_lease("somebody", now, LEASE, holder_is_dead=lambda _: False)


def plan(worker: Worker, source: str, *names: str) -> int | None:
    """Open a broadcast of a message; None if that was not granted."""
    with suppress(LeaseLost):
        return worker.ledger.open_broadcast(worker.token, draft(source), map(place, names), START)
    return None


def take_over(ledger: DynamoLedger, source: str, *names: str) -> int | None:
    """Take the lease whoever has it, and open a broadcast of a message."""
    return plan(hire(ledger), source, *names)


def claim_all(worker: Worker) -> list[str]:
    """Claim a few at a time until there are none."""
    return spaces(chain.from_iterable(iter(lambda: worker.claim(5), [])))


def skip_all(ledger: DynamoLedger, names: list[str]) -> int:
    """Skip what waits for some spaces; return how many deliveries that were."""
    return sum(ledger.skip_space(name, Why.BOT_REMOVED, START) for name in names)


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """Return a client of dynalite."""
    require()
    with dynalite() as client:
        yield client


@pytest.fixture
def open_ledger(client: Any) -> Opener:
    """Return a way to open one and the same ledger again and again."""
    table = new_table(client)
    return lambda: ledger_on(client, table)


def test_one_of_eight_gets_the_lease_each_time(open_ledger: Opener) -> None:
    """Sixty times the lease runs out and eight want it: one wins, with a token of its own."""
    ledgers = [open_ledger() for _ in EIGHT]
    tokens: list[int | None] = []
    for turn in range(60):
        tokens += all_at_once(*[partial(take, one, START + LEASE * turn) for one in ledgers])
    assert [token for token in tokens if token] == list(range(1, 61))


def test_eight_that_claim_the_same_get_each_delivery_once(open_ledger: Opener) -> None:
    """Eight instances that all believe in one lease claim every delivery once, and settle all of them."""
    first = hire(open_ledger())
    names = [f"s{number}" for number in range(100)]
    number = first.open(*names)
    workers = [Worker(open_ledger(), first.token) for _ in EIGHT]

    claimed = all_at_once(*[partial(claim_all, worker) for worker in workers])
    assert sorted(chain.from_iterable(claimed)) == sorted(names)
    assert set(first.states(number).values()) == {"sending"}


def test_what_eight_settle_at_once_is_settled_once(open_ledger: Opener) -> None:
    """Eight that all hold the same claims write different outcomes: one of them counts for each delivery, for good."""
    first = hire(open_ledger())
    number = first.open(*[f"s{number}" for number in range(40)])
    claims = first.claim()
    outcomes = [[(claim, sent(f"x{at}")) for claim in claims] for at in EIGHT]
    all_at_once(*[partial(open_ledger().settle, some, START) for some in outcomes])
    assert all(len(row.message_ids) == 1 for row in first.ledger.deliveries(number))
    assert set(first.states(number).values()) == {"sent"}


def test_an_event_that_eight_record_at_once_is_news_once(open_ledger: Opener) -> None:
    """Twenty-five events, each delivered eight times at once: each is news once and waits once."""
    ledgers = [open_ledger() for _ in EIGHT]
    for key in map(str, range(25)):
        said = all_at_once(*[partial(one.record, message_event(key), START) for one in ledgers])
        assert sorted(said) == [False] * 7 + [True]
    assert ledgers[0].backlog(START).events == 25


def test_eight_that_look_for_something_to_say_never_say_the_same(open_ledger: Opener) -> None:
    """Every reply is handed out once, to somebody."""
    ledgers = [open_ledger() for _ in EIGHT]
    for key in map(str, range(60)):
        ledgers[0].queue_reply(Reply(key=key, markdown=key))

    def say(ledger: DynamoLedger) -> list[str]:
        return [reply.key for reply in iter(lambda: ledger.next_reply(START), None)]

    said = chain.from_iterable(all_at_once(*[lambda one=one: say(one) for one in ledgers]))
    assert sorted(said, key=int) == [str(number) for number in range(60)]


def test_what_may_be_done_once_is_granted_once(open_ledger: Opener) -> None:
    """Twenty-five things, and eight that ask for each at once."""
    ledgers = [open_ledger() for _ in EIGHT]
    for key in map(str, range(25)):
        said = all_at_once(*[partial(one.once, key, START) for one in ledgers])
        assert sorted(said) == [False] * 7 + [True]


def test_a_message_is_opened_once_whoever_takes_over_when(open_ledger: Opener) -> None:
    """An old holder plans on while the next one takes over and plans the same message: one plan counts, whole."""
    for turn in range(25):
        old, late = hire(open_ledger()), open_ledger()
        opened = all_at_once(partial(plan, old, f"m{turn}", "a", "b"), partial(take_over, late, f"m{turn}", "c", "d"))
        [number] = [number for number in opened if number]
        assert late.running() == turn + 1
        assert set(hire(late).states(number)) in ({"a", "b"}, {"c", "d"})


def test_what_is_skipped_by_somebody_else_is_not_sent(open_ledger: Opener) -> None:
    """Deliveries are skipped from outside while they are claimed: each is either, never both."""
    worker, outsider = hire(open_ledger()), open_ledger()
    names = [f"s{number}" for number in range(60)]
    number = worker.open(*names)
    worker.claim(1)
    skip_some = [partial(skip_all, outsider, names[at::3]) for at in (1, 2)]
    claimed, *skipped = all_at_once(partial(claim_all, worker), *skip_some)
    states = worker.states(number)
    assert {name for name, state in states.items() if state == "sending"} == {"s0", *claimed}
    assert sum(state == "skipped" for state in states.values()) == sum(skipped) == 59 - len(claimed)


def test_a_report_does_not_end_what_is_sent_again(open_ledger: Opener) -> None:
    """Whichever comes first, the mark or the wish: what is to be sent again is found by the next worker."""
    worker, outsider = hire(open_ledger()), open_ledger()
    for _ in range(15):
        number = worker.open("a")
        worker.settle_all(FAILED)
        worker.finish()
        mark = partial(worker.ledger.mark_reported, number, START)
        _, count = all_at_once(mark, partial(outsider.send_again, number, [State.FAILED]))
        assert (count, open_ledger().next_due()) == (1, 0.0)
        worker.settle_all(sent())
        assert worker.finish() == [number]
        worker.ledger.mark_reported(number, START)
