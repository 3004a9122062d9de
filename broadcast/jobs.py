"""The lanes of work besides sending: events in order, replies, housekeeping. One step at a time, each safe to repeat.

A lane's `step` does one piece of work and returns the seconds until it is worth calling again. What an event means is
the handler's business; here is when it is handled, and what becomes of it when that fails.
"""

import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from enum import Enum
from pathlib import Path
from threading import Lock
from typing import Protocol

from broadcast.config import Config
from broadcast.errors import LeaseLost, NoAnswer, NoLease, Refused, TryLater, WebexError
from broadcast.links import same
from broadcast.lookup import CLOCK_MARGIN, says
from broadcast.model import NOTHING, Broadcast, Form, Job, Message, PendingEvent, Reply, Tally
from broadcast.pacing import PAUSE_KEY, Gate
from broadcast.ports import Clock, Gateway, Ledger, Log
from broadcast.posting import post_in_thread, reply_about
from broadcast.retry import GRACE, Patience, is_permanent

IDLE_SECONDS = 0.5
LONGEST_HOLD = 120.0
"""Seconds for which a message that cannot be opened yet keeps later ones waiting, for the order's sake."""

HOUSEKEEPING_SECONDS = 3600.0
PURGED_KEY = "purged_at"
LONG_PAUSE = 60.0
LONGEST_LOOK_AWAY = 5.0
PAUSE = "pause:"
"""What the key of a word about a pause begins with: it is said during the pause or not at all."""

MOST_PAUSES = 3
"""How many pauses a sender is told of; the progress message tells of later ones."""

DARE_EVERY = 300.0
FETCHING_SECONDS = 24 * 3600.0
EXAMPLES = 10


class EventLane:
    """Hands one event after another to its handler. `next_event` chooses; `handle` returns the outcome in a word.

    `hold_off`: seconds an event waits after it came, so that one that was asked for before it can still come first.
    """

    def __init__(
        self,
        next_event: Callable[[float], PendingEvent | None],
        handle: Callable[[Job], str],
        *,
        ledger: Ledger,
        gate: Gate,
        clock: Clock,
        config: Callable[[], Config],
        log: Log,
        give_up: Callable[[Job, Exception], None],
        hold_off: float = 0.0,
    ) -> None:
        self._next_event = next_event
        self._handle = handle
        self._ledger = ledger
        self._gate = gate
        self._clock = clock
        self._config = config
        self._log = log
        self._give_up = give_up
        self._hold_off = hold_off

    def step(self) -> float:
        """Handle the next event."""
        closed = self._gate.closed_for()
        pending = self._next_event(self._clock.now())
        if pending is None:
            return IDLE_SECONDS
        # An order from a page or the command line needs no word from Webex, and is often given because of the pause.
        if closed and pending.event.resource != "orders":
            return min(closed, LONGEST_LOOK_AWAY)
        age = self._clock.now() - pending.received_at
        if 0 <= age < self._hold_off:
            return self._hold_off - age
        patience = self._patience(pending)
        # Put off before it is begun: an event that brings the process down is not the first thing to happen next time.
        self._defer(pending, patience.pause(), counts=True, holds=_may_hold(patience))
        try:
            outcome = self._handle(Job(event=pending.event, attempts=pending.attempts, is_last_try=patience.is_spent))
        except (NoLease, LeaseLost):
            # Another one may be at this very event: its sender is told nothing, and it is not given up here.
            raise
        except (TryLater, WebexError) as error:
            outcome = self._failed(pending, patience, error)
        except Exception as error:
            # The runner logs it. One event that no handler gets through must not block those behind it for ever.
            if patience.is_spent:
                self._give_up(Job(event=pending.event, is_last_try=True), error)
                self._ledger.finish_event(pending, "crashed", self._clock.now())
            raise
        if outcome:
            self._ledger.finish_event(pending, outcome, self._clock.now())
        return 0.0

    def _failed(self, pending: PendingEvent, patience: Patience, error: TryLater | WebexError) -> str:
        """Return the outcome, or nothing where the event is tried again."""
        self._log("event.failed", resource=pending.event.resource, id=pending.event.id, error=str(error))
        if is_permanent(error):
            self._give_up(Job(event=pending.event, is_last_try=True), error)
            return "refused by Webex"
        if _is_nobodys_fault(error):
            self._defer(pending, self._gate.closed_for() or patience.pause(), counts=False)
            return ""
        if patience.is_spent:
            self._give_up(Job(event=pending.event, is_last_try=True), error)
            return "given up"
        wish = error.seconds if isinstance(error, TryLater) else getattr(error, "retry_after", None)
        holds = _may_hold(patience) and getattr(error, "holds", True)
        self._defer(pending, patience.pause(wish), counts=True, holds=holds)
        return ""

    def _defer(self, pending: PendingEvent, seconds: float, *, counts: bool, holds: bool = True) -> None:
        now = self._clock.now()
        self._ledger.defer_event(pending, until=now + seconds, now=now, counts=counts, holds=holds)

    def _patience(self, pending: PendingEvent) -> Patience:
        return Patience(
            now=self._clock.now(),
            first_tried=pending.first_tried,
            give_up_after=self._config().delivery.give_up_after_minutes * 60,
        )


