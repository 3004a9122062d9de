"""The work done by threads of this process, while it holds the bot's lease. Knows nothing of what the work is.

Several processes may share a ledger: one works, the others look now and then whether the lease is free. A holder that
was killed is recognized by its process number, so a restart need not wait for the lease to run out. A process that
was paused finds its lease run out by a clock that does not stop, and sends nothing more.
"""

import os
import secrets
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from structlog.stdlib import BoundLogger

from broadcast.errors import BroadcastError, LeaseLost
from broadcast.ports import Clock, Ledger

LEASE_SECONDS = 15.0
RENEW_SECONDS = 4.0
TRY_SECONDS = 1.0
CRASH_PAUSE = 2.0
LONGEST_WAIT = 15.0
STOP_SECONDS = 10.0

_living: set[str] = set()
"""The owners of this very process: a lease of theirs is not that of a dead process."""


class Lease:
    """The right to work for the bot, until it runs out by the monotonic clock or is ended."""

    def __init__(self, token: int, clock: Clock) -> None:
        self.token = token
        self._clock = clock
        self._is_over = threading.Event()
        self.renewed(clock.monotonic())

    def renewed(self, asked_at: float) -> None:
        """Note that it was renewed by a request made then."""
        self._until = asked_at + LEASE_SECONDS

    def end(self) -> None:
        """Stop working."""
        self._is_over.set()

    @property
    def is_over(self) -> bool:
        """Whether the lanes must stop."""
        return self._is_over.is_set()

    def holds(self) -> bool:
        """Whether this process may still act: another one may take over any moment after this is false."""
        return self._clock.monotonic() < self._until


@dataclass(frozen=True, kw_only=True)
class Crew:
    """The lanes of work by name, and how to let what the first of them started come home, within some seconds."""

    lanes: Mapping[str, Callable[[], float]]
    drain: Callable[[float], None]


class LocalQueue:
    """The doorbell and the threads behind it. `crew` makes the lanes for a lease; `log` has structlog's methods."""

    def __init__(self, *, ledger: Ledger, clock: Clock, crew: Callable[[Lease], Crew], log: BoundLogger) -> None:
        self._ledger = ledger
        self._clock = clock
        self._crew = crew
        self._log = log
        self._owner = f"{socket.gethostname()}/{os.getpid()}/{secrets.token_hex(4)}"
        self._stop = threading.Event()
        self._bells: dict[str, threading.Event] = {}
        self._keeper: threading.Thread | None = None
        self._fault = ""

    def ring(self, lane: str = "") -> None:
        """Say that there is work, for one lane or for all."""
        for name, bell in list(self._bells.items()):
            if lane in ("", name):
                bell.set()

    def start(self) -> None:
        """Begin to work in the background."""
        _living.add(self._owner)
        self._keeper = threading.Thread(target=self._keep, name="keeper", daemon=True)
        self._keeper.start()

    def stop(self) -> None:
        """Finish what is in flight, within ten seconds, and give the lease back."""
        self._stop.set()
        if self._keeper:
            self._keeper.join(STOP_SECONDS + RENEW_SECONDS)
        _living.discard(self._owner)

    @property
    def fault(self) -> str:
        """What keeps this process from working, in words; empty where nothing does."""
        if self._keeper and not self._keeper.is_alive():
            return "The worker has ended. Start the bot again."
        return self._fault

    def _keep(self) -> None:
        pause = TRY_SECONDS
        while not self._stop.is_set():
            try:
                self._hold_one_lease()
                pause = TRY_SECONDS
            except BroadcastError as error:
                self._fault = str(error)
                self._log.warning("worker.waits", reason=self._fault)
                pause = min(LONGEST_WAIT, pause * 2)
            except Exception:
                self._log.exception("worker.failed")
                pause = min(LONGEST_WAIT, pause * 2)
            self._clock.wait(self._stop, pause)

    def _hold_one_lease(self) -> None:
        asked_at = self._clock.monotonic()
        token = self._ledger.take_lease(self._owner, self._clock.now(), LEASE_SECONDS, holder_is_dead=holder_is_dead)
        if token is None:
            return
        lease = Lease(token, self._clock)
        lease.renewed(asked_at)
        try:
            crew = self._crew(lease)
            self._fault = ""
            self._work(lease, crew)
        finally:
            lease.end()
            with suppress(Exception):
                self._ledger.drop_lease(token)

    def _work(self, lease: Lease, crew: Crew) -> None:
        self._log.info("worker.started", lease=lease.token)
        self._bells = {name: threading.Event() for name in crew.lanes}
        threads = [
            threading.Thread(target=self._run_lane, args=(lease, name, step), name=f"lane-{name}", daemon=True)
            for name, step in crew.lanes.items()
        ]
        for thread in threads:
            thread.start()
        try:
            while not (self._stop.is_set() or lease.is_over):
                self._renew(lease)
                if not lease.is_over:
                    self._clock.wait(self._stop, RENEW_SECONDS)
        finally:
            lease.end()
            self.ring()
            self._see_off(threads, crew)
        self._log.info("worker.stopped", lease=lease.token)

    def _see_off(self, threads: Sequence[threading.Thread], crew: Crew) -> None:
        """Wait for the lanes and for what is in flight, all within `STOP_SECONDS`."""
        deadline = self._clock.monotonic() + STOP_SECONDS
        first, *others = threads
        first.join(STOP_SECONDS)
        crew.drain(max(0.0, deadline - self._clock.monotonic()))
        for thread in others:
            thread.join(max(0.0, deadline - self._clock.monotonic()))

    def _renew(self, lease: Lease) -> None:
        asked_at = self._clock.monotonic()
        try:
            self._ledger.renew_lease(lease.token, self._clock.now() + LEASE_SECONDS)
            lease.renewed(asked_at)
        except LeaseLost as error:
            self._log.warning("worker.lease_lost", reason=str(error))
            lease.end()

    def _run_lane(self, lease: Lease, name: str, step: Callable[[], float]) -> None:
        bell = self._bells[name]
        while not lease.is_over:
            bell.clear()
            try:
                pause = step()
            except LeaseLost:
                lease.end()
                return
            except Exception:
                self._log.exception("lane.crashed", lane=name)
                pause = CRASH_PAUSE
            if pause > 0 and not lease.is_over:
                self._clock.wait(bell, pause)


def holder_is_dead(owner: str) -> bool:
    """Whether the process that holds a lease is known to have ended: only one of this machine can be known."""
    host, _, rest = owner.partition("/")
    number = rest.partition("/")[0]
    if host != socket.gethostname() or not number.isdigit() or owner in _living:
        return False
    return int(number) == os.getpid() or not _runs(int(number))


def _runs(number: int) -> bool:
    if os.name != "posix":
        return True
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    with suppress(OSError, IndexError):
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    return True
