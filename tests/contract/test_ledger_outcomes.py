"""The contract of every ledger, third part: attempts in doubt, when to look again, skipping."""

from collections.abc import Callable
from pathlib import Path

import pytest

from broadcast.model import State, StoredFile, Why
from broadcast.outcomes import Outcome
from broadcast.ports import Ledger
from tests.contract.records import (
    FAILED,
    START,
    UNKNOWN,
    WEBEX_AHEAD,
    Worker,
    hire,
    in_doubt,
    retry,
    sent,
    spaces,
    text,
)

Opener = Callable[[], Ledger]
FILE = StoredFile(path=Path("/files/a"), name="a.json", content_type="application/json", size=2)


# attempts in doubt


def test_a_doubt_is_looked_at_when_due(worker: Worker) -> None:
    """It comes as the claim it was, with its times and number, and is not claimed meanwhile."""
    worker.open("a")
    claim = worker.claim_one()
    worker.settle(claim, in_doubt(START + 10))
    assert (worker.ledger.doubts(START + 9.9), worker.claim()) == ([], [])
    [doubt] = worker.ledger.doubts(START + 10)
    assert (doubt.space_id, doubt.attempt, doubt.tried_at, doubt.webex_time, doubt.first_tried, doubt.repeat) == (
        *("a", 1, START, START + WEBEX_AHEAD),
        *(START, False),
    )


@pytest.mark.parametrize(
    ("outcome", "state"),
    [(sent(), "sent"), (UNKNOWN, "unknown"), (FAILED, "failed"), (retry(START + 20), "waiting")],
)
def test_a_doubt_is_settled_like_an_attempt(worker: Worker, outcome: Outcome, state: str) -> None:
    """Whatever was found out about it decides; it is no doubt any more."""
    number = worker.open("a")
    worker.settle(worker.claim_one(), in_doubt(START))
    worker.settle(worker.ledger.doubts(START)[0], outcome)
    assert (worker.states(number), worker.ledger.doubts(START + 99)) == ({"a": state}, [])


def test_a_doubt_may_stay_one(worker: Worker) -> None:
    """A look that found nothing out puts the next one off; what Webex said about it is kept."""
    worker.open("a")
    worker.settle(worker.claim_one(), in_doubt(START, repeat=True))
    worker.settle(worker.ledger.doubts(START)[0], in_doubt(START + 30, repeat=True))
    assert worker.ledger.doubts(START + 29) == []
    assert [doubt.repeat for doubt in worker.ledger.doubts(START + 30)] == [True]


def test_the_next_attempt_starts_without_doubt(worker: Worker) -> None:
    """A claim after a doubt that ended in a retry is an ordinary one."""
    worker.open("a")
    worker.settle(worker.claim_one(), in_doubt(START, repeat=True))
    worker.settle(worker.ledger.doubts(START)[0], retry())
    claim = worker.claim_one()
    assert (claim.attempt, claim.repeat, worker.ledger.doubts(START + 99)) == (2, False, [])


def test_doubts_come_in_order(worker: Worker) -> None:
    """Earlier broadcasts and earlier spaces are looked at first."""
    worker.open("b", "a")
    worker.open("c")
    for claim in reversed(worker.claim()):
        worker.settle(claim, in_doubt(START))
    assert spaces(worker.ledger.doubts(START)) == ["b", "a", "c"]


def test_what_a_dead_worker_left_in_flight_is_in_doubt(open_ledger: Opener) -> None:
    """Nothing of it is sent again before somebody has looked; what was settled or waits is left alone."""
    dead = hire(open_ledger())
    dead.open("a", "b", "c")
    first, _ = dead.claim(2)
    dead.settle(first, sent())
    after = hire(open_ledger(), START + 1)
    assert after.ledger.doubt_orphans(after.token, START + 11) == 1
    assert spaces(after.claim()) == ["c"]
    assert (after.ledger.doubts(START + 10), spaces(after.ledger.doubts(START + 11))) == ([], ["b"])


