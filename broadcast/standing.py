"""Where a broadcast stands: how far it is, the sentence that says so, and what may be asked for now.

Shared by the live pages and the command line. Pure: records come in, numbers and keys of texts go out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from broadcast.commands import Order
from broadcast.model import Broadcast, Counts, Form, Kind


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a broadcast is, of what it has to do: what was left out does not count."""

    broadcast: Broadcast

    @property
    def counts(self) -> Counts:
        """How many deliveries stand where."""
        return self.broadcast.counts

    @property
    def to_do(self) -> int:
        """How many deliveries there are to make."""
        return self.counts.planned - self.counts.skipped

    @property
    def done(self) -> int:
        """How many of them are settled."""
        return self.to_do - self.counts.unsettled

    @property
    def percent(self) -> int:
        """The settled ones, in per cent; 100 only where all are."""
        if self.to_do == 0:
            return 100 if self.broadcast.finished_at is not None else 0
        return 100 * self.done // self.to_do

    def share(self, count: int) -> float:
        """Return how wide a part of the bar is, in per cent."""
        return round(100 * count / self.to_do, 3) if self.to_do else 0.0


def possible_orders(broadcast: Broadcast, changes: Sequence[Broadcast]) -> tuple[Order, ...]:
    """Return what makes sense now; `changes` are all edits and recalls. What was taken back is not sent again."""
    counts, is_finished = broadcast.counts, broadcast.finished_at is not None
    recalls = [change for change in changes if change.kind is Kind.RECALL]
    is_recall = broadcast.kind is Kind.RECALL
    has_copies = is_recall or bool(counts.sent or counts.unknown or counts.sending)
    can_retry = is_finished and not recalls
    is_send = broadcast.kind is Kind.SEND
    possible = {
        Order.CANCEL: is_send and not is_finished and bool(counts.waiting) and broadcast.cancelled_at is None,
        Order.RECALL: has_copies and broadcast.kind is not Kind.EDIT and all(map(_has_gaps, recalls)),
        Order.RETRY: can_retry and bool(counts.failed),
        Order.RETRY_UNKNOWN: can_retry and is_send and bool(counts.unknown),
    }
    return tuple(order for order, is_possible in possible.items() if is_possible)


def state_key(broadcast: Broadcast, changes: Sequence[Broadcast]) -> str:
    """Return the key of the sentence that says where a broadcast stands."""
    recalls = [change for change in changes if change.kind is Kind.RECALL]
    if recalls:
        is_over = all(recall.finished_at is not None for recall in recalls)
        if not is_over:
            return "page_live_is_being_recalled"
        return "page_live_was_recalled_partly" if any(map(_has_gaps, recalls)) else "page_live_was_recalled"
    counts = broadcast.counts
    if broadcast.finished_at is None:
        return "page_live_is_cancelled" if broadcast.cancelled_at else f"page_live_is_{broadcast.kind}"
    if broadcast.cancelled_at:
        return "page_live_was_cancelled"
    if counts.planned == counts.skipped:
        return "page_live_was_nobody"
    key = f"page_live_was_{broadcast.kind}"
    return f"{key}_partly" if counts.failed or counts.unknown else key


def content_key(broadcast: Broadcast) -> str:
    """Return the key of the words for what went out."""
    if broadcast.card_refused:
        return "page_live_content_card_refused"
    form = Form.CARD if broadcast.form is Form.UNTRIED else broadcast.form
    return f"page_live_content_{form}"


def _has_gaps(recall: Broadcast) -> bool:
    return recall.finished_at is not None and bool(recall.counts.failed or recall.counts.unknown)
