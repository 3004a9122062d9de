"""Edits, recalls and cancellations in DynamoDB: what changes a broadcast that was opened before.

Without transactions: what the change does to the broadcast is written first, each write harmless when it is repeated;
then its own deliveries, and last the mark that it is open. A crash in between is taken up by the repeated event.
"""

from functools import partial

from broadcast.ledger.dynamo_deliveries import DynamoDeliveries, raise_first
from broadcast.ledger.dynamo_headers import Header, changes_of, header_key, staged_change
from broadcast.ledger.dynamo_opening import NOT_DROPPED
from broadcast.ledger.dynamo_rows import cancelled, planned_change, shortened, superseded
from broadcast.model import Change, Content, Kind, State

RUNS = f"{NOT_DROPPED} AND attribute_not_exists(#finished_at)"
REWRITE = (
    "SET #revision = :next, #edited_by = :key, #group_parts = :group_parts, "
    "#direct_parts = :direct_parts, #texts_of = :texts_of"
)
AS_SEEN = f"{NOT_DROPPED} AND #revision = :revision AND #texts_kept = :texts_kept"


class DynamoChanges(DynamoDeliveries):
    """The part of the ledger that changes what was opened."""

    def open_change(self, token: int, change: Change, now: float) -> int | None:
        """Open an edit or a recall for every space that has, or may have, a copy; None if it was opened before."""
        with self.lock:
            self.hold(token)
            root = self.header(change.root)
            if root is None or root.kind is not Kind.SEND:
                raise LookupError(f"there is no broadcast {change.root} that could be changed")
            # It needs the deliveries of its broadcast beside its own; and where it is open already, or something is
            # broken off from here on, the answer to the write that opened it may have been lost.
            self.board = None
            values = partial(staged_change, change=change, root=root)
            header = self.stage_as(token, change.key, change.content, values)
            if header is None:
                return None
            if change.kind is Kind.EDIT:
                self._rewrite(root, change, header.number, now)
            else:
                self._cancel(root.number, now)
            plan = planned_change(header.number, self.rows_of(root.number))
            self.open_staged(token, header, self.write_plan(token, header.number, plan), now)
            return header.number

    def cancel(self, number: int, now: float) -> int:
        """Skip what waits of a broadcast and of its edits, now and later; return how many of its own that were."""
        with self.sure_of_board():
            count = self._cancel(number, now)
            self.tell_of_change()
            return count

    def _cancel(self, root: int, now: float) -> int:
        """Mark first, so that nothing comes back to wait; then skip. Return how many of the root's own were skipped."""
        own = 0
        for header in self._family(root):
            mark = "SET #cancelled_at = if_not_exists(#cancelled_at, :now)"
            if header.kind is Kind.RECALL or not self.update(header_key(header.number), mark, only_if=RUNS, now=now):
                continue
            if self.board:
                self.board.cancel(header.number, now)
            rows = [row for row in self.rows_of(header.number) if row.state is State.WAITING]
            count = raise_first(self.write_all([(row, cancelled(now)) for row in rows]))
            own += count if header.number == root else 0
        return own

    def _family(self, root: int) -> list[Header]:
        """Return a broadcast and its changes, as far as they count."""
        own = self.header(root)
        changes = [header for header in self.headers_in(changes_of(root)) if header.is_open]
        return [own, *changes] if own else changes

    def _rewrite(self, root: Header, change: Change, number: int, now: float) -> None:
        """Replace the text of what waits, and end what has enough of it or what would bring an older one."""
        self._write_new_texts(root.number, change, number)
        rows = [row for row in self.rows_of(root.number) if row.state is State.WAITING and row.parts_sent]
        parts = {row.space_id: len(change.content.parts(row.kind)) for row in rows}
        raise_first(self.write_all([(row, shortened(parts[row.space_id], now)) for row in rows]))
        for header in self._family(root.number):
            if header.kind is Kind.EDIT and header.number != number:
                waiting = [row for row in self.rows_of(header.number) if row.state is State.WAITING]
                raise_first(self.write_all([(row, superseded(now)) for row in waiting]))

    def _write_new_texts(self, root: int, change: Change, number: int) -> None:
        while (seen := self.header(root)) and seen.edited_by != change.key:
            if seen.texts_kept:
                old = self.content(root)
                self.write_texts(root, number, _with_parts(old, change.content))
            is_written = self.update(
                header_key(root),
                REWRITE,
                only_if=AS_SEEN,
                next=seen.revision + 1,
                key=change.key,
                group_parts=len(change.content.group_parts),
                direct_parts=len(change.content.direct_parts),
                texts_of=number if seen.texts_kept else seen.texts_of,
                revision=seen.revision,
                texts_kept=seen.texts_kept,
            )
            if is_written:
                return


def _with_parts(old: Content, new: Content) -> Content:
    return Content(group_parts=new.group_parts, direct_parts=new.direct_parts, card=old.card)
