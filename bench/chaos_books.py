"""Balances the books of a chaos run: what reached which space, against what the bot's ledger says. Changes nothing.

What each figure means is told in `chaos.py`.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from bench.chaos_bots import Fleet, InFlight
from bench.chaos_changes import Changes
from bench.chaos_stage import Asked, Attempt, Stage, words_in
from broadcast.model import Broadcast, Delivery, Kind, SpaceKind, State
from broadcast.services import HANDS
from webexsim import Message

MARGIN = 3.5
"""Seconds: the bot's own margin for the clocks (2), a Date header without fractions (1), and what an answer takes."""

AFTER_THAW = 2.0
"""Seconds after which a process that was frozen has read newer Date headers than those it found when it woke up."""

FIGURES = (
    "planned",
    "sent",
    "failed",
    "skipped",
    "unknown",
    "edited",
    "recalled",
    "lost",
    "duplicated",
    "in_doubt",
    "kills",
    "refused",
)


@dataclass(kw_only=True)
class Books:
    """The figures of one seed, or of several; `complaints` says in words what must not be."""

    planned: int = 0
    sent: int = 0
    failed: int = 0
    skipped: int = 0
    unknown: int = 0
    edited: int = 0
    recalled: int = 0
    lost: int = 0
    duplicated: int = 0
    in_doubt: int = 0
    kills: int = 0
    refused: int = 0
    complaints: list[str] = field(default_factory=list)

    def add(self, other: "Books") -> None:
        """Take the figures of another seed in."""
        for name in FIGURES:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.complaints += other.complaints


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """An attempt at one part of a broadcast whose outcome the bot cannot have known. `since`: when it began."""

    asked: int
    room_id: str
    since: float


