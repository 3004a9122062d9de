"""Broadcasts and deliveries in SQLite: opening, claiming, settling. Reading for reports is in `sqlite.py`."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path
from sqlite3 import Connection, IntegrityError, Row

from broadcast.errors import LeaseLost
from broadcast.ledger.sqlite_events import SqliteEvents
from broadcast.model import Content, Destination, Draft, Form, Kind, SpaceKind, State, StoredFile, Why
from broadcast.outcomes import Changed, Claim, GaveUp, InDoubt, Outcome, PartSent, RetryAt

ROWS_A_TRANSACTION = 500
BEHIND_GROUPS = 1_000_000_000

# A claim may be settled while it is the newest of its delivery: `attempts` counts the claims.
SETTLE_SENT = """
    UPDATE deliveries SET parts_sent = parts_sent + 1, message_ids = ltrim(message_ids || ' ' || :id),
    state = iif(parts_sent + 1 >= parts, 'sent', 'waiting'), why = '', detail = '', due_at = 0, first_tried = NULL,
    doubt_at = NULL, settled_at = :now
    WHERE broadcast = :broadcast AND space_id = :space_id AND state = 'sending' AND attempts = :attempt
"""
# A text that was edited meanwhile may have fewer parts than were sent. A change has as many as it takes: 0.
SETTLE_RETRY = """
    UPDATE deliveries SET state = iif(parts AND parts_sent >= parts, 'sent', 'waiting'),
    why = iif(parts AND parts_sent >= parts, '', :why), detail = iif(parts AND parts_sent >= parts, '', :detail),
    settled_at = iif(parts AND parts_sent >= parts, :now, NULL), due_at = :at, doubt_at = NULL,
    first_tried = iif(:counts, coalesce(first_tried, tried_at), first_tried), may_be_more = may_be_more OR :may_be_there
    WHERE broadcast = :broadcast AND space_id = :space_id AND state = 'sending' AND attempts = :attempt
"""
SETTLE_GIVEN_UP = """
    UPDATE deliveries SET state = :state, why = :why, detail = :detail, doubt_at = NULL, settled_at = :now
    WHERE broadcast = :broadcast AND space_id = :space_id AND state = 'sending' AND attempts = :attempt
"""
SETTLE_DOUBT = """
    UPDATE deliveries SET doubt_at = :look_at, detail = :detail, repeat = :repeat,
    first_tried = coalesce(first_tried, tried_at)
    WHERE broadcast = :broadcast AND space_id = :space_id AND state = 'sending' AND attempts = :attempt
"""
SETTLE_STEP = """
    UPDATE deliveries SET parts_sent = parts_sent + 1, state = iif(:is_done, 'sent', 'waiting'), why = '', detail = '',
    due_at = 0, first_tried = NULL, doubt_at = NULL, settled_at = :now
    WHERE broadcast = :broadcast AND space_id = :space_id AND state = 'sending' AND attempts = :attempt
"""
NOTE_COPIES = """
    UPDATE deliveries SET message_ids = :ids, parts_sent = :count WHERE broadcast = :root AND space_id = :space_id
"""
COPIES = "SELECT message_ids FROM deliveries WHERE broadcast = ? AND space_id = ?"
# A message of the root, or one that an earlier edit added, may be there without our knowing: one of an attempt that is
# called unknown, or was before it was made again.
IS_UNSURE = """
    SELECT 1 FROM deliveries WHERE root = :root AND space_id = :space_id AND broadcast < :broadcast
    AND (state = 'unknown' OR may_be_more) AND broadcast IN
    (SELECT number FROM broadcasts WHERE root = :root AND kind != 'recall') LIMIT 1
"""
DROP_CANCELLED = """
    UPDATE deliveries SET state = 'skipped', why = 'cancelled', detail = '', settled_at = ?
    WHERE state = 'waiting' AND broadcast IN
    (SELECT number FROM broadcasts WHERE finished_at IS NULL AND cancelled_at IS NOT NULL)
"""
INSERT_DELIVERY = """
    INSERT OR IGNORE INTO deliveries
    (broadcast, root, seq, space_id, kind, title, parts, state, why, settled_at, activity)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
