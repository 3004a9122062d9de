"""A delivery as the DynamoDB table has it, and what claims and outcomes make of it. No I/O.

The plan of a broadcast is written once, many deliveries an item, and never changed. What becomes of a delivery is an
item of its own, made by its first claim; its `version` grows with each write, so that nobody overwrites what they have
not seen. A delivery without such an item is as it was planned.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

from broadcast.ledger.dynamo_items import Item, Key, Value, in_order
from broadcast.ledger.dynamo_store import as_json, named
from broadcast.model import (
    Claim,
    Content,
    Delivery,
    Destination,
    GaveUp,
    InDoubt,
    Outcome,
    PartSent,
    RetryAt,
    SpaceKind,
    State,
    Why,
)

BEHIND_GROUPS = 1_000_000_000
A_PLAN_ITEM = 100_000
OPEN = (State.WAITING, State.SENDING)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One delivery: first what the plan says, then what became of it. `parts_sent` counts the `message_ids`."""

    broadcast: int
    seq: int
    space_id: str
    kind: SpaceKind
    parts: int
    title: str = ""
    activity: float | None = None
    state: State = State.WAITING
    why: Why = Why.NONE
    settled_at: float | None = None
    detail: str = ""
    message_ids: tuple[str, ...] = ()
    parts_sent: int = 0
    attempts: int = 0
    token: int = 0
    due_at: float = 0.0
    first_tried: float | None = None
    tried_at: float = 0.0
    webex_time: float = 0.0
    doubt_at: float | None = None
    repeat: bool = False
    version: int = 0

    @property
    def is_open(self) -> bool:
        """Whether something is still to be done about it."""
        return self.state in OPEN

    @property
    def is_in_flight(self) -> bool:
        """Whether it was claimed and nothing came of it yet."""
        return self.state is State.SENDING and self.doubt_at is None

    @property
    def key(self) -> Key:
        """Where the item is that says what became of it."""
        return row_key(self.broadcast, self.space_id)


DEFAULTS = {field.name: field.default for field in fields(Row)}
Step = Callable[[Row], Row | None]
"""What makes the next state of a row, or None where it must stay as it is."""


def folder(broadcast: int) -> str:
    """Return the partition that holds all of a broadcast but its header."""
    return f"broadcast#{broadcast}"


def row_key(broadcast: int, space_id: str) -> Key:
    """Return where the item is that says what became of a delivery."""
    return Key(folder(broadcast), f"row#{named(space_id)}")


def plan_key(broadcast: int, number: int) -> Key:
    """Return where an item of a plan is."""
    return Key(folder(broadcast), f"plan#{in_order(number)}")


def planned(number: int, content: Content, destinations: Iterable[Destination], now: float) -> Iterator[Row]:
    """Yield the rows of a plan as it is read, each space once."""
    seen: set[str] = set()
    for seq, place in enumerate(destinations):
        if place.space_id in seen:
            continue
        seen.add(place.space_id)
        is_skipped = place.why is not Why.NONE
        yield Row(
            broadcast=number,
            seq=seq if place.kind is SpaceKind.GROUP else BEHIND_GROUPS + seq,
            space_id=place.space_id,
            kind=place.kind,
            title=place.title,
            parts=len(content.parts(place.kind)),
            activity=place.last_activity,
            state=State.SKIPPED if is_skipped else State.WAITING,
            why=place.why,
            settled_at=now if is_skipped else None,
        )


def plan_items(rows: Iterable[Row]) -> Iterator[tuple[str, list[Row]]]:
    """Yield a plan as the texts of its items, each with the rows that are in it."""
    texts: list[str] = []
    held: list[Row] = []
    size = 0
    for row in rows:
        texts.append(_to_json(row))
        held.append(row)
        size += len(texts[-1])
        if size >= A_PLAN_ITEM:
            yield f"[{','.join(texts)}]", held
            texts, held, size = [], [], 0
    if held:
        yield f"[{','.join(texts)}]", held


def plan_rows(item: Item) -> Iterator[Row]:
    """Yield the rows of an item of a plan."""
    return map(_from_json, json.loads(item.text("rows")))


def row_values(row: Row) -> dict[str, Value]:
    """Return the attributes of the item that says what became of a delivery."""
    body = _to_json(replace(row, title="", version=0))
    return {"state": row.state.value, "version": row.version, "body": body}


