"""What the DynamoDB ledger promises beyond the contract: what it costs, what a kill leaves, lost answers, sizes."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import count
from typing import Any

from broadcast.ledger.dynamodb import DynamoLedger
from broadcast.model import Kind, Reply, State
from broadcast.ports import Ledger
from tests.cloud.tampering import WRITES, Counting, Deaf, Dying
from tests.contract.records import (
    FAILED,
    LEASE,
    START,
    Worker,
    changed,
    draft,
    duty_event,
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

MANY = 400
NAMES = [f"Y2lzY29zcGFyazovL3VzL1JPT00v{number:048}" for number in range(MANY)]


def broadcast_to_all(worker: Worker) -> int:
    """Bring a message to many spaces."""
    number = worker.open(*NAMES)
    while claims := worker.claim(100):
        worker.ledger.settle([(claim, sent("Y2lzY29z" * 10)) for claim in claims], worker.now)
    return number


# what it costs


def test_a_destination_costs_little_more_than_two_writes(client: Any, table: str) -> None:
    """Planning is a third of a unit a space, claiming and settling one each; all that is for ever comes on top once."""
    counting = Counting(client)
    broadcast_to_all(hire(DynamoLedger(table, client=counting)))
    assert counting.units < 2.5 * MANY + 50


def test_a_whole_life_costs_less_than_three_and_a_half_writes(client: Any, table: str) -> None:
    """With the report and the purge."""
    counting = Counting(client)
    worker = hire(DynamoLedger(table, client=counting))
    number = broadcast_to_all(worker)
    worker.finish()
    worker.ledger.mark_reported(number, START)
    assert worker.ledger.purge(START + 1) == 1
    assert counting.units < 3.5 * MANY + 100


def test_a_claim_does_not_read_the_broadcast_again(client: Any, table: str) -> None:
    """However many spaces it has: one look at the lease, and a write for each claim."""
    counting = Counting(client)
    worker = hire(DynamoLedger(table, client=counting))
    worker.open(*NAMES)
    worker.claim(1)
    counting.calls.clear()
    claims = worker.claim(7)
    worker.ledger.settle([(claim, sent()) for claim in claims], START)
    assert (worker.ledger.next_due(), worker.ledger.doubts(START), worker.finish()) == (0.0, [], [])
    assert counting.calls == {"get_item": 1, "put_item": 14}


def test_who_holds_the_lease_tells_the_progress_by_heart(client: Any, table: str) -> None:
    """However many deliveries there are: what runs is looked up, none of them is read."""
    counting = Counting(client)
    worker = hire(DynamoLedger(table, client=counting))
    number = worker.open(*NAMES)
    claims = worker.claim(50)
    worker.ledger.settle([(claim, sent()) for claim in claims[:20]], START)
    counting.calls.clear()
    counting.items = 0
    [running] = worker.ledger.unfinished()
    assert running.counts == DynamoLedger(table, client=client).unfinished()[0].counts
    assert (running.number, running.counts.sent, running.counts.sending) == (number, 20, 30)
    assert counting.items < 5


def test_there_are_no_scans_and_no_transactions(client: Any, table: str) -> None:
    """In everything that the ledger does."""
    counting = Counting(client)
    ledger = DynamoLedger(table, client=counting)
    worker = hire(ledger)
    live_through(worker)
    assert set(counting.calls) <= {"get_item", "query", "batch_get_item", *WRITES}


def live_through(worker: Worker) -> None:
    """Use everything there is once."""
    ledger = worker.ledger
    ledger.record(message_event("e"), START)
    ledger.record(duty_event("d"), START)
    pending = ledger.next_message(START)
    assert pending
    ledger.defer_event(pending, until=START, now=START, counts=True)
    ledger.finish_event(pending, "done", START)
    ledger.forget_events("e")
    ledger.queue_reply(Reply(key="r", markdown="hi", space_id="home"))
    reply = ledger.next_reply(START)
    assert reply
    ledger.settle_reply(reply, try_at=None, now=START)
    number = worker.open("a", "b")
    first, second = worker.claim()
    ledger.settle([(first, sent()), (second, FAILED)], START)
    worker.finish()
    ledger.mark_reported(number, START)
    ledger.send_again(number, [State.FAILED])
    ledger.doubt_orphans(worker.token, START)
    ledger.tallies(number, examples=1)
    ledger.has_sent(number, "a", "x")
    ledger.files_in_use()
    ledger.backlog(START)
    ledger.work_left(START)
    worker.settle_all(sent())
    worker.finish()
    ledger.purge(START + 1)


# what a kill leaves


def killed_everywhere(
    client: Any, before: Callable[[Worker], None], act: Callable[[Worker], object]
) -> Iterator[DynamoLedger]:
    """Yield a ledger for each write in an act before which the process was killed, until the act is through."""
    for calls in count():
        table = new_table(client)
        worker = hire(DynamoLedger(table, client=client))
        before(worker)
        dying = DynamoLedger(table, client=Dying(client, calls))
        try:
            act(replace(worker, ledger=dying))
            return
        except KeyboardInterrupt:
            yield DynamoLedger(table, client=client)
    raise AssertionError("it never ends")


def test_an_event_is_not_lost_whenever_its_recording_is_killed(client: Any) -> None:
    """When Webex delivers it again, it waits once."""
    event = message_event("e")
    for ledger in killed_everywhere(client, lambda _: None, lambda worker: worker.ledger.record(event, START)):
        ledger.record(event, START)
        pending = ledger.next_message(START)
        assert (pending and pending.event, ledger.backlog(START).events) == (event, 1)


def test_an_event_that_is_finished_is_over_whenever_that_is_killed(client: Any) -> None:
    """Before the first write it is handled once more; after it never, and it does not wait for ever."""
    handled = []
    for ledger in killed_everywhere(client, lambda worker: record(worker.ledger), lambda one: finish_next(one.ledger)):
        handled.append(finish_next(ledger))
        assert (ledger.backlog(START).events, ledger.record(message_event("e"), START)) == (0, False)
    assert handled == [True, False]


def finish_next(ledger: Ledger) -> bool:
    """Finish the event that is next; False if there is none."""
    if pending := ledger.next_message(START):
        ledger.finish_event(pending, "done", START)
    return pending is not None


def record(ledger: Ledger) -> None:
    """Record an event."""
    ledger.record(message_event("e"), START)


def test_a_message_is_opened_once_whenever_that_is_killed(client: Any) -> None:
    """The next worker plans it anew, whole, or finds it open; nothing half written counts."""
    plan = ["a", "b", "c"]
    open_it = partial(Worker.open, source="m1", content=text("one"))
    for ledger in killed_everywhere(client, lambda _: None, lambda worker: open_it(worker, *plan)):
        after = hire(ledger)
        assert (ledger.running(), ledger.next_due()) in ((0, None), (1, 0.0))
        ledger.open_broadcast(after.token, draft("m1"), map(place, plan), START)
        assert [spaces(after.claim()), ledger.running(), ledger.is_open("m1")] == [plan, 1, True]


def test_an_edit_is_opened_once_whenever_that_is_killed(client: Any) -> None:
    """When its event is repeated it is opened whole, and the text counts as edited once."""

    def prepare(worker: Worker) -> None:
        worker.open("a", "b", content=text("one", "two"))
        worker.settle(worker.claim_one(), sent("a1"))

    def open_it(worker: Worker) -> None:
        worker.ledger.open_change(worker.token, edit_of(1, "new"), START)

    for ledger in killed_everywhere(client, prepare, open_it):
        after = hire(ledger)
        open_it(after)
        assert [(one.kind, one.counts.waiting) for one in ledger.unfinished()] == [(Kind.SEND, 1), (Kind.EDIT, 1)]
        assert (ledger.content(1).group_parts, ledger.content(1).revision) == (("new",), 1)
        assert after.states(1) == {"a": "sent", "b": "waiting"}


def test_a_recall_is_opened_once_whenever_that_is_killed(client: Any) -> None:
    """When its event is repeated, what waited is skipped, and what arrived is taken back once."""

    def prepare(worker: Worker) -> None:
        worker.open("a", "b")
        worker.settle(worker.claim_one(), sent("a1"))

    def open_it(worker: Worker) -> None:
        worker.ledger.open_change(worker.token, recall_of(1), START)

    for ledger in killed_everywhere(client, prepare, open_it):
        after = hire(ledger)
        open_it(after)
        [claim] = after.claim()
        assert (claim.work, claim.space_id, claim.copies) == (Kind.RECALL, "a", ("a1",))
        assert (after.states(1), len(ledger.changes_of(1))) == ({"a": "sent", "b": "skipped"}, 1)


def test_a_step_of_a_change_is_not_lost_whenever_its_writing_is_killed(client: Any) -> None:
    """The copies are noted first: the step is in doubt afterwards, and whoever repeats it sees what is there."""

    def prepare(worker: Worker) -> None:
        worker.open("a", content=text("one", "two"))
        for message_id in ("a1", "a2"):
            worker.settle(worker.claim_one(), sent(message_id))
        worker.recall(1)
        worker.claim_one()
        worker.ledger.doubt_orphans(worker.token, START)

    def settle_it(worker: Worker) -> None:
        [doubt] = worker.ledger.doubts(START)
        worker.settle(doubt, changed("a1", is_done=False))

    for ledger in killed_everywhere(client, prepare, settle_it):
        after = hire(ledger)
        [doubt] = ledger.doubts(START)
        after.settle(doubt, retry())
        assert after.claim_one().copies in (("a1", "a2"), ("a1",))


def end(worker: Worker) -> None:
    """Bring a broadcast to its end: one space failed."""
    number = worker.open("a", "b")
    first, second = worker.claim()
    worker.ledger.settle([(first, sent()), (second, FAILED)], START)
    assert worker.finish() == [number]


def test_what_is_sent_again_can_be_whenever_that_is_killed(client: Any) -> None:
    """Whoever asks once more gets what is left of it, and the next worker sends it."""
    ask = partial(DynamoLedger.send_again, broadcast=1, states=[State.FAILED])
    for ledger in killed_everywhere(client, end, lambda worker: ask(worker.ledger)):
        ask(ledger)
        assert spaces(hire(ledger).claim()) == ["b"]


def test_a_purge_is_taken_up_whenever_it_is_killed(client: Any) -> None:
    """The next one drops the rest: afterwards nothing is left of the broadcast but counters and the lease."""
    for ledger in killed_everywhere(client, end, lambda worker: worker.ledger.purge(START + 1)):
        ledger.purge(START + 1)
        items = client.scan(TableName=ledger.table)["Items"]
        assert {item["pk"]["S"] for item in items} == {"counter", "lease", "purged"}


def test_a_report_is_repeated_whenever_it_is_killed(client: Any) -> None:
    """It is either still to be told, or told; in the end nothing is left to do."""
    for ledger in killed_everywhere(client, end, lambda worker: worker.ledger.mark_reported(1, START)):
        for broadcast in hire(ledger).ledger.unreported():
            ledger.mark_reported(broadcast.number, START)
        ledger.take_lease("next", START, LEASE, holder_is_dead=lambda _: True)
        assert (ledger.unreported(), ledger.to_do(), ledger.work_left(START)) == ([], [], None)


def test_claims_of_a_killed_worker_are_in_doubt_afterwards(client: Any) -> None:
    """Each delivery that it may have claimed is looked up, every other one is claimed; none is both."""
    names = ["a", "b", "c"]

    def prepare(worker: Worker) -> None:
        worker.open(*names)

    for ledger in killed_everywhere(client, prepare, lambda worker: worker.claim()):
        after = hire(ledger)
        doubts = ledger.doubt_orphans(after.token, START)
        claimed, doubted = spaces(after.claim()), spaces(ledger.doubts(START))
        assert (sorted(claimed + doubted), len(doubted)) == (names, doubts)


# lost answers


def test_a_lost_answer_is_not_taken_for_a_defeat(client: Any, table: str) -> None:
    """boto3 repeats a write that it got no answer to; whoever won with the first try has won."""
    ledger = DynamoLedger(table, client=Deaf(client))
    assert [ledger.record(message_event("e"), START), ledger.once("o", START)] == [True, True]
    assert ledger.queue_reply(Reply(key="r", markdown="hi"))
    assert ledger.next_reply(START)
    worker = hire(ledger)
    number = worker.open("a", "b", content=text("one", "two"))
    worker.settle(worker.claim_one(), retry())
    for _ in range(2):
        worker.ledger.settle([(claim, sent(f"x{claim.part}")) for claim in worker.claim()], START)
    assert [row.message_ids for row in ledger.deliveries(number)] == [("x0", "x1")] * 2
    assert worker.finish() == [number]


# sizes


def test_texts_larger_than_an_item_come_back_as_they_were(client: Any, table: str) -> None:
    """DynamoDB takes 400 KB an item; a broadcast may have more."""
    worker = hire(DynamoLedger(table, client=client))
    content = text("ž" * 90_000, "b" * 300_000, card="c" * 250_000)
    assert worker.ledger.content(worker.open("a", content=content)) == content


def test_a_large_plan_comes_back_whole(client: Any, table: str) -> None:
    """Long titles fill many items."""
    worker = hire(DynamoLedger(table, client=client))
    places = [replace(place(f"s{number}"), title="ž" * 1500) for number in range(100)]
    number = worker.open(*places)
    rows = list(worker.ledger.deliveries(number))
    assert [(row.space_id, row.title) for row in rows] == [(one.space_id, one.title) for one in places]


def test_very_long_keys_are_keys_all_the_same(client: Any, table: str) -> None:
    """DynamoDB takes a kilobyte; two that differ at the very end are two."""
    ledger = DynamoLedger(table, client=client)
    for end_of_it in "ab":
        ledger.remember("ž" * 2000 + end_of_it, end_of_it)
    assert [ledger.recall("ž" * 2000 + end_of_it) for end_of_it in "ab"] == ["a", "b"]


def test_empty_texts_are_texts(client: Any, table: str) -> None:
    """An empty value, org or key is not the same as none."""
    ledger = DynamoLedger(table, client=client)
    ledger.remember("", "")
    ledger.remember_person("a", "", 0.1 + 0.2)
    assert (ledger.recall(""), ledger.known_person("a")) == ("", ("", 0.1 + 0.2))


# what goes by itself


def test_what_is_over_expires_a_day_after_it_may_be_forgotten(client: Any, table: str) -> None:
    """Events, replies and what is done once; what still waits does not."""
    ledger = DynamoLedger(table, client=client, retention=lambda: 1000.0)
    for key in ("done", "waits"):
        ledger.record(message_event(key), START)
    pending = ledger.next_message(START)
    assert pending
    ledger.finish_event(pending, "sent", START + 0.5)
    ledger.once("o", START)
    items = client.scan(TableName=table)["Items"]
    expires = {(item["pk"]["S"], item["sk"]["S"]): item["expires"]["N"] for item in items if "expires" in item}
    assert expires == {("event", "=done"): "88400", ("once", "=o"): "88400"}
