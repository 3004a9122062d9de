"""Events, remembered facts and the lease in SQLite. Deliveries are in `sqlite_deliveries.py`."""

import json
from collections.abc import Callable
from dataclasses import asdict, fields
from sqlite3 import IntegrityError, Row

from broadcast.errors import LeaseLost
from broadcast.ledger.sqlite_store import Store
from broadcast.model import WHAT_PEOPLE_DO, Event, PendingEvent, Reply, SpaceKind
from broadcast.retry import GRACE

QUEUE_REPLY = """
    INSERT OR IGNORE INTO replies (key, space_id, parent_id, person_id, markdown, card) VALUES (?, ?, ?, ?, ?, ?)
"""
DUE_REPLY = "SELECT * FROM replies WHERE state = 'waiting' AND due_at <= ? ORDER BY rowid LIMIT 1"
CLAIM_REPLY = """
    UPDATE replies SET state = 'sending', first_tried = coalesce(first_tried, ?) WHERE key = ? RETURNING *
"""
DOUBT_REPLIES = "UPDATE replies SET state = 'waiting', due_at = ?, in_doubt = 1 WHERE state = 'sending'"
OPEN_EVENTS = """
    SELECT due_at, holds FROM events WHERE outcome IS NULL AND lane = 'message' ORDER BY asked_at, number
"""
NEXT_DUTY_DUE = "SELECT min(due_at) FROM events WHERE outcome IS NULL AND lane = 'duty'"
REPLY_FIELDS = frozenset(field.name for field in fields(Reply))


