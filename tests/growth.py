"""How the work of a function grows with its input, whatever else the machine is doing."""

import time
from collections.abc import Callable

TRIES = 7


def grows_less_than(times: int, short: Callable[[], object], long: Callable[[], object]) -> bool:
    """Whether the long work takes less than so many times the short one, in seconds of this thread's own CPU.

    A collection of garbage or a busy machine may fall into one measurement: what is told by any of a few is believed.
    Work that grows too fast passes none of them.
    """
    return any(_cost(long) < times * _cost(short) for _ in range(TRIES))


def _cost(work: Callable[[], object]) -> float:
    began = time.thread_time()
    work()
    return max(time.thread_time() - began, 1e-6)
