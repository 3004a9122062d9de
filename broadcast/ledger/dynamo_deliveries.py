"""Deliveries in DynamoDB: claiming, settling, skipping. Opening is in `dynamo_opening.py`.

The fence. A step that takes a token reads the lease just before and raises `LeaseLost` under an old one. A holder that
is overtaken between that look and its writes cannot harm: each write is conditional on the version of the delivery that
it has seen, so one claim of many wins, and what the old holder claimed then is in flight by nobody and will be doubted.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from threading import RLock

from broadcast.errors import BroadcastError, LeaseLost
from broadcast.ledger.dynamo_board import Board
from broadcast.ledger.dynamo_events import LEASE
from broadcast.ledger.dynamo_headers import header_key, to_do_key
from broadcast.ledger.dynamo_items import Client
from broadcast.ledger.dynamo_opening import FINISHED, DynamoOpening
from broadcast.ledger.dynamo_queues import NINETY_DAYS
from broadcast.ledger.dynamo_rows import (
    Row,
    Step,
    claim_of,
    claimed,
    doubted,
    row_key,
    row_of,
    row_values,
    settled,
    skipped,
    waiting_again,
)
from broadcast.ledger.dynamo_store import ABSENT
from broadcast.model import Claim, Destination, Draft, Form, Outcome, State, Why

CHANGES = "changes"


@dataclass(frozen=True, kw_only=True)
class Written:
    """A delivery as it is now, and whether a step of it was written; `fault`: nobody knows."""

    row: Row | None
    is_changed: bool = False
    fault: BroadcastError | None = None


class DynamoDeliveries(DynamoOpening):
    """The part of the ledger that carries broadcasts. One thread at a time uses the board."""

    def __init__(
        self, table: str, *, client: Client | None = None, retention: Callable[[], float] = lambda: NINETY_DAYS
    ) -> None:
        super().__init__(table, client=client, retention=retention)
        self._lock = RLock()
        self._board: Board | None = None

    def drop_lease(self, token: int) -> None:
        """Give the lease back, if it is still held."""
        self._forget(token)
        super().drop_lease(token)

    def open_broadcast(self, token: int, draft: Draft, destinations: Iterable[Destination], now: float) -> int | None:
        """Write a broadcast and all its destinations down in one step; None if it was opened before."""
        number = self.stage(token, draft)
        if number is None:
            return None
        rows = self.write_plan(token, number, draft.content, destinations, now)
        with self._lock:
            self.open_staged(token, number, rows, now)
            if self._board and self._board.token == token:
                self._board.add(number, draft.content.form, rows)
        return number

    def claim(self, token: int, *, limit: int, now: float, webex_time: float) -> list[Claim]:
        """Claim up to `limit` deliveries that are due, in order; in no space before an earlier broadcast is settled."""
        with self._lock:
            board = self._held_board(token)
            claims: list[Claim] = []
            while rows := board.take(limit - len(claims), now):
                written = self._write_all([(row, [claimed(token, now, webex_time)]) for row in rows])
                claims += [claim_of(one.row) for one in written if one.is_changed and one.row]
                if faults := [one.fault for one in written if one.fault]:
                    if not claims:
                        raise faults[0]
                    break
            return claims

    def settle(self, outcomes: Sequence[tuple[Claim, Outcome]], now: float) -> None:
        """Write down what became of claims. One that is not the newest claim of its delivery changes nothing."""
        steps: dict[tuple[int, str], list[Step]] = {}
        for claim, outcome in outcomes:
            steps.setdefault((claim.broadcast, claim.space_id), []).append(settled(claim, outcome, now))
        with self._lock:
            known = [(self._known_row(*place), its) for place, its in steps.items()]
            self._raise_first(self._write_all([(row, its) for row, its in known if row]))

    def settle_form(self, broadcast: int, form: Form) -> None:
        """Note whether a card goes out as a card or as a file."""
        super().settle_form(broadcast, form)
        with self._lock:
            if self._board and broadcast in self._board.forms:
                self._board.forms[broadcast] = form

    def doubt_orphans(self, token: int, look_at: float) -> int:
        """Put what is in flight in doubt, to be looked at then; return how many. For when nothing can be, any more."""
        with self._lock:
            rows = self._held_board(token).in_flight()
            return self._raise_first(self._write_all([(row, [doubted(look_at)]) for row in rows]))

    def doubts(self, now: float) -> list[Claim]:
        """Return the claims in doubt that are due to be looked at."""
        with self._lock:
            rows = self._board_at_hand().in_doubt()
        return [claim_of(row) for row in rows if row.doubt_at is not None and row.doubt_at <= now]

    def next_due(self) -> float | None:
        """Return when the next waiting delivery or doubt is due; None if there is none."""
        with self._lock:
            return self._board_at_hand().next_due()

    def send_again(self, broadcast: int, states: Sequence[State]) -> int:
        """Let a finished broadcast's deliveries in these states wait once more; return how many that are."""
        header = self.header(broadcast)
        if header is None or header.finished_at is None or not header.texts_kept:
            return 0
        # Those that wait were left by somebody who broke off here. What the plan leaves out has no version.
        wanted = (*states, State.WAITING) if states else ()
        rows = [(row, [_again(wanted)]) for row in self.rows_of(broadcast) if row.version and row.state in wanted]
        with self._lock:
            count = self._raise_first(self._write_all(rows))
            if count:
                self.put_over(to_do_key(broadcast))
                self.update(
                    header_key(broadcast),
                    "SET #again = :yes REMOVE #finished_at, #reported_at, #counts",
                    only_if=FINISHED,
                    yes=True,
                )
                self.put_over(to_do_key(broadcast))
                self._tell_of_change()
                self._board = None
        return count

    def skip_space(self, space_id: str, why: Why, now: float) -> int:
        """Skip what waits for a space; return how many deliveries that were."""
        with self._lock:
            rows = self._newest_board().waiting_for(space_id)
            count = self._raise_first(self._write_all([(row, [skipped(why, now)]) for row in rows]))
            if count:
                self._tell_of_change()
        return count

    def _held_board(self, token: int) -> Board:
        """Return the board of a lease that is held, read again where others have changed something."""
        try:
            lease = self.hold(token)
        except LeaseLost:
            self._forget(token)
            raise
        changes = lease.number(CHANGES, 0)
        board = self._board
        if board is None or (board.token, board.changes) != (token, changes):
            board = self._board = self._read_board(token, changes)
        return board

    def _board_at_hand(self) -> Board:
        """Return the board of the lease that is held here; for anybody else one that is read now."""
        return self._board or self._read_board(0, 0)

    def _newest_board(self) -> Board:
        """Return a board that is up to date, whoever holds the lease."""
        lease = self.get(LEASE)
        if self._board and lease and lease.number("token", 0) == self._board.token:
            return self._held_board(self._board.token)
        return self._read_board(0, 0)

    def _read_board(self, token: int, changes: int) -> Board:
        board = Board(token=token, changes=changes)
        for header in self.to_do():
            if header.runs:
                board.add(header.number, header.form, self.rows_of(header.number))
        return board

    def _forget(self, token: int) -> None:
        with self._lock:
            if self._board and self._board.token == token:
                self._board = None

    def _tell_of_change(self) -> None:
        """Have the holder of the lease read its board again; this process has the change on its own board."""
        changes = self.count_up(LEASE, CHANGES)
        if self._board:
            is_known = changes == self._board.changes + 1
            self._board = self._board if is_known else None
        if self._board:
            self._board.changes = changes

    def _known_row(self, broadcast: int, space_id: str) -> Row | None:
        return (self._board and self._board.get(broadcast, space_id)) or self._fetch(broadcast, space_id)

    def _fetch(self, broadcast: int, space_id: str) -> Row | None:
        found = self.get(row_key(broadcast, space_id))
        return row_of(found) if found else None

    def _write_all(self, work: Sequence[tuple[Row, Sequence[Step]]]) -> list[Written]:
        """Let rows make their steps, many at once, and put what comes of them on the board."""
        written = self.in_parallel(self._write_steps, work)
        for one in written:
            if one.row and self._board:
                self._board.put(one.row)
        if any(one.fault for one in written):
            self._board = None
        return written

    def _write_steps(self, work: tuple[Row, Sequence[Step]]) -> Written:
        row, steps = work
        is_changed = False
        try:
            for step in steps:
                row, is_written = self._write_step(row, step)
                is_changed = is_changed or is_written
        except BroadcastError as error:
            return Written(row=None, fault=error)
        return Written(row=row, is_changed=is_changed)

    def _write_step(self, row: Row, step: Step) -> tuple[Row, bool]:
        """Make a step from the row as it is: where somebody was faster, from what they have made of it."""
        while new := step(row):
            new = replace(new, version=row.version + 1)
            only_if = "#version = :seen" if row.version else ABSENT
            if self.put(row.key, only_if=only_if, values=row_values(new), bound={"seen": row.version}):
                return new, True
            found = self._fetch(row.broadcast, row.space_id)
            if found is None:
                # Its broadcast has been dropped.
                return row, False
            row = found
        return row, False

    def _raise_first(self, written: Sequence[Written]) -> int:
        """Return how many rows were changed; raise what kept others from it."""
        for one in written:
            if one.fault:
                raise one.fault
        return sum(one.is_changed for one in written)


def _again(states: Sequence[State]) -> Step:
    return lambda row: waiting_again(row) if row.state in states else None
