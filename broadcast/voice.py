"""What the bot says about its broadcasts: links, buttons, how long it will take, and what became of it.

Reads the ledger and the gate; sends and changes nothing. The sentences are put together in `narration.py` and
`reports.py`.
"""

from collections.abc import Callable, Iterable

from broadcast import tickets
from broadcast.buttons import Seal, card
from broadcast.commands import Order
from broadcast.model import Broadcast, Kind, Reply, Tally
from broadcast.narration import Outlook, clock_time, duration, opened_text, progress_text
from broadcast.pacing import Gate
from broadcast.ports import Clock, Ledger
from broadcast.posting import reply_about
from broadcast.reports import outcome_text
from broadcast.settings import Settings
from broadcast.standing import possible_orders
from broadcast.texts import Texts

LONG_WAIT = 30.0
"""Seconds: a wait that the sender is told about."""


class Voice:
    """Speaks of broadcasts in the configured language: `texts` returns its sentences."""

    def __init__(
        self, settings: Settings, *, ledger: Ledger, gate: Gate, clock: Clock, texts: Callable[[], Texts]
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._gate = gate
        self._clock = clock
        self._texts = texts

    @property
    def seal(self) -> Seal:
        """What shows that a button was made here."""
        return Seal(self._settings.secret)

    def link_to(self, broadcast: Broadcast) -> str:
        """Return a link to the live page of a broadcast; empty while the bot's public address is not known.

        Where others read the thread too, the link is for looking only.
        """
        generation = int(self._ledger.recall(tickets.broadcast_key(broadcast)) or 0)
        now, is_private = self._clock.now(), broadcast.is_private
        return self._link(tickets.for_broadcast(broadcast, generation=generation, now=now, may_steer=is_private))

    def history_link(self, person_id: str) -> str:
        """Return a link to the page of a person's broadcasts; empty while the bot's public address is not known."""
        generation = int(self._ledger.recall(tickets.history_key(person_id)) or 0)
        return self._link(tickets.for_person(person_id, generation=generation, now=self._clock.now()))

    def _link(self, ticket: tickets.Ticket) -> str:
        base = self._settings.base_url or (self._ledger.recall("webhook_url") or "").removesuffix("/webhook")
        return base + tickets.path(ticket, self._settings.secret) if base else ""

    def outlook(self, broadcast: Broadcast | None = None) -> Outlook:
        """Return what is known about the time to come: for a broadcast, or for one that would be opened now."""
        now, closed, due = self._clock.now(), self._gate.closed_for(), self._ledger.next_due()
        return Outlook(
            rate=self._gate.pace.rate,
            ahead=self._ahead_of(broadcast),
            paused_until=now + closed if closed > LONG_WAIT else None,
            outage_until=due if due and due > now + LONG_WAIT else None,
            link=self.link_to(broadcast) if broadcast else "",
        )

    def _ahead_of(self, broadcast: Broadcast | None) -> int:
        if broadcast and broadcast.kind is not Kind.SEND:
            return 0
        running = [one for one in self._ledger.unfinished() if one.kind is Kind.SEND]
        return sum(one.counts.unsettled for one in running if broadcast is None or one.number < broadcast.number)

    def begun_at(self, broadcast: Broadcast) -> float:
        """Return when a broadcast was opened, or sent again last."""
        return float(self._ledger.recall(f"begun:{broadcast.number}") or broadcast.opened_at)

    def progress(self, broadcast: Broadcast) -> str:
        """Return how far a broadcast is, in words."""
        return progress_text(broadcast, self.outlook(broadcast), self._texts())

    def seconds_left(self, broadcast: Broadcast) -> float:
        """Return how long a broadcast will take yet; 0 while the rate is not known."""
        return self.outlook(broadcast).seconds_for(broadcast.counts.unsettled)

    def pause(self, until: float) -> str:
        """Return that Webex asks to wait, in words."""
        return self._texts().say("waiting_rate_limit", until=clock_time(until))

    def opened(self, broadcast: Broadcast, tallies: list[Tally]) -> Reply | None:
        """Return what is said first of all about a broadcast: to whom it goes.

        Nothing where it goes nowhere, and where this was said long ago, before it was sent again.
        """
        goes_nowhere = broadcast.counts.planned == broadcast.counts.skipped
        if broadcast.kind is not Kind.SEND or goes_nowhere or self.begun_at(broadcast) != broadcast.opened_at:
            return None
        text = opened_text(tallies, self.outlook(broadcast), self._texts())
        buttons = self.buttons(broadcast, self.orders(broadcast)) if broadcast.counts.unsettled else []
        return reply_about(broadcast, f"opened:{broadcast.source_id}", text, buttons)

    def outcome(self, broadcast: Broadcast, tallies: list[Tally]) -> tuple[str, str | None]:
        """Return the outcome in words, and a card that shows it with what can be done about it."""
        texts = self._texts()
        seconds = (broadcast.finished_at or 0.0) - self.begun_at(broadcast)
        lines = [
            outcome_text(broadcast, tallies, texts),
            texts.say("outcome_duration", time=duration(seconds, texts)),
        ]
        if link := self.link_to(broadcast):
            lines.append(texts.say("live_page", link=link))
        orders = self.orders(broadcast) if broadcast.kind is Kind.SEND else ()
        if not orders:
            return "\n\n".join(lines), None
        words = ", ".join(texts.say(f"how_to_{order.replace(' ', '_')}") for order in orders)
        shown = card("\n\n".join(lines), self.buttons(broadcast, orders))
        return "\n\n".join([*lines, texts.say("how_to_act", words=words)]), shown

    def orders(self, broadcast: Broadcast) -> tuple[Order, ...]:
        """Return what a person can ask for about a broadcast now."""
        possible = possible_orders(broadcast, self._ledger.changes_of(broadcast.root))
        return (*possible, Order.REPORT) if broadcast.finished_at else (Order.STATUS, *possible)

    def buttons(self, broadcast: Broadcast, orders: Iterable[Order]) -> list[tuple[str, dict[str, str]]]:
        """Return the buttons that give orders about a broadcast; its message names it, because a ledger may be lost."""
        return [
            (self._texts().say(f"button_{order.replace(' ', '_')}"), self.seal.inputs(order, broadcast.source_id))
            for order in orders
        ]