class _Trace(Enum):
    """What is found at Webex of a reply that may have been said."""

    SAID = "it is there"
    MISSING = "it is not there"
    UNKNOWN = "nobody can know"


class ReplyLane:
    """Says what the bot has to say to people; a broadcast's sends do not stand in its way.

    While the gate is closed it keeps still, too; but one word now and then is dared through a long pause, because it
    is then that people wait for one. What may have been said is looked for before it is said again.
    """

    def __init__(self, *, ledger: Ledger, gateway: Gateway, gate: Gate, clock: Clock, log: Log) -> None:
        self._ledger = ledger
        self._gateway = gateway
        self._gate = gate
        self._clock = clock
        self._log = log
        self._dared_at = float("-inf")

    def step(self) -> float:
        """Say the next thing."""
        closed = self._gate.closed_for()
        if closed and (closed < LONG_PAUSE or self._clock.monotonic() - self._dared_at < DARE_EVERY):
            return min(closed, LONG_PAUSE)
        reply = self._ledger.next_reply(self._clock.now())
        if reply is None:
            return IDLE_SECONDS
        if closed:
            self._dared_at = self._clock.monotonic()
        self._say(reply)
        return 0.0

    def _say(self, reply: Reply) -> None:
        try:
            trace = self._trace_of(reply) if reply.in_doubt else _Trace.MISSING
        except WebexError as error:
            self._log("reply.failed", key=reply.key, error=str(error))
            self._put_off(reply, error, in_doubt=True)
            return
        if trace is _Trace.SAID or (reply.in_doubt and not _can_be_looked_for(reply)):
            self._done_with(reply)
            return
        try:
            self._post(reply)
        except WebexError as error:
            self._not_said(reply, error, trace)
        else:
            self._done_with(reply)

    def _trace_of(self, reply: Reply) -> _Trace:
        if not _can_be_looked_for(reply):
            return _Trace.UNKNOWN
        lead = self._gateway.time_at_webex() - self._clock.now()
        since = (reply.first_tried or 0.0) + lead - CLOCK_MARGIN
        try:
            found = self._gateway.own_messages_since(reply.space_id, since)
        except Refused as error:
            if error.status not in (403, 404):
                raise
            return self._trace_in_group(reply, since)
        there = [message for message in found if _is_in_place(message, reply)]
        if any(says(message, reply.markdown) for message in there):
            return _Trace.SAID
        return _Trace.MISSING if all(message.markdown for message in there) else _Trace.UNKNOWN

    def _trace_in_group(self, reply: Reply, since: float) -> _Trace:
        """A bot may not list a group space; one where nothing has happened since has not got it."""
        try:
            last = self._gateway.space(reply.space_id).last_activity
        except Refused as error:
            if error.status not in (403, 404):
                raise
            return _Trace.UNKNOWN
        return _Trace.MISSING if last is not None and last < since else _Trace.UNKNOWN

    def _not_said(self, reply: Reply, error: WebexError, trace: _Trace) -> None:
        """Decide what follows a failed attempt, which may have said it all the same.

        Where nobody can look, it may rather be there twice than be missing; without an answer it is tried once more.
        """
        self._log("reply.failed", key=reply.key, error=str(error))
        has_failed = isinstance(error, Refused) and error.status >= 500
        is_worth_a_look = isinstance(error, NoAnswer) and trace is not _Trace.UNKNOWN and _can_be_looked_for(reply)
        if reply.key.startswith(PAUSE) or not (error.did_nothing or has_failed or is_worth_a_look):
            self._done_with(reply)
        elif error.did_nothing:
            self._put_off(reply, error, in_doubt=reply.in_doubt)
        else:
            self._put_off(reply, error, in_doubt=_can_be_looked_for(reply))

    def _put_off(self, reply: Reply, error: WebexError, *, in_doubt: bool) -> None:
        patience = Patience(now=self._clock.now(), first_tried=reply.first_tried, give_up_after=3600)
        if patience.is_spent:
            self._done_with(reply)
            return
        is_new_doubt = in_doubt and not reply.in_doubt
        pause = GRACE if is_new_doubt else patience.pause(getattr(error, "retry_after", None))
        try_at = patience.now + max(self._gate.closed_for(), pause)
        self._ledger.settle_reply(reply, try_at=try_at, now=patience.now, in_doubt=in_doubt)

    def _done_with(self, reply: Reply) -> None:
        self._ledger.settle_reply(reply, try_at=None, now=self._clock.now())

    def _post(self, reply: Reply) -> None:
        if reply.person_id:
            self._gateway.post_to_person(reply.person_id, reply.markdown)
            return
        forms = (replace(NOTHING, form=Form.CARD, card=reply.card), None) if reply.card else (None,)
        post_in_thread(self._gateway, reply.space_id, reply.markdown, thread_id=reply.parent_id, forms=forms)


