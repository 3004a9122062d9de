"""The work done by threads of this process, for as long as it runs: the bot on a machine of its own.

Several processes may share a ledger: one works, the others look now and then whether the lease is free. A holder that
was killed is recognized by its process number, so a restart need not wait for the lease to run out.
"""

import os
import secrets
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from structlog.stdlib import BoundLogger

from broadcast.errors import BroadcastError
from broadcast.ports import Clock, Ledger
from broadcast.queues.crew import RENEW_SECONDS, Crew, Hours, Lease, Shift, leased

TRY_SECONDS = 1.0
LONGEST_WAIT = 15.0
STOP_SECONDS = 10.0
ALWAYS = Hours(look=lambda: RENEW_SECONDS, to_go_home=lambda: STOP_SECONDS)

_living: set[str] = set()
"""The owners of this very process: a lease of theirs is not that of a dead process."""


class LocalQueue:
    """The doorbell and the threads behind it. `crew` makes the lanes for a lease; `log` has structlog's methods."""

    def __init__(self, *, ledger: Ledger, clock: Clock, crew: Callable[[Lease], Crew], log: BoundLogger) -> None:
        self._ledger = ledger
        self._clock = clock
        self._crew = crew
        self._log = log
        self._owner = f"{socket.gethostname()}/{os.getpid()}/{secrets.token_hex(4)}"
        self._stop = threading.Event()
        self._shift: Shift | None = None
        self._keeper: threading.Thread | None = None
        self._fault = ""

    def ring(self, lane: str = "") -> None:
        """Say that there is work, for one lane or for all."""
        if self._shift:
            self._shift.ring(lane)

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
        return self._fault or (self._shift.fault if self._shift else "")

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
        with leased(self._ledger, self._clock, self._owner, holder_is_dead=holder_is_dead) as lease:
            if lease is None:
                return
            crew = self._crew(lease)
            self._fault = ""
            self._shift = Shift(lease, crew, ledger=self._ledger, clock=self._clock, log=self._log)
            self._shift.work(self._stop, ALWAYS)


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