class Accountant:
    """Looks at one run that has ended."""

    def __init__(self, stage: Stage, fleet: Fleet) -> None:
        self._stage = stage
        self._fleet = fleet
        self._arrivals = stage.arrivals()
        found = fleet.ledger.broadcasts(limit=1000)
        self._opened = [broadcast for broadcast in found if broadcast.kind is Kind.SEND]
        self._doubts = list(self._find_doubts())
        self._books = Books()

    def balance(self) -> Books:
        """Return the figures, and what is wrong with them."""
        books = self._books
        books.kills, books.in_doubt = self._fleet.kills, len(self._doubts)
        books.refused = sum(call.status == 429 for call in self._stage.webex.calls)
        books.complaints += [*self._fleet.accidents, *self._overreaching_blows()]
        known = {asked.message.id for asked in self._stage.asked}
        books.complaints += [
            f"broadcast {it.number} was asked for by nobody" for it in self._opened if it.source_id not in known
        ]
        for asked in self._stage.asked:
            self._balance_one(asked)
        books.complaints += [*self._out_of_order(), *self._opened_out_of_order()]
        return books

    # one broadcast

    def _balance_one(self, asked: Asked) -> None:
        opened = [broadcast for broadcast in self._opened if broadcast.source_id == asked.message.id]
        fate = self._stage.fates[asked.number]
        if fate.is_deleted and not opened:
            self._look_for_strays(asked, set(), is_planned=False)
            return
        if len(opened) != 1:
            self._complain(asked, f"was opened {len(opened)} times")
            self._books.lost += len(self._stage.places.rooms)
            return
        deliveries = list(self._fleet.ledger.deliveries(opened[0].number))
        self._count(asked, opened[0], deliveries)
        if fate.revision or fate.is_recalled:
            self._judge_changed(asked, opened[0], deliveries)
        else:
            for delivery in deliveries:
                self._judge(asked, delivery)
        self._look_for_strays(asked, {delivery.space_id for delivery in deliveries})

    def _judge_changed(self, asked: Asked, opened: Broadcast, deliveries: Sequence[Delivery]) -> None:
        edited, recalled = (self._rows_of(opened, kind) for kind in (Kind.EDIT, Kind.RECALL))
        for figure, rows in (("edited", edited), ("recalled", recalled)):
            done = sum(row.state is State.SENT for row in rows.values())
            setattr(self._books, figure, getattr(self._books, figure) + done)
        changes = Changes(
            number=asked.number,
            fate=self._stage.fates[asked.number],
            places=self._stage.places,
            doubtful=frozenset(doubt.room_id for doubt in self._doubts if doubt.asked == asked.number),
            edited=edited,
            recalled=recalled,
        )
        if changes.fate.is_recalled and not recalled and any(row.message_ids for row in deliveries):
            self._complain(asked, "was never recalled")
        for delivery in deliveries:
            for finding in changes.judge(delivery, self._messages(asked, delivery.space_id)):
                if finding.figure:
                    setattr(self._books, finding.figure, getattr(self._books, finding.figure) + 1)
                self._complain(asked, finding.text)

    def _rows_of(self, opened: Broadcast, kind: Kind) -> dict[str, Delivery]:
        """Return the rows of the newest change of a kind, by space."""
        ledger = self._fleet.ledger
        numbers = [change.number for change in ledger.changes_of(opened.number) if change.kind is kind]
        return {row.space_id: row for row in ledger.deliveries(numbers[-1])} if numbers else {}

    def _count(self, asked: Asked, opened: Broadcast, deliveries: Sequence[Delivery]) -> None:
        states = Counter(delivery.state for delivery in deliveries)
        settled = (State.SENT, State.FAILED, State.SKIPPED, State.UNKNOWN)
        for state in settled:
            setattr(self._books, state.value, getattr(self._books, state.value) + states[state])
        self._books.planned += opened.counts.planned
        if opened.counts.planned != sum(states[state] for state in settled):
            self._complain(asked, f"planned {opened.counts.planned}, but the states are {dict(states)}")

    def _judge(self, asked: Asked, delivery: Delivery) -> None:
        messages = self._messages(asked, delivery.space_id)
        times = Counter(word for message in messages for _, word in words_in(message.markdown or ""))
        if any(count > 1 for count in times.values()):
            self._books.duplicated += 1
            self._complain(asked, f"arrived more than once in {delivery.title!r} ({delivery.state})")
        is_complete = _is_complete(asked, messages)
        places = self._stage.places
        match delivery.state:
            case State.SENT:
                self._judge_sent(asked, delivery, messages, is_complete=is_complete)
            case State.FAILED | State.SKIPPED:
                if is_complete:
                    self._complain(asked, f"arrived in {delivery.title!r}, but is said to have been {delivery.state}")
                if delivery.space_id not in places.forbidden | places.refusing:
                    self._complain(asked, f"{delivery.state} in {delivery.title!r} without need: {delivery.detail}")
            case State.UNKNOWN:
                self._judge_unknown(asked, delivery)
            case _:
                self._lose(asked, f"still {delivery.state} in {delivery.title!r}")
        if messages and delivery.space_id in places.forbidden:
            self._complain(asked, f"reached {delivery.title!r}, which it must not")

    def _judge_sent(self, asked: Asked, delivery: Delivery, messages: Sequence[Message], *, is_complete: bool) -> None:
        if not is_complete:
            self._lose(asked, f"is said to be sent, but did not arrive as a whole in {delivery.title!r}")
        elif delivery.message_ids != tuple(message.id for message in messages):
            self._complain(asked, f"has other message ids in the ledger than in {delivery.title!r}")

    def _judge_unknown(self, asked: Asked, delivery: Delivery) -> None:
        """Complain about an unknown delivery that could have been settled."""
        doubts = [
            it.since
            for it in self._doubts
            if (it.asked, it.room_id) == (asked.number, delivery.space_id) and it.since <= (delivery.settled_at or 0)
        ]
        if not doubts:
            self._complain(asked, f"unknown in {delivery.title!r}, though no attempt was in doubt")
        elif delivery.space_id in self._stage.places.left:
            return
        elif delivery.kind is SpaceKind.DIRECT:
            self._complain(asked, f"unknown in the 1-1 {delivery.title!r}, which can be read back: {delivery.detail}")
        elif not self._was_active(asked, delivery, max(doubts)):
            self._complain(asked, f"unknown in {delivery.title!r}, though nothing was said there since the attempt")

    def _look_for_strays(self, asked: Asked, planned: set[str], *, is_planned: bool = True) -> None:
        rooms = {room.id for room in self._stage.places.rooms}
        for room_id in rooms - self._stage.places.left - planned if is_planned else ():
            self._lose(asked, f"was never planned for {room_id}")
        for room_id in rooms - planned:
            if self._messages(asked, room_id):
                self._complain(asked, f"arrived in {room_id} without having been planned")

    # all broadcasts together

    def _out_of_order(self) -> Iterator[str]:
        """Find spaces where a later broadcast comes before an earlier one.

        Of one that was edited the first message counts: the edit may have added others long after.
        """
        numbers = {asked.number: self._number_of(asked) for asked in self._stage.asked}
        edited = {number for number, fate in self._stage.fates.items() if fate.revision}
        for room_id, messages in self._arrivals.items():
            said = [words_in(message.markdown or "")[0][0] for message in messages]
            order = [numbers[it] for at, it in enumerate(said) if it not in edited or it not in said[:at]]
            if any(later < earlier for earlier, later in pairwise(order)):
                yield f"the broadcasts came in the order {order} in {room_id}"

    def _opened_out_of_order(self) -> Iterator[str]:
        """Find broadcasts opened before one that had been promised before they were said."""
        numbers = {asked.number: self._number_of(asked) for asked in self._stage.asked}
        for asked in self._stage.asked:
            for earlier in asked.after:
                if 0 < numbers[asked.number] < numbers[earlier]:
                    yield f"message {asked.number} was broadcast before message {earlier}, promised before it was said"

    def _number_of(self, asked: Asked) -> int:
        return next((it.number for it in self._opened if it.source_id == asked.message.id), 0)

    # doubts

    def _find_doubts(self) -> Iterator[Doubt]:
        """Find the attempts whose outcome the bot cannot have known, each once."""
        attempts = list(self._stage.webex.attempts)
        unclear = {number for number, attempt in enumerate(attempts) if attempt.is_in_doubt}
        asked_by = {asked.message.id: asked.number for asked in self._stage.asked}
        for number in unclear:
            yield Doubt(asked=attempts[number].asked, room_id=attempts[number].room_id, since=attempts[number].started)
        for blow in self._fleet.blows:
            for row in blow.in_flight if blow.is_lost else ():
                if row.work is Kind.RECALL:  # a deletion can be repeated without harm
                    continue
                asked = asked_by[row.source_id]
                if _request_of(attempts, asked, row, blow.thawed_at) not in unclear:
                    yield Doubt(asked=asked, room_id=row.room_id, since=row.tried_at)

    def _overreaching_blows(self) -> Iterator[str]:
        for blow in self._fleet.blows:
            if len(blow.in_flight) > HANDS:
                yield f"{len(blow.in_flight)} deliveries were claimed at once, more than there are hands"

    def _was_active(self, asked: Asked, delivery: Delivery, since: float) -> bool:
        """Say whether anything in the space is new enough to keep its last activity from proving something.

        The bot has seen the last activity of before when it listed the spaces, after the broadcast was asked for.
        """
        frozen = [
            blow.thawed_at - blow.struck_at
            for blow in self._fleet.blows
            if blow.thawed_at and blow.struck_at <= since <= blow.thawed_at + AFTER_THAW
        ]
        earliest = max(asked.message.created, since - MARGIN - max(frozen, default=0.0))
        room = next(room for room in self._stage.places.rooms if room.id == delivery.space_id)
        said = self._stage.world.messages(room=room)
        return any(earliest <= message.created <= (delivery.settled_at or 0) for message in said)

    # words

    def _messages(self, asked: Asked, room_id: str) -> list[Message]:
        return [
            message
            for message in self._arrivals.get(room_id, [])
            if words_in(message.markdown or "")[0][0] == asked.number
        ]

    def _lose(self, asked: Asked, what: str) -> None:
        self._books.lost += 1
        self._complain(asked, what)

    def _complain(self, asked: Asked, what: str) -> None:
        self._books.complaints.append(f"message {asked.number} {what}")


def _is_complete(asked: Asked, messages: Sequence[Message]) -> bool:
    """Say whether a space has got it all in order, whatever came twice."""
    words = dict.fromkeys(word for message in messages for _, word in words_in(message.markdown or ""))
    if list(words) != list(range(1, asked.words + 1)):
        return False
    first = messages[0]
    if asked.is_card:
        return bool(first.attachments) or bool(first.files)
    names = [(file.name, file.content) for file in first.files]
    return names == ([(asked.file.name, asked.file.content)] if asked.file else [])


def _request_of(attempts: Sequence[Attempt], asked: int, row: InFlight, until: float | None) -> int | None:
    """Return the number of the request that a claim led to; None where the blow came before it."""
    for number, attempt in enumerate(attempts):
        is_of_claim = (attempt.asked, attempt.room_id) == (asked, row.room_id) and attempt.started >= row.tried_at
        if is_of_claim and (until is None or attempt.started <= until):
            return number
    return None
