"""What a worker knows by heart while it holds the lease: every delivery of what runs, and whose turn is next. No I/O.

Ten thousand deliveries are not read again for each claim; they are put here once, and again whenever one changes.
Beside a change that runs there are the deliveries of what it changes, and of the other changes of that.
"""

from bisect import insort
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace
from heapq import heappop, heappush
from typing import Any

from broadcast.ledger.dynamo_headers import Header
from broadcast.ledger.dynamo_rows import OPEN, Row, claim_of
from broadcast.model import Counts, Form, Kind, State
from broadcast.outcomes import Claim

Place = tuple[int, str]
"""The number of a broadcast and a space."""


class Board:
    """Broadcasts with their deliveries. `token` and `changes` say of which moment they are."""

    def __init__(self, *, token: int = 0, changes: int = 0) -> None:
        self.token = token
        self.changes = changes
        self.headers: dict[int, Header] = {}
        self._rows: dict[int, dict[str, Row]] = {}
        self._standing: dict[int, Counter[str]] = {}
        self._open: defaultdict[str, list[int]] = defaultdict(list)
        self._in_flight: defaultdict[int, set[str]] = defaultdict(set)
        self._in_doubt: set[Place] = set()
        # Entries that do not hold any more are dropped when they come up.
        self._ready: defaultdict[int, list[tuple[float, int, str]]] = defaultdict(list)
        self._dues: list[tuple[float, int, str]] = []

    def add(self, header: Header, rows: Iterable[Row]) -> None:
        """Take a broadcast that runs, or whose copies one that runs changes."""
        self.headers[header.number] = header
        self._rows[header.number] = {}
        self._standing[header.number] = Counter()
        for row in rows:
            self.put(row)

    def close(self, number: int) -> None:
        """Forget a broadcast of which nothing is open, and its family, as soon as nobody of that runs."""
        self.headers[number] = replace(self.headers[number], finished_at=0.0)
        family = self._family(self.headers[number].root)
        if not any(self.headers[one].runs for one in family):
            for one in family:
                del self.headers[one], self._rows[one], self._standing[one]
                self._ready.pop(one, None)

    def settle_form(self, number: int, form: Form) -> None:
        """Note how a broadcast goes out."""
        if number in self.headers:
            self.headers[number] = replace(self.headers[number], form=form)

    def cancel(self, number: int, now: float) -> None:
        """Note that a broadcast is cancelled."""
        if number in self.headers:
            self.headers[number] = replace(self.headers[number], cancelled_at=now)

    def get(self, number: int, space_id: str) -> Row | None:
        """Return a delivery."""
        return self._rows.get(number, {}).get(space_id)

    def rows(self, number: int) -> list[Row]:
        """Return the deliveries of a broadcast."""
        return list(self._rows[number].values())

    def counts(self, number: int) -> Counts | None:
        """Return how many deliveries stand where, if the broadcast is on the board."""
        return Counts(**self._standing[number]) if number in self._rows else None

    def put(self, row: Row) -> None:
        """Take a delivery as it is now, if it is of a broadcast on the board."""
        if row.broadcast not in self._rows:
            return
        was = self.get(row.broadcast, row.space_id)
        self._rows[row.broadcast][row.space_id] = row
        self._standing[row.broadcast][row.state] += 1
        if was:
            self._standing[row.broadcast][was.state] -= 1
        place = (row.broadcast, row.space_id)
        _keep(self._in_flight[row.broadcast], row.space_id, row.is_in_flight)
        _keep(self._in_doubt, place, row.state is State.SENDING and row.doubt_at is not None)
        if row.state is State.WAITING:
            heappush(self._dues, (row.due_at, *place))
        self._note_open(row, was_open=was is not None and was.is_open)

    def _note_open(self, row: Row, *, was_open: bool) -> None:
        in_space = self._open[row.space_id]
        if row.is_open and not was_open:
            insort(in_space, row.broadcast)
        if was_open and not row.is_open:
            in_space.remove(row.broadcast)
        for number in in_space:
            self._line_up(self._rows[number][row.space_id])

    def _line_up(self, row: Row) -> None:
        """Let a delivery be claimed in its turn, if nothing stands in its way."""
        if row.state is State.WAITING and not self._is_held_up(row):
            heappush(self._ready[row.broadcast], (row.due_at, row.seq, row.space_id))

    def _is_held_up(self, row: Row) -> bool:
        """Whether something earlier is open in the space: of the same broadcast, or a message before a message.

        Of one broadcast and its changes only one is sent at a time, whichever came first.
        """
        others = (self._rows[number][row.space_id] for number in self._open[row.space_id] if number != row.broadcast)
        return any(
            (other.broadcast < row.broadcast and (other.root == row.root or (other.is_send and row.is_send)))
            or (other.root == row.root and other.state is State.SENDING)
            for other in others
        )

    def take(self, limit: int, now: float) -> list[Row]:
        """Return the deliveries to be claimed next, those of changes first. Each must be put back, claimed or not."""
        found: list[Row] = []
        running = [header for header in self.headers.values() if header.runs]
        for header in sorted(running, key=lambda one: (one.kind is Kind.SEND, one.number)):
            found += self._take_of(header.number, self._room(header, limit - len(found)), now)
        return found

    def _room(self, header: Header, limit: int) -> int:
        if header.form is not Form.UNTRIED:
            return limit
        return 0 if self._in_flight[header.number] else min(limit, 1)

    def _take_of(self, number: int, limit: int, now: float) -> list[Row]:
        ready = self._ready[number]
        found: dict[str, Row] = {}
        while ready and len(found) < limit and ready[0][0] <= now:
            due_at, _, space_id = heappop(ready)
            row = self._rows[number][space_id]
            if row.state is State.WAITING and row.due_at == due_at and not self._is_held_up(row):
                found[space_id] = row
        return list(found.values())

    def claim(self, row: Row) -> Claim:
        """Return the newest claim of a delivery."""
        work = self.headers[row.broadcast].kind
        if work is Kind.SEND:
            return claim_of(row, work, (), is_unsure=False)
        origin = self.get(row.root, row.space_id)
        return claim_of(row, work, origin.message_ids if origin else (), is_unsure=self._is_unsure(row))

    def _is_unsure(self, row: Row) -> bool:
        """Whether a message of the root, or one that an earlier edit added, may be there without our knowing."""
        earlier = [one for one in self._family(row.root) if one < row.broadcast]
        rows = [self.get(one, row.space_id) for one in earlier if self.headers[one].kind is not Kind.RECALL]
        return any(one is not None and (one.state is State.UNKNOWN or one.may_be_more) for one in rows)

    def _family(self, root: int) -> list[int]:
        return [header.number for header in self.headers.values() if header.root == root]

    def next_due(self) -> float | None:
        """Return when the next delivery that waits or is in doubt is due."""
        while self._dues and not self._still_waits(*self._dues[0]):
            heappop(self._dues)
        looks = (self._rows[number][space_id].doubt_at for number, space_id in self._in_doubt)
        dues = [*(due_at for due_at, _, _ in self._dues[:1]), *(look_at for look_at in looks if look_at is not None)]
        return min(dues, default=None)

    def _still_waits(self, due_at: float, number: int, space_id: str) -> bool:
        row = self.get(number, space_id)
        return row is not None and row.state is State.WAITING and row.due_at == due_at

    def in_doubt(self) -> list[Row]:
        """Return the deliveries in doubt, in order."""
        rows = (self._rows[number][space_id] for number, space_id in self._in_doubt)
        return sorted(rows, key=lambda row: (row.broadcast, row.seq))

    def in_flight(self) -> list[Row]:
        """Return the deliveries that are being sent."""
        return [self._rows[number][space_id] for number, spaces in self._in_flight.items() for space_id in spaces]

    def waiting_for(self, space_id: str) -> list[Row]:
        """Return what waits for a space."""
        rows = (self._rows[number][space_id] for number in self._open[space_id])
        return [row for row in rows if row.state is State.WAITING]

    def all_settled(self) -> list[int]:
        """Return the broadcasts that run and of which nothing is open, in order."""
        return sorted(one.number for one in self.headers.values() if one.runs and not self._unsettled(one.number))

    def _unsettled(self, number: int) -> int:
        return sum(self._standing[number][state] for state in OPEN)


def _keep(kept: set[Any], one: Place | str, is_in: bool) -> None:
    if is_in:
        kept.add(one)
    else:
        kept.discard(one)
