"""What a failed send means, row by row, and how patience grows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.errors import NoAnswer, NoLease, NotSent, Refused, WebexError
from broadcast.model import State, Why
from broadcast.outcomes import GaveUp, InDoubt, Outcome, RetryAt
from broadcast.retry import GRACE, Patience, is_permanent, judge

NOW = 1000.0
HOUR = 3600.0
CALL = "POST messages"


def refused(status: int, retry_after: float | None = None) -> Refused:
    """Return an answer of Webex with an error status."""
    return Refused("no", call=CALL, status=status, retry_after=retry_after)


def patience(*, tried_for: float | None = None, give_up_after: float = HOUR, spread: float = 0.5) -> Patience:
    """Return the patience with a delivery that has been tried for so many seconds, None for the first time."""
    first_tried = None if tried_for is None else NOW - tried_for
    return Patience(now=NOW, first_tried=first_tried, give_up_after=give_up_after, spread=spread)


def in_short(outcome: Outcome) -> str:
    """Return an outcome in a word or two."""
    match outcome:
        case RetryAt(counts=counts):
            return "again" if counts else "again, for nothing"
        case InDoubt(repeat=repeat):
            return "look, then again" if repeat else "look"
        case GaveUp(state=State.FAILED, why=why):
            return f"failed: {why}"
    raise AssertionError(outcome)


TABLE = [
    (refused(400), "failed: invalid", "failed: invalid"),
    (refused(401), "again, for nothing", "again, for nothing"),
    (refused(403), "failed: forbidden", "failed: forbidden"),
    (refused(404), "failed: not_found", "failed: not_found"),
    (refused(405), "failed: other", "failed: other"),
    (refused(408), "again", "failed: gave_up"),
    (refused(409), "failed: other", "failed: other"),
    (refused(410), "failed: not_found", "failed: not_found"),
    (refused(413), "failed: too_large", "failed: too_large"),
    (refused(415), "failed: invalid", "failed: invalid"),
    (refused(423), "again", "failed: gave_up"),
    (refused(425), "again", "failed: gave_up"),
    (refused(428), "failed: forbidden", "failed: forbidden"),
    (refused(429), "again, for nothing", "again, for nothing"),
    (refused(451), "failed: other", "failed: other"),
    (refused(500), "look, then again", "failed: gave_up"),
    (refused(501), "look, then again", "failed: gave_up"),
    (refused(502), "look, then again", "failed: gave_up"),
    (refused(503), "again", "failed: gave_up"),
    (refused(504), "look, then again", "failed: gave_up"),
    (refused(524), "look, then again", "failed: gave_up"),
    (NotSent("connection refused", call=CALL), "again", "failed: gave_up"),
    (NoLease("the lease has run out", call=CALL), "again, for nothing", "again, for nothing"),
    (NoAnswer("time-out", call=CALL), "look", "look"),
]


@pytest.mark.parametrize(("error", "at_first", "in_the_end"), TABLE, ids=[str(row[0]) for row in TABLE])
def test_every_failure_has_its_meaning(error: WebexError, at_first: str, in_the_end: str) -> None:
    """Each failure is repeated, looked up or given up; when patience is spent, nothing that may wait waits on."""
    assert in_short(judge(error, patience())) == at_first
    assert in_short(judge(error, patience(tried_for=HOUR))) == in_the_end


@pytest.mark.parametrize("error", [row[0] for row in TABLE], ids=str)
def test_what_webex_said_is_kept(error: WebexError) -> None:
    """Every outcome carries Webex's own words, for the report and the log."""
    outcome = judge(error, patience())
    assert getattr(outcome, "detail", "") == error.fault


@given(st.integers(300, 599))
def test_no_status_is_unexpected(status: int) -> None:
    """Whatever Webex comes up with, there is an outcome, and one that never says "sent"."""
    assert isinstance(judge(refused(status), patience()), RetryAt | GaveUp | InDoubt)


def test_an_attempt_without_an_answer_is_given_a_moment_before_it_is_looked_up() -> None:
    """Webex may still be at it."""
    assert judge(NoAnswer("time-out", call=CALL), patience()) == InDoubt(look_at=NOW + GRACE, detail="time-out")


@pytest.mark.parametrize("status", [401, 429, 423, 503, 500, 504])
def test_nothing_is_repeated_before_webex_wants_it(status: int) -> None:
    """The wait that Webex asks for is kept."""
    outcome = judge(refused(status, 17.0), patience())
    assert isinstance(outcome, RetryAt | InDoubt)
    assert (outcome.at if isinstance(outcome, RetryAt) else outcome.look_at) == NOW + 17


