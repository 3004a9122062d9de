"""The contract of every ledger, fifth part: edits. What is opened, in which order it is claimed, how it is settled."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from broadcast.errors import LeaseLost
from broadcast.model import Change, Content, Destination, Form, Kind, SpaceKind, State, Why
from broadcast.outcomes import Outcome
from broadcast.ports import Ledger
from tests.contract.records import (
    FAILED,
    SENDER,
    START,
    UNKNOWN,
    Worker,
    all_at_once,
    changed,
    draft,
    edit_of,
    hire,
    in_doubt,
    place,
    recall_of,
    retry,
    sent,
    text,
)

Opener = Callable[[], Ledger]
CHANGES = [edit_of, recall_of]


def in_every_state(worker: Worker, *parts: str) -> int:
    """Open a broadcast and bring one space into each state; the one called "sending" is in flight."""
    left_out = place("skipped", why=Why.READ_ONLY)
    number = worker.open("waiting", "sending", "sent", "unknown", "failed", left_out, content=text(*parts))
    worker.settle_in({"waiting": retry(), "sent": sent("s1"), "unknown": UNKNOWN, "failed": FAILED})
    return number


def sent_to(worker: Worker, *names: str, content: Content | None = None) -> int:
    """Bring a broadcast to these spaces; each has a message that is called as the space is, with a 1 behind."""
    number = worker.open(*names, content=content)
    worker.ledger.settle([(claim, sent(f"{claim.space_id}1")) for claim in worker.claim()], worker.now)
    return number


def works(worker: Worker) -> list[tuple[int, str]]:
    """Claim what is due and return of which broadcast and where it is."""
    return [(claim.broadcast, claim.space_id) for claim in worker.claim()]


def half_written() -> Iterator[Destination]:
    """Yield a space, then die as a killed process does."""
    yield place("a")
    raise KeyboardInterrupt


# opening


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_goes_where_there_is_or_may_be_a_copy(worker: Worker, change: Callable[[int], Change]) -> None:
    """To what is sent, in flight or unknown; not where certainly nothing is."""
    number = worker.change(change(in_every_state(worker)))
    assert worker.states(number) == {"sending": "waiting", "sent": "waiting", "unknown": "waiting"}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("second", [FAILED, UNKNOWN, retry(), None])
def test_a_space_with_a_part_of_the_message_is_changed_too(
    worker: Worker, change: Callable[[int], Change], second: Outcome | None
) -> None:
    """However the rest ended, or did not: failed, unknown, waiting, skipped since."""
    number = sent_to(worker, "a", content=text("one", "two"))
    if second:
        worker.settle_all(second)
    else:
        worker.ledger.skip_space("a", Why.BOT_REMOVED, START)
    assert worker.states(worker.change(change(number))) == {"a": "waiting"}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_what_arrived_nowhere_is_finished_at_once(worker: Worker, change: Callable[[int], Change]) -> None:
    """It has no spaces."""
    root = worker.open("a", place("b", why=Why.READ_ONLY))
    worker.settle_all(FAILED)
    number = worker.change(change(root))
    assert (worker.counts(number).planned, worker.finish()) == (0, [root, number])


def test_a_change_is_a_broadcast_of_its_own(worker: Worker) -> None:
    """With a number, a kind, a key and a digest of its own; sender and thread are those of the one it changes."""
    root = sent_to(worker, "a")
    edit, recall = (worker.found(number) for number in (worker.edit(root, "new"), worker.recall(root)))
    assert [(one.kind, one.root, one.source_id) for one in (worker.found(root), edit, recall)] == [
        (Kind.SEND, root, "m1"),
        (Kind.EDIT, root, "e1"),
        (Kind.RECALL, root, "r1"),
    ]
    assert {(one.sender_id, one.sender_name, one.thread_id, one.space_id) for one in (edit, recall)} == {
        (SENDER.id, SENDER.name, "thread-m1", "home")
    }
    assert (edit.digest, worker.ledger.content(edit.number).group_parts) == (text("new").digest, ("new",))


def test_the_rows_of_a_change_are_those_of_its_root_in_its_order(worker: Worker) -> None:
    """Groups first, each with its kind and title."""
    root = sent_to(worker, "b", "a")
    rows = [(row.space_id, row.kind, row.title) for row in worker.ledger.deliveries(worker.edit(root))]
    assert rows == [("b", SpaceKind.GROUP, "Title of b"), ("a", SpaceKind.GROUP, "Title of a")]


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_opened_once(open_ledger: Opener, change: Callable[[int], Change]) -> None:
    """The same key again is None and changes nothing, under a new lease and from another process neither."""
    worker = hire(open_ledger())
    root = sent_to(worker, "a")
    number, after = worker.change(change(root)), hire(open_ledger())
    before = (after.ledger.broadcasts(limit=9), after.ledger.content(root))
    assert after.ledger.open_change(after.token, change(root), START) is None
    assert (after.ledger.broadcasts(limit=9), after.ledger.content(root)) == before
    assert works(after) == [(number, "a")]


def test_a_change_that_is_opened_by_many_at_once_is_opened_once(worker: Worker) -> None:
    """Of eight threads one gets a number, and the text counts as edited once."""
    root = sent_to(worker, "a")
    numbers = all_at_once(*[lambda: worker.ledger.open_change(worker.token, edit_of(root), START)] * 8)
    assert len([number for number in numbers if number is not None]) == 1
    assert worker.ledger.content(root).revision == 1


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_not_there_cannot_be_changed(worker: Worker, change: Callable[..., Change]) -> None:
    """No such number, one that is half written, another change: LookupError, and the key is still free."""
    root = sent_to(worker, "a")
    with pytest.raises(KeyboardInterrupt):
        worker.ledger.open_broadcast(worker.token, draft("half"), half_written(), START)
    edit = worker.edit(root, key="first")
    for number in (0, 99, edit, root + 1):
        with pytest.raises(LookupError):
            worker.change(change(number))
    assert [one.number for one in worker.ledger.broadcasts(limit=9)] == [edit, root]
    assert worker.change(change(root)) > edit


@pytest.mark.parametrize("change", CHANGES)
def test_who_lost_the_lease_changes_nothing(worker: Worker, change: Callable[[int], Change]) -> None:
    """The text stays, what waits goes on waiting, the key is free for the next worker."""
    root = worker.open("a")
    after = hire(worker.ledger)
    with pytest.raises(LeaseLost):
        worker.change(change(root))
    assert (worker.ledger.content(root).revision, worker.states(root)) == (0, {"a": "waiting"})
    assert after.change(change(root)) > root


# what an edit does to what is not sent yet


def test_what_waits_gets_the_new_text(worker: Worker) -> None:
    """The texts of the broadcast are replaced, which a revision tells; form, card and what it was opened with stay."""
    old = text("old", form=Form.CARD, card="{}")
    root = worker.open("a", content=old)
    edit = worker.edit(root, "new")
    found = worker.ledger.content(root)
    assert (found.group_parts, found.direct_parts, found.form, found.card) == (("new",), ("new",), Form.CARD, "{}")
    assert (found.revision, worker.claim_one().revision) == (1, 1)
    assert (worker.found(root).digest, worker.found(edit).digest) == (old.digest, text("new").digest)


@pytest.mark.parametrize("new", [("n1",), ("n1", "n2"), ("n1", "n2", "n3")])
def test_what_waits_is_sent_with_as_many_parts_as_the_new_text_has(worker: Worker, new: tuple[str, ...]) -> None:
    """Longer, as long, or shorter; then it is sent, and needs no edit."""
    root = worker.open("a", content=text("one", "two"))
    edit = worker.edit(root, *new)
    parts = []
    while claims := worker.claim():
        parts += [claim.part for claim in claims]
        worker.settle(claims[0], sent())
    assert (parts, worker.states(root), worker.states(edit)) == ([*range(len(new))], {"a": "sent"}, {})


def test_each_kind_of_space_gets_as_many_parts_as_it_needs(worker: Worker) -> None:
    """An edit that is one message in a group and two in a 1-1 counts so."""
    root = worker.open("a", place("b", kind=SpaceKind.DIRECT), content=text("one", "two", "three"))
    content = Content(group_parts=("one",), direct_parts=("one", "two"))
    worker.change(Change(key="e1", kind=Kind.EDIT, root=root, content=content, asked_at=START))
    worker.settle_all(sent())
    assert worker.states(root) == {"a": "sent", "b": "waiting"}


@pytest.mark.parametrize(
    ("new", "outcome", "state"),
    [
        (("n1",), sent("a1"), "sent"),
        (("n1", "n2"), sent("a1"), "waiting"),
        (("n1", "n2", "n3"), sent("a1"), "waiting"),
        (("n1",), retry(), "waiting"),
        (("n1",), FAILED, "failed"),
        (("n1",), UNKNOWN, "unknown"),
        (("n1",), in_doubt(), "sending"),
    ],
)
def test_what_is_in_flight_with_the_old_text_is_settled_by_the_length_of_the_new(
    worker: Worker, new: tuple[str, ...], outcome: Outcome, state: str
) -> None:
    """Of an old text of two parts the first is in flight: enough for a new text of one, else it goes on."""
    root = worker.open("a", content=text("one", "two"))
    claim = worker.claim_one()
    edit = worker.edit(root, *new)
    worker.settle(claim, outcome)
    assert (worker.states(root), worker.states(edit)) == ({"a": state}, {"a": "waiting"})


def test_an_old_text_in_flight_that_was_long_enough_goes_on_with_the_new(worker: Worker) -> None:
    """The only part of the old text was in flight; the second of the new one follows, then the edit of the first."""
    root = worker.open("a")
    claim = worker.claim_one()
    edit = worker.edit(root, "n1", "n2")
    worker.settle(claim, sent("a1"))
    second = worker.claim_one()
    worker.settle(second, sent("a2"))
    third = worker.claim_one()
    assert [(one.broadcast, one.part, one.revision) for one in (second, third)] == [(root, 1, 1), (edit, 0, 0)]
    assert third.copies == ("a1", "a2")


@pytest.mark.parametrize("first", [None, retry()])
def test_what_waits_with_enough_parts_for_the_new_text_is_sent(worker: Worker, first: Outcome | None) -> None:
    """It shows no fault of the attempt at a part that is not wanted any more, and is edited."""
    root = sent_to(worker, "a", content=text("one", "two"))
    if first:
        worker.settle_all(first)
    worker.now += 5
    edit = worker.edit(root, "new")
    [row] = worker.ledger.deliveries(root)
    assert (row.state, row.why, row.detail, row.settled_at) == (State.SENT, Why.NONE, "", START + 5)
    assert works(worker) == [(edit, "a")]


@pytest.mark.parametrize("is_doubt", [False, True])
def test_a_part_in_flight_that_is_not_wanted_any_more_is_not_sent_again(worker: Worker, is_doubt: bool) -> None:
    """The second part came to nothing while the text became one part: sent, without a fault."""
    root = sent_to(worker, "a", content=text("one", "two"))
    claim = worker.claim_one()
    worker.edit(root, "new")
    if is_doubt:
        worker.settle(claim, in_doubt(START))
        [claim] = worker.ledger.doubts(START)
    worker.now += 5
    worker.settle(claim, retry())
    [row] = worker.ledger.deliveries(root)
    assert (row.state, row.why, row.detail, row.settled_at) == (State.SENT, Why.NONE, "", START + 5)


def test_a_part_in_flight_that_is_not_wanted_any_more_is_removed_by_the_edit(worker: Worker) -> None:
    """It arrived: both copies are known to the edit."""
    root = sent_to(worker, "a", content=text("one", "two"))
    claim = worker.claim_one()
    worker.edit(root, "new")
    worker.settle(claim, sent("a2"))
    assert (worker.states(root), worker.claim_one().copies) == ({"a": "sent"}, ("a1", "a2"))


@pytest.mark.parametrize("outcome", [FAILED, UNKNOWN])
@pytest.mark.parametrize("new", [("n1",), ("n1", "n2", "n3")])
def test_what_did_not_arrive_before_an_edit_is_sent_again_with_the_new_text(
    worker: Worker, outcome: Outcome, new: tuple[str, ...]
) -> None:
    """With as many parts as the new text has, longer or shorter."""
    root = worker.open("a", content=text("one", "two"))
    worker.settle_all(outcome)
    worker.edit(root, *new)
    worker.settle_all(UNKNOWN)
    worker.finish()
    worker.ledger.send_again(root, [State.FAILED, State.UNKNOWN])
    for _ in new:
        assert worker.states(root) == {"a": "waiting"}
        worker.settle_all(sent())
    assert worker.states(root) == {"a": "sent"}


def test_what_has_all_its_parts_once_the_text_is_shorter_keeps_the_time_of_its_end(worker: Worker) -> None:
    """A retry finds nothing to send there."""
    root = sent_to(worker, "a", content=text("one", "two"))
    worker.settle_all(FAILED)
    worker.edit(root, "new")
    worker.settle_all(changed("a1"))
    worker.finish()
    worker.now += 60
    worker.ledger.send_again(root, [State.FAILED])
    [delivery] = worker.ledger.deliveries(root)
    assert (delivery.state, delivery.settled_at) == (State.SENT, START)


def test_texts_that_were_dropped_stay_dropped(worker: Worker) -> None:
    """An edit of a broadcast that is over and told brings its text to the copies, and is kept only as long."""
    root = sent_to(worker, "a")
    worker.finish()
    worker.ledger.mark_reported(root, START)
    edit = worker.edit(root, "new")
    assert (worker.ledger.content(root).group_parts, worker.ledger.content(edit).group_parts) == ((), ("new",))


# attempts in doubt


def test_a_claim_in_doubt_keeps_the_revision_it_was_made_with(worker: Worker) -> None:
    """So that nobody looks for the new text where the old one was sent."""
    root = worker.open("a", "b")
    worker.settle(worker.claim_one(), in_doubt(START))
    worker.edit(root, "new")
    assert [doubt.revision for doubt in worker.ledger.doubts(START)] == [0]
    assert (worker.ledger.content(root).revision, worker.claim_one().revision) == (1, 1)


def test_a_doubt_of_a_change_knows_what_is_there(open_ledger: Opener) -> None:
    """Also for the next worker after a crash: what was to be done, where, and with which messages."""
    dead = hire(open_ledger())
    root = sent_to(dead, "a")
    edit = dead.edit(root, "n1", "n2")
    dead.settle(dead.claim_one(), changed("a1", is_done=False))
    claim = dead.claim_one()
    after = hire(open_ledger())
    assert after.ledger.doubt_orphans(after.token, START) == 1
    assert (claim.broadcast, claim.part, claim.copies, after.ledger.doubts(START)) == (edit, 1, ("a1",), [claim])


# order


def test_changes_come_before_what_is_sent(worker: Worker) -> None:
    """However long the broadcasts are that were opened before; changes among themselves as they were opened."""
    first, second = sent_to(worker, "a", "b"), sent_to(worker, "a", "b")
    long = worker.open("c", "d", "e")
    changes = [worker.edit(second), worker.recall(first)]
    assert works(worker) == [(number, name) for number in changes for name in "ab"] + [(long, name) for name in "cde"]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("outcome", [None, in_doubt(START + 60)])
def test_a_change_waits_in_a_space_for_what_it_changes(
    worker: Worker, change: Callable[[int], Change], outcome: Outcome | None
) -> None:
    """While the message is being sent or in doubt there; in other spaces it goes on."""
    root = worker.open("a", "b")
    first, second = worker.claim()
    worker.settle(second, sent())
    if outcome:
        worker.settle(first, outcome)
    number = worker.change(change(root))
    assert works(worker) == [(number, "b")]
    worker.settle(first, sent())
    assert works(worker) == [(number, "a")]


def test_an_edit_waits_for_the_parts_that_wait(worker: Worker) -> None:
    """The rest of the new text is sent first, then the first part is edited."""
    root = sent_to(worker, "a", content=text("one", "two"))
    edit = worker.edit(root, "n1", "n2")
    assert works(worker) == [(root, "a")]
    worker.settle_all(sent())
    assert works(worker) == []
    assert worker.states(edit) == {"a": "waiting"}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_does_not_wait_for_other_broadcasts(worker: Worker, change: Callable[[int], Change]) -> None:
    """One before is tried once more in the same space, one after is in flight there: neither holds it up."""
    before = worker.open("a")
    worker.settle_all(FAILED)
    root = sent_to(worker, "a")
    worker.open("a")
    worker.claim()
    worker.finish()
    worker.ledger.send_again(before, [State.FAILED])
    number = worker.change(change(root))
    assert works(worker)[0] == (number, "a")


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("is_claimed", [True, False])
def test_a_later_broadcast_does_not_wait_for_a_change(
    worker: Worker, change: Callable[[int], Change], is_claimed: bool
) -> None:
    """Whether the change waits for its time or is under way there."""
    number = worker.change(change(sent_to(worker, "a")))
    claim = worker.claim_one()
    if not is_claimed:
        worker.settle(claim, retry(START + 60))
    assert works(worker) == []
    later = worker.open("a")
    assert (works(worker), worker.counts(number).unsettled) == ([(later, "a")], 1)


@pytest.mark.parametrize("outcome", [None, in_doubt(START + 60), retry(START + 60), changed("a1", is_done=False)])
def test_a_later_change_does_not_overtake_an_earlier_one(worker: Worker, outcome: Outcome | None) -> None:
    """While the first edit is under way, in doubt or put off in a space, the second one waits there."""
    root = sent_to(worker, "a", "b")
    first = worker.edit(root, "n1", "n2")
    claims = worker.claim()
    second = worker.edit(root, "m1", key="e2")
    worker.settle(claims[1], changed("b1", "b2"))
    if outcome:
        worker.settle(claims[0], outcome)
    claimed = works(worker)
    assert (second, "b") in claimed
    assert (second, "a") not in claimed
    assert worker.states(first)["b"] == "sent"


def test_changes_of_different_broadcasts_do_not_wait_for_each_other(worker: Worker) -> None:
    """In one space two of them may be under way at once."""
    roots = [sent_to(worker, "a") for _ in range(2)]
    changes = [worker.edit(roots[0], key="e1"), worker.recall(roots[1], key="r1")]
    assert works(worker) == [(number, "a") for number in changes]


# settling


def test_a_claim_of_a_change_says_what_is_to_be_done_with_which_messages(worker: Worker) -> None:
    """The copies in order; and whether there may be one more."""
    root = worker.open("a", "b", "c", content=text("one", "two"))
    worker.settle_in({"a": sent("a1"), "b": sent("b1"), "c": UNKNOWN})
    worker.settle_in({"a": sent("a2"), "b": UNKNOWN})
    worker.edit(root, "new")
    seen = [(claim.work, claim.root, claim.part, claim.copies, claim.is_unsure) for claim in worker.claim()]
    assert seen == [
        (Kind.EDIT, root, 0, ("a1", "a2"), False),
        (Kind.EDIT, root, 0, ("b1",), True),
        (Kind.EDIT, root, 0, (), True),
    ]


def test_a_step_writes_down_what_is_there_now(worker: Worker) -> None:
    """With the broadcast that was changed; the change's own row counts the steps until the last is done."""
    root = sent_to(worker, "a", "b")
    edit, seen = worker.edit(root, "n1", "n2"), []
    for outcome in (changed("a1", is_done=False), changed("a1", "a2")):
        claim = worker.claim_one()
        seen.append((claim.part, claim.copies))
        worker.settle(claim, outcome)
    assert seen == [(0, ("a1",)), (1, ("a1",))]
    assert (worker.copies(root), worker.states(edit)) == (
        {"a": ("a1", "a2"), "b": ("b1",)},
        {"a": "sent", "b": "waiting"},
    )
    assert (worker.copies(edit), worker.states(root)) == ({"a": (), "b": ()}, {"a": "sent", "b": "sent"})


