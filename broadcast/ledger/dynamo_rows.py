"""A delivery as the DynamoDB table has it, and what claims and outcomes make of it. No I/O.

The plan of a broadcast is written once, many deliveries an item, and never changed. What becomes of a delivery is an
item of its own, made by its first claim; its `version` grows with each write, so that nobody overwrites what they have
not seen. A delivery without such an item is as it was planned.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from broadcast.ledger.dynamo_items import Item, Key, Value, in_order
from broadcast.ledger.dynamo_store import as_json, named
from broadcast.model import Delivery, Destination, Kind, SpaceKind, State, Why
from broadcast.outcomes import Changed, Claim, GaveUp, InDoubt, Outcome, PartSent, RetryAt

DELIVERIES = "delivery#"
PLAN = f"{DELIVERIES}plan#"
ROWS = f"{DELIVERIES}row#"
BEHIND_GROUPS = 1_000_000_000
A_PLAN_ITEM = 100_000
OPEN = (State.WAITING, State.SENDING)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One delivery: first what the plan says, then what became of it. `parts_sent` counts the `message_ids`.

    `reopened` is how often its broadcast had been sent again when it was let wait for the last time; `may_be_more` says
    that an attempt was made again of which nobody knows whether it had arrived.
    """

    broadcast: int
    seq: int
    space_id: str
    kind: SpaceKind
    root: int
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
    revision: int = 0
    reopened: int = 0
    may_be_more: bool = False
    version: int = 0

    @property
    def is_send(self) -> bool:
        """Whether it brings a message, and does not change one."""
        return self.root == self.broadcast

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
    return Key(folder(broadcast), f"{ROWS}{named(space_id)}")


def plan_key(broadcast: int, number: int) -> Key:
    """Return where an item of a plan is."""
    return Key(folder(broadcast), f"{PLAN}{in_order(number)}")


def planned(number: int, destinations: Iterable[Destination], now: float) -> Iterator[Row]:
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
            root=number,
            activity=place.last_activity,
            state=State.SKIPPED if is_skipped else State.WAITING,
            why=place.why,
            settled_at=now if is_skipped else None,
        )


def planned_change(number: int, rows: Iterable[Row]) -> Iterator[Row]:
    """Yield the rows of an edit or a recall: where there is, or may be, a copy of the broadcast with these rows."""
    for row in rows:
        if row.message_ids or row.may_be_more or row.state in (State.SENT, State.SENDING, State.UNKNOWN):
            yield Row(
                broadcast=number, root=row.root, seq=row.seq, space_id=row.space_id, kind=row.kind, title=row.title
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


def claimed(token: int, revision: int, now: float, webex_time: float) -> Step:
    """Return what claims a delivery that waits and is due, to be sent as that revision of the text says."""

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
            revision=revision,
        )

    return step


def is_newest(row: Row, claim: Claim) -> bool:
    """Whether a claim may be settled: it is the newest of its delivery, and nothing came of it yet."""
    return row.state is State.SENDING and row.attempts == claim.attempt


def settled(claim: Claim, outcome: Outcome, now: float, *, parts: int, is_cancelled: bool) -> Step:
    """Return what writes down the outcome of a claim. `parts`: how many messages the space gets, 0 for a change."""

    def step(row: Row) -> Row | None:
        if not is_newest(row, claim):
            return None
        new = _after(row, outcome, now, parts)
        return cancelled(now)(new) or new if is_cancelled else new

    return step


