"""The contract of every ledger, sixth part: recalls, cancellations, what is tried again, and finding broadcasts."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from broadcast.model import Change, Destination, Kind, State, Why
from broadcast.outcomes import Outcome
from broadcast.ports import Ledger
from tests.contract.records import (
    FAILED,
    SENDER,
    START,
    UNKNOWN,
    Worker,
    changed,
    draft,
    edit_of,
    hire,
    in_doubt,
    place,
    recall_of,
    retry,
    sent,
    spaces,
    text,
)

Opener = Callable[[], Ledger]
Stop = Callable[[Worker, int], object]


def cancel(worker: Worker, number: int) -> object:
    """Cancel a broadcast."""
    return worker.ledger.cancel(number, worker.now)


def recall(worker: Worker, number: int) -> object:
    """Recall a broadcast."""
    return worker.recall(number)


def sent_to(worker: Worker, *names: str) -> int:
    """Bring a broadcast to these spaces; each has a message that is called as the space is, with a 1 behind."""
    number = worker.open(*names)
    worker.ledger.settle([(claim, sent(f"{claim.space_id}1")) for claim in worker.claim()], worker.now)
    return number


def half_sent(worker: Worker) -> int:
    """Open a broadcast of two parts, of which the first arrives and the second fails."""
    number = worker.open("a", content=text("one", "two"))
    worker.settle_all(sent("a1"))
    worker.settle_all(FAILED)
    return number


# what waits


@pytest.mark.parametrize("stop", [cancel, recall])
def test_what_waits_is_not_sent_any_more(worker: Worker, stop: Stop) -> None:
    """It is skipped with that reason; what is in flight, settled or left out stays as it is."""
    left_out = place("out", why=Why.READ_ONLY)
    number = worker.open("sending", "sent", "failed", "waiting", left_out)
    worker.settle_in({"sent": sent(), "failed": FAILED, "waiting": retry(START + 5)})
    worker.now += 1
    stop(worker, number)
    assert worker.whys(number) == {
        "sending": ("sending", ""),
        "sent": ("sent", ""),
        "failed": ("failed", "forbidden"),
        "waiting": ("skipped", "cancelled"),
        "out": ("skipped", "read_only"),
    }
    assert {row.settled_at for row in worker.ledger.deliveries(number) if row.why is Why.CANCELLED} == {START + 1}
    assert worker.found(number).cancelled_at == START + 1


@pytest.mark.parametrize("stop", [cancel, recall])
@pytest.mark.parametrize(
    ("outcome", "where"),
    [
        (sent("a1"), ("skipped", "cancelled")),
        (retry(), ("skipped", "cancelled")),
        (retry(START + 60, counts=False), ("skipped", "cancelled")),
        (FAILED, ("failed", "forbidden")),
        (UNKNOWN, ("unknown", "no_answer")),
        (in_doubt(), ("sending", "")),
    ],
)
def test_what_comes_back_from_flight_later_does_not_wait_again(
    worker: Worker, stop: Stop, outcome: Outcome, where: tuple[str, str]
) -> None:
    """The first of two parts was in flight: the second is not sent, and nothing is tried again."""
    number = worker.open("a", content=text("one", "two"))
    claim = worker.claim_one()
    stop(worker, number)
    worker.settle(claim, outcome)
    assert (worker.whys(number), worker.counts(number).planned) == ({"a": where}, 1)
    assert [one for one in worker.claim() if one.broadcast == number] == []


@pytest.mark.parametrize("stop", [cancel, recall])
@pytest.mark.parametrize(("outcome", "state"), [(sent(), "sent"), (retry(), "skipped"), (UNKNOWN, "unknown")])
def test_a_crash_does_not_bring_back_what_was_stopped(
    open_ledger: Opener, stop: Stop, outcome: Outcome, state: str
) -> None:
    """What was in flight is looked up by the next worker; where it did not arrive it is not sent."""
    dead = hire(open_ledger())
    number = dead.open("a", "b")
    dead.claim(1)
    stop(dead, number)
    after = hire(open_ledger())
    assert after.ledger.doubt_orphans(after.token, START) == 1
    [doubt] = after.ledger.doubts(START)
    after.settle(doubt, outcome)
    assert after.states(number) == {"a": state, "b": "skipped"}
    assert [one for one in after.claim() if one.broadcast == number] == []


@pytest.mark.parametrize("stop", [cancel, recall])
def test_edits_that_wait_are_stopped_too(worker: Worker, stop: Stop) -> None:
    """What waits of them is skipped, also when it comes back from flight; what is done stays."""
    number = sent_to(worker, "a", "b", "c")
    edit = worker.edit(number, "n1", "n2")
    done, flying = worker.claim(2)
    worker.settle(done, changed("a1", "a2"))
    stop(worker, number)
    worker.settle(flying, changed("b1", is_done=False))
    assert worker.whys(edit) == {"a": ("sent", ""), "b": ("skipped", "cancelled"), "c": ("skipped", "cancelled")}
    assert edit in worker.finish()


@pytest.mark.parametrize("stop", [cancel, recall])
def test_other_broadcasts_are_not_stopped(worker: Worker, stop: Stop) -> None:
    """Neither those before nor those after, nor their changes."""
    before, number = sent_to(worker, "a"), worker.open("a", "b")
    edit, after = worker.edit(before), worker.open("b")
    stop(worker, number)
    assert (worker.states(edit), worker.states(after)) == ({"a": "waiting"}, {"b": "waiting"})
    assert {worker.found(one).cancelled_at for one in (before, edit, after)} == {None}
    assert [(claim.broadcast, claim.space_id) for claim in worker.claim()][:2] == [(edit, "a"), (after, "b")]


@pytest.mark.parametrize("stop", [cancel, recall])
def test_what_was_stopped_is_finished_when_nothing_is_in_flight(worker: Worker, stop: Stop) -> None:
    """And holds up no later broadcast."""
    number, later = worker.open("a", "b"), worker.open("b")
    claim = worker.claim(1)[0]
    stop(worker, number)
    assert number not in worker.finish()
    assert later in [one.broadcast for one in worker.claim()]
    worker.settle(claim, sent())
    assert number in worker.finish()


# cancelling


def test_cancelling_tells_how_many_are_not_sent(worker: Worker) -> None:
    """Of the broadcast itself; the second time there is nothing left, and the time of the first is kept."""
    number = worker.open("a", "b", "c", "d")
    first, second = worker.claim(2)
    worker.settle(first, sent())
    worker.edit(number)
    told = [worker.ledger.cancel(number, START)]
    worker.settle(second, retry())
    told.append(worker.ledger.cancel(number, START + 9))
    assert (told, worker.found(number).cancelled_at) == ([2, 0], START)
    assert list(worker.states(number).values()) == ["sent", "skipped", "skipped", "skipped"]


def test_a_finished_broadcast_cannot_be_cancelled(worker: Worker) -> None:
    """Nothing changes, and it does not say that it was."""
    number = sent_to(worker, "a")
    worker.finish()
    before = worker.found(number)
    assert (worker.ledger.cancel(number, START), worker.found(number)) == (0, before)


def test_the_edits_of_a_finished_broadcast_can_be_cancelled(worker: Worker) -> None:
    """By the number of the broadcast; none of its own are left out by that."""
    number = sent_to(worker, "a")
    worker.finish()
    edit = worker.edit(number)
    assert worker.ledger.cancel(number, START) == 0
    assert (worker.whys(edit), worker.found(number).cancelled_at) == ({"a": ("skipped", "cancelled")}, None)


def test_a_recall_is_not_cancelled_with_its_broadcast(worker: Worker) -> None:
    """It goes on."""
    number = sent_to(worker, "a")
    recalled = worker.recall(number)
    assert worker.ledger.cancel(number, START) == 0
    assert worker.states(recalled) == {"a": "waiting"}


@pytest.mark.parametrize("change", [edit_of, recall_of])
def test_cancelling_tells_no_more_than_it_does(worker: Worker, change: Callable[[int], Change]) -> None:
    """By the number of a change, as many as are skipped by it then."""
    number = worker.change(change(sent_to(worker, "a", "b")))
    told = worker.ledger.cancel(number, START)
    assert told == list(worker.states(number).values()).count("skipped")


def test_what_is_not_there_cannot_be_cancelled(worker: Worker) -> None:
    """Nothing is skipped by a number that nobody has."""
    number = worker.open("a")
    assert (worker.ledger.cancel(number + 1, START), worker.states(number)) == (0, {"a": "waiting"})


def test_an_edit_of_a_cancelled_broadcast_reaches_what_arrived(worker: Worker) -> None:
    """It is not cancelled itself; what was cancelled is not sent with the new text."""
    number = worker.open("a", "b")
    worker.settle(worker.claim_one(), sent("a1"))
    worker.ledger.cancel(number, START)
    edit = worker.edit(number)
    assert [(claim.broadcast, claim.copies) for claim in worker.claim()] == [(edit, ("a1",))]
    assert worker.states(number) == {"a": "sent", "b": "skipped"}


def test_what_failed_before_a_cancellation_can_be_tried_again(worker: Worker) -> None:
    """Only that, and as often as it takes: the broadcast is not cancelled any more."""
    number = worker.open("a", "b")
    worker.settle(worker.claim_one(), FAILED)
    worker.ledger.cancel(number, START)
    worker.finish()
    assert worker.ledger.send_again(number, [State.FAILED, State.UNKNOWN]) == 1
    assert worker.found(number).cancelled_at is None
    worker.settle_all(retry())
    worker.settle_all(sent())
    assert worker.states(number) == {"a": "sent", "b": "skipped"}


def test_a_cancelled_broadcast_that_is_tried_again_can_be_cancelled_again(worker: Worker) -> None:
    """With the time of the second cancellation."""
    number = worker.open("a")
    worker.settle_all(FAILED)
    worker.finish()
    worker.ledger.send_again(number, [State.FAILED])
    assert worker.ledger.cancel(number, START + 7) == 1
    assert (worker.whys(number), worker.found(number).cancelled_at) == ({"a": ("skipped", "cancelled")}, START + 7)


# recalling


def test_a_recalled_copy_is_not_known_any_more(worker: Worker) -> None:
    """Copy by copy; the broadcast itself stays sent, for the reports."""
    number = worker.open("a", content=text("one", "two"))
    for message_id in ("a1", "a2"):
        worker.settle_all(sent(message_id))
    recalled, seen = worker.recall(number), []
    for outcome in (changed("a1", is_done=False), changed()):
        claim = worker.claim_one()
        seen.append(claim.copies)
        worker.settle(claim, outcome)
    assert (seen, worker.copies(number)) == ([("a1", "a2"), ("a1",)], {"a": ()})
    assert (worker.states(number), worker.states(recalled)) == ({"a": "sent"}, {"a": "sent"})
    assert worker.finish() == [number, recalled]


@pytest.mark.parametrize(
    ("outcome", "copies", "is_unsure"),
    [(sent("a1"), ("a1",), False), (retry(), (), False), (FAILED, (), False), (UNKNOWN, (), True)],
)
def test_a_recall_takes_what_came_of_an_attempt_in_flight(
    worker: Worker, outcome: Outcome, copies: tuple[str, ...], is_unsure: bool
) -> None:
    """It waits for the answer, then knows what is there, and whether that is certain."""
    number = worker.open("a")
    claim = worker.claim_one()
    worker.recall(number)
    assert worker.claim() == []
    worker.settle(claim, outcome)
    [step] = worker.claim()
    assert (step.work, step.copies, step.is_unsure) == (Kind.RECALL, copies, is_unsure)


def test_what_may_be_there_cannot_be_recalled_for_certain(worker: Worker) -> None:
    """The part that is known goes, the rest stays unknown."""
    number = worker.open("a", content=text("one", "two"))
    worker.settle_all(sent("a1"))
    worker.settle_all(UNKNOWN)
    recalled = worker.recall(number)
    worker.settle_all(changed(is_done=False))
    [step] = worker.claim()
    worker.settle(step, UNKNOWN)
    assert (step.copies, step.is_unsure, worker.copies(number)) == ((), True, {"a": ()})
    assert (worker.states(number), worker.states(recalled)) == ({"a": "unknown"}, {"a": "unknown"})


@pytest.mark.parametrize("outcome", [sent("a1"), FAILED])
def test_what_was_sent_again_may_be_there_once_more(worker: Worker, outcome: Outcome) -> None:
    """Somebody asked for it, and the attempt before it has no number: no change is certain to have reached it all."""
    number = worker.open("a")
    worker.settle_all(UNKNOWN)
    worker.finish()
    worker.ledger.send_again(number, [State.UNKNOWN])
    worker.settle_all(outcome)
    worker.recall(number)
    assert [step.is_unsure for step in worker.claim()] == [True]


def test_what_is_sent_again_by_itself_may_be_there_once_more(worker: Worker) -> None:
    """Under the rule that sends again what nobody can know; not where the look has found that it never arrived."""
    number = worker.open("a", "b")
    doubt = replace(retry(), may_be_there=True)
    worker.settle_in({"a": doubt, "b": retry()})
    worker.settle_in({"a": sent("a1"), "b": sent("b1")})
    worker.recall(number)
    assert {step.space_id: step.is_unsure for step in worker.claim()} == {"a": True, "b": False}


def test_a_recall_is_unsure_where_an_edit_may_have_added_a_message(worker: Worker) -> None:
    """Nobody knows whether the part that an edit added arrived: it may be there, and has no number."""
    number = sent_to(worker, "a")
    worker.edit(number, "n1", "n2")
    worker.settle_all(changed("a1", is_done=False))
    worker.settle_all(UNKNOWN)
    worker.recall(number)
    [step] = worker.claim()
    assert (step.copies, step.is_unsure) == (("a1",), True)


def test_a_recall_takes_what_an_edit_in_flight_has_left(worker: Worker) -> None:
    """The part that it added as well."""
    number = sent_to(worker, "a")
    edit = worker.edit(number, "n1", "n2", "n3")
    worker.settle_all(changed("a1", is_done=False))
    claim = worker.claim_one()
    worker.recall(number)
    worker.settle(claim, changed("a1", "a2", is_done=False))
    assert [one.copies for one in worker.claim()] == [("a1", "a2")]
    assert worker.whys(edit) == {"a": ("skipped", "cancelled")}


def test_after_a_recall_nothing_is_left_to_be_changed(worker: Worker) -> None:
    """An edit or a second recall finds no copies."""
    number = sent_to(worker, "a")
    worker.recall(number)
    worker.settle_all(changed())
    for change in (edit_of(number), recall_of(number, key="r2")):
        worker.change(change)
        claim = worker.claim_one()
        worker.settle(claim, FAILED)
        assert (claim.copies, claim.is_unsure) == ((), False)


@pytest.mark.parametrize("outcome", [FAILED, UNKNOWN])
def test_what_could_not_be_recalled_can_be_tried_again(worker: Worker, outcome: Outcome) -> None:
    """Though a recall has no texts, and after it was told: with the copies that are still there."""
    number = sent_to(worker, "a", "b")
    recalled = worker.recall(number)
    worker.settle_in({"a": outcome, "b": changed()})
    worker.finish()
    for one in (number, recalled):
        worker.ledger.mark_reported(one, START)
    assert worker.ledger.send_again(recalled, [State.FAILED, State.UNKNOWN]) == 1
    assert [(claim.broadcast, claim.space_id, claim.copies) for claim in worker.claim()] == [(recalled, "a", ("a1",))]


def test_a_recalled_broadcast_is_not_sent_again(worker: Worker) -> None:
    """What had failed before would arrive after it was taken back, in part or as a whole."""
    number = half_sent(worker)
    worker.recall(number)
    worker.settle_all(changed())
    worker.finish()
    assert (worker.ledger.send_again(number, [State.FAILED]), worker.claim()) == (0, [])


def test_a_recall_goes_on_after_a_crash(open_ledger: Opener) -> None:
    """The deletion may have been done: it is in doubt, then done once more, with the same copies."""
    dead = hire(open_ledger())
    number = sent_to(dead, "a", "b")
    recalled = dead.recall(number)
    dead.claim(1)
    after = hire(open_ledger())
    after.ledger.doubt_orphans(after.token, START)
    [doubt] = after.ledger.doubts(START)
    assert (doubt.work, doubt.copies, spaces(after.claim())) == (Kind.RECALL, ("a1",), ["b"])
    after.settle(doubt, retry())
    claim = after.claim_one()
    after.settle(claim, changed())
    assert (claim.copies, after.states(recalled)) == (("a1",), {"a": "sent", "b": "sending"})
    assert after.copies(number) == {"a": (), "b": ("b1",)}


# trying again what an edit has changed


def test_a_part_that_an_edit_has_brought_is_not_sent_again(worker: Worker) -> None:
    """The second part failed, an edit brought it: whoever retries does not double it."""
    number = half_sent(worker)
    worker.edit(number, "n1", "n2")
    worker.settle_all(changed("a1", is_done=False))
    worker.settle_all(changed("a1", "a2"))
    worker.finish()
    worker.ledger.send_again(number, [State.FAILED])
    assert [claim.part for claim in worker.claim() if claim.part < 2] == []


def test_a_retry_and_an_edit_do_not_get_in_each_others_way(worker: Worker) -> None:
    """What a retry brings while an edit is under way is not forgotten."""
    number = half_sent(worker)
    worker.finish()
    worker.edit(number, "n1", "n2")
    first = worker.claim()
    worker.ledger.send_again(number, [State.FAILED])
    second = worker.claim()
    worker.ledger.settle([(claim, sent("a2")) for claim in second], START)
    worker.ledger.settle([(claim, changed("a1", is_done=False)) for claim in first], START)
    assert worker.copies(number) == {"a": ("a1", "a2") if second else ("a1",)}


def test_telling_late_does_not_take_the_texts_of_what_is_tried_again(worker: Worker) -> None:
    """The sender retries in the moment in which the outcome is told: there is something to send, and to tell."""
    number = worker.open("a", content=text("hello"))
    worker.settle_all(FAILED)
    worker.finish()
    worker.ledger.send_again(number, [State.FAILED])
    worker.ledger.mark_reported(number, START)
    assert worker.ledger.content(number).group_parts == ("hello",)
    worker.settle_all(sent())
    worker.finish()
    assert [one.number for one in worker.ledger.unreported()] == [number]


# changes among the rest


def test_changes_count_as_what_runs(worker: Worker) -> None:
    """They are due, in the backlog, finished and told like any broadcast."""
    number = sent_to(worker, "a")
    worker.finish()
    worker.ledger.mark_reported(number, START)
    edit = worker.edit(number)
    assert (worker.ledger.running(), worker.ledger.next_due(), worker.ledger.backlog(START).deliveries) == (1, 0.0, 1)
    worker.settle_all(changed("a1"))
    assert (worker.finish(), worker.ledger.running(), worker.ledger.next_due()) == ([edit], 0, None)
    assert [(one.number, one.kind) for one in worker.ledger.unreported()] == [(edit, Kind.EDIT)]
    worker.ledger.mark_reported(edit, START)
    assert (worker.ledger.unreported(), worker.ledger.content(edit).group_parts) == ([], ())


def test_a_space_that_is_gone_is_not_changed(worker: Worker) -> None:
    """An edit or a recall that waits for it has failed: the copy stays as it was."""
    number = sent_to(worker, "a", "b")
    changes = [worker.edit(number), worker.recall(number)]
    assert worker.ledger.skip_space("a", Why.BOT_REMOVED, START) == 1
    assert [worker.whys(change)["a"] for change in changes] == [("skipped", "cancelled"), ("failed", "bot_removed")]


def test_messages_that_an_edit_added_are_known(worker: Worker) -> None:
    """To whoever looks for what a later broadcast brought."""
    number = sent_to(worker, "a")
    worker.edit(number, "n1", "n2")
    worker.settle_all(changed("a1", "a2"))
    later = worker.open("a")
    assert [worker.ledger.has_sent(later, "a", message_id) for message_id in ("a1", "a2", "a3")] == [True, True, False]


def test_old_changes_are_dropped_with_the_rest(worker: Worker) -> None:
    """Nothing of them is left."""
    number = sent_to(worker, "a")
    edit = worker.edit(number)
    worker.settle_all(changed("a1"))
    worker.finish()
    assert worker.ledger.purge(START + 1) == 2
    assert (worker.ledger.broadcasts(limit=9), list(worker.ledger.deliveries(edit))) == ([], [])


def test_a_change_whose_broadcast_was_dropped_finds_no_copies(worker: Worker) -> None:
    """It can still be claimed and finished."""
    number = sent_to(worker, "a")
    worker.finish()
    edit = worker.edit(number)
    worker.ledger.purge(START + 1)
    claim = worker.claim_one()
    worker.settle(claim, FAILED)
    assert (claim.copies, worker.finish()) == ((), [edit])


# finding broadcasts


def test_a_broadcast_is_found_by_its_message_and_a_change_by_its_key(worker: Worker) -> None:
    """Nothing else is."""
    number = worker.open("a", source="m1")
    edit = worker.edit(number)
    found = [worker.ledger.broadcast_of(source) for source in ("m1", "e1", "m", "")]
    assert [one and (one.number, one.kind) for one in found] == [
        (number, Kind.SEND),
        (edit, Kind.EDIT),
        None,
        None,
    ]


def test_a_half_written_broadcast_is_not_found(worker: Worker) -> None:
    """By no way."""

    def interrupted() -> Destination:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        worker.ledger.open_broadcast(worker.token, draft("m1"), iter(interrupted, None), START)
    ledger = worker.ledger
    assert (ledger.broadcast_of("m1"), ledger.broadcast_in_thread("thread-m1")) == (None, None)
    assert (ledger.broadcasts_of(SENDER.id, limit=9), ledger.unfinished(), ledger.broadcast(1)) == ([], [], None)


def test_the_newest_broadcast_of_a_thread_is_found(worker: Worker) -> None:
    """Changes aside; another thread has its own."""
    for source in ("m1", "m2"):
        asked = replace(draft(source), thread_id="thread")
        worker.ledger.open_broadcast(worker.token, asked, [place("a")], START)
    other = worker.open("a", source="m3")
    worker.edit(2)
    threads = [worker.ledger.broadcast_in_thread(thread) for thread in ("thread", "thread-m3", "thread-m1")]
    assert [one and one.number for one in threads] == [2, other, None]


def test_a_senders_broadcasts_are_listed_newest_first(worker: Worker) -> None:
    """So many of them, changes and other people's aside."""
    asked = replace(draft("other"), sender=replace(SENDER, id="bob"))
    bobs = worker.ledger.open_broadcast(worker.token, asked, [place("a")], START)
    numbers = [worker.open("a") for _ in range(3)]
    worker.edit(numbers[0])
    assert [one.number for one in worker.ledger.broadcasts_of(SENDER.id, limit=2)] == numbers[:0:-1]
    assert [one.number for one in worker.ledger.broadcasts_of("bob", limit=9)] == [bobs]
    assert worker.ledger.broadcasts_of("carol", limit=9) == []


def test_the_changes_of_a_broadcast_are_listed_oldest_first(worker: Worker) -> None:
    """Its own only, and not itself."""
    numbers = [sent_to(worker, "a") for _ in range(2)]
    changes = [worker.edit(numbers[0]), worker.edit(numbers[0], key="e2"), worker.recall(numbers[0])]
    other = worker.edit(numbers[1], key="e3")
    found = worker.ledger.changes_of(numbers[0])
    assert [(one.number, one.kind) for one in found] == list(
        zip(changes, (Kind.EDIT, Kind.EDIT, Kind.RECALL), strict=True)
    )
    assert [one.number for one in worker.ledger.changes_of(numbers[1])] == [other]
    assert worker.ledger.changes_of(other) == []


def test_what_runs_is_listed_oldest_first(worker: Worker) -> None:
    """Broadcasts and changes; with their counts."""
    done = sent_to(worker, "a")
    worker.finish()
    later, edit = worker.open("a", "b"), worker.edit(done)
    found = worker.ledger.unfinished()
    assert [(one.number, one.counts.waiting) for one in found] == [(later, 2), (edit, 1)]
