"""The lanes of a crew at work, in a thread each, while a lease is held. Knows nothing of what the work is.

Who takes the lease, and when the work is enough, is the queue's business. Whoever was paused finds the lease run out by
a clock that does not stop, and sends nothing more.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from structlog.stdlib import BoundLogger

from broadcast.errors import LeaseLost, NoLease
from broadcast.ports import Clock, Ledger

LEASE_SECONDS = 15.0
RENEW_SECONDS = 4.0
CRASH_PAUSE = 2.0
CRASHES_IN_A_ROW = 5
"""Crashes of a lane in a row after which it does not look like bad luck."""


class Lease:
    """The right to work for the bot, until it runs out by the monotonic clock or is ended."""

    def __init__(self, token: int, clock: Clock) -> None:
        self.token = token
        self.is_lost = False
        self._clock = clock
        self._is_over = threading.Event()
        self.renewed(clock.monotonic())

    def renewed(self, asked_at: float) -> None:
        """Note that it was renewed by a request made then."""
        self._until = asked_at + LEASE_SECONDS

    def end(self) -> None:
        """Begin nothing more; what is in flight may come home."""
        self._is_over.set()

    def lose(self) -> None:
        """End for good, because somebody else works now."""
        self.is_lost = True
        self.end()

    def forfeit(self) -> None:
        """End for good: nothing that was begun under it may go out any more."""
        self.end()
        self._until = float("-inf")

    @property
    def is_over(self) -> bool:
        """Whether the lanes must stop."""
        return self._is_over.is_set()

    def holds(self) -> bool:
        """Whether this process may still act: another one may take over any moment after this is false."""
        return not self.is_lost and self._clock.monotonic() < self._until


@contextmanager
def leased(
    ledger: Ledger, clock: Clock, owner: str, *, holder_is_dead: Callable[[str], bool]
) -> Iterator[Lease | None]:
    """Hold the bot's lease during a block; None where somebody else holds it."""
    asked_at = clock.monotonic()
    token = ledger.take_lease(owner, clock.now(), LEASE_SECONDS, holder_is_dead=holder_is_dead)
    if token is None:
        yield None
        return
    lease = Lease(token, clock)
    lease.renewed(asked_at)
    try:
        yield lease
    finally:
        lease.forfeit()
        with suppress(Exception):
            ledger.drop_lease(token)


@dataclass(frozen=True, kw_only=True)
class Crew:
    """The lanes of work by name, and how to let what the first of them started come home, within some seconds."""

    lanes: Mapping[str, Callable[[], float]]
    drain: Callable[[float], None]


@dataclass(frozen=True, kw_only=True)
class Hours:
    """When a shift ends: `look` returns the seconds until it is to be asked again, 0 when it is enough.

    `to_go_home` returns the seconds that what is in flight has then.
    """

    look: Callable[[], float]
    to_go_home: Callable[[], float]


class Shift:
    """The work done under one lease; `log` has structlog's methods."""

    def __init__(self, lease: Lease, crew: Crew, *, ledger: Ledger, clock: Clock, log: BoundLogger) -> None:
        self._lease = lease
        self._crew = crew
        self._ledger = ledger
        self._clock = clock
        self._log = log
        self._bells = {name: threading.Event() for name in crew.lanes}
        self._renew_at = clock.monotonic()
        self._crashes: Counter[str] = Counter()

    @property
    def fault(self) -> str:
        """Which lanes crash again and again, in words; empty where none does."""
        stuck = sorted(name for name, count in self._crashes.items() if count >= CRASHES_IN_A_ROW)
        return f"This crashes again and again: {', '.join(stuck)}. The log says why (lane.crashed)." if stuck else ""

    def ring(self, lane: str = "") -> None:
        """Say that there is work, for one lane or for all."""
        for name, bell in self._bells.items():
            if lane in ("", name):
                bell.set()

    def work(self, stop: threading.Event, hours: Hours) -> None:
        """Work until the flag is set, the hours are over or the lease is lost; then see everybody off."""
        self._log.info("worker.started", lease=self._lease.token)
        threads = [
            threading.Thread(target=self._run_lane, args=(name, step), name=f"lane-{name}", daemon=True)
            for name, step in self._crew.lanes.items()
        ]
        for thread in threads:
            thread.start()
        try:
            self._keep_lease(stop, hours)
        finally:
            self._lease.end()
            self.ring()
            self._see_off(threads, hours.to_go_home())
        self._log.info("worker.stopped", lease=self._lease.token)

    def _keep_lease(self, stop: threading.Event, hours: Hours) -> None:
        while not (stop.is_set() or self._lease.is_over):
            if self._clock.monotonic() >= self._renew_at:
                self._renew()
            pause = 0.0 if self._lease.is_over else min(hours.look(), RENEW_SECONDS)
            if pause <= 0:
                return
            self._clock.wait(stop, pause)

    def _renew(self) -> None:
        asked_at = self._clock.monotonic()
        try:
            self._ledger.renew_lease(self._lease.token, self._clock.now() + LEASE_SECONDS)
            self._lease.renewed(asked_at)
            self._renew_at = asked_at + RENEW_SECONDS
        except LeaseLost as error:
            self._log.warning("worker.lease_lost", reason=str(error))
            self._lease.lose()

    def _see_off(self, threads: Sequence[threading.Thread], seconds: float) -> None:
        """Wait for the lanes and for what is in flight, all within so many seconds."""
        deadline = self._clock.monotonic() + seconds
        first, *others = threads
        first.join(seconds)
        self._crew.drain(max(0.0, deadline - self._clock.monotonic()))
        for thread in others:
            thread.join(max(0.0, deadline - self._clock.monotonic()))

    def _run_lane(self, name: str, step: Callable[[], float]) -> None:
        bell = self._bells[name]
        while not self._lease.is_over:
            bell.clear()
            try:
                pause = step()
                self._crashes[name] = 0
            except (LeaseLost, NoLease):
                self._lease.lose()
                return
            except Exception:
                self._log.exception("lane.crashed", lane=name)
                self._crashes[name] += 1
                pause = CRASH_PAUSE
            if pause > 0 and not self._lease.is_over:
                self._clock.wait(bell, pause)
