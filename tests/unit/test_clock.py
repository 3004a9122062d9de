"""The clock of the stories: it runs ahead, and what the machine did not do in time does not count."""

import threading
import time
from pathlib import Path

from tests.story.clock import LONGEST_STEP, FastClock, ReadClock

PACE = 50.0


def test_it_runs_ahead_and_another_process_reads_it(tmp_path: Path) -> None:
    """Ten seconds are over in less than one, for whoever has its file, too."""
    clock = FastClock(PACE, tmp_path / "clock")
    began = time.monotonic()
    clock.sleep(10.0)
    assert clock.monotonic() >= 10.0
    assert (time.monotonic() - began) * PACE >= 10.0
    assert ReadClock(clock.to_text()).monotonic() > 5.0
    clock.stop()


def test_it_stands_still_while_nobody_counts(tmp_path: Path) -> None:
    """A machine that stalls is told apart from time that passes: one step, and no more."""
    clock = FastClock(PACE, tmp_path / "clock")
    clock.stop()
    threading.Event().wait(5 * LONGEST_STEP)
    stood = clock.monotonic()
    threading.Event().wait(LONGEST_STEP)
    assert clock.monotonic() == stood


def test_it_can_be_told_to_hurry(tmp_path: Path) -> None:
    """Whoever waits already waits no longer than the new pace asks for."""
    clock = FastClock(1.0, tmp_path / "clock")
    waiting = threading.Thread(target=clock.sleep, args=(60.0,))
    waiting.start()
    clock.hurry(600.0)
    waiting.join(30)
    assert not waiting.is_alive()
    clock.stop()
