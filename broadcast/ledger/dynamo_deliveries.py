"""Deliveries in DynamoDB: claiming, settling, skipping. Opening is in `dynamo_opening.py`.

The fence. A step that takes a token reads the lease just before and raises `LeaseLost` under an old one. A holder that
is overtaken between that look and its writes cannot harm: each write is conditional on the version of the delivery that
it has seen, so one claim of many wins, and what the old holder claimed then is in flight by nobody and will be doubted.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from threading import RLock

from broadcast.errors import BroadcastError, LeaseLost
from broadcast.ledger.dynamo_board import Board
from broadcast.ledger.dynamo_events import LEASE
from broadcast.ledger.dynamo_headers import Header, changes_of, header_key, to_do_key
from broadcast.ledger.dynamo_items import Client
from broadcast.ledger.dynamo_opening import FINISHED, DynamoOpening
from broadcast.ledger.dynamo_queues import NINETY_DAYS
from broadcast.ledger.dynamo_rows import (
    Row,
    Step,
    cancelled,
    claimed,
    doubted,
    is_newest,
    planned,
    row_key,
    row_of,
    row_values,
    settled,
    skipped,
    waiting_again,
    with_copies,
)
from broadcast.ledger.dynamo_store import ABSENT
from broadcast.model import Destination, Draft, Form, Kind, State, Why
from broadcast.outcomes import Changed, Claim, Outcome

CHANGES = "changes"
REOPEN = "SET #again = :again REMOVE #finished_at, #reported_at, #cancelled_at, #counts ADD #reopened :one"


@dataclass(frozen=True, kw_only=True)
class Written:
    """Deliveries as they are now, and whether one was changed; where there is a `fault`, nobody knows."""

    rows: tuple[Row, ...] = ()
    is_changed: bool = False
    fault: BroadcastError | None = None


class DynamoDeliveries(DynamoOpening):
    """The part of the ledger that carries broadcasts. One thread at a time uses the board."""

    def __init__(
        self, table: str, *, client: Client | None = None, retention: Callable[[], float] = lambda: NINETY_DAYS
    ) -> None:
        super().__init__(table, client=client, retention=retention)
        self.lock = RLock()
        self.board: Board | None = None

    def drop_lease(self, token: int) -> None:
        """Give the lease back, if it is still held."""
        self._forget(token)
        super().drop_lease(token)

    def open_broadcast(self, token: int, draft: Draft, destinations: Iterable[Destination], now: float) -> int | None:
        """Write a broadcast and all its destinations down in one step; None if it was opened before."""
        header = self.stage(token, draft)
        if header is None:
            # The answer to the write that opened it may have been lost.
            self._forget(token)
            return None
        rows = self.write_plan(token, header.number, planned(header.number, destinations, now))
        with self.sure_of_board():
            header = self.open_staged(token, header, rows, now)
            if self.board and self.board.token == token:
                self.board.add(header, rows)
        return header.number

    def claim(self, token: int, *, limit: int, now: float, webex_time: float) -> list[Claim]:
        """Claim up to `limit` deliveries that are due, in order; in no space before an earlier broadcast is settled."""
        with self.lock:
            board = self.held_board(token)
            claims: list[Claim] = []
            while rows := board.take(limit - len(claims), now):
                work = [(row, _claiming(board.headers[row.broadcast], token, now, webex_time)) for row in rows]
                written = self.write_all(work)
                claims += [board.claim(one.rows[-1]) for one in written if one.is_changed and _is_claim(one.rows[-1])]
                if faults := [one.fault for one in written if one.fault]:
                    if not claims:
                        raise faults[0]
                    break
            return claims

    def settle(self, outcomes: Sequence[tuple[Claim, Outcome]], now: float) -> None:
        """Write down what became of claims. One that is not the newest claim of its delivery changes nothing."""
        of_space: dict[tuple[int, str], list[tuple[Claim, Outcome]]] = {}
        for claim, outcome in outcomes:
            of_space.setdefault((claim.root, claim.space_id), []).append((claim, outcome))
        with self.lock:
            written = self.in_parallel(partial(self._settle_space, now=now), list(of_space.values()))
            raise_first(self._noted(written))

    def _settle_space(self, outcomes: Sequence[tuple[Claim, Outcome]], now: float) -> Written:
        rows: list[Row] = []
        try:
            for claim, outcome in outcomes:
                rows += self._settle_one(claim, outcome, now, rows)
        except BroadcastError as error:
            return Written(fault=error)
        return Written(rows=tuple(rows), is_changed=True)

    def _settle_one(self, claim: Claim, outcome: Outcome, now: float, before: Sequence[Row]) -> list[Row]:
        row = self._known_row(claim.broadcast, claim.space_id, before)
        header = self._known_header(claim.broadcast)
        if row is None or header is None or not is_newest(row, claim):
            return []
        rows: list[Row] = []
        origin = self._known_row(row.root, row.space_id, before) if isinstance(outcome, Changed) else None
        if origin and isinstance(outcome, Changed):
            # First: a step that is written down as done must be seen in the copies.
            rows.append(self.write_step(origin, with_copies(outcome.copies))[0])
        parts, is_cancelled = header.parts(row.kind), header.is_cancelled
        step = settled(claim, outcome, now, parts=parts, is_cancelled=is_cancelled)
        return [*rows, self.write_step(row, step)[0]]

    def settle_form(self, broadcast: int, form: Form) -> None:
        """Note whether a card goes out as a card or as a file."""
        super().settle_form(broadcast, form)
        with self.lock:
            if self.board:
                self.board.settle_form(broadcast, form)

    def doubt_orphans(self, token: int, look_at: float) -> int:
        """Put what is in flight in doubt, to be looked at then; return how many. For when nothing can be, any more."""
        with self.lock:
            rows = self.held_board(token).in_flight()
            return raise_first(self.write_all([(row, doubted(look_at)) for row in rows]))

    def doubts(self, now: float) -> list[Claim]:
        """Return the claims in doubt that are due to be looked at."""
        with self.lock:
            board = self._board_at_hand()
            return [board.claim(row) for row in board.in_doubt() if row.doubt_at is not None and row.doubt_at <= now]

    def next_due(self) -> float | None:
        """Return when the next waiting delivery or doubt is due; None if there is none."""
        with self.lock:
            return self._board_at_hand().next_due()

    def send_again(self, broadcast: int, states: Sequence[State]) -> int:
        """Let a finished broadcast's deliveries in these states wait once more; return how many that are.

        It is done with the one write to the header. The deliveries follow: here, or where this is broken off with the
        next board on which the broadcast is.
        """
        header = self.header(broadcast)
        if header is None:
            return 0
        if header.runs and header.reopened:
            # Whoever let it run again may have broken off before the holder of the lease was told.
            self._have_board_read()
        if not self._may_wait_again(header):
            return 0
        rows = [row for row in self.rows_of(broadcast) if row.version and row.state in states]
        with self.sure_of_board():
            reopened = self._reopen(broadcast, states) if rows else None
            if reopened is None:
                return 0
            self._let_wait(reopened, rows)
        return len(rows)

    def _may_wait_again(self, header: Header) -> bool:
        """Whether it is over and its texts are kept, and nothing was changed once more since, or taken back."""
        if header.finished_at is None or not (header.texts_kept or header.kind is Kind.RECALL):
            return False
        later = [one for one in self.headers_in(changes_of(header.root)) if one.is_open and one.number > header.number]
        return not any(one.kind is Kind.RECALL or header.kind is Kind.EDIT for one in later)

    def _reopen(self, broadcast: int, states: Sequence[State]) -> Header | None:
        self.put_over(to_do_key(broadcast))
        is_ours = self.update(header_key(broadcast), REOPEN, only_if=FINISHED, again=" ".join(states), one=1)
        # Once more, because somebody who marks it as reported may take it back at this moment.
        self.put_over(to_do_key(broadcast))
        self._have_board_read()
        return self.header(broadcast) if is_ours else None

    def _let_wait(self, header: Header, rows: Sequence[Row]) -> int:
        """Let what is to be sent again wait, as far as nobody else has; return how many deliveries that were."""
        # What the plan leaves out has no version.
        some = [row for row in rows if row.version]
        work = [(row, waiting_again(header.again, header.reopened, header.parts(row.kind))) for row in some]
        return raise_first(self.write_all([(row, step) for row, step in work if step(row)]))

    def _have_board_read(self) -> None:
        with self.lock:
            self.board = None
            self.tell_of_change()

    def skip_space(self, space_id: str, why: Why, now: float) -> int:
        """Skip what waits for a space, and let changes have failed there; return how many deliveries that were."""
        with self.lock:
            rows = self.newest_board().waiting_for(space_id)
            count = raise_first(self.write_all([(row, skipped(why, now)) for row in rows]))
            if count:
                self.tell_of_change()
        return count

    def held_board(self, token: int) -> Board:
        """Return the board of a lease that is held, read again where others have changed something."""
        try:
            lease = self.hold(token)
        except LeaseLost:
            self._forget(token)
            raise
        changes = lease.number(CHANGES, 0)
        board = self.board
        if board is None or (board.token, board.changes) != (token, changes):
            board = self.board = self._read_board(token, changes)
        return board

    def _board_at_hand(self) -> Board:
        """Return the board of the lease that is held here; for anybody else one that is read now."""
        return self.board or self._read_board(0, 0)

    def newest_board(self) -> Board:
        """Return a board that is up to date, whoever holds the lease."""
        lease = self.get(LEASE)
        if self.board and lease and lease.number("token", 0) == self.board.token:
            return self.held_board(self.board.token)
        return self._read_board(0, 0)

    def _read_board(self, token: int, changes: int) -> Board:
        board = Board(token=token, changes=changes)
        wanted = {header.number: header for header in self.to_do() if header.runs}
        roots = {header.root for header in wanted.values() if header.kind is not Kind.SEND}
        for root in sorted(roots):
            for header in (self.header(root), *self.headers_in(changes_of(root))):
                if header and header.is_open:
                    wanted.setdefault(header.number, header)
        for header in wanted.values():
            rows = self.rows_of(header.number)
            if token and header.runs and self._let_wait(header, rows):
                rows = self.rows_of(header.number)
            board.add(header, rows)
        return board

    @contextmanager
    def sure_of_board(self) -> Iterator[None]:
        """Use the board alone; have it read again if something is broken off, as nobody knows what was written then."""
        with self.lock:
            try:
                yield
            except BaseException:
                self.board = None
                raise

    def _forget(self, token: int) -> None:
        with self.lock:
            if self.board and self.board.token == token:
                self.board = None

    def tell_of_change(self) -> None:
        """Have the holder of the lease read its board again; this process has the change on its own board."""
        changes = self.count_up(LEASE, CHANGES)
        if self.board and changes == self.board.changes + 1:
            self.board.changes = changes
        else:
            self.board = None

    def _known_row(self, broadcast: int, space_id: str, before: Sequence[Row] = ()) -> Row | None:
        for row in reversed(before):
            if (row.broadcast, row.space_id) == (broadcast, space_id):
                return row
        return (self.board and self.board.get(broadcast, space_id)) or self._fetch(broadcast, space_id)

    def _known_header(self, broadcast: int) -> Header | None:
        return (self.board and self.board.headers.get(broadcast)) or self.header(broadcast)

    def _fetch(self, broadcast: int, space_id: str) -> Row | None:
        found = self.get(row_key(broadcast, space_id))
        return row_of(found) if found else None

    def write_all(self, work: Sequence[tuple[Row, Step]]) -> list[Written]:
        """Let deliveries make their steps, many at once, and put what comes of them on the board."""
        return self._noted(self.in_parallel(self._write_safely, work))

    def _noted(self, written: list[Written]) -> list[Written]:
        for row in (row for one in written for row in one.rows):
            if self.board:
                self.board.put(row)
        if any(one.fault for one in written):
            self.board = None
        return written

    def _write_safely(self, work: tuple[Row, Step]) -> Written:
        try:
            row, is_changed = self.write_step(*work)
        except BroadcastError as error:
            return Written(fault=error)
        return Written(rows=(row,), is_changed=is_changed)

    def write_step(self, row: Row, step: Step) -> tuple[Row, bool]:
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


def raise_first(written: Sequence[Written]) -> int:
    """Return how many rows were changed; raise what kept others from it."""
    for one in written:
        if one.fault:
            raise one.fault
    return sum(one.is_changed for one in written)


def _claiming(header: Header, token: int, now: float, webex_time: float) -> Step:
    # What was in flight when its broadcast was cancelled by another process may have come back to wait.
    return cancelled(now) if header.is_cancelled else claimed(token, header.revision, now, webex_time)


def _is_claim(row: Row) -> bool:
    return row.state is State.SENDING