@pytest.mark.parametrize(
    ("outcome", "state"),
    [(retry(), "waiting"), (FAILED, "failed"), (UNKNOWN, "unknown"), (in_doubt(), "sending")],
)
def test_what_did_not_work_leaves_the_copies_known(worker: Worker, outcome: Outcome, state: str) -> None:
    """A step that came to nothing, or of which nobody knows."""
    root = sent_to(worker, "a")
    edit = worker.edit(root)
    worker.settle_all(outcome)
    assert (worker.states(edit), worker.states(root), worker.copies(root)) == (
        {"a": state},
        {"a": "sent"},
        {"a": ("a1",)},
    )


def test_a_change_has_as_many_steps_as_it_takes(worker: Worker) -> None:
    """A step that is put off after others were done is done again, however many there were."""
    root = sent_to(worker, "a")
    edit = worker.edit(root, "n1")
    for outcome in (changed("a1", is_done=False), changed("a1", is_done=False), retry(), changed("a1")):
        assert worker.states(edit) == {"a": "waiting"}
        worker.settle_all(outcome)
    assert worker.states(edit) == {"a": "sent"}


@pytest.mark.parametrize("late", [changed("old"), changed(is_done=False)])
def test_the_outcome_of_an_older_step_changes_nothing(worker: Worker, late: Outcome) -> None:
    """Neither the row nor what is known to be there."""
    root = sent_to(worker, "a")
    edit = worker.edit(root)
    old = worker.claim_one()
    worker.settle(old, retry())
    worker.settle(old, late)
    new = worker.claim_one()
    worker.settle(old, late)
    worker.settle(new, changed("a1"))
    worker.settle(old, late)
    assert (worker.states(edit), worker.copies(root)) == ({"a": "sent"}, {"a": ("a1",)})