CLAIM = """
    UPDATE deliveries SET state = 'sending', token = ?, attempts = ?, tried_at = ?, webex_time = ?, doubt_at = NULL,
    repeat = 0, revision = ? WHERE broadcast = ? AND space_id = ?
"""
RUNNING = """
    SELECT number, form, kind, revision FROM broadcasts WHERE finished_at IS NULL AND opened_at IS NOT NULL
    ORDER BY kind = 'send', number
"""
WAIT_AGAIN = """
    UPDATE deliveries SET state = iif(parts AND parts_sent >= parts, 'sent', 'waiting'), why = '', detail = '',
    due_at = 0, first_tried = NULL, doubt_at = NULL, settled_at = iif(parts AND parts_sent >= parts, settled_at, NULL),
    may_be_more = may_be_more OR state = 'unknown'
    WHERE broadcast = ? AND state = ?
"""
REOPEN = "UPDATE broadcasts SET finished_at = NULL, reported_at = NULL, cancelled_at = NULL WHERE number = ?"
# What was changed once more since, or taken back, must not come back.
MAY_WAIT_AGAIN = """
    SELECT 1 FROM broadcasts AS this WHERE number = ? AND finished_at IS NOT NULL
    AND (group_parts != '[]' OR kind = 'recall') AND NOT EXISTS (
        SELECT 1 FROM broadcasts AS later WHERE later.root = this.root AND later.number > this.number
        AND (later.kind = 'recall' OR this.kind = 'edit'))
"""
IS_IN_FLIGHT = "state = 'sending' AND doubt_at IS NULL"
NEXT_WAITING = "SELECT min(due_at) FROM deliveries WHERE broadcast = ? AND state = 'waiting'"
SKIP = """
    UPDATE deliveries SET state = iif(broadcast = root, 'skipped', 'failed'), why = ?, settled_at = ?
    WHERE space_id = ? AND state = 'waiting'
"""
CLAIMABLE = """
    SELECT * FROM deliveries AS this
    WHERE broadcast = :broadcast AND state = 'waiting' AND due_at <= :now AND NOT EXISTS (
        SELECT 1 FROM deliveries AS earlier
        WHERE earlier.space_id = this.space_id AND earlier.broadcast < this.broadcast
        AND earlier.state IN ('waiting', 'sending')
        AND (earlier.root = this.root OR (earlier.root = earlier.broadcast AND this.root = this.broadcast)))
    AND NOT EXISTS (
        SELECT 1 FROM deliveries AS other
        WHERE other.space_id = this.space_id AND other.root = this.root AND other.state = 'sending')
    ORDER BY due_at, seq LIMIT :limit
"""