def test_whoever_has_nothing_in_flight_may_doubt_all_that_is(worker: Worker) -> None:
    """Also what it claimed itself and lost sight of; a doubt that is one already keeps its time."""
    worker.open("a", "b", "c")
    worker.settle(worker.claim_one(), in_doubt(START + 5))
    worker.claim(1)
    assert worker.ledger.doubt_orphans(worker.token, START + 60) == 1
    assert spaces(worker.ledger.doubts(START + 5)) == ["a"]
    assert spaces(worker.ledger.doubts(START + 60)) == ["a", "b"]


def test_a_late_answer_still_settles_an_orphan(worker: Worker) -> None:
    """A worker that lost its lease while Webex answered may still say what became of its attempt."""
    number = worker.open("a")
    claim = worker.claim_one()
    after = hire(worker.ledger)
    after.ledger.doubt_orphans(after.token, START)
    worker.settle(claim, sent())
    assert (worker.states(number), after.ledger.doubts(START)) == ({"a": "sent"}, [])


def test_an_orphan_that_was_sent_again_is_not_counted_twice(worker: Worker) -> None:
    """Once the next worker has claimed it, the late answer of the old attempt changes nothing."""
    number = worker.open("a")
    late = worker.claim_one()
    after = hire(worker.ledger)
    after.ledger.doubt_orphans(after.token, START)
    after.settle(after.ledger.doubts(START)[0], retry())
    new = after.claim_one()
    worker.settle(late, sent("old"))
    after.settle(new, sent("new"))
    assert [row.message_ids for row in worker.ledger.deliveries(number)] == [("new",)]


@pytest.mark.parametrize(
    ("space", "message_id", "is_known"),
    [
        ("a", "x1", True),
        ("a", "x2", True),
        ("a", "x", False),
        ("a", "y1", False),
        ("b", "x1", False),
        ("c", "x1", False),
    ],
)
def test_messages_that_are_accounted_for_are_known(worker: Worker, space: str, message_id: str, is_known: bool) -> None:
    """Those that this or an earlier broadcast brought to that space, by their whole id."""
    worker.open("a", "b", content=text("one", "two"))
    for message_id_of in ({"a": "x1", "b": "y1"}, {"a": "x2", "b": "y2"}):
        worker.ledger.settle([(claim, sent(message_id_of[claim.space_id])) for claim in worker.claim()], START)
    later = worker.open("a", "b")
    assert worker.ledger.has_sent(later, space, message_id) is is_known


# when it is worth looking again


def test_the_next_time_due_is_that_of_the_first_delivery_or_doubt(worker: Worker) -> None:
    """Nothing waits: none. What waits counts by its time, what is in doubt by that of the look, what is sent not."""
    seen = [worker.ledger.next_due()]
    worker.open("a", "b", "c")
    seen.append(worker.ledger.next_due())
    first, second, third = worker.claim()
    seen.append(worker.ledger.next_due())
    for claim, outcome in ((first, retry(START + 9)), (second, in_doubt(START + 5)), (third, sent())):
        worker.settle(claim, outcome)
        seen.append(worker.ledger.next_due())
    assert seen == [None, 0.0, None, START + 9, START + 5, START + 5]


# skipping


def test_what_waits_for_a_space_is_skipped(worker: Worker) -> None:
    """In every broadcast, with the reason; other spaces and what is settled stay."""
    first, second = worker.open("a"), worker.open("a", "b")
    worker.settle_all(sent())
    third = worker.open("a")
    worker.claim(1)
    assert worker.ledger.skip_space("a", Why.BOT_REMOVED, START + 3) == 1
    assert (worker.states(first), worker.states(second)) == ({"a": "sent"}, {"a": "sending", "b": "sent"})
    [row] = worker.ledger.deliveries(third)
    assert (row.state, row.why, row.settled_at) == (State.SKIPPED, Why.BOT_REMOVED, START + 3)


def test_a_delivery_skipped_after_a_failed_attempt_stays_skipped(worker: Worker) -> None:
    """The outcome of an attempt that came to nothing before does not bring it back."""
    number = worker.open("a")
    claim = worker.claim_one()
    worker.settle(claim, retry())
    worker.ledger.skip_space("a", Why.BOT_REMOVED, START)
    worker.settle(claim, sent())
    assert (worker.states(number), worker.claim()) == ({"a": "skipped"}, [])