class SqliteEvents(Store):
    """The half of the ledger that is not about deliveries."""

    def record(self, event: Event, now: float) -> bool:
        """Write an event down; False if it was there before."""
        lane = "message" if event.resource in WHAT_PEOPLE_DO else "duty"
        try:
            with self.write() as db:
                db.execute(
                    "INSERT INTO events (key, lane, body, asked_at, received_at) VALUES (?, ?, ?, ?, ?)",
                    (event.key, lane, json.dumps(asdict(event)), event.asked_at, now),
                )
        except IntegrityError:
            return False
        return True

    def finish_event(self, event: PendingEvent, outcome: str, now: float) -> None:
        """Note that nothing is left to do about an event."""
        with self.write() as db:
            db.execute("UPDATE events SET outcome = ?, finished_at = ? WHERE number = ?", (outcome, now, event.number))

    def defer_event(self, event: PendingEvent, *, until: float, now: float, counts: bool, holds: bool = True) -> None:
        """Put an event off. `counts` starts the count of its patience; `holds`: those behind it wait."""
        first_tried = event.first_tried if event.first_tried is not None or not counts else now
        with self.write() as db:
            db.execute(
                "UPDATE events SET due_at = ?, attempts = attempts + ?, first_tried = ?, holds = ? WHERE number = ?",
                (until, int(counts), first_tried, int(holds), event.number),
            )

    def next_message(self, now: float) -> PendingEvent | None:
        """Return the message event that was asked for first, unless it is put off: messages keep their order."""
        row = self.connection.execute(
            "SELECT * FROM events WHERE outcome IS NULL AND lane = 'message' AND (holds OR due_at <= ?) "
            "ORDER BY asked_at, number LIMIT 1",
            (now,),
        ).fetchone()
        return _pending(row) if row and row["due_at"] <= now else None

    def next_duty(self, now: float) -> PendingEvent | None:
        """Return the first event of another kind that is due."""
        row = self.connection.execute(
            "SELECT * FROM events WHERE outcome IS NULL AND lane = 'duty' AND due_at <= ? "
            "ORDER BY asked_at, number LIMIT 1",
            (now,),
        ).fetchone()
        return _pending(row) if row else None

    def next_event_due(self) -> float | None:
        """Return when the next event is due; None if none is open. A message that holds keeps those behind it back."""
        dues: list[float] = []
        for row in self.connection.execute(OPEN_EVENTS):
            dues.append(row["due_at"])
            if row["holds"]:
                break
        duty = self.connection.execute(NEXT_DUTY_DUE).fetchone()[0]
        return min(dues if duty is None else [*dues, duty], default=None)

    def next_reply_due(self) -> float | None:
        """Return when the next reply is due; None if none waits."""
        due = self.connection.execute("SELECT min(due_at) FROM replies WHERE state = 'waiting'").fetchone()[0]
        return None if due is None else float(due)

    def forget_events(self, prefix: str) -> None:
        """Forget finished events whose key begins so: what happens again is news then."""
        with self.write() as db:
            db.execute(
                "DELETE FROM events WHERE outcome IS NOT NULL AND substr(key, 1, length(?)) = ?", (prefix, prefix)
            )

    def once(self, key: str, now: float) -> bool:
        """Claim something that must be done at most once; False if somebody did before."""
        with self.write() as db:
            return db.execute("INSERT OR IGNORE INTO done_once VALUES (?, ?)", (key, now)).rowcount == 1

    def queue_reply(self, reply: Reply) -> bool:
        """Write down something to say; False if that was done before."""
        with self.write() as db:
            values = (reply.key, reply.space_id, reply.parent_id, reply.person_id, reply.markdown, reply.card)
            return db.execute(QUEUE_REPLY, values).rowcount == 1

    def next_reply(self, now: float) -> Reply | None:
        """Claim the oldest reply that is due. One that is not settled under this lease is in doubt under the next."""
        if not self.connection.execute(DUE_REPLY, (now,)).fetchone():
            return None
        with self.write() as db:
            row = db.execute(DUE_REPLY, (now,)).fetchone()
            if not row:
                return None
            claimed = db.execute(CLAIM_REPLY, (now, row["key"])).fetchone()
        values = {name: claimed[name] for name in REPLY_FIELDS}
        return Reply(**{**values, "in_doubt": bool(claimed["in_doubt"])})

    def replies_waiting(self) -> int:
        """Return how many replies are not said yet."""
        return int(self.connection.execute("SELECT count(*) FROM replies WHERE state != 'done'").fetchone()[0])

    def settle_reply(self, reply: Reply, *, try_at: float | None, now: float, in_doubt: bool = False) -> None:
        """Note that a reply is done with, or when to try again. `in_doubt`: it may have been said all the same."""
        with self.write() as db:
            if try_at is None:
                db.execute(
                    "UPDATE replies SET state = 'done', markdown = '', card = NULL, settled_at = ? WHERE key = ?",
                    (now, reply.key),
                )
            else:
                db.execute(
                    "UPDATE replies SET state = 'waiting', due_at = ?, in_doubt = ? WHERE key = ? AND state != 'done'",
                    (try_at, in_doubt, reply.key),
                )

    def recall(self, key: str) -> str | None:
        """Return a remembered value."""
        row = self.connection.execute("SELECT value FROM memory WHERE key = ?", (key,)).fetchone()
        return str(row["value"]) if row else None

    def remember(self, key: str, value: str, *, noted_at: float | None = None) -> None:
        """Remember a value: for ever or, where it was noted at a time, until what is older than that is purged."""
        with self.write() as db:
            db.execute("INSERT OR REPLACE INTO memory VALUES (?, ?, ?)", (key, value, noted_at))

    def known_person(self, space_id: str) -> tuple[str | None, float] | None:
        """Return the org id of the other person of a 1-1 (None: gone) and when that was learnt, if it is known."""
        row = self.connection.execute("SELECT org_id, learnt_at FROM people WHERE space_id = ?", (space_id,)).fetchone()
        return (row["org_id"], row["learnt_at"]) if row else None

    def remember_person(self, space_id: str, org_id: str | None, now: float) -> None:
        """Remember the org of the other person of a 1-1 (None: gone)."""
        with self.write() as db:
            db.execute("INSERT OR REPLACE INTO people VALUES (?, ?, ?)", (space_id, org_id, now))

    def forget_person(self, space_id: str) -> None:
        """Forget who is in a 1-1, so that it is asked again."""
        with self.write() as db:
            db.execute("DELETE FROM people WHERE space_id = ?", (space_id,))

    def take_lease(
        self, owner: str, now: float, seconds: float, *, holder_is_dead: Callable[[str], bool]
    ) -> int | None:
        """Return a new token if nobody holds the lease, it has run out, or its holder is dead; None otherwise."""
        with self.write() as db:
            row = db.execute("SELECT owner, token, until FROM lease").fetchone()
            is_free = row["owner"] is None or row["until"] <= now or holder_is_dead(row["owner"])
            if not is_free:
                return None
            token = int(row["token"]) + 1
            db.execute("UPDATE lease SET owner = ?, token = ?, until = ?", (owner, token, now + seconds))
            # Half-written plans of the holder before: their events are still open and will plan again.
            db.execute(
                "DELETE FROM deliveries WHERE broadcast IN (SELECT number FROM broadcasts WHERE opened_at IS NULL)"
            )
            db.execute("DELETE FROM broadcasts WHERE opened_at IS NULL")
            db.execute(DOUBT_REPLIES, (now + GRACE,))
            return token

    def renew_lease(self, token: int, until: float) -> None:
        """Hold the lease longer."""
        with self.write() as db:
            self.hold(token)
            db.execute("UPDATE lease SET until = ?", (until,))

    def drop_lease(self, token: int) -> None:
        """Give the lease back, if it is still held."""
        with self.write() as db:
            db.execute("UPDATE lease SET owner = NULL, until = 0 WHERE token = ?", (token,))

    def hold(self, token: int) -> None:
        """Raise `LeaseLost` unless the token is the newest: to be called inside a transaction."""
        row = self.connection.execute("SELECT token FROM lease").fetchone()
        if row["token"] != token:
            raise LeaseLost(f"lease {token} has been taken over by lease {row['token']}")


def _pending(row: Row) -> PendingEvent:
    body = json.loads(row["body"])
    kind = body["space_kind"]
    body["space_kind"] = SpaceKind(kind) if kind else None
    return PendingEvent(
        number=row["number"],
        event=Event(**body),
        received_at=row["received_at"],
        attempts=row["attempts"],
        first_tried=row["first_tried"],
    )
