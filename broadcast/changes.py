"""Edits and recalls of copies, one step of one space at a time: each step is one call to Webex.

A step can be done again without harm, because it names the message it changes; only a part that an edit adds is a
message like any other, and is looked up when no answer came. Chooses nothing: what is to be changed comes with the
claim.
"""

from collections.abc import Callable

from broadcast.errors import Refused, WebexError
from broadcast.model import Content, Kind, State, Why
from broadcast.outcomes import Changed, Claim, GaveUp, Outcome, PartSent, RetryAt
from broadcast.ports import Gateway
from broadcast.retry import Patience, judge, judge_repeatable

INTERRUPTED = "the step may not have been finished"


class Changes:
    """Carries out edits and recalls. `look_up` settles what became of a posted part."""

    def __init__(self, gateway: Gateway, look_up: Callable[[Claim, Content], Outcome]) -> None:
        self._gateway = gateway
        self._look_up = look_up

    def attempt(self, claim: Claim, content: Content) -> Outcome:
        """Do the next step in a space; raises a `WebexError`."""
        if not claim.copies:
            return _no_copy(claim)
        return self._recall(claim) if claim.work is Kind.RECALL else self._edit(claim, content)

    def failed(self, claim: Claim, content: Content, error: WebexError, patience: Patience) -> Outcome:
        """Return what to do about a step that failed."""
        if _adds_part(claim, content):
            return judge(error, patience)
        if claim.work is Kind.EDIT and isinstance(error, Refused) and error.status == 400:
            return GaveUp(state=State.FAILED, why=Why.EDIT_REFUSED, detail=error.fault)
        return judge_repeatable(error, patience)

    def decide(self, claim: Claim, content: Content) -> Outcome:
        """Return what became of a step that got no answer."""
        if not _adds_part(claim, content):
            return RetryAt(at=0.0, why=Why.NONE, detail=INTERRUPTED)
        outcome = self._look_up(claim, content)
        if isinstance(outcome, PartSent):
            return _after_edit(claim, content, (*claim.copies, outcome.message_id))
        return outcome

    def _recall(self, claim: Claim) -> Outcome:
        *left, last = claim.copies
        try:
            self._gateway.delete(last)
        except Refused as error:
            if removed := self._is_shut_out(claim, error):
                return removed
        return Changed(copies=tuple(left), is_done=not left and not claim.is_unsure)

    def _edit(self, claim: Claim, content: Content) -> Outcome:
        parts, copies = content.parts(claim.kind), claim.copies
        if claim.part < min(len(parts), len(copies)):
            return self._edit_part(claim, content)
        if len(copies) > len(parts):
            return self._drop_part(claim, content)
        if claim.is_unsure:
            return _no_copy(claim)
        if not _adds_part(claim, content):
            return _after_edit(claim, content, copies)
        return _after_edit(claim, content, (*copies, self._gateway.post(claim.space_id, parts[len(copies)])))

    def _edit_part(self, claim: Claim, content: Content) -> Outcome:
        text = content.parts(claim.kind)[claim.part]
        try:
            self._gateway.edit(claim.copies[claim.part], claim.space_id, text)
        except Refused as error:
            return self._is_shut_out(claim, error) or GaveUp(state=State.SKIPPED, why=Why.NO_COPY, detail=error.fault)
        return _after_edit(claim, content, claim.copies)

    def _drop_part(self, claim: Claim, content: Content) -> Outcome:
        try:
            self._gateway.delete(claim.copies[-1])
        except Refused as error:
            if removed := self._is_shut_out(claim, error):
                return removed
        return _after_edit(claim, content, claim.copies[:-1])

    def _is_shut_out(self, claim: Claim, error: Refused) -> GaveUp | None:
        """Tell a copy that is gone (None) from one in a space that the bot was removed from; raise any other error."""
        if error.status != 404:
            raise error
        try:
            self._gateway.space(claim.space_id)
        except Refused as refusal:
            if refusal.status not in (403, 404):
                raise
            return GaveUp(state=State.FAILED, why=Why.BOT_REMOVED, detail=refusal.fault)
        return None


def _adds_part(claim: Claim, content: Content) -> bool:
    """Whether the next step posts a message: every copy that is there has been edited, and the text goes on."""
    is_longer = claim.part >= len(claim.copies) > 0 and len(content.parts(claim.kind)) > len(claim.copies)
    return claim.work is Kind.EDIT and is_longer and not claim.is_unsure


def _after_edit(claim: Claim, content: Content, copies: tuple[str, ...]) -> Changed:
    count = len(content.parts(claim.kind))
    is_done = claim.part + 1 >= count and len(copies) == count and not claim.is_unsure
    return Changed(copies=copies, is_done=is_done)


def _no_copy(claim: Claim) -> GaveUp:
    if claim.is_unsure:
        return GaveUp(state=State.UNKNOWN, why=Why.NO_ANSWER)
    return GaveUp(state=State.SKIPPED, why=Why.NO_COPY)
