"""Whether somebody waits for this thread's requests: whoever opens a page, or a probe. No I/O.

A server has few threads for them; one that waits for Webex as long as the worker may keeps webhooks from being taken.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

_this_thread = threading.local()


@contextmanager
def in_a_hurry() -> Iterator[None]:
    """Have this thread's requests fail rather than wait: for a pause that Webex asks for, or long for an answer."""
    before, _this_thread.is_hurried = is_hurried(), True
    try:
        yield
    finally:
        _this_thread.is_hurried = before


def is_hurried() -> bool:
    """Whether this thread is in a hurry."""
    return getattr(_this_thread, "is_hurried", False)
