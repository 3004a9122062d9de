"""Events, replies, remembered facts and the lease in DynamoDB. Deliveries are in `dynamo_deliveries.py`.

EVENT  =KEY             ticket of an event             LINE#message  ASKED_AT#NUMBER   an event that waits
REPLY  =KEY             ticket of a reply              LINE#reply    NUMBER            a reply that waits
ONCE   =KEY             what is done at most once      lease         -                 who works, and the token
MEMORY =KEY             a remembered value             PERSON        =SPACE            who is in a 1-1
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from itertools import chain

from broadcast.errors import LeaseLost
from broadcast.ledger.dynamo_items import Item, Key, Value, in_order, in_time_order
from broadcast.ledger.dynamo_queues import DynamoQueues
from broadcast.ledger.dynamo_store import as_json, named
from broadcast.model import WHAT_PEOPLE_DO, Event, PendingEvent, Reply, SpaceKind, State
from broadcast.retry import GRACE

EVENT, REPLY, ONCE = "event", "reply", "once"
REPLIES = "line#reply"
LANES = ("message", "duty")
LEASE = Key("lease", "-")
HEADS = 25
FREE = ""
TAKE_LEASE = "SET #owner = :owner, #token = :new, #until = :until"
SAME_HOLDER = "#token = :token AND #owner = :was AND #until = :ran_until"


class DynamoEvents(DynamoQueues):
    """The half of the ledger that is not about deliveries."""

    def record(self, event: Event, now: float) -> bool:
        """Write an event down; False if it was there before."""
        place, body = partial(_place_in, lane_of(event)), as_json(asdict(event))
        return self.line_up(EVENT, event.key, place, asked_at=event.asked_at, body=body, received_at=now, holds=True)

    def finish_event(self, event: PendingEvent, outcome: str, now: float) -> None:
        """Note that nothing is left to do about an event."""
        self.done(EVENT, event.event.key, _place_of(event.event, event.number), now, outcome=outcome)

    def defer_event(self, event: PendingEvent, *, until: float, now: float, counts: bool, holds: bool = True) -> None:
        """Put an event off. `counts` starts the count of its patience; `holds`: those behind it wait."""
        first_tried = event.first_tried if event.first_tried is not None or not counts else now
        change = "SET #due_at = :until, #holds = :holds"
        change += ", #first_tried = :first_tried" if first_tried is not None else ""
        change += " ADD #attempts :one" if counts else ""
        place = _place_of(event.event, event.number)
        self.update(place, change, until=until, holds=holds, first_tried=first_tried, one=1)

    def next_message(self, now: float) -> PendingEvent | None:
        """Return the message event that was asked for first, unless it is put off: messages keep their order."""
        for item in self._line("message"):
            due = _due(item)
            if due > now and item.flag("holds"):
                return None
            if due <= now and not self.is_done(EVENT, item):
                return _pending(item)
        return None

    def next_duty(self, now: float) -> PendingEvent | None:
        """Return the first event of another kind that is due."""
        for item in self._line("duty"):
            if _due(item) <= now and not self.is_done(EVENT, item):
                return _pending(item)
        return None

    def next_event_due(self) -> float | None:
        """Return when the next event is due; None if none is open. A message that holds keeps those behind it back."""
        dues: list[float] = []
        for item in self._line("message"):
            dues.append(_due(item))
            if item.flag("holds"):
                break
        return min(chain(dues, map(_due, self._line("duty"))), default=None)

    def forget_events(self, prefix: str) -> None:
        """Forget finished events whose key begins so: what happens again is news then."""
        for item in self.find(EVENT, named(prefix)):
            if "done_at" in item:
                self.delete(item.key, only_if="attribute_exists(#done_at)")

    def once(self, key: str, now: float) -> bool:
        """Claim something that must be done at most once; False if somebody did before."""
        return self.grant(ONCE, key, now)

    def queue_reply(self, reply: Reply) -> bool:
        """Write down something to say; False if that was done before."""
        body, waiting = as_json(asdict(reply)), State.WAITING.value
        return self.line_up(
            REPLY, reply.key, lambda _, number: _reply_place(number), body=body, state=waiting, due_at=0.0
        )

    def next_reply(self, now: float) -> Reply | None:
        """Claim the oldest reply that is due. One that is not settled under this lease is in doubt under the next."""
        for item in self.find(REPLIES):
            is_due = _waits(item) and _due(item) <= now
            if is_due and not self.is_done(REPLY, item) and self._claim_reply(item, now):
                return _reply(item, now)
        return None

    def replies_waiting(self) -> int:
        """Return how many replies are not said yet."""
        return sum(1 for _ in self.find(REPLIES, only="#pk"))

    def next_reply_due(self) -> float | None:
        """Return when the next reply is due; None if none waits."""
        return min((_due(item) for item in self.find(REPLIES) if _waits(item)), default=None)

    def settle_reply(self, reply: Reply, *, try_at: float | None, now: float, in_doubt: bool = False) -> None:
        """Note that a reply is done with, or when to try again. `in_doubt`: it may have been said all the same."""
        ticket = self.get(Key(REPLY, named(reply.key)))
        if ticket is None:
            return
        place = _reply_place(ticket.number("number"))
        if try_at is None:
            self.done(REPLY, reply.key, place, now)
            return
        self._put_off(place, try_at, in_doubt=in_doubt)

    def recall(self, key: str) -> str | None:
        """Return a remembered value."""
        place = Key("memory", named(key))
        found = self.get(place)
        if found is None or ("done_at" in found and self.is_forgotten(place)):
            return None
        return found.text("value")

    def remember(self, key: str, value: str, *, noted_at: float | None = None) -> None:
        """Remember a value: for ever or, where it was noted at a time, until what is older than that is purged."""
        times: dict[str, Value] = {}
        if noted_at is not None:
            times = {"done_at": noted_at, "expires": self.expires(noted_at)}
        self.put_over(Key("memory", named(key)), value=value, **times)

    def known_person(self, space_id: str) -> tuple[str | None, float] | None:
        """Return the org id of the other person of a 1-1 (None: gone) and when that was learnt, if it is known."""
        found = self.get(Key("person", named(space_id)))
        if found is None:
            return None
        return (found.text("org_id") if "org_id" in found else None, found.time("learnt_at"))

    def remember_person(self, space_id: str, org_id: str | None, now: float) -> None:
        """Remember the org of the other person of a 1-1 (None: gone)."""
        self.put_over(Key("person", named(space_id)), org_id=org_id, learnt_at=now)

    def forget_person(self, space_id: str) -> None:
        """Forget who is in a 1-1, so that it is asked again."""
        self.delete(Key("person", named(space_id)))

    def take_lease(
        self, owner: str, now: float, seconds: float, *, holder_is_dead: Callable[[str], bool]
    ) -> int | None:
        """Return a new token if nobody holds the lease, it has run out, or its holder is dead; None otherwise.

        Of many that ask at once one gets it: the item is changed only if it is still what was read.
        """
        lease = self.get(LEASE)
        until = now + seconds
        if lease is None or "token" not in lease:
            is_taken = self.update(
                LEASE, TAKE_LEASE, only_if="attribute_not_exists(#token)", owner=owner, new=1, until=until
            )
            return self._begin(1, now) if is_taken else None
        was, ran_until, token = lease.text("owner"), lease.time("until"), lease.number("token")
        if not (was == FREE or ran_until <= now or holder_is_dead(was)):
            return None
        seen: dict[str, Value] = {"token": token, "was": was, "ran_until": ran_until}
        is_taken = self.update(LEASE, TAKE_LEASE, only_if=SAME_HOLDER, owner=owner, new=token + 1, until=until, **seen)
        return self._begin(token + 1, now) if is_taken else None

    def renew_lease(self, token: int, until: float) -> None:
        """Hold the lease longer."""
        if not self.update(LEASE, "SET #until = :until", only_if="#token = :token", until=until, token=token):
            self.hold(token)

    def drop_lease(self, token: int) -> None:
        """Give the lease back, if it is still held."""
        change = "SET #owner = :free, #until = :over"
        self.update(LEASE, change, only_if="#token = :token", free=FREE, over=0.0, token=token)

    def hold(self, token: int) -> Item:
        """Return the lease; raise `LeaseLost` unless the token is the newest."""
        lease = self.get(LEASE)
        newest = lease.number("token", 0) if lease else 0
        if lease is None or newest != token:
            raise LeaseLost(f"lease {token} has been taken over by lease {newest}")
        return lease

    def clear_up(self) -> None:
        """Clear up behind the holder of the lease before."""

    def _begin(self, token: int, now: float) -> int:
        self.clear_up()
        for item in self.find(REPLIES):
            if not _waits(item):
                self._put_off(item.key, now + GRACE, in_doubt=True)
        return token

    def _claim_reply(self, item: Item, now: float) -> bool:
        change = "SET #state = :sending, #first_tried = if_not_exists(#first_tried, :now)"
        return self.update(item.key, change, only_if="#tag = :seen", sending="sending", now=now, seen=item.text("tag"))

    def _put_off(self, reply: Key, until: float, *, in_doubt: bool) -> None:
        change = "SET #state = :waiting, #due_at = :until, #in_doubt = :in_doubt"
        self.update(reply, change, waiting=State.WAITING.value, until=until, in_doubt=in_doubt)

    def _line(self, lane: str) -> Iterator[Item]:
        return self.find(f"line#{lane}", page=HEADS)


def lane_of(event: Event) -> str:
    """Return the lane an event waits in."""
    return "message" if event.resource in WHAT_PEOPLE_DO else "duty"


def _place_of(event: Event, number: int) -> Key:
    return _place_in(lane_of(event), event.asked_at, number)


def _place_in(lane: str, asked_at: float, number: int) -> Key:
    return Key(f"line#{lane}", in_time_order(asked_at, number))


def _reply_place(number: int) -> Key:
    return Key(REPLIES, in_order(number))


def _due(item: Item) -> float:
    return item.time_if_any("due_at") or 0.0


def _waits(item: Item) -> bool:
    return item.text("state") == State.WAITING


def _pending(item: Item) -> PendingEvent:
    body = json.loads(item.text("body"))
    kind = body["space_kind"]
    body["space_kind"] = SpaceKind(kind) if kind else None
    # That of the ticket: one that came again may say another time.
    body["asked_at"] = item.time("asked_at")
    return PendingEvent(
        number=item.number("number"),
        event=Event(**body),
        received_at=item.time("received_at"),
        attempts=item.number("attempts", 0),
        first_tried=item.time_if_any("first_tried"),
    )


def _reply(item: Item, now: float) -> Reply:
    first_tried = item.time("first_tried") if "first_tried" in item else now
    tries = {"first_tried": first_tried, "in_doubt": item.flag("in_doubt")}
    return Reply(**{**json.loads(item.text("body")), **tries})
