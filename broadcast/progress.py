"""One message in the sender's thread that tells how far a broadcast is, and is edited as it goes on.

Webex takes ten edits of a message: nine are spread over the time that is left, the last one says that it is done. A
broadcast that is over soon gets none. Posted at most once; says nothing about the outcome.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

from broadcast.config import Config
from broadcast.errors import Refused, WebexError
from broadcast.model import Broadcast
from broadcast.pacing import Gate
from broadcast.ports import Clock, Gateway, Ledger, Log
from broadcast.posting import post_in_thread

IDLE_SECONDS = 1.0
FIRST_AFTER = 10.0
SHORTEST_PAUSE = 5.0
STRETCH = 1.4
MOST_EDITS = 9
LAST_WORD_SECONDS = 60.0
KEY = "progress"


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a thread shows: `message_id` is empty where the message could not be posted or nobody knows."""

    message_id: str = ""
    edits: int = 0
    at: float = 0.0
    text: str = ""


class ProgressLane:
    """Keeps the progress messages of all broadcasts up to date. `text` puts it into words."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        gateway: Gateway,
        gate: Gate,
        clock: Clock,
        config: Callable[[], Config],
        text: Callable[[Broadcast], str],
        seconds_left: Callable[[Broadcast], float],
        begun_at: Callable[[Broadcast], float],
        log: Log,
    ) -> None:
        self._ledger = ledger
        self._gateway = gateway
        self._gate = gate
        self._clock = clock
        self._config = config
        self._text = text
        self._seconds_left = seconds_left
        self._begun_at = begun_at
        self._log = log
        kept = json.loads(ledger.recall(KEY) or "{}")
        self._told = {int(number): Told(**told) for number, told in kept.items()}

    def step(self) -> float:
        """Bring every message up to date whose time has come."""
        if self._gate.closed_for():
            return IDLE_SECONDS
        running = {one.number: one for one in self._ledger.unfinished()}
        if self._config().report.in_thread:
            for broadcast in running.values():
                self._follow(broadcast)
        for number in [number for number in self._told if number not in running]:
            self._close(number)
        return IDLE_SECONDS

    def _follow(self, broadcast: Broadcast) -> None:
        now = self._clock.now()
        told = self._told.get(broadcast.number)
        if told is None:
            if now - self._begun_at(broadcast) >= FIRST_AFTER:
                self._begin(broadcast)
            return
        left = self._seconds_left(broadcast)
        pause = max(SHORTEST_PAUSE * STRETCH**told.edits, left / max(1, MOST_EDITS - told.edits))
        if told.message_id and told.edits < MOST_EDITS and now - told.at >= pause:
            self._edit(broadcast, told)

    def _begin(self, broadcast: Broadcast) -> None:
        text = self._text(broadcast)
        self._note(broadcast.number, Told())
        try:
            message_id = post_in_thread(self._gateway, broadcast.space_id, text, thread_id=broadcast.thread_id)
        except WebexError as error:
            self._log("progress.failed", broadcast=broadcast.number, error=str(error))
            if _did_nothing(error):
                self._note(broadcast.number, None)
            return
        self._note(broadcast.number, Told(message_id=message_id, at=self._clock.now(), text=text))

    def _edit(self, broadcast: Broadcast, told: Told) -> bool:
        """Say whether the message says now what it should, as far as anybody can know."""
        text = self._text(broadcast)
        if text == told.text:
            return True
        # Counted before it is tried: an edit that got no answer may have been one.
        self._note(broadcast.number, replace(told, edits=told.edits + 1, at=self._clock.now(), text=text))
        try:
            self._gateway.edit(told.message_id, broadcast.space_id, text)
        except WebexError as error:
            self._log("progress.failed", broadcast=broadcast.number, error=str(error))
            if _did_nothing(error):
                self._note(broadcast.number, replace(told, at=self._clock.now()))
                return False
        return True

    def _close(self, number: int) -> None:
        """Say that a broadcast is over; try for a while where that is refused."""
        broadcast, told, now = self._ledger.broadcast(number), self._told[number], self._clock.now()
        is_late = broadcast is None or now - (broadcast.finished_at or 0.0) > LAST_WORD_SECONDS
        if broadcast and told.message_id and not is_late:
            is_said = now - told.at >= SHORTEST_PAUSE and self._edit(broadcast, told)
        else:
            is_said = True
        if is_said:
            self._note(number, None)

    def _note(self, number: int, told: Told | None) -> None:
        if told is None:
            del self._told[number]
        else:
            self._told[number] = told
        self._ledger.remember(KEY, json.dumps({number: asdict(one) for number, one in self._told.items()}))


def _did_nothing(error: WebexError) -> bool:
    return error.did_nothing or (isinstance(error, Refused) and error.status >= 500)