def row_of(item: Item) -> Row:
    """Return the delivery of such an item; its title is in the plan only."""
    return replace(_from_json(json.loads(item.text("body"))), version=item.number("version"))


def _to_json(row: Row) -> str:
    # What is as usual is left out: ten thousand rows are read at once.
    return as_json({name: value for name, value in vars(row).items() if value != DEFAULTS[name]})


def _from_json(values: dict[str, Any]) -> Row:
    for name, kind in (("kind", SpaceKind), ("state", State), ("why", Why), ("message_ids", tuple)):
        if name in values:
            values[name] = kind(values[name])
    return Row(**values)


def claimed(token: int, now: float, webex_time: float) -> Step:
    """Return what claims a delivery that waits and is due."""

    def step(row: Row) -> Row | None:
        if row.state is not State.WAITING or row.due_at > now:
            return None
        return replace(
            row,
            state=State.SENDING,
            token=token,
            attempts=row.attempts + 1,
            tried_at=now,
            webex_time=webex_time,
            doubt_at=None,
            repeat=False,
        )

    return step


def settled(claim: Claim, outcome: Outcome, now: float) -> Step:
    """Return what writes down the outcome of a claim, while it is the newest of its delivery."""

    def step(row: Row) -> Row | None:
        is_newest = row.state is State.SENDING and row.attempts == claim.attempt
        return _after(row, outcome, now) if is_newest else None

    return step


def _after(row: Row, outcome: Outcome, now: float) -> Row:
    tried = row.tried_at if row.first_tried is None else row.first_tried
    match outcome:
        case PartSent(message_id=message_id):
            return _with_part(row, message_id, now)
        case RetryAt(at=at, why=why, detail=detail, counts=counts):
            first = tried if counts else row.first_tried
            return replace(
                row, state=State.WAITING, due_at=at, why=why, detail=detail, doubt_at=None, first_tried=first
            )
        case GaveUp(state=state, why=why, detail=detail):
            return replace(row, state=state, why=why, detail=detail, doubt_at=None, settled_at=now)
        case InDoubt(look_at=look_at, detail=detail, repeat=repeat):
            return replace(row, doubt_at=look_at, detail=detail, repeat=repeat, first_tried=tried)


def _with_part(row: Row, message_id: str, now: float) -> Row:
    return replace(
        row,
        parts_sent=row.parts_sent + 1,
        message_ids=(*row.message_ids, message_id),
        state=State.SENT if row.parts_sent + 1 >= row.parts else State.WAITING,
        why=Why.NONE,
        detail="",
        due_at=0.0,
        first_tried=None,
        doubt_at=None,
        settled_at=now,
    )


def doubted(look_at: float) -> Step:
    """Return what puts a delivery in flight in doubt."""
    return lambda row: replace(row, doubt_at=look_at) if row.is_in_flight else None


def skipped(why: Why, now: float) -> Step:
    """Return what leaves a delivery out that waits."""
    return lambda row: (
        replace(row, state=State.SKIPPED, why=why, settled_at=now) if row.state is State.WAITING else None
    )


def waiting_again(row: Row) -> Row:
    """Return a delivery that is to be tried once more."""
    return replace(
        row,
        state=State.WAITING,
        why=Why.NONE,
        detail="",
        due_at=0.0,
        first_tried=None,
        doubt_at=None,
        settled_at=None,
    )


def claim_of(row: Row) -> Claim:
    """Return the newest claim of a delivery."""
    return Claim(
        broadcast=row.broadcast,
        space_id=row.space_id,
        kind=row.kind,
        token=row.token,
        attempt=row.attempts,
        part=row.parts_sent,
        tried_at=row.tried_at,
        webex_time=row.webex_time,
        first_tried=row.first_tried,
        repeat=row.repeat,
        activity=row.activity,
    )


def delivery_of(row: Row) -> Delivery:
    """Return a delivery for reports."""
    return Delivery(
        space_id=row.space_id,
        kind=row.kind,
        title=row.title,
        state=row.state,
        why=row.why,
        detail=row.detail,
        message_ids=row.message_ids,
        settled_at=row.settled_at,
    )
