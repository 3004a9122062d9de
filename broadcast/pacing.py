"""One gate for all senders of the bot: finds Webex's limit and stays just under it. Sends nothing, sleeps nowhere.

Nobody knows the limit (Webex documents "around 300 requests per minute" for most calls and a higher, changing one for
messages), so it is learnt. Webex's limiter is taken for a token bucket: it lets a burst through, then a steady rate.

- Unknown: start carefully and double every half second, later faster, while Webex accepts.
- A 429 empties the picture: the bucket is known to be empty now. Between two such moments rate x time was accepted, so
  the second 429 tells the rate, and the first one then tells the burst. Where the burst is smaller than what comes in
  during a pause, the bucket has run over meanwhile and that sum says too little; then the rate is felt for from below.
- Known: stay just under it and grow slowly, because the limit changes.
"""

import json
import math
import threading
from dataclasses import asdict, dataclass

from broadcast.ports import Clock

PAUSE_KEY = "pause_until"
"""Where the ledger holds until when Webex wants nothing to be sent."""

START_RATE = 11.0
LOWEST_RATE = 0.5
TOP_RATE = 2000.0
DOUBLING_SECONDS = ((100, 0.1), (0, 0.6))
"""How fast an unknown rate doubles, by how many requests were accepted since the start."""

FIRST_CUT = 0.22
LATER_DOUBLING_SECONDS = 2.0
CUT = 0.75
MARGIN = 0.99
NEAR_CEILING = 0.95
RETURN_A_SECOND = 0.2
GROWTH_A_SECOND = ((60.0, 0.05), (30.0, 0.02), (0.0, 0.006))
"""By how much a known rate grows in a second, by the seconds since the gate opened last."""

SMALLEST_LESSON = 5
IDLE_SECONDS = 2.0
BUNCH_SECONDS = 0.04
LONGEST_PAUSE = 6 * 3600.0
DEFAULT_PAUSE = 5.0
LONGEST_OUTAGE_PAUSE = 60.0
TROUBLE_BEFORE_PAUSE = 8


@dataclass(frozen=True, kw_only=True)
class Pace:
    """What has been learnt, to begin with next time: sends a second, and how many Webex takes at once."""

    rate: float = START_RATE
    burst: float = 0.0
    is_known: bool = False

    def to_text(self) -> str:
        """Return the pace as JSON."""
        return json.dumps(asdict(self))

    @staticmethod
    def from_text(text: str | None) -> "Pace":
        """Return the pace written down so; the careful start where there is none that can be read."""
        try:
            fields = json.loads(text or "{}")
            rate, burst = float(fields["rate"]), float(fields["burst"])
            if not math.isfinite(rate + burst):
                return Pace()
            return Pace(
                rate=min(TOP_RATE, max(LOWEST_RATE, rate)),
                burst=min(TOP_RATE, max(0.0, burst)),
                is_known=bool(fields["is_known"]),
            )
        except (ValueError, TypeError, KeyError, OverflowError):
            return Pace()


