"""The ledger on DynamoDB, for Lambda and for machines that share nothing else. No rules of the bot are here.

One table, `pk` and `sk`; no scans, no transactions, no index. What is where: `dynamo_events.py`, `dynamo_headers.py`,
`dynamo_rows.py`. A delivery costs one write to claim and one to settle; the plan of a hundred takes about thirty more,
and dropping it after its time one each.
"""

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from broadcast.ledger.dynamo_changes import RUNS, DynamoChanges
from broadcast.ledger.dynamo_events import LANES, REPLIES
from broadcast.ledger.dynamo_headers import (
    HEADERS,
    Header,
    broadcast_of,
    by_sender,
    changes_of,
    header_key,
    header_of,
    in_thread,
    source_key,
)
from broadcast.ledger.dynamo_opening import STAGED
from broadcast.ledger.dynamo_rows import ROWS, Row, delivery_of, folder, row_key, row_of
from broadcast.ledger.dynamo_store import as_json
from broadcast.model import Backlog, Broadcast, Counts, Delivery, State, Tally

BROADCASTS_JUST_BEFORE = 50
NEVER, AS_OFTEN = "attribute_not_exists(#reopened)", "#reopened = :reopened"
SETTLED_BEFORE = "#finished_at = :finished_at"


class DynamoLedger(DynamoChanges):
    """The whole ledger. `table` is the table's name; region and credentials are those of boto3."""

    def finish_broadcasts(self, token: int, now: float) -> list[Broadcast]:
        """Close the broadcasts of which nothing waits and nothing is being sent, and return them."""
        with self.lock:
            board = self.board
            if board is None or board.token != token:
                board = self.held_board(token)
            if not board.all_settled():
                return []
            board = self.held_board(token)
            ended = [self._finish(number, now) for number in board.all_settled()]
        return [self._broadcast(header) for header in ended if header]

    def _finish(self, number: int, now: float) -> Header | None:
        board = self.board
        if board is None:
            return None
        counts = Counter(row.state for row in board.rows(number))
        text = as_json(counts)
        change = "SET #finished_at = :now, #counts = :counts"
        # Who was overtaken must not end what was sent again meanwhile.
        reopened = board.headers[number].reopened
        only_if = f"{RUNS} AND {AS_OFTEN if reopened else NEVER}"
        is_ours = self.update(header_key(number), change, only_if=only_if, now=now, counts=text, reopened=reopened)
        board.close(number)
        return self.header(number) if is_ours else None

    def work_left(self, now: float) -> float | None:
        """Return the seconds until there is something to do, 0 if there is now; None if nothing is left at all."""
        with self.lock:
            board = self.newest_board()
            is_at_work = bool(board.in_flight() or board.all_settled())
            dues = [board.next_due(), self.next_event_due(), self.next_reply_due()]
        is_said = any(item.text("state") != State.WAITING for item in self.find(REPLIES))
        if is_at_work or is_said or self.unreported():
            return 0.0
        return min((max(0.0, due - now) for due in dues if due is not None), default=None)

    def files_in_use(self) -> frozenset[Path]:
        """Return the files that a broadcast may still need."""
        return frozenset(header.file.path for header in self._headers() if header.file and not header.is_dropped)

    def running(self) -> int:
        """Return how many broadcasts are not finished."""
        return sum(header.runs for header in self.to_do())

    def unreported(self) -> list[Broadcast]:
        """Return finished broadcasts whose outcome was not told to the sender yet."""
        return [self._broadcast(header) for header in self.to_do() if header.is_unreported]

    def broadcasts(self, *, limit: int) -> list[Broadcast]:
        """Return the newest broadcasts, newest first."""
        found: list[Broadcast] = []
        for header in self._headers(newest_first=True):
            if len(found) == limit:
                break
            if header.is_open:
                found.append(self._broadcast(header))
        return found

    def broadcast(self, number: int) -> Broadcast | None:
        """Return one broadcast."""
        header = self.header(number)
        return self._broadcast(header) if header else None

    def broadcast_of(self, source_id: str) -> Broadcast | None:
        """Return the broadcast of a message, or the change of a key."""
        known = self.get(source_key(source_id))
        return self.broadcast(known.number("number")) if known else None

    def broadcast_in_thread(self, thread_id: str) -> Broadcast | None:
        """Return the newest broadcast, changes aside, that was asked for in a thread."""
        return next(self._listed(in_thread(thread_id)), None)

    def broadcasts_of(self, sender_id: str, *, limit: int) -> list[Broadcast]:
        """Return a sender's newest broadcasts, changes aside, newest first."""
        return list(islice(self._listed(by_sender(sender_id)), limit))

    def changes_of(self, root: int) -> list[Broadcast]:
        """Return the edits and recalls of a broadcast, oldest first."""
        return [self._broadcast(header) for header in self.headers_in(changes_of(root)) if header.is_open]

    def unfinished(self) -> list[Broadcast]:
        """Return what runs, oldest first."""
        return [self._broadcast(header) for header in self.to_do() if header.runs]

    def is_open(self, source_id: str) -> bool:
        """Whether a broadcast of this message was opened before."""
        known = self.get(source_key(source_id))
        return known is not None and self.header(known.number("number")) is not None

    def has_sent(self, broadcast: int, space_id: str, message_id: str) -> bool:
        """Whether a message is known as what this or one of the broadcasts just before brought to a space."""
        numbers = range(max(1, broadcast - BROADCASTS_JUST_BEFORE), broadcast + 1)
        found = self.get_many([row_key(number, space_id) for number in numbers])
        return any(message_id in row.message_ids for row in map(row_of, found))

    def deliveries(self, number: int) -> Iterator[Delivery]:
        """Yield a broadcast's deliveries in order."""
        return map(delivery_of, self.rows_of(number) if self.header(number) else [])

    def tallies(self, number: int, *, examples: int) -> list[Tally]:
        """Return how many deliveries of each kind of space stand where and why, each with a few examples."""
        groups: dict[tuple[str, ...], list[Row]] = {}
        for row in self.rows_of(number):
            groups.setdefault((row.state, row.why, row.kind), []).append(row)
        return [_tally(rows, examples) for rows in sorted(groups.values(), key=len, reverse=True)]

    def purge(self, before: float) -> int:
        """Drop finished broadcasts and events older than a time; return how many broadcasts.

        Events, replies and what is done once only count as dropped: DynamoDB removes them when they expire.
        """
        self.forget_before(before)
        gone = 0
        for header in list(self._headers()):
            if header.finished_at is not None and header.finished_at < before:
                gone += self.drop(header.number, only_if=SETTLED_BEFORE, finished_at=header.finished_at)
            elif header.is_dropped:
                self.drop(header.number, only_if=STAGED)
        return gone

    def backlog(self, now: float) -> Backlog:
        """Return what waits."""
        events = [item.time("received_at") for lane in LANES for item in self.find(f"line#{lane}", only="#received_at")]
        waiting = sum(self._counts(header).unsettled for header in self.to_do() if header.runs)
        age = max(0.0, now - min(events)) if events else None
        return Backlog(events=len(events), deliveries=waiting, oldest_event_age=age)

    def _listed(self, pk: str) -> Iterator[Broadcast]:
        """Yield the broadcasts that are named in a partition, newest first."""
        for item in self.find(pk, newest_first=True, only="#pk, #sk"):
            if found := self.broadcast(int(item.key.sk)):
                yield found

    def _headers(self, *, newest_first: bool = False) -> Iterator[Header]:
        return map(header_of, self.find(HEADERS, newest_first=newest_first))

    def _broadcast(self, header: Header) -> Broadcast:
        return broadcast_of(header, self._counts(header))

    def _counts(self, header: Header) -> Counts:
        """Return how many deliveries stand where, without reading the plan.

        As noted at the end; of what runs by heart where the lease is held here, else counted now.
        """
        if header.counts is not None:
            return header.counts
        with self.lock:
            if self.board and (by_heart := self.board.counts(header.number)):
                return by_heart
        found = Counter(item.text("state") for item in self.find(folder(header.number), ROWS, only="#state"))
        found[State.WAITING] += header.planned - header.left_out - found.total()
        found[State.SKIPPED] += header.left_out
        return Counts(**found)


def _tally(rows: list[Row], examples: int) -> Tally:
    first = rows[0]
    return Tally(
        state=first.state,
        why=first.why,
        kind=first.kind,
        count=len(rows),
        examples=tuple(map(delivery_of, rows[:examples])),
    )