class SqliteDeliveries(SqliteEvents):
    """The half of the ledger that carries broadcasts."""

    def open_broadcast(self, token: int, draft: Draft, destinations: Iterable[Destination], now: float) -> int | None:
        """Write a broadcast and all its destinations down in one step; None if it was opened before.

        The rows are written in small transactions, so that the webhook's answers are not held up, and count from the
        moment `opened_at` is set; what a crash leaves half written goes with the next lease.
        """
        number = self._stage(token, draft)
        if number is None:
            return None
        rows = _numbered(number, draft.content, destinations, now)
        while chunk := list(islice(rows, ROWS_A_TRANSACTION)):
            with self.write() as db:
                self._hold_staged(token, number)
                db.executemany(INSERT_DELIVERY, chunk)
        with self.write() as db:
            self._hold_staged(token, number)
            db.execute("UPDATE broadcasts SET opened_at = ?, root = number WHERE number = ?", (now, number))
        return number

    def _hold_staged(self, token: int, number: int) -> None:
        """Raise `LeaseLost` where somebody else has begun to plan the same message."""
        self.hold(token)
        found = self.connection.execute("SELECT 1 FROM broadcasts WHERE number = ? AND opened_at IS NULL", (number,))
        if not found.fetchone():
            raise LeaseLost(f"broadcast {number} is being planned by somebody else")

    def _stage(self, token: int, draft: Draft) -> int | None:
        content, file = draft.content, draft.content.file
        row = {
            "source_id": draft.source_id,
            "space_id": draft.space_id,
            "thread_id": draft.thread_id,
            "sender_id": draft.sender.id,
            "sender_name": draft.sender.name,
            "sender_email": draft.sender.email,
            "group_parts": json.dumps(content.group_parts),
            "direct_parts": json.dumps(content.direct_parts),
            "form": content.form.value,
            "card": content.card,
            "file_path": str(file.path) if file else None,
            "file_name": file.name if file else None,
            "file_type": file.content_type if file else None,
            "file_size": file.size if file else None,
            "file_url": file.url if file else "",
            "digest": content.digest,
            "is_private": draft.is_private,
            "asked_at": draft.asked_at,
        }
        names = ", ".join(row)
        values = ", ".join(f":{name}" for name in row)
        try:
            with self.write() as db:
                self.hold(token)
                _drop_half_written(db, draft.source_id)
                return db.execute(f"INSERT INTO broadcasts ({names}) VALUES ({values})", row).lastrowid
        except IntegrityError:
            return None

    def claim(self, token: int, *, limit: int, now: float, webex_time: float) -> list[Claim]:
        """Claim up to `limit` deliveries that are due, in order; in no space before an earlier broadcast is settled."""
        claims: list[Claim] = []
        with self.write() as db:
            self.hold(token)
            running = db.execute(RUNNING)
            for broadcast in running.fetchall():
                room = _room_for(db, broadcast, limit - len(claims))
                if room > 0:
                    question = {"broadcast": broadcast["number"], "now": now, "limit": room}
                    rows = db.execute(CLAIMABLE, question).fetchall()
                    before = [self._as_claim(row, broadcast) for row in rows]
                    claims += [_next(claim, token, broadcast["revision"], now, webex_time) for claim in before]
            db.executemany(
                CLAIM,
                [
                    (token, claim.attempt, now, webex_time, claim.revision, claim.broadcast, claim.space_id)
                    for claim in claims
                ],
            )
        return claims

    def settle(self, outcomes: Sequence[tuple[Claim, Outcome]], now: float) -> None:
        """Write down what became of claims. One that is not the newest claim of its delivery changes nothing."""
        if not outcomes:
            return
        with self.write() as db:
            for claim, outcome in outcomes:
                _settle_one(db, claim, outcome, now)
            db.execute(DROP_CANCELLED, (now,))

    def _as_claim(self, row: Row, broadcast: Row) -> Claim:
        if broadcast["kind"] == Kind.SEND:
            return _claim(row, broadcast)
        origin = self.connection.execute(COPIES, (row["root"], row["space_id"])).fetchone()
        copies = tuple(origin["message_ids"].split()) if origin else ()
        place = {"root": row["root"], "space_id": row["space_id"], "broadcast": row["broadcast"]}
        is_unsure = self.connection.execute(IS_UNSURE, place).fetchone() is not None
        return replace(_claim(row, broadcast), copies=copies, is_unsure=is_unsure)

    def settle_form(self, broadcast: int, form: Form) -> None:
        """Note whether a card goes out as a card or as a file."""
        with self.write() as db:
            db.execute("UPDATE broadcasts SET form = ? WHERE number = ?", (form.value, broadcast))

    def doubt_orphans(self, token: int, look_at: float) -> int:
        """Put what is in flight in doubt, to be looked at then; return how many. For when nothing can be, any more."""
        self.hold(token)
        if not self.connection.execute(f"SELECT 1 FROM deliveries WHERE {IS_IN_FLIGHT} LIMIT 1").fetchone():
            return 0
        with self.write() as db:
            self.hold(token)
            return db.execute(f"UPDATE deliveries SET doubt_at = ? WHERE {IS_IN_FLIGHT}", (look_at,)).rowcount

    def doubts(self, now: float) -> list[Claim]:
        """Return the claims in doubt that are due to be looked at."""
        running = {row["number"]: row for row in self.connection.execute(RUNNING)}
        rows = self.connection.execute(
            "SELECT * FROM deliveries WHERE state = 'sending' AND doubt_at <= ? ORDER BY broadcast, seq", (now,)
        )
        return [self._as_claim(row, running[row["broadcast"]]) for row in rows]

    def next_due(self) -> float | None:
        """Return when the next waiting delivery or doubt is due; None if there is none."""
        db = self.connection
        dues = [db.execute(NEXT_WAITING, (row["number"],)).fetchone()[0] for row in db.execute(RUNNING).fetchall()]
        dues.append(db.execute("SELECT min(doubt_at) FROM deliveries WHERE state = 'sending'").fetchone()[0])
        return min((float(due) for due in dues if due is not None), default=None)

    def content(self, broadcast: int) -> Content:
        """Return what goes out."""
        row = self.connection.execute("SELECT * FROM broadcasts WHERE number = ?", (broadcast,)).fetchone()
        return Content(
            group_parts=tuple(json.loads(row["group_parts"])),
            direct_parts=tuple(json.loads(row["direct_parts"])),
            form=Form(row["form"]),
            card=row["card"],
            file=_stored_file(row) if row["file_path"] else None,
            revision=row["revision"],
        )

    def send_again(self, broadcast: int, states: Sequence[State]) -> int:
        """Let a finished broadcast's deliveries in these states wait once more; return how many that are."""
        with self.write() as db:
            if not db.execute(MAY_WAIT_AGAIN, (broadcast,)).fetchone():
                return 0
            count = sum(db.execute(WAIT_AGAIN, (broadcast, state)).rowcount for state in states)
            if count:
                db.execute(REOPEN, (broadcast,))
            return count

    def skip_space(self, space_id: str, why: Why, now: float) -> int:
        """Skip what waits for a space, and let changes have failed there; return how many deliveries that were."""
        with self.write() as db:
            return db.execute(SKIP, (why.value, now, space_id)).rowcount


