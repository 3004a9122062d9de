"""The contract of every ledger, second part: opening broadcasts, claiming deliveries, settling them."""

from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broadcast.errors import LeaseLost
from broadcast.model import Content, Destination, Form, SpaceKind, State, StoredFile, Why
from broadcast.outcomes import Outcome
from broadcast.ports import Ledger
from tests.contract.records import (
    FAILED,
    START,
    UNKNOWN,
    WEBEX_AHEAD,
    Worker,
    all_at_once,
    draft,
    hire,
    in_doubt,
    place,
    retry,
    sent,
    spaces,
    text,
)

Opener = Callable[[], Ledger]
MANY = 1200
FILE = StoredFile(path=Path("/files/příloha"), name="příloha „1“.pdf", content_type="application/pdf; x=1", size=7)


def interrupted(count: int) -> Iterator[Destination]:
    """Yield some spaces, then die as a killed process does."""
    yield from (place(f"s{number}", why=Why.READ_ONLY) for number in range(count))
    raise KeyboardInterrupt


# opening


def test_a_message_is_opened_once(worker: Worker) -> None:
    """The second opening of the same message does nothing, even with another plan."""
    number = worker.open("a", source="m1")
    assert worker.ledger.open_broadcast(worker.token, draft("m1"), [place("b")], START) is None
    assert worker.states(number) == {"a": "waiting"}


def test_an_opened_message_stays_opened_after_all_is_over(worker: Worker) -> None:
    """A redelivered event does not start a finished broadcast anew, under a new lease neither."""
    worker.open(place("a", why=Why.READ_ONLY), source="m1")
    worker.finish()
    after = hire(worker.ledger)
    assert after.ledger.open_broadcast(after.token, draft("m1"), [place("a")], START) is None


def test_whether_a_message_was_opened_can_be_asked(worker: Worker) -> None:
    """Only a whole opening counts."""
    worker.open("a", source="m1")
    with pytest.raises(KeyboardInterrupt):
        worker.ledger.open_broadcast(worker.token, draft("m2"), interrupted(MANY), START)
    assert [worker.ledger.is_open(source) for source in ("m1", "m2", "m3")] == [True, False, False]


def test_a_later_broadcast_has_a_larger_number(worker: Worker) -> None:
    """Numbers tell the order, also after old broadcasts were dropped."""
    numbers = [worker.open(place("a", why=Why.READ_ONLY)) for _ in range(3)]
    worker.finish()
    worker.ledger.purge(START + 1)
    numbers.append(worker.open("a"))
    assert numbers == sorted(set(numbers))


def test_a_space_named_twice_gets_the_message_once(worker: Worker) -> None:
    """A plan that repeats a space makes one delivery of it, as it was named first."""
    number = worker.open("a", "b", place("a", why=Why.READ_ONLY))
    assert worker.states(number) == {"a": "waiting", "b": "waiting"}


def test_spaces_left_out_are_written_down_with_their_reason(worker: Worker) -> None:
    """They count as planned, are skipped from the start and never claimed."""
    number = worker.open("a", place("b", why=Why.ANNOUNCEMENT_ONLY))
    rows = [(row.space_id, row.state, row.why, row.settled_at) for row in worker.ledger.deliveries(number)]
    assert rows == [("a", State.WAITING, Why.NONE, None), ("b", State.SKIPPED, Why.ANNOUNCEMENT_ONLY, START)]
    assert spaces(worker.claim()) == ["a"]


def test_a_large_plan_is_written_down_whole(worker: Worker) -> None:
    """Thousands of spaces keep their order."""
    names = [f"s{number}" for number in range(MANY)]
    number = worker.open(*names)
    assert list(worker.states(number)) == names
    assert spaces(worker.claim(MANY * 2)) == names


def test_a_half_written_plan_is_not_sent(worker: Worker) -> None:
    """What a crash left in the middle of opening is neither claimed, nor due, nor shown, nor finished."""
    with pytest.raises(KeyboardInterrupt):
        worker.ledger.open_broadcast(worker.token, draft(), interrupted(MANY), START)
    assert (worker.claim(), worker.finish()) == ([], [])
    after = hire(worker.ledger)
    assert (after.claim(), after.ledger.next_due(), after.ledger.broadcasts(limit=9), after.finish()) == (
        [],
        None,
        [],
        [],
    )
    assert (after.ledger.running(), after.ledger.backlog(START).deliveries) == (0, 0)