class Gate:
    """Says how many sends may start now. Safe to be called by any thread."""

    def __init__(self, clock: Clock, pace: Pace | None = None) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._open_at = 0.0
        self._trouble = 0
        self.begin(pace or Pace())

    def begin(self, pace: Pace) -> None:
        """Start from what was learnt before."""
        with self._lock:
            self._rate, self._burst, self._is_known = pace.rate, pace.burst, pace.is_known
            self._ceiling = pace.rate if pace.is_known else 0.0
            self._start_over(self._clock.monotonic())

    def _start_over(self, now: float) -> None:
        """Take Webex's bucket for full: nothing was sent for a while."""
        self._tokens = max(1.0, self._burst)
        self._asked_at = self._filled_at = self._started_at = now
        self._emptied_at: float | None = None
        self._closed_seconds = 0.0
        self._accepted = 0
        self._first_lesson: tuple[float, int] | None = None

    @property
    def pace(self) -> Pace:
        """What is known by now."""
        with self._lock:
            rate = min(self._rate, self._ceiling) if self._is_known else self._rate
            return Pace(rate=rate, burst=self._burst, is_known=self._is_known)

    def closed_for(self) -> float:
        """Return the seconds until the gate opens, 0 if it is open."""
        return max(0.0, self._open_at - self._clock.monotonic())

    def take(self, wanted: int) -> int:
        """Take the right to start up to `wanted` sends now; return how many."""
        now = self._clock.monotonic()
        with self._lock:
            if now - max(self._asked_at, self._open_at) > IDLE_SECONDS:
                self._start_over(now)
            self._asked_at = now
            if now < self._open_at or wanted <= 0:
                return 0
            self._fill(now, is_wanted=wanted > self._tokens)
            taken = min(wanted, int(self._tokens))
            self._tokens -= taken
            return taken

    def give_back(self, count: int) -> None:
        """Return rights that were not used."""
        with self._lock:
            self._tokens += count

    def wait_for_next(self) -> float:
        """Return the seconds until `take` may give something."""
        now = self._clock.monotonic()
        with self._lock:
            if now < self._open_at:
                return self._open_at - now
            missing = 1.0 - self._tokens
            return max(0.0, missing / self._rate - (now - self._filled_at))

    def accepted(self) -> None:
        """Note that Webex took a request."""
        with self._lock:
            self._accepted += 1
            self._trouble = 0

    def refused(self, retry_after: float | None) -> None:
        """Note a 429: close for everybody for `retry_after` seconds, and learn from it once per closure."""
        now = self._clock.monotonic()
        pause = DEFAULT_PAUSE if retry_after is None else min(LONGEST_PAUSE, max(0.5, retry_after))
        with self._lock:
            if now >= self._open_at:
                self._learn(now)
                self._closed_seconds += pause
            self._open_at = max(self._open_at, now + pause)

    def close(self, seconds: float) -> None:
        """Close for everybody, for a reason that says nothing about the limit."""
        with self._lock:
            self._open_at = max(self._open_at, self._clock.monotonic() + min(LONGEST_PAUSE, seconds))

    def failed(self) -> None:
        """Note that Webex is in trouble; when it goes on without one success, pause for longer and longer."""
        now = self._clock.monotonic()
        with self._lock:
            self._trouble += 1
            if self._trouble >= TROUBLE_BEFORE_PAUSE and now >= self._open_at:
                pause = min(LONGEST_OUTAGE_PAUSE, 0.5 * 2 ** (self._trouble - TROUBLE_BEFORE_PAUSE))
                self._open_at = now + pause

    def _fill(self, now: float, *, is_wanted: bool) -> None:
        passed = now - self._filled_at
        self._filled_at = now
        self._tokens += self._rate * passed
        if is_wanted:
            self._grow(now, min(passed, 0.5))
        self._tokens = min(self._tokens, max(1.0, self._burst, self._rate * BUNCH_SECONDS))

    def _grow(self, now: float, passed: float) -> None:
        opened_for = now - self._open_at
        if not self._is_known:
            first = next(doubling for accepted, doubling in DOUBLING_SECONDS if self._accepted >= accepted)
            factor = 2 ** (passed / (LATER_DOUBLING_SECONDS if self._ceiling else first))
        elif self._rate < self._ceiling * NEAR_CEILING:
            factor = (1 + RETURN_A_SECOND) ** passed
        else:
            factor = 1 + passed * next(growth for since, growth in GROWTH_A_SECOND if opened_for >= since)
        self._rate = min(TOP_RATE, self._rate * factor)

    def _learn(self, now: float) -> None:
        """Take in that Webex's bucket is empty now; the lock is held."""
        if self._emptied_at is None:
            self._learn_first(now)
        elif self._accepted < SMALLEST_LESSON:
            self._rate = max(LOWEST_RATE, self._rate * 0.5)
        else:
            self._learn_rate(self._accepted / (now - self._emptied_at))
        self._emptied_at = self._filled_at = now
        self._closed_seconds = 0.0
        self._accepted = 0
        self._tokens = 0.0

    def _learn_first(self, now: float) -> None:
        seconds, accepted = now - self._started_at, self._accepted
        limit = min(self._ceiling, self._rate)
        self._ceiling = self._rate
        if self._is_known:
            # What went through at once this time; not far from what was thought, because it is a guess.
            self._burst = max(self._burst / 2, min(self._burst * 1.25, accepted - limit * seconds))
        else:
            self._first_lesson = (seconds, accepted)
        self._rate = max(LOWEST_RATE, self._rate * (MARGIN if self._is_known else FIRST_CUT))

    def _learn_rate(self, rate: float) -> None:
        burst = self._burst
        if self._first_lesson is not None:
            seconds, accepted = self._first_lesson
            burst = max(0.0, accepted - rate * seconds)
            self._first_lesson = None
        has_run_over = rate * self._closed_seconds > burst + 1
        self._ceiling = self._rate if has_run_over else rate
        self._rate = max(LOWEST_RATE, rate * MARGIN, self._rate * CUT if has_run_over else 0.0)
        self._burst = self._burst if has_run_over else burst
        self._is_known = True
