"""Whether the bot can do its job, for probes that ask every few seconds."""

import threading
from collections.abc import Callable
from sqlite3 import Error as StoreError

from broadcast import __version__
from broadcast.errors import BroadcastError, WebexError
from broadcast.hurry import in_a_hurry
from broadcast.model import Backlog
from broadcast.ports import Clock, Gateway, Ledger
from broadcast.settings import Settings
from broadcast.webhooks import look_at, work

LOOK_AT_WEBHOOKS_EVERY = 60.0
LONGEST_EVENT_MINUTES = 15.0


class Health:
    """Looks at everything the bot needs. `fault` returns what keeps it from its job until somebody mends it."""

    def __init__(
        self,
        settings: Settings,
        *,
        ledger: Ledger,
        clock: Clock,
        gateway: Callable[[], Gateway],
        fault: Callable[[], str],
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._clock = clock
        self._gateway = gateway
        self._fault = fault
        self._looking = threading.Lock()
        self._webhooks: tuple[float, bool | None] = (float("-inf"), None)

    def state(self) -> dict[str, object]:
        """Return what a probe wants to know; `ok` says whether the bot can do its job, `faults` why not."""
        faults: list[str] = []
        state: dict[str, object] = {"version": __version__, "store": "unreachable", "webhooks_active": None}
        try:
            backlog = self._ledger.backlog(self._clock.now())
            state |= {"store": "ok", "waiting_events": backlog.events, "waiting_deliveries": backlog.deliveries}
            state["oldest_event_seconds"] = backlog.oldest_event_age
            faults += [text for text in (self._fault(), self._absent_worker(backlog)) if text]
            state["webhooks_active"] = None if faults else self.webhooks_work()
            if state["webhooks_active"] is False:
                faults.append("Webex has disabled or lost the webhooks: open /webhook once")
        except (BroadcastError, StoreError) as error:
            faults.append(str(error))
        return {**state, "ok": not faults, "faults": faults}

    def webhooks_work(self) -> bool | None:
        """Whether Webex tells the bot about messages; None while nobody has set it up or Webex does not answer.

        Looked up once a minute, by one thread; whoever asks meanwhile gets the answer before.
        """
        asked_at, answer = self._webhooks
        url = self._ledger.recall("webhook_url")
        is_recent = self._clock.monotonic() - asked_at < LOOK_AT_WEBHOOKS_EVERY
        if not url or is_recent or not self._looking.acquire(blocking=False):
            return answer
        try:
            self._webhooks = (self._clock.monotonic(), self._look(url))
        finally:
            self._looking.release()
        return self._webhooks[1]

    def _look(self, url: str) -> bool | None:
        try:
            with in_a_hurry():
                found = look_at(self._gateway().webhooks(), url, self._settings.secret)
        except WebexError:
            return None
        return work(found)

    def webhooks_are_set(self, url: str) -> None:
        """Remember where the webhooks point to."""
        self._ledger.remember("webhook_url", url)
        self._webhooks = (float("-inf"), None)

    def _absent_worker(self, backlog: Backlog) -> str:
        """Return that nobody seems to work, in words: a worker elsewhere shows itself by what it does only."""
        minutes = (backlog.oldest_event_age or 0.0) / 60
        if not self._settings.queue_url or minutes < LONGEST_EVENT_MINUTES:
            return ""
        return (
            f"An event has waited for {minutes:.0f} minutes. If Webex works, look at the log of the worker and at the "
            "queue's dead-letter queue."
        )
