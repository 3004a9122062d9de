"""A token bucket for each access token, and the ways `Retry-After` has been seen. No I/O, no sleeping."""

import math
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate

from webexsim import refusals

RUBBISH = "rand(30),add(30)"  # seen in production: WebexPythonSDK issue 181


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class RateLimit:
    """So many calls a second for each access token, with a burst on top.

    `retry_after` is "seconds" (the true wait, at least 1), "date", "float", "rubbish", "absent", or what the header
    shall say word for word. `paths` limits some calls only: matched from the start of what follows `/v1`.
    """

    def __init__(
        self,
        *,
        per_second: float,
        burst: float,
        retry_after: str = "seconds",
        paths: str = "",
        clock: Callable[[], float],
    ) -> None:
        self.per_second = per_second
        self.burst = burst
        self._retry_after = retry_after
        self._paths = re.compile(paths)
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}
        self._lock = threading.Lock()

    def take(self, token: str, path: str) -> None:
        """Count a call, or raise 429 (which costs nothing)."""
        if not self._paths.match(path):
            return
        with self._lock:
            wait = self._wait(token, self._clock())
        if wait > 0:
            raise refusals.too_many(self._headers(wait))

    def _wait(self, token: str, now: float) -> float:
        bucket = self._buckets.setdefault(token, _Bucket(self.burst, now))
        bucket.tokens = min(self.burst, bucket.tokens + (now - bucket.at) * self.per_second)
        bucket.at = now
        if bucket.tokens >= 1:
            bucket.tokens -= 1
            return 0.0
        return (1 - bucket.tokens) / self.per_second if self.per_second else 3600.0

    def _headers(self, wait: float) -> dict[str, str]:
        seconds = max(1, math.ceil(wait))
        said = {
            "seconds": str(seconds),
            "date": formatdate(math.ceil(self._clock()) + seconds, usegmt=True),
            "float": f"{seconds + 0.5}",
            "rubbish": RUBBISH,
            "absent": "",
        }.get(self._retry_after, self._retry_after)
        return {"Retry-After": said} if said else {}
