"""What a failed send means and what to do about it, as one table. No I/O, no clock, no sleeping.

Facts: the status codes of the Webex API reference; Webex has no idempotency key, so a request that went out and brought
no answer is never simply repeated.
"""

from dataclasses import dataclass

from broadcast.errors import NoAnswer, NoLease, NotSent, Refused, WebexError
from broadcast.model import State, Why
from broadcast.outcomes import GaveUp, InDoubt, Outcome, RetryAt

LONGEST_PAUSE = 60.0
LONGEST_WISH = 6 * 3600.0
"""Seconds: a Retry-After that is longer than any Webex has sent is taken for a mistake."""

GRACE = 10.0
"""Seconds after an attempt without an answer before its outcome is looked up: Webex may still be at it."""

PERMANENT = {
    400: Why.INVALID,
    403: Why.FORBIDDEN,
    404: Why.NOT_FOUND,
    410: Why.NOT_FOUND,
    413: Why.TOO_LARGE,
    415: Why.INVALID,
    428: Why.FORBIDDEN,
}
SAFE_TO_REPEAT = (408, 423, 425, 503)
"""The server says that it did nothing."""

FAILED_AT_ONCE = (500, 502)
"""The server failed, and is not at it any more. Another 5xx may come from a gateway that has given up waiting."""


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long a delivery has been tried: `first_tried` None at the first failure; all in seconds.

    `spread` (0 … 1) keeps retries from coming all at once.
    """

    now: float
    first_tried: float | None
    give_up_after: float
    spread: float = 0.5

    @property
    def is_spent(self) -> bool:
        """Whether it is time to give up."""
        return self.first_tried is not None and self.now - self.first_tried >= self.give_up_after

    def pause(self, retry_after: float | None = None) -> float:
        """Return the seconds until the next attempt: about as long as it has been tried, and what Webex asks for."""
        tried_for = self.now - self.first_tried if self.first_tried is not None else 0.0
        grown = min(LONGEST_PAUSE, max(1.0, tried_for)) * (0.5 + self.spread)
        return max(grown, min(retry_after or 0.0, LONGEST_WISH))


def judge(error: WebexError, patience: Patience) -> Outcome:
    """Return what to do about a failed send."""
    match error:
        case NoLease():
            return RetryAt(at=0.0, why=Why.NONE, detail=error.fault, counts=False)
        case NoAnswer():
            return InDoubt(look_at=patience.now + GRACE, detail=error.fault)
        case NotSent():
            return _repeat(error, patience, None)
        case Refused():
            return _judge_status(error, patience)
    return GaveUp(state=State.FAILED, why=Why.OTHER, detail=str(error))


def judge_repeatable(error: WebexError, patience: Patience) -> Outcome:
    """Return what to do about a failed edit or deletion: what may have been done can simply be done again."""
    outcome = judge(error, patience)
    if isinstance(outcome, InDoubt):
        return _repeat(error, patience, error.retry_after if isinstance(error, Refused) else None)
    return outcome


def _judge_status(error: Refused, patience: Patience) -> Outcome:
    if error.status in (401, 429):
        # The gate is closed for everybody until this is over; the space has nothing to do with it.
        at = patience.now + min(error.retry_after or 1.0, LONGEST_WISH)
        return RetryAt(at=at, why=Why.NONE, detail=error.fault, counts=False)
    if error.status in SAFE_TO_REPEAT:
        return _repeat(error, patience, error.retry_after)
    if error.status >= 500:
        # It may have arrived all the same: looked up first, repeated if it has not.
        if patience.is_spent:
            return GaveUp(state=State.FAILED, why=Why.GAVE_UP, detail=error.fault)
        grace = 0.0 if error.status in FAILED_AT_ONCE else GRACE
        look_at = patience.now + max(grace, patience.pause(error.retry_after))
        return InDoubt(look_at=look_at, detail=error.fault, repeat=True)
    return GaveUp(state=State.FAILED, why=PERMANENT.get(error.status, Why.OTHER), detail=error.fault)


def _repeat(error: WebexError, patience: Patience, retry_after: float | None) -> Outcome:
    if patience.is_spent:
        return GaveUp(state=State.FAILED, why=Why.GAVE_UP, detail=error.fault)
    return RetryAt(at=patience.now + patience.pause(retry_after), why=Why.OTHER, detail=error.fault)


def is_permanent(error: Exception) -> bool:
    """Whether Webex has said no for good: asking again would bring the same answer."""
    return isinstance(error, Refused) and 400 <= error.status < 500 and error.status not in (401, 408, 423, 425, 429)
