"""The ledger on SQLite, for one machine: several processes may share the file. No rules of the bot are here."""

from collections.abc import Iterator
from pathlib import Path
from sqlite3 import Row

from broadcast.ledger.sqlite_changes import SqliteChanges
from broadcast.ledger.sqlite_deliveries import IS_IN_FLIGHT
from broadcast.model import Backlog, Broadcast, Counts, Delivery, Form, Kind, SpaceKind, State, Tally, Why

BROADCASTS_JUST_BEFORE = 50
NOTHING_OPEN = """
    finished_at IS NULL AND opened_at IS NOT NULL AND NOT EXISTS
    (SELECT 1 FROM deliveries WHERE broadcast = number AND state IN ('waiting', 'sending'))
"""
IS_ANY_FINISHED = f"SELECT 1 FROM broadcasts WHERE {NOTHING_OPEN} LIMIT 1"
IS_AT_WORK = f"""
    SELECT 1 WHERE EXISTS (SELECT 1 FROM deliveries WHERE {IS_IN_FLIGHT})
    OR EXISTS (SELECT 1 FROM replies WHERE state = 'sending')
    OR EXISTS (SELECT 1 FROM broadcasts WHERE reported_at IS NULL AND finished_at IS NOT NULL)
    OR EXISTS ({IS_ANY_FINISHED})
"""
FINISH = f"UPDATE broadcasts SET finished_at = ? WHERE {NOTHING_OPEN} RETURNING *"