@pytest.mark.parametrize("is_new_lease", [True, False])
def test_an_interrupted_opening_is_planned_anew(worker: Worker, is_new_lease: bool) -> None:
    """Only the new plan counts, by the next worker or by the same one."""
    with pytest.raises(KeyboardInterrupt):
        worker.ledger.open_broadcast(worker.token, draft("m1"), interrupted(MANY), START)
    after = hire(worker.ledger) if is_new_lease else worker
    number = after.open("s1", "new", source="m1")
    assert after.states(number) == {"s1": "waiting", "new": "waiting"}
    assert spaces(after.claim()) == ["s1", "new"]


def test_who_loses_the_lease_while_planning_opens_nothing(worker: Worker) -> None:
    """The next worker's plan is the only one, though the old one goes on writing."""

    def taken_over() -> Iterator[Destination]:
        after.append(hire(worker.ledger, START + 1))
        yield place("late")

    after: list[Worker] = []
    early = (place(f"s{number}") for number in range(MANY))
    with pytest.raises(LeaseLost):
        worker.ledger.open_broadcast(worker.token, draft("m1"), chain(early, taken_over()), START)
    number = after[0].open("new", source="m1")
    assert after[0].states(number) == {"new": "waiting"}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(
    parts=st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=3),
    form=st.sampled_from(Form),
    card=st.none() | st.text(st.characters(exclude_categories=["Cs"])),
    file=st.sampled_from([None, FILE]),
)
def test_what_goes_out_comes_back_as_it_was(
    worker: Worker, parts: list[str], form: Form, card: str | None, file: StoredFile | None
) -> None:
    """Texts of any kind, the card, the file with its name and type: nothing is changed by being written down."""
    content = Content(group_parts=tuple(parts), direct_parts=("1-1", *parts), form=form, card=card, file=file)
    number = worker.open(content=content)
    assert worker.ledger.content(number) == content


# claiming


def test_deliveries_are_claimed_in_order_and_once(worker: Worker) -> None:
    """Each claim takes the next ones of the plan, at most as many as asked for, until none is left."""
    worker.open("a", "b", "c", "d", "e")
    assert [spaces(worker.claim(2)) for _ in range(4)] == [["a", "b"], ["c", "d"], ["e"], []]


def test_group_spaces_come_before_1_1s(worker: Worker) -> None:
    """However they are mixed in the plan, whose lists may be read as they come."""
    people = [place(name, kind=SpaceKind.DIRECT) for name in ("p", "q")]
    number = worker.open(people[0], "a", people[1], "b")
    assert list(worker.states(number)) == ["a", "b", "p", "q"]
    assert spaces(worker.claim()) == ["a", "b", "p", "q"]


def test_broadcasts_are_claimed_in_the_order_in_which_they_were_opened(worker: Worker) -> None:
    """The earlier broadcast comes first, wherever the later one goes as well."""
    first, second = worker.open("a", "b"), worker.open("c", "d")
    assert [(claim.broadcast, claim.space_id) for claim in worker.claim(3)] == [
        (first, "a"),
        (first, "b"),
        (second, "c"),
    ]


def test_a_claim_says_what_the_attempt_needs(worker: Worker) -> None:
    """Lease, number, part and both clocks are those of the claim."""
    number = worker.open(place("a", kind=SpaceKind.DIRECT))
    claim = worker.claim_one()
    assert (claim.broadcast, claim.space_id, claim.kind, claim.token) == (number, "a", SpaceKind.DIRECT, worker.token)
    assert (claim.attempt, claim.part, claim.first_tried, claim.repeat) == (1, 0, None, False)
    assert (claim.tried_at, claim.webex_time) == (START, START + WEBEX_AHEAD)


@pytest.mark.parametrize("outcome", [retry(), in_doubt(), sent("part one of two")])
def test_no_later_broadcast_overtakes_in_a_space(worker: Worker, outcome: Outcome) -> None:
    """While an earlier broadcast is waiting, being sent or in doubt in a space, a later one waits for it there."""
    worker.open("a", content=text("one", "two"))
    second = worker.open("a", "b")
    claims = worker.claim()
    worker.settle(claims[0], outcome)
    later = [(claim.broadcast, claim.space_id) for claim in [*claims, *worker.claim()] if claim.broadcast == second]
    assert later == [(second, "b")]