class Words(Protocol):
    """What is said about broadcasts."""

    def opened(self, broadcast: Broadcast, tallies: list[Tally]) -> Reply | None:
        """Return what is said first of all; nothing where the message goes nowhere."""

    def outcome(self, broadcast: Broadcast, tallies: list[Tally]) -> tuple[str, str | None]:
        """Return the outcome in words, and as a card."""

    def pause(self, until: float) -> str:
        """Return that Webex asks to wait."""


class ReportLane:
    """Tells senders what became of their broadcasts, and forgets what is too old.

    `words` puts it into words; `folder` is where files are kept: a disk that `is_lent` is small, and what was on it can
    be fetched again. Whoever begins something and says so holds `telling` meanwhile, and the outcome comes after it.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        clock: Clock,
        config: Callable[[], Config],
        words: Words,
        telling: Lock,
        log: Log,
        said: Callable[[], None],
        folder: Path,
        is_lent: bool,
        gate: Gate,
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._config = config
        self._words = words
        self._telling = telling
        self._log = log
        self._said = said
        self._folder = folder
        self._is_lent = is_lent
        self._gate = gate
        self._told_until = 0.0
        self._purged_at = float("-inf")
        self._pauses_told: Counter[int] = Counter()

    def step(self) -> float:
        """Report every finished broadcast that was not yet reported."""
        for broadcast in self._ledger.unreported():
            with self._telling:
                self._report(broadcast)
            self._said()
        self._tell_pause()
        self._purge()
        return IDLE_SECONDS

    def _report(self, broadcast: Broadcast) -> None:
        now = self._ledger.broadcast(broadcast.number)
        if now is None or now.finished_at != broadcast.finished_at:
            # It is sent again already: there will be another outcome.
            return
        if self._config().report.in_thread:
            self._tell(broadcast)
        self._drop_file(broadcast)
        self._ledger.mark_reported(broadcast.number, self._clock.now())

    def _tell(self, broadcast: Broadcast) -> None:
        tallies = self._ledger.tallies(broadcast.number, examples=EXAMPLES)
        if opened := self._words.opened(broadcast, tallies):
            # It was said before, unless this one was over sooner.
            self._ledger.queue_reply(opened)
        text, card = self._words.outcome(broadcast, tallies)
        key = f"outcome:{broadcast.source_id}:{broadcast.finished_at}"
        self._ledger.queue_reply(replace(reply_about(broadcast, key, text), card=card))

    def _tell_pause(self) -> None:
        until = self._clock.now() + self._gate.closed_for()
        if self._gate.closed_for() <= LONG_PAUSE or until < self._told_until + LONG_PAUSE:
            return
        self._told_until = until
        self._ledger.remember(PAUSE_KEY, str(until))
        if not self._config().report.in_thread:
            return
        for broadcast in self._ledger.unfinished()[:EXAMPLES]:
            self._pauses_told[broadcast.number] += 1
            if self._pauses_told[broadcast.number] <= MOST_PAUSES:
                key = f"{PAUSE}{broadcast.source_id}:{until:.0f}"
                self._ledger.queue_reply(reply_about(broadcast, key, self._words.pause(until)))
                self._said()

    def _drop_file(self, broadcast: Broadcast) -> None:
        file = self._ledger.content(broadcast.number).file
        if file and (self._is_lent or not (broadcast.counts.failed or broadcast.counts.unknown)):
            shutil.rmtree(file.path.parent, ignore_errors=True)

    def tidy(self) -> None:
        """Drop from a disk that is only lent what broadcasts left there that are over, or went on elsewhere."""
        folders = list(self._folder.glob("*/")) if self._is_lent else []
        files = [self._ledger.content(one.number).file for one in self._ledger.unfinished()] if folders else []
        needed = {file.path.parent.name for file in files if file}
        for folder in folders:
            if folder.name not in needed:
                shutil.rmtree(folder, ignore_errors=True)

    def _drop_files(self) -> None:
        """Drop what no broadcast names any more, or never did; what is being fetched at the moment is young."""
        needed = {path.parent for path in self._ledger.files_in_use()}
        oldest = self._clock.now() - FETCHING_SECONDS
        for folder in self._folder.glob("*/"):
            if folder not in needed and folder.stat().st_mtime < oldest:
                shutil.rmtree(folder, ignore_errors=True)

    def _purge(self) -> None:
        if self._clock.monotonic() - self._purged_at < HOUSEKEEPING_SECONDS:
            return
        self._purged_at = self._clock.monotonic()
        now = self._clock.now()
        # Noted in the ledger as well: on Lambda a process lives for minutes.
        if now - float(self._ledger.recall(PURGED_KEY) or 0.0) < HOUSEKEEPING_SECONDS:
            return
        self._ledger.remember(PURGED_KEY, str(now))
        gone = self._ledger.purge(self._clock.now() - self._config().retention_days * 86400)
        self._drop_files()
        if gone:
            self._log("ledger.purged", broadcasts=gone)


def _may_hold(patience: Patience) -> bool:
    """Whether an event that is put off may still keep those behind it waiting."""
    return patience.first_tried is None or patience.now - patience.first_tried < LONGEST_HOLD


def _can_be_looked_for(reply: Reply) -> bool:
    """Whether it is worth a look: the bot does not know the space of a person, and a pause will be over."""
    return bool(reply.space_id) and not reply.key.startswith(PAUSE)


def _is_in_place(message: Message, reply: Reply) -> bool:
    """Whether a message stands in a reply's thread or, as a reply does whose thread is gone, in none."""
    return message.parent_id is None or same(message.parent_id, reply.parent_id)


def _is_nobodys_fault(error: Exception) -> bool:
    return isinstance(error, Refused) and error.status in (401, 429)
