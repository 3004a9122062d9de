"""A clock that runs ahead, and stands still while the machine, or its disk, does.

Were it the machine's own clock sped up, a stall of half a second would be half a minute to the bot, and a story would
tell of that instead.
"""

import math
import mmap
import os
import threading
import time
from pathlib import Path

from broadcast.ports import Flag
from broadcast.services import SystemClock

TICK = 0.005
LONGEST_STEP = 0.03
"""Seconds of the machine that may pass between two ticks; what it took longer does not count."""
LONGEST_LEAP = 3.0
"""Seconds of a story that may pass between two ticks."""
LONGEST_WAIT = 0.1
"""Seconds of the machine after which whoever waits looks whether the clock has been told to hurry."""


class FastClock(SystemClock):
    """The machine's clock, `pace` times as fast; other processes read it in a file. At pace 1 it is the machine's."""

    def __init__(self, pace: float, file: Path) -> None:
        self.pace = pace
        self._epoch = time.time()
        self._longest = math.inf
        self._file = file
        self._face = face(file)
        self._lock = threading.Lock()
        self._counted = (0.0, time.monotonic())
        self.hurry(pace)
        self._over = threading.Event()
        self._hand = threading.Thread(target=self._run, name="clock", daemon=True)
        self._hand.start()

    def to_text(self) -> str:
        """Write down for another process of this machine where to read the time."""
        return f"{self.pace!r} {self._epoch!r} {self._file}"

    def hurry(self, pace: float) -> None:
        """Run so many times as fast as the machine's clock from now on; others read that, but wait as before."""
        with self._lock:
            self._count()
            self.pace = pace
            self._longest = min(LONGEST_STEP, LONGEST_LEAP / pace) if pace > 1 else math.inf

    def stop(self) -> None:
        """Count no more."""
        self._over.set()
        self._hand.join()

    def now(self) -> float:
        """Return seconds since the epoch, running ahead."""
        return self._epoch + self.monotonic()

    def leap(self, seconds: float) -> None:
        """Have it be so much later by the calendar, at once, in this process."""
        self._epoch += seconds

    def monotonic(self) -> float:
        """Return seconds since the start."""
        return self._seconds_at(time.monotonic())

    def wait(self, flag: Flag, seconds: float) -> bool:
        """Wait for a flag, `seconds` of this clock at most."""
        until = self.monotonic() + seconds
        while (left := until - self.monotonic()) > 0:
            if flag.wait(min(max(left / self.pace, 0.001), LONGEST_WAIT)):
                return True
        return flag.wait(0)

    def sleep(self, seconds: float) -> None:
        """Let `seconds` of this clock pass."""
        self.wait(threading.Event(), seconds)

    def _run(self) -> None:
        with self._file.open("rb") as disk:
            while not self._over.wait(min(TICK, self._longest / 2)):
                os.fsync(disk)
                with self._lock:
                    self._count()

    def _count(self) -> None:
        here = time.monotonic()
        self._counted = self._seconds_at(here), here
        self._face[0] = self._counted[0]

    def _seconds_at(self, here: float) -> float:
        seconds, counted_at = self._counted
        return seconds + min(max(0.0, here - counted_at), self._longest) * self.pace


class ReadClock(FastClock):
    """The clock of another process."""

    def __init__(self, text: str) -> None:
        pace, epoch, file = text.split(" ", 2)
        self.pace, self._epoch = float(pace), float(epoch)
        self._face = face(Path(file))

    def monotonic(self) -> float:
        """Return seconds since the start."""
        return self._face[0]


def face(file: Path) -> memoryview:
    """Return where the seconds of a clock are written, for every process at once."""
    if not file.exists():
        file.write_bytes(bytes(8))
    with file.open("r+b") as opened:
        return memoryview(mmap.mmap(opened.fileno(), 8)).cast("d")