@pytest.mark.parametrize("outcome", [sent(), FAILED, UNKNOWN])
def test_the_later_broadcast_goes_on_when_the_earlier_is_settled(worker: Worker, outcome: Outcome) -> None:
    """However the earlier one ended, the space is free for the next."""
    worker.open("a")
    second = worker.open("a")
    worker.settle(worker.claim_one(), outcome)
    assert worker.claim_one().broadcast == second


def test_a_space_skipped_earlier_holds_up_nobody(worker: Worker) -> None:
    """An earlier broadcast that left a space out has no say there."""
    worker.open(place("a", why=Why.OTHER_ORG))
    second = worker.open("a")
    assert worker.claim_one().broadcast == second


def test_a_delivery_put_off_is_claimed_when_due_and_holds_up_no_other_space(worker: Worker) -> None:
    """Other spaces go on meanwhile."""
    worker.open("a", "b")
    worker.settle(worker.claim_one(), retry(START + 5))
    seen = []
    for worker.now in (START, START + 4.9, START + 5):
        seen.append(spaces(worker.claim()))
    assert seen == [["b"], [], ["a"]]


def test_an_untried_card_is_tried_in_one_space(worker: Worker) -> None:
    """Until Webex has taken or refused it once, only one delivery is claimed; then all."""
    number = worker.open("a", "b", "c", content=text(form=Form.UNTRIED))
    assert [spaces(worker.claim()) for _ in range(2)] == [["a"], []]
    worker.ledger.settle_form(number, Form.CARD)
    assert spaces(worker.claim()) == ["b", "c"]
    assert worker.ledger.content(number).form is Form.CARD


@pytest.mark.parametrize("outcome", [retry(START + 60), FAILED, in_doubt(START + 60)])
def test_a_card_that_could_not_be_tried_is_tried_in_the_next_space(worker: Worker, outcome: Outcome) -> None:
    """A failure that says nothing about the card lets one more try it, not all."""
    worker.open("a", "b", "c", content=text(form=Form.UNTRIED))
    worker.settle(worker.claim_one(), outcome)
    assert [spaces(worker.claim()) for _ in range(2)] == [["b"], []]


def test_an_untried_card_does_not_hold_up_another_broadcast(worker: Worker) -> None:
    """Spaces that the card does not go to get the later message at once."""
    worker.open("a", "b", content=text(form=Form.UNTRIED))
    worker.open("c", "d")
    assert spaces(worker.claim()) == ["a", "c", "d"]


def test_threads_of_one_worker_never_claim_the_same(worker: Worker) -> None:
    """Eight that claim at once under one lease get every delivery exactly once."""
    names = [f"s{number}" for number in range(200)]
    worker.open(*names)

    def claim_all() -> list[str]:
        return list(chain.from_iterable(iter(lambda: spaces(worker.claim(7)), [])))

    assert sorted(chain.from_iterable(all_at_once(*[claim_all] * 8))) == sorted(names)


def test_two_processes_settle_and_claim_in_one_ledger(open_ledger: Opener) -> None:
    """What one instance opened and claimed the other one sees and settles, each delivery once."""
    here = hire(open_ledger())
    there = Worker(open_ledger(), here.token)
    number = here.open(*[f"s{number}" for number in range(50)])

    def work(worker: Worker) -> int:
        batches = list(iter(lambda: worker.claim(3), []))
        for batch in batches:
            worker.ledger.settle([(claim, sent(f"{claim.space_id}-x")) for claim in batch], START)
        return sum(map(len, batches))

    assert sum(all_at_once(lambda: work(here), lambda: work(there))) == 50
    assert {row.message_ids for row in there.ledger.deliveries(number)} == {(f"s{at}-x",) for at in range(50)}


# settling


@pytest.mark.parametrize(
    ("outcome", "state", "why"),
    [
        (sent(), State.SENT, Why.NONE),
        (FAILED, State.FAILED, Why.FORBIDDEN),
        (UNKNOWN, State.UNKNOWN, Why.NO_ANSWER),
        (retry(), State.WAITING, Why.OTHER),
        (in_doubt(), State.SENDING, Why.NONE),
    ],
)
def test_an_outcome_decides_where_the_delivery_stands(worker: Worker, outcome: Outcome, state: State, why: Why) -> None:
    """Each outcome has its state and reason; a time of settling only those that are final."""
    number = worker.open("a")
    worker.settle(worker.claim_one(), outcome)
    [row] = worker.ledger.deliveries(number)
    is_final = state not in (State.WAITING, State.SENDING)
    assert (row.state, row.why, row.settled_at) == (state, why, START if is_final else None)


