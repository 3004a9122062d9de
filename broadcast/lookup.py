"""Settling an attempt that got no answer: what can be found out afterwards, and what follows where it cannot.

A 1-1 can be read back; a space whose last activity is older than the attempt, by Webex's clock, did not get it.
A bot may not list a group space, and Webex has no idempotency key, so the rest stays unknown. Sends nothing.
"""

from collections.abc import Callable
from dataclasses import replace

from broadcast.config import DeliveryRules
from broadcast.errors import Refused, WebexError
from broadcast.model import Content, Message, SpaceKind, State, Why
from broadcast.outcomes import Claim, GaveUp, InDoubt, Outcome, PartSent, RetryAt
from broadcast.ports import Clock, Gateway, Ledger
from broadcast.retry import Patience

UNANSWERED = "the request went out and no answer came back"
NO_TRACE = "the attempt left no trace at Webex"
CLOCK_MARGIN = 2.0
"""Seconds: Webex's clock is known from Date headers, which show whole seconds."""


class Lookup:
    """Decides claims in doubt."""

    def __init__(self, gateway: Gateway, ledger: Ledger, clock: Clock, rules: Callable[[], DeliveryRules]) -> None:
        self._gateway = gateway
        self._ledger = ledger
        self._clock = clock
        self._rules = rules

    def decide(self, claim: Claim, content: Content) -> Outcome:
        """Return what became of an attempt, as far as it can be known."""
        try:
            if claim.kind is SpaceKind.DIRECT:
                return self._read_back(claim, content)
            return self._compare_activity(claim)
        except Refused as error:
            if error.status in (403, 404):
                return self._undecided(replace(claim, repeat=False), error.fault)
            return self._later(claim, error)
        except WebexError as error:
            return self._later(claim, error)

    def _patience(self, claim: Claim) -> Patience:
        return Patience(
            now=self._clock.now(),
            first_tried=claim.first_tried,
            give_up_after=self._rules().give_up_after_minutes * 60,
        )

    def _read_back(self, claim: Claim, content: Content) -> Outcome:
        since = claim.webex_time - CLOCK_MARGIN
        candidates = [
            message
            for message in self._gateway.own_messages_since(claim.space_id, since)
            if message.parent_id is None
            and message.id not in claim.copies
            and not self._ledger.has_sent(claim.broadcast, claim.space_id, message.id)
        ]
        # Something of the bot's own has come there since: to send once more might be to send twice.
        may_be_there = replace(claim, repeat=False)
        if candidates and content.revision != claim.revision:
            return self._undecided(may_be_there, "the text was edited meanwhile, so the message cannot be recognized")
        for message in candidates:
            if says(message, content.parts(claim.kind)[claim.part]):
                return PartSent(message_id=message.id)
        if any(not message.markdown for message in candidates):
            return self._undecided(may_be_there, "the message cannot be told from others")
        return self._not_sent(claim)

    def _compare_activity(self, claim: Claim) -> Outcome:
        last = self._gateway.space(claim.space_id).last_activity
        if last is None:
            return self._undecided(replace(claim, repeat=False), UNANSWERED)
        is_unchanged = claim.part == 0 and claim.activity is not None and last <= claim.activity
        if is_unchanged or last < claim.webex_time - CLOCK_MARGIN:
            return self._not_sent(claim)
        # Something has come there since: to send once more might be to send twice, whatever Webex said.
        return self._undecided(replace(claim, repeat=False), UNANSWERED)

    def _not_sent(self, claim: Claim) -> Outcome:
        if self._patience(claim).is_spent:
            return GaveUp(state=State.FAILED, why=Why.GAVE_UP, detail=NO_TRACE)
        return RetryAt(at=0.0, why=Why.NONE, detail=NO_TRACE)

    def _undecided(self, claim: Claim, detail: str) -> Outcome:
        is_repeated = claim.repeat or self._rules().when_unknown == "resend"
        if is_repeated and not self._patience(claim).is_spent:
            return RetryAt(at=self._clock.now(), why=Why.OTHER, detail=detail, may_be_there=True)
        return GaveUp(state=State.UNKNOWN, why=Why.NO_ANSWER, detail=detail)

    def _later(self, claim: Claim, error: WebexError) -> Outcome:
        patience = self._patience(claim)
        if patience.is_spent:
            return self._undecided(claim, error.fault)
        retry_after = error.retry_after if isinstance(error, Refused) else None
        return InDoubt(look_at=patience.now + patience.pause(retry_after), detail=error.fault, repeat=claim.repeat)


def says(message: Message, text: str) -> bool:
    """Whether a message is this text: nobody knows what Webex makes of blanks."""
    return message.markdown.split() == text.split()