def _numbered(
    number: int, content: Content, destinations: Iterable[Destination], now: float
) -> Iterator[tuple[object, ...]]:
    for seq, place in enumerate(destinations):
        is_skipped = place.why is not Why.NONE
        state = State.SKIPPED if is_skipped else State.WAITING
        parts = len(content.parts(place.kind))
        settled_at = now if is_skipped else None
        order = seq if place.kind is SpaceKind.GROUP else BEHIND_GROUPS + seq
        yield (
            number,
            number,
            order,
            place.space_id,
            place.kind,
            place.title,
            parts,
            state,
            place.why,
            settled_at,
            place.last_activity,
        )


def _drop_half_written(db: Connection, source_id: str) -> None:
    row = db.execute("SELECT number FROM broadcasts WHERE source_id = ? AND opened_at IS NULL", (source_id,)).fetchone()
    if row:
        db.execute("DELETE FROM deliveries WHERE broadcast = ?", (row["number"],))
        db.execute("DELETE FROM broadcasts WHERE number = ?", (row["number"],))


def _room_for(db: Connection, broadcast: Row, limit: int) -> int:
    if broadcast["form"] != Form.UNTRIED:
        return limit
    in_flight = db.execute(
        "SELECT 1 FROM deliveries WHERE broadcast = ? AND state = 'sending' AND doubt_at IS NULL LIMIT 1",
        (broadcast["number"],),
    )
    return 0 if in_flight.fetchone() else min(limit, 1)


def _claim(row: Row, broadcast: Row) -> Claim:
    return Claim(
        broadcast=row["broadcast"],
        space_id=row["space_id"],
        kind=SpaceKind(row["kind"]),
        token=row["token"],
        attempt=row["attempts"],
        part=row["parts_sent"],
        tried_at=row["tried_at"],
        webex_time=row["webex_time"],
        first_tried=row["first_tried"],
        repeat=bool(row["repeat"]),
        activity=row["activity"],
        work=Kind(broadcast["kind"]),
        root=row["root"],
        revision=row["revision"],
    )


def _next(claim: Claim, token: int, revision: int, now: float, webex_time: float) -> Claim:
    return replace(
        claim,
        token=token,
        attempt=claim.attempt + 1,
        tried_at=now,
        webex_time=webex_time,
        repeat=False,
        revision=revision,
    )


def _settle_one(db: Connection, claim: Claim, outcome: Outcome, now: float) -> None:
    newest = {"broadcast": claim.broadcast, "space_id": claim.space_id, "attempt": claim.attempt, "now": now}
    match outcome:
        case PartSent(message_id=message_id):
            db.execute(SETTLE_SENT, {**newest, "id": message_id})
        case Changed(copies=copies, is_done=is_done):
            if db.execute(SETTLE_STEP, {**newest, "is_done": is_done}).rowcount:
                place = {"root": claim.root, "space_id": claim.space_id}
                db.execute(NOTE_COPIES, {**place, "ids": " ".join(copies), "count": len(copies)})
        case RetryAt():
            db.execute(SETTLE_RETRY, {**newest, **asdict(outcome)})
        case GaveUp(state=state, why=why, detail=detail):
            db.execute(SETTLE_GIVEN_UP, {**newest, "state": state, "why": why, "detail": detail})
        case InDoubt(look_at=look_at, detail=detail, repeat=repeat):
            db.execute(SETTLE_DOUBT, {**newest, "look_at": look_at, "detail": detail, "repeat": repeat})


def _stored_file(row: Row) -> StoredFile:
    return StoredFile(
        path=Path(row["file_path"]),
        name=row["file_name"],
        content_type=row["file_type"],
        size=row["file_size"],
        url=row["file_url"],
    )
