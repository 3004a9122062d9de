"""Edits, recalls and cancellations in SQLite: what changes a broadcast that was opened before."""

import json
from sqlite3 import Connection, IntegrityError

from broadcast.ledger.sqlite_deliveries import DROP_CANCELLED, SqliteDeliveries
from broadcast.model import Change, Kind

OPEN_CHANGE = """
    INSERT INTO broadcasts (source_id, kind, root, space_id, thread_id, sender_id, sender_name, sender_email,
    is_private, group_parts, direct_parts, form, digest, asked_at, opened_at)
    SELECT :key, :kind, number, space_id, thread_id, sender_id, sender_name, sender_email,
    is_private, :group_parts, :direct_parts, :form, :digest, :asked_at, :now
    FROM broadcasts WHERE number = :root AND kind = 'send' AND opened_at IS NOT NULL
"""
FILL_CHANGE = """
    INSERT INTO deliveries (broadcast, root, seq, space_id, kind, title, parts, state)
    SELECT :number, :root, seq, space_id, kind, title, 0, 'waiting' FROM deliveries
    WHERE broadcast = :root AND (state IN ('sent', 'sending', 'unknown') OR message_ids != '' OR may_be_more)
"""
SUPERSEDE = """
    UPDATE deliveries SET state = 'skipped', why = 'superseded', detail = '', settled_at = :now
    WHERE state = 'waiting' AND broadcast IN
    (SELECT number FROM broadcasts WHERE root = :root AND kind = 'edit' AND number != :number)
"""
REWRITE = """
    UPDATE broadcasts SET revision = revision + 1,
    group_parts = iif(group_parts = '[]', '[]', :group_parts),
    direct_parts = iif(group_parts = '[]', '[]', :direct_parts) WHERE number = :root
"""
COUNT_PARTS = """
    UPDATE deliveries SET parts = iif(kind = 'group', :group, :direct)
    WHERE broadcast = :root AND state IN ('waiting', 'sending', 'failed', 'unknown')
"""
END_SHORTENED = """
    UPDATE deliveries SET state = 'sent', why = '', detail = '', first_tried = NULL, settled_at = :now
    WHERE broadcast = :root AND state = 'waiting' AND parts_sent >= parts
"""
CANCEL = """
    UPDATE broadcasts SET cancelled_at = coalesce(cancelled_at, :now)
    WHERE root = :root AND kind != 'recall' AND finished_at IS NULL
"""
COUNT_WAITING = "SELECT count(*) FROM deliveries WHERE broadcast = ? AND state = 'waiting'"


class SqliteChanges(SqliteDeliveries):
    """The part of the ledger that changes what was opened."""

    def open_change(self, token: int, change: Change, now: float) -> int | None:
        """Open an edit or a recall for every space that has, or may have, a copy; None if it was opened before."""
        content = change.content
        row = {
            "key": change.key,
            "kind": change.kind.value,
            "root": change.root,
            "group_parts": json.dumps(content.group_parts),
            "direct_parts": json.dumps(content.direct_parts),
            "form": content.form.value,
            "digest": content.digest,
            "asked_at": change.asked_at,
            "now": now,
        }
        try:
            with self.write() as db:
                self.hold(token)
                opened = db.execute(OPEN_CHANGE, row)
                if not opened.rowcount:
                    raise LookupError(f"there is no broadcast {change.root} that could be changed")
                number = opened.lastrowid
                if change.kind is Kind.EDIT:
                    _rewrite(db, change, number, now)
                else:
                    _cancel(db, change.root, now)
                db.execute(FILL_CHANGE, {"number": number, "root": change.root})
                return number
        except IntegrityError:
            return None

    def cancel(self, number: int, now: float) -> int:
        """Skip what waits of a broadcast and of its edits, now and later; return how many of its own that were."""
        with self.write() as db:
            before = db.execute(COUNT_WAITING, (number,)).fetchone()[0]
            _cancel(db, number, now)
            return int(before - db.execute(COUNT_WAITING, (number,)).fetchone()[0])


def _cancel(db: Connection, root: int, now: float) -> None:
    db.execute(CANCEL, {"root": root, "now": now})
    db.execute(DROP_CANCELLED, (now,))


def _rewrite(db: Connection, change: Change, number: int | None, now: float) -> None:
    content = change.content
    texts = {"group_parts": json.dumps(content.group_parts), "direct_parts": json.dumps(content.direct_parts)}
    db.execute(REWRITE, {**texts, "root": change.root})
    counts = {"group": len(content.group_parts), "direct": len(content.direct_parts)}
    db.execute(COUNT_PARTS, {**counts, "root": change.root})
    db.execute(END_SHORTENED, {"root": change.root, "now": now})
    db.execute(SUPERSEDE, {"root": change.root, "number": number, "now": now})