# the next edit


def test_a_second_edit_takes_the_place_of_what_waits_of_the_first(worker: Worker) -> None:
    """What waits is skipped with that reason; what is under way goes on; what is done is edited once more."""
    root = sent_to(worker, "a", "b", "c")
    first = worker.edit(root, "first")
    done, _ = worker.claim(2)
    worker.settle(done, changed("a1"))
    second = worker.edit(root, "second", key="e2")
    assert worker.whys(first) == {"a": ("sent", ""), "b": ("sending", ""), "c": ("skipped", "superseded")}
    assert (worker.counts(first).planned, works(worker)) == (3, [(second, "a"), (second, "c")])


def test_a_second_edit_leaves_other_broadcasts_alone(worker: Worker) -> None:
    """Edits of another broadcast and recalls go on."""
    roots = [sent_to(worker, "a") for _ in range(2)]
    other, recall = worker.edit(roots[0], key="other"), worker.recall(roots[1])
    worker.edit(roots[1], key="late")
    assert (worker.states(other), worker.states(recall)) == ({"a": "waiting"}, {"a": "waiting"})


def test_an_edit_that_was_under_way_is_finished_before_the_next_one(worker: Worker) -> None:
    """Step by step, though a second edit has been opened; then that one sees all that is there."""
    root = sent_to(worker, "a")
    first = worker.edit(root, "n1", "n2")
    claim = worker.claim_one()
    second = worker.edit(root, "m1", key="e2")
    worker.settle(claim, changed("a1", is_done=False))
    claim = worker.claim_one()
    worker.settle(claim, changed("a1", "a2"))
    last = worker.claim_one()
    assert (claim.broadcast, last.broadcast, last.copies) == (first, second, ("a1", "a2"))
    assert worker.ledger.content(root).revision == 2


