"""Staged failures: which call goes wrong, how, and how often. Does none of it itself; the server does."""

import random
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from webexsim.model import Space

Kind = Literal["status", "slow", "cut_before", "cut_after", "hang", "empty", "broken", "html"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One way for a call to fail.

    `path` is matched from the start of what follows `/v1`, as a regular expression; "" for `method` is any; `room`
    limits it to calls that name that room by its id. `times` is how often it strikes (None: always), `after` how many
    matching calls it lets pass first, `probability` how likely each strike is. Kinds: "status" answers `status` with
    `headers` and `body` and does nothing; "slow" sleeps `seconds`, then behaves; "cut_before" and "cut_after" reset
    the connection without and with the effect; "hang" gives no answer for `seconds` and then cuts, with the effect or
    not (`effect`); "empty" and "broken" are a 200 with no body or half of one, after the effect (a file ends early,
    under its true length); "html" answers `status` with a page and does nothing.
    """

    kind: Kind
    method: str = ""
    path: str = "/"
    room: Space | None = None
    times: int | None = 1
    after: int = 0
    probability: float = 1.0
    status: int = 503
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    seconds: float = 0.0
    effect: bool = False


@dataclass(slots=True)
class _Armed:
    fault: Fault
    passed: int = 0
    struck: int = 0

    def matches(self, method: str, path: str, room_id: str) -> bool:
        fault = self.fault
        if fault.times is not None and self.struck >= fault.times:
            return False
        if fault.method not in ("", method) or not re.match(fault.path, path):
            return False
        return fault.room is None or fault.room.id == room_id


class Faults:
    """The faults in force, asked in the order they were added; the first that strikes is the one."""

    def __init__(self, seed: int = 1) -> None:
        self._armed: list[_Armed] = []
        self._random = random.Random(seed)
        self._lock = threading.Lock()

    def __bool__(self) -> bool:
        return bool(self._armed)

    def add(self, fault: Fault) -> None:
        """Put a fault in force."""
        with self._lock:
            self._armed.append(_Armed(fault))

    def clear(self) -> None:
        """Let everything work again."""
        with self._lock:
            self._armed.clear()

    def strike(self, method: str, path: str, room_id: str) -> Fault | None:
        """Return the fault that strikes this call, and count it."""
        with self._lock:
            return next((it.fault for it in self._armed if it.matches(method, path, room_id) and self._due(it)), None)

    def _due(self, armed: _Armed) -> bool:
        if armed.passed < armed.fault.after:
            armed.passed += 1
            return False
        if self._random.random() >= armed.fault.probability:
            return False
        armed.struck += 1
        return True