class SqliteLedger(SqliteChanges):
    """The whole ledger. `path` is the database file."""

    def finish_broadcasts(self, token: int, now: float) -> list[Broadcast]:
        """Close the broadcasts of which nothing waits and nothing is being sent, and return them."""
        if not self.connection.execute(IS_ANY_FINISHED).fetchone():
            return []
        with self.write() as db:
            self.hold(token)
            rows = db.execute(FINISH, (now,)).fetchall()
        return [self._broadcast(row) for row in rows]

    def work_left(self, now: float) -> float | None:
        """Return the seconds until there is something to do, 0 if there is now; None if nothing is left at all."""
        if self.connection.execute(IS_AT_WORK).fetchone():
            return 0.0
        dues = (self.next_event_due(), self.next_reply_due(), self.next_due())
        return min((max(0.0, due - now) for due in dues if due is not None), default=None)

    def files_in_use(self) -> frozenset[Path]:
        """Return the files that a broadcast may still need."""
        rows = self.connection.execute("SELECT file_path FROM broadcasts WHERE file_path IS NOT NULL")
        return frozenset(Path(row["file_path"]) for row in rows)

    def running(self) -> int:
        """Return how many broadcasts are not finished."""
        return int(self.connection.execute("SELECT count(*) FROM broadcasts WHERE finished_at IS NULL").fetchone()[0])

    def unreported(self) -> list[Broadcast]:
        """Return finished broadcasts whose outcome was not told to the sender yet."""
        rows = self.connection.execute(
            "SELECT * FROM broadcasts WHERE reported_at IS NULL AND finished_at IS NOT NULL ORDER BY number"
        )
        return [self._broadcast(row) for row in rows]

    def mark_reported(self, broadcast: int, now: float) -> None:
        """Note that the sender has been told, and drop the texts, unless something may be sent once more."""
        with self.write() as db:
            db.execute(
                "UPDATE broadcasts SET reported_at = ? WHERE number = ? AND finished_at IS NOT NULL", (now, broadcast)
            )
            db.execute(
                "UPDATE broadcasts SET group_parts = '[]', direct_parts = '[]', card = NULL, file_path = NULL "
                "WHERE number = :number AND finished_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM deliveries "
                "WHERE broadcast = :number AND state IN ('failed', 'unknown'))",
                {"number": broadcast},
            )

    def broadcasts(self, *, limit: int) -> list[Broadcast]:
        """Return the newest broadcasts, newest first."""
        rows = self.connection.execute(
            "SELECT * FROM broadcasts WHERE opened_at IS NOT NULL ORDER BY number DESC LIMIT ?", (limit,)
        )
        return [self._broadcast(row) for row in rows]

    def broadcast(self, number: int) -> Broadcast | None:
        """Return one broadcast."""
        row = self.connection.execute(
            "SELECT * FROM broadcasts WHERE number = ? AND opened_at IS NOT NULL", (number,)
        ).fetchone()
        return self._broadcast(row) if row else None

    def broadcast_of(self, source_id: str) -> Broadcast | None:
        """Return the broadcast of a message, or the change of a key."""
        return self._first("source_id = ?", source_id)

    def broadcast_in_thread(self, thread_id: str) -> Broadcast | None:
        """Return the newest broadcast, changes aside, that was asked for in a thread."""
        return self._first("thread_id = ? AND kind = 'send'", thread_id)

    def _first(self, condition: str, value: str) -> Broadcast | None:
        question = f"SELECT * FROM broadcasts WHERE {condition} AND opened_at IS NOT NULL ORDER BY number DESC LIMIT 1"
        row = self.connection.execute(question, (value,)).fetchone()
        return self._broadcast(row) if row else None

    def broadcasts_of(self, sender_id: str, *, limit: int) -> list[Broadcast]:
        """Return a sender's newest broadcasts, changes aside, newest first."""
        rows = self.connection.execute(
            "SELECT * FROM broadcasts WHERE sender_id = ? AND kind = 'send' AND opened_at IS NOT NULL "
            "ORDER BY number DESC LIMIT ?",
            (sender_id, limit),
        )
        return [self._broadcast(row) for row in rows]

    def changes_of(self, root: int) -> list[Broadcast]:
        """Return the edits and recalls of a broadcast, oldest first."""
        rows = self.connection.execute(
            "SELECT * FROM broadcasts WHERE root = ? AND kind != 'send' ORDER BY number", (root,)
        )
        return [self._broadcast(row) for row in rows]

    def unfinished(self) -> list[Broadcast]:
        """Return what runs, oldest first."""
        rows = self.connection.execute(
            "SELECT * FROM broadcasts WHERE finished_at IS NULL AND opened_at IS NOT NULL ORDER BY number"
        )
        return [self._broadcast(row) for row in rows]

    def is_open(self, source_id: str) -> bool:
        """Whether a broadcast of this message was opened before."""
        found = self.connection.execute(
            "SELECT 1 FROM broadcasts WHERE source_id = ? AND opened_at IS NOT NULL", (source_id,)
        )
        return found.fetchone() is not None

    def has_sent(self, broadcast: int, space_id: str, message_id: str) -> bool:
        """Whether a message is known as what this or one of the broadcasts just before brought to a space."""
        rows = self.connection.execute(
            "SELECT message_ids FROM broadcasts JOIN deliveries ON broadcast = number "
            "WHERE number BETWEEN ? AND ? AND deliveries.space_id = ?",
            (broadcast - BROADCASTS_JUST_BEFORE, broadcast, space_id),
        )
        return any(message_id in row["message_ids"].split() for row in rows)

    def deliveries(self, number: int) -> Iterator[Delivery]:
        """Yield a broadcast's deliveries in order."""
        rows = self.connection.execute("SELECT * FROM deliveries WHERE broadcast = ? ORDER BY seq", (number,))
        return map(_delivery, rows)

    def tallies(self, number: int, *, examples: int) -> list[Tally]:
        """Return how many deliveries of each kind of space stand where and why, each with a few examples."""
        groups = self.connection.execute(
            "SELECT state, why, kind, count(*) AS count FROM deliveries WHERE broadcast = ? "
            "GROUP BY state, why, kind ORDER BY count(*) DESC",
            (number,),
        ).fetchall()
        return [self._tally(number, group, examples) for group in groups]

    def _tally(self, number: int, group: Row, examples: int) -> Tally:
        rows = self.connection.execute(
            "SELECT * FROM deliveries WHERE broadcast = ? AND state = ? AND why = ? AND kind = ? ORDER BY seq LIMIT ?",
            (number, group["state"], group["why"], group["kind"], examples),
        )
        return Tally(
            state=State(group["state"]),
            why=Why(group["why"]),
            kind=SpaceKind(group["kind"]),
            count=group["count"],
            examples=tuple(map(_delivery, rows)),
        )

    def purge(self, before: float) -> int:
        """Drop finished broadcasts and events older than a time; return how many broadcasts."""
        rows = self.connection.execute("SELECT number FROM broadcasts WHERE finished_at < ?", (before,)).fetchall()
        for row in rows:
            with self.write() as db:
                db.execute("DELETE FROM deliveries WHERE broadcast = ?", (row["number"],))
                db.execute("DELETE FROM broadcasts WHERE number = ?", (row["number"],))
        with self.write() as db:
            db.execute("DELETE FROM events WHERE finished_at < ?", (before,))
            db.execute("DELETE FROM done_once WHERE at < ?", (before,))
            db.execute("DELETE FROM replies WHERE settled_at < ?", (before,))
            db.execute("DELETE FROM memory WHERE noted_at < ?", (before,))
        return len(rows)

    def backlog(self, now: float) -> Backlog:
        """Return what waits."""
        events = self.connection.execute(
            "SELECT count(*) AS events, min(received_at) AS oldest FROM events WHERE outcome IS NULL"
        ).fetchone()
        waiting = self.connection.execute(
            "SELECT count(*) FROM deliveries WHERE state IN ('waiting', 'sending')"
        ).fetchone()[0]
        age = None if events["oldest"] is None else max(0.0, now - events["oldest"])
        return Backlog(events=events["events"], deliveries=waiting, oldest_event_age=age)

    def _broadcast(self, row: Row) -> Broadcast:
        counts = self.connection.execute(
            "SELECT state, count(*) AS count FROM deliveries WHERE broadcast = ? GROUP BY state", (row["number"],)
        )
        return Broadcast(
            number=row["number"],
            source_id=row["source_id"],
            space_id=row["space_id"],
            thread_id=row["thread_id"],
            sender_name=row["sender_name"],
            sender_email=row["sender_email"],
            opened_at=row["opened_at"],
            finished_at=row["finished_at"],
            card_refused=row["card"] is not None and row["form"] == Form.FILE,
            kind=Kind(row["kind"]),
            root=row["root"],
            sender_id=row["sender_id"],
            form=Form(row["form"]),
            digest=row["digest"],
            cancelled_at=row["cancelled_at"],
            is_private=bool(row["is_private"]),
            counts=Counts(**{group["state"]: group["count"] for group in counts}),
        )


def _delivery(row: Row) -> Delivery:
    return Delivery(
        space_id=row["space_id"],
        kind=SpaceKind(row["kind"]),
        title=row["title"],
        state=State(row["state"]),
        why=Why(row["why"]),
        detail=row["detail"],
        message_ids=tuple(row["message_ids"].split()),
        settled_at=row["settled_at"],
    )