@pytest.mark.parametrize("status", [401, 429, 423, 503, 500, 504])
def test_an_absurd_wish_is_not_followed(status: int) -> None:
    """A Retry-After of thirty years does not put a delivery off for more than a day."""
    outcome = judge(refused(status, 1e9), patience())
    assert isinstance(outcome, RetryAt | InDoubt)
    assert (outcome.at if isinstance(outcome, RetryAt) else outcome.look_at) <= NOW + 24 * HOUR


@pytest.mark.parametrize(
    ("tried_for", "is_spent"), [(None, False), (0.0, False), (59.9, False), (60.0, True), (99.0, True)]
)
def test_patience_ends_when_it_is_over(tried_for: float | None, is_spent: bool) -> None:
    """It begins with the first failure: before that there is nothing to be impatient about."""
    assert patience(tried_for=tried_for, give_up_after=60).is_spent is is_spent


def test_pauses_grow_with_the_time_tried() -> None:
    """From a second to a minute, and no further."""
    pauses = [patience(tried_for=seconds).pause() for seconds in (0.0, 1.0, 4.0, 16.0, 64.0, 3000.0)]
    assert pauses == [1.0, 1.0, 4.0, 16.0, 60.0, 60.0]


@given(st.none() | st.floats(0, 1e6), st.floats(0, 1), st.none() | st.floats(0, 1e4))
def test_pauses_have_bounds(tried_for: float | None, spread: float, retry_after: float | None) -> None:
    """Half a second at least, never under what Webex asks for, and 90 s at most where it asks nothing."""
    pause = patience(tried_for=tried_for, spread=spread).pause(retry_after)
    assert pause >= max(0.5, retry_after or 0.0)
    assert pause <= max(90.0, retry_after or 0.0)


def test_retries_are_spread() -> None:
    """Those that failed together do not come back together."""
    assert len({patience(tried_for=30.0, spread=spread / 10).pause() for spread in range(11)}) == 11


@pytest.mark.parametrize("tried_for", [3.0, 30.0, 300.0])
def test_an_hour_of_trouble_is_bearable_for_webex(tried_for: float) -> None:
    """However long it lasts, a delivery asks twice a second at most in the beginning, and soon twice a minute."""
    attempts, at = 0, 0.0
    while at < tried_for:
        at += patience(tried_for=at, spread=0.0).pause()
        attempts += 1
    assert attempts <= 2 * tried_for
    assert attempts <= 15 + tried_for / 30


@pytest.mark.parametrize(
    ("error", "is_for_good"),
    [
        *((refused(status), True) for status in (400, 403, 404, 405, 409, 410, 413, 415, 428)),
        *((refused(status), False) for status in (401, 408, 423, 425, 429, 500, 502, 503, 504)),
        (NotSent("x", call=CALL), False),
        (NoAnswer("x", call=CALL), False),
        (ValueError("x"), False),
    ],
    ids=str,
)
def test_a_no_for_good_is_known_as_such(error: Exception, is_for_good: bool) -> None:
    """Asking again would bring the same answer, or might bring another."""
    assert is_permanent(error) is is_for_good


@pytest.mark.parametrize(
    ("error", "did_nothing"),
    [
        *((refused(status), True) for status in (401, 408, 423, 425, 429, 503)),
        *((refused(status), False) for status in (400, 403, 404, 500, 502, 504)),
        (NotSent("x", call=CALL), True),
        (NoAnswer("x", call=CALL), False),
    ],
    ids=str,
)
def test_what_certainly_had_no_effect_and_is_worth_repeating(error: WebexError, did_nothing: bool) -> None:
    """Only that may be repeated without looking: anything else could be a second message."""
    assert error.did_nothing is did_nothing


def test_an_error_says_which_call_it_was() -> None:
    """Call, status and words are in the message; the numbers are attributes."""
    error = Refused("slow down", call="POST messages", status=429, retry_after=3.0, tracking_id="T1")
    assert str(error) == "POST messages: 429 slow down"
    assert (error.status, error.retry_after, error.tracking_id, error.fault) == (429, 3.0, "T1", "429 slow down")


@pytest.mark.parametrize(("status", "why"), [(401, Why.NONE), (429, Why.NONE), (503, Why.OTHER), (423, Why.OTHER)])
def test_a_retry_tells_whose_fault_it_is(status: int, why: Why) -> None:
    """Waiting for a rate limit or a token is not held against the space."""
    outcome = judge(refused(status), patience())
    assert isinstance(outcome, RetryAt)
    assert outcome.why is why