def test_an_edit_that_failed_is_not_tried_again_over_a_later_one(worker: Worker) -> None:
    """The old text must not come back where the newer one is."""
    root = sent_to(worker, "a")
    first = worker.edit(root, "first")
    worker.settle_all(FAILED)
    worker.edit(root, "second", key="e2")
    worker.settle_all(changed("a1"))
    worker.finish()
    assert (worker.ledger.send_again(first, [State.FAILED]), works(worker)) == (0, [])


def test_an_edit_that_failed_can_be_tried_again(worker: Worker) -> None:
    """From the step that failed, with what is there now."""
    root = sent_to(worker, "a")
    edit = worker.edit(root, "n1", "n2")
    worker.settle_all(changed("a1", is_done=False))
    worker.settle_all(FAILED)
    worker.finish()
    assert worker.ledger.send_again(edit, [State.FAILED]) == 1
    claim = worker.claim_one()
    assert (claim.broadcast, claim.work, claim.part, claim.copies) == (edit, Kind.EDIT, 1, ("a1",))


@pytest.mark.parametrize("is_private", [True, False])
def test_it_is_known_whether_others_read_the_thread(worker: Worker, is_private: bool) -> None:
    """Of a broadcast, and of its changes."""
    asked = replace(draft("m9"), is_private=is_private)
    root = worker.ledger.open_broadcast(worker.token, asked, [place("a")], worker.now)
    assert root is not None
    found = [worker.ledger.broadcast(number) for number in (root, worker.edit(root))]
    assert [one.is_private for one in found if one] == [is_private, is_private]