@pytest.mark.parametrize("first", [sent("first"), FAILED, UNKNOWN])
@pytest.mark.parametrize("second", [sent("second"), FAILED, UNKNOWN, retry(), in_doubt()])
def test_what_is_settled_stays_as_it_is(worker: Worker, first: Outcome, second: Outcome) -> None:
    """A second outcome of the same attempt changes nothing, however late it comes."""
    number = worker.open("a")
    claim = worker.claim_one()
    worker.settle(claim, first)
    before = list(worker.ledger.deliveries(number))
    worker.now += 60
    worker.settle(claim, second)
    assert list(worker.ledger.deliveries(number)) == before
    assert worker.claim() == []


@pytest.mark.parametrize("late", [sent("late"), FAILED, retry(START + 99), in_doubt()])
def test_the_outcome_of_an_older_attempt_changes_nothing(worker: Worker, late: Outcome) -> None:
    """Once a delivery has been claimed anew, only the newest claim decides."""
    number = worker.open("a")
    old = worker.claim_one()
    worker.settle(old, retry())
    new = worker.claim_one()
    worker.settle(old, late)
    assert (new.attempt, worker.states(number)) == (2, {"a": "sending"})
    worker.settle(new, sent("new"))
    assert [row.message_ids for row in worker.ledger.deliveries(number)] == [("new",)]


def test_the_same_outcome_twice_in_one_batch_counts_once(worker: Worker) -> None:
    """A two-part message whose first part is settled twice has sent one part."""
    number = worker.open("a", content=text("one", "two"))
    claim = worker.claim_one()
    worker.ledger.settle([(claim, sent("x1")), (claim, sent("x1"))], START)
    assert [(row.state, row.message_ids) for row in worker.ledger.deliveries(number)] == [(State.WAITING, ("x1",))]
    assert worker.claim_one().part == 1


def test_many_outcomes_are_settled_in_one_step(worker: Worker) -> None:
    """A batch with different outcomes settles each delivery by its own; an empty one does nothing."""
    number = worker.open("a", "b", "c")
    claims = worker.claim()
    worker.ledger.settle([], START)
    worker.ledger.settle(list(zip(claims, [sent(), FAILED, retry()], strict=True)), START)
    assert worker.states(number) == {"a": "sent", "b": "failed", "c": "waiting"}


def test_parts_go_out_one_after_the_other(worker: Worker) -> None:
    """A message of three parts is three claims; the delivery is sent with the last and knows all ids."""
    number = worker.open("a", content=text("one", "two", "three"))
    parts = []
    for message_id in ("x1", "x2", "x3"):
        assert worker.states(number) == {"a": "waiting"}
        claim = worker.claim_one()
        parts.append(claim.part)
        worker.settle(claim, sent(message_id))
    [row] = worker.ledger.deliveries(number)
    assert (parts, row.state, row.message_ids) == ([0, 1, 2], State.SENT, ("x1", "x2", "x3"))


def test_a_part_that_was_sent_is_not_sent_again(worker: Worker) -> None:
    """A retry goes on with the part that failed, with a patience of its own."""
    worker.open("a", content=text("one", "two"))
    worker.settle(worker.claim_one(), retry())
    first = worker.claim_one()
    worker.settle(first, sent())
    second = worker.claim_one()
    worker.settle(second, retry())
    assert [(claim.part, claim.first_tried) for claim in (first, second, worker.claim_one())] == [
        (0, START),
        (1, None),
        (1, START),
    ]


def test_each_kind_of_space_has_its_own_number_of_parts(worker: Worker) -> None:
    """A text that is one message in a group and two in a 1-1 is sent when that many are."""
    content = Content(group_parts=("one",), direct_parts=("one", "two"))
    number = worker.open("a", place("b", kind=SpaceKind.DIRECT), content=content)
    worker.settle_all(sent())
    assert worker.states(number) == {"a": "sent", "b": "waiting"}


def test_patience_begins_with_the_first_attempt_that_counts(worker: Worker) -> None:
    """Waiting for a rate limit uses none up; after that the first attempt's time stays."""
    worker.open("a")
    seen = []
    for outcome in (retry(counts=False), retry(), in_doubt(), retry()):
        if not (claims := worker.claim()):
            claims = worker.ledger.doubts(worker.now)
        seen.append(claims[0].first_tried)
        worker.settle(claims[0], outcome)
        worker.now += 10
    assert [*seen, worker.claim_one().first_tried] == [None, None, START + 10, START + 10, START + 10]