def _after(row: Row, outcome: Outcome, now: float, parts: int) -> Row:
    tried = row.tried_at if row.first_tried is None else row.first_tried
    match outcome:
        case PartSent(message_id=message_id):
            done = row.parts_sent + 1 >= parts
            return _one_further(replace(row, message_ids=(*row.message_ids, message_id)), now, is_done=done)
        case Changed(is_done=is_done):
            return _one_further(row, now, is_done=is_done)
        case RetryAt(at=at, why=why, detail=detail, counts=counts):
            more = row.may_be_more or outcome.may_be_there
            first_tried = tried if counts else row.first_tried
            later = replace(row, due_at=at, doubt_at=None, first_tried=first_tried, may_be_more=more)
            # A text that was edited meanwhile may have fewer parts than were sent.
            if parts and row.parts_sent >= parts:
                return replace(later, state=State.SENT, why=Why.NONE, detail="", settled_at=now)
            return replace(later, state=State.WAITING, why=why, detail=detail, settled_at=None)
        case GaveUp(state=state, why=why, detail=detail):
            return replace(row, state=state, why=why, detail=detail, doubt_at=None, settled_at=now)
        case InDoubt(look_at=look_at, detail=detail, repeat=repeat):
            return replace(row, doubt_at=look_at, detail=detail, repeat=repeat, first_tried=tried)


def _one_further(row: Row, now: float, *, is_done: bool) -> Row:
    return replace(
        row,
        parts_sent=row.parts_sent + 1,
        state=State.SENT if is_done else State.WAITING,
        why=Why.NONE,
        detail="",
        due_at=0.0,
        first_tried=None,
        doubt_at=None,
        settled_at=now,
    )


def with_copies(copies: tuple[str, ...]) -> Step:
    """Return what notes which messages a broadcast has in a space."""
    return lambda row: (
        replace(row, message_ids=copies, parts_sent=len(copies))
        if (row.message_ids, row.parts_sent) != (copies, len(copies))
        else None
    )


def cancelled(now: float) -> Step:
    """Return what skips a delivery of a cancelled broadcast that waits."""
    return lambda row: (
        replace(row, state=State.SKIPPED, why=Why.CANCELLED, detail="", settled_at=now)
        if row.state is State.WAITING
        else None
    )


def superseded(now: float) -> Step:
    """Return what skips a delivery of an edit that waits, because a later edit takes its place."""
    return lambda row: (
        replace(row, state=State.SKIPPED, why=Why.SUPERSEDED, detail="", settled_at=now)
        if row.state is State.WAITING
        else None
    )


def shortened(parts: int, now: float) -> Step:
    """Return what ends a delivery that waits, and of which enough parts for a new text were sent."""
    return lambda row: (
        replace(row, state=State.SENT, why=Why.NONE, detail="", first_tried=None, settled_at=now)
        if row.state is State.WAITING and row.parts_sent >= parts
        else None
    )


def doubted(look_at: float) -> Step:
    """Return what puts a delivery in flight in doubt."""
    return lambda row: replace(row, doubt_at=look_at) if row.is_in_flight else None


def skipped(why: Why, now: float) -> Step:
    """Return what leaves a delivery out that waits; a change has failed."""
    return lambda row: (
        replace(row, state=State.SKIPPED if row.is_send else State.FAILED, why=why, settled_at=now)
        if row.state is State.WAITING
        else None
    )


def waiting_again(states: Sequence[State], reopened: int, parts: int) -> Step:
    """Return what lets a delivery in one of the states wait once more, if it has not all of its parts.

    Once each time that its broadcast is `reopened`, however often and by how many that is carried out.
    """

    def step(row: Row) -> Row | None:
        if row.state not in states or row.reopened >= reopened:
            return None
        is_sent = bool(parts) and row.parts_sent >= parts
        return replace(
            row,
            state=State.SENT if is_sent else State.WAITING,
            why=Why.NONE,
            detail="",
            due_at=0.0,
            first_tried=None,
            doubt_at=None,
            settled_at=row.settled_at if is_sent else None,
            reopened=reopened,
            may_be_more=row.may_be_more or row.state is State.UNKNOWN,
        )

    return step


def claim_of(row: Row, work: Kind, copies: tuple[str, ...], *, is_unsure: bool) -> Claim:
    """Return the newest claim of a delivery. `copies` and `is_unsure` are for a change only."""
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
        work=work,
        root=row.root,
        copies=copies,
        is_unsure=is_unsure,
        revision=row.revision,
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
