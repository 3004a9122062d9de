"""Things that are done once each, in order: a ticket per key remembers them, a line holds those that are not done yet.

Two items without a transaction. The ticket is written first and holds the place in the line, so that a repetition can
put a thing back into the line that a crash kept out of it, and never has a second place. It is marked done first, too:
what then still stands in the line is known by its ticket and taken out.
"""

from collections.abc import Callable

from broadcast.ledger.dynamo_items import Client, Item, Key, Value
from broadcast.ledger.dynamo_store import DynamoStore, named

DAY = 86_400.0
NINETY_DAYS = 90 * DAY
FORGOTTEN = Key("purged", "-")


class DynamoQueues(DynamoStore):
    """Tickets and lines. `retention` says for how many seconds what is done must be remembered."""

    def __init__(
        self, table: str, *, client: Client | None = None, retention: Callable[[], float] = lambda: NINETY_DAYS
    ) -> None:
        super().__init__(table, client=client)
        self._retention = retention

    def next_number(self, kind: str) -> int:
        """Return the next number of a kind of thing; some may be left out, none comes twice."""
        return self.count_up(Key("counter", kind), "last")

    def expires(self, now: float) -> int:
        """Return when DynamoDB may drop what is done now: a day later than a purge takes it for gone."""
        return int(now + self._retention() + DAY)

    def line_up(
        self, kind: str, key: str, stand: Callable[[float, int], Key], *, asked_at: float = 0.0, **thing: Value
    ) -> bool:
        """Put a thing into a line, where `stand` says for its time and number; False if that was done before.

        One that comes again keeps the time at which it was asked for first.
        """
        ticket = Key(kind, named(key))
        number = self.next_number(kind)
        place: dict[str, Value] = {"number": number, "asked_at": asked_at}
        is_new = self.put_new(ticket, **place) or (self.is_forgotten(ticket) and self.put_new(ticket, **place))
        if not is_new:
            # A crash may have kept it out of the line.
            found = self.get(ticket)
            if found is None or "done_at" in found:
                return False
            number, asked_at = found.number("number"), found.time("asked_at")
        self.put_new(stand(asked_at, number), key=key, number=number, asked_at=asked_at, **thing)
        return is_new

    def done(self, kind: str, key: str, place: Key, now: float, *, outcome: str = "") -> None:
        """Take a thing out of its line, and remember that it is done; the outcome is for people who look."""
        change = "SET #done_at = :now, #expires = :expires, #outcome = :outcome"
        ticket, expires = Key(kind, named(key)), self.expires(now)
        self.update(ticket, change, only_if="", now=now, expires=expires, outcome=outcome)
        self.delete(place)

    def is_done(self, kind: str, item: Item) -> bool:
        """Whether a thing that stands in a line is done in truth; if so, take it out."""
        ticket = self.get(Key(kind, named(item.text("key"))))
        if ticket is None or "done_at" not in ticket:
            return False
        self.delete(item.key)
        return True

    def grant(self, kind: str, key: str, now: float) -> bool:
        """Note that something is done now, for the only time; False if it was before."""
        ticket = Key(kind, named(key))
        values: dict[str, Value] = {"done_at": now, "expires": self.expires(now)}
        return self.put_new(ticket, **values) or (self.is_forgotten(ticket) and self.put_new(ticket, **values))

    def forget_before(self, before: float) -> None:
        """Take what was done before a time for never done; DynamoDB drops it when it expires."""
        known = self.get(FORGOTTEN)
        if known is None or known.time("before") < before:
            self.put_over(FORGOTTEN, before=before)

    def is_forgotten(self, ticket: Key) -> bool:
        """Whether a ticket is too old to count; if so, it is gone."""
        found, purged = self.get(ticket), self.get(FORGOTTEN)
        if found is None:
            return True
        if purged is None or "done_at" not in found or found.time("done_at") >= purged.time("before"):
            return False
        self.delete(ticket, only_if="#tag = :tag", tag=found.text("tag"))
        return True
