"""What a worker knows by heart while it holds the lease: every delivery of what runs, and whose turn is next. No I/O.

Ten thousand deliveries are not read again for each claim; they are put here once, and again whenever one changes.
"""

from bisect import insort
from collections import Counter, defaultdict
from heapq import heappop, heappush

from broadcast.ledger.dynamo_rows import Row
from broadcast.model import Form, State

Place = tuple[int, str]
"""The number of a broadcast and a space."""


class Board:
    """The deliveries of the broadcasts that run. `token` and `changes` say of which moment they are."""

    def __init__(self, *, token: int = 0, changes: int = 0) -> None:
        self.token = token
        self.changes = changes
        self.forms: dict[int, Form] = {}
        self._rows: dict[int, dict[str, Row]] = {}
        self._unsettled: Counter[int] = Counter()
        self._open: defaultdict[str, list[int]] = defaultdict(list)
        self._in_flight: defaultdict[int, set[str]] = defaultdict(set)
        self._in_doubt: set[Place] = set()
        # Entries that do not hold any more are dropped when they come up.
        self._ready: defaultdict[int, list[tuple[float, int, str]]] = defaultdict(list)
        self._dues: list[tuple[float, int, str]] = []

    def add(self, number: int, form: Form, rows: list[Row]) -> None:
        """Take a broadcast that runs."""
        self.forms[number] = form
        self._rows[number] = {}
        for row in rows:
            self.put(row)

    def close(self, number: int) -> None:
        """Forget a broadcast of which nothing is open."""
        del self.forms[number], self._rows[number]
        self._ready.pop(number, None)
        self._in_flight.pop(number, None)

    def get(self, number: int, space_id: str) -> Row | None:
        """Return a delivery."""
        return self._rows.get(number, {}).get(space_id)

    def rows(self, number: int) -> list[Row]:
        """Return the deliveries of a broadcast."""
        return list(self._rows[number].values())

    def put(self, row: Row) -> None:
        """Take a delivery as it is now; one of a broadcast that does not run is none of its business."""
        if row.broadcast not in self._rows:
            return
        was = self.get(row.broadcast, row.space_id)
        self._rows[row.broadcast][row.space_id] = row
        self._note_open(row, was_open=was is not None and was.is_open)
        if row.is_in_flight:
            self._in_flight[row.broadcast].add(row.space_id)
        else:
            self._in_flight[row.broadcast].discard(row.space_id)
        place = (row.broadcast, row.space_id)
        if row.state is State.SENDING and row.doubt_at is not None:
            self._in_doubt.add(place)
        else:
            self._in_doubt.discard(place)
        if row.state is State.WAITING:
            heappush(self._dues, (row.due_at, row.broadcast, row.space_id))

    def _note_open(self, row: Row, *, was_open: bool) -> None:
        in_space = self._open[row.space_id]
        if row.is_open and not was_open:
            insort(in_space, row.broadcast)
        if was_open and not row.is_open:
            in_space.remove(row.broadcast)
        self._unsettled[row.broadcast] += row.is_open - was_open
        if in_space:
            self._line_up(self._rows[in_space[0]][row.space_id])

    def _line_up(self, row: Row) -> None:
        """Let a delivery be claimed in its turn: nothing earlier is open in its space."""
        if row.state is State.WAITING:
            heappush(self._ready[row.broadcast], (row.due_at, row.seq, row.space_id))

    def take(self, limit: int, now: float) -> list[Row]:
        """Return the deliveries to be claimed next. Each must be put back, claimed or not."""
        found: list[Row] = []
        for number in sorted(self.forms):
            found += self._take_of(number, self._room(number, limit - len(found)), now)
        return found

    def _room(self, number: int, limit: int) -> int:
        if self.forms[number] is not Form.UNTRIED:
            return limit
        return 0 if self._in_flight[number] else min(limit, 1)

    def _take_of(self, number: int, limit: int, now: float) -> list[Row]:
        ready = self._ready[number]
        found: dict[str, Row] = {}
        while ready and len(found) < limit and ready[0][0] <= now:
            due_at, _, space_id = heappop(ready)
            row = self._rows[number][space_id]
            is_so = row.state is State.WAITING and row.due_at == due_at
            if is_so and self._open[space_id][0] == number:
                found[space_id] = row
        return list(found.values())

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
        """Return the broadcasts of which nothing is open, in order."""
        return sorted(number for number in self.forms if not self._unsettled[number])
