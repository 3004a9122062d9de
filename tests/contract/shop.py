"""A place of work for the queue tests: a queue whose lanes do nothing but count, under a clock that stands still."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from broadcast.ports import Ledger
from broadcast.queues.crew import RENEW_SECONDS, Crew, Lease
from broadcast.queues.local import LocalQueue
from tests.unit.fakes import FakeClock

STUCK_AFTER = 10.0
LONG = 1000.0


@dataclass
class Log:
    """What the operator is told; `told` waits for a line."""

    lines: list[str] = field(default_factory=list)
    news: threading.Condition = field(default_factory=threading.Condition)

    def note(self, event: str, **_: object) -> None:
        """Take a line down."""
        with self.news:
            self.lines.append(event)
            self.news.notify_all()

    info = warning = error = exception = note

    def told(self, event: str, times: int = 1) -> bool:
        """Wait until an event was told so often, and say whether it was."""
        with self.news:
            return self.news.wait_for(lambda: self.lines.count(event) >= times, STUCK_AFTER)


@dataclass
class CountingLane:
    """A lane that counts its steps; `plan` says what the next ones do: return a pause, or raise."""

    plan: list[float | BaseException] = field(default_factory=list)
    steps: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    count: int = 0

    def step(self) -> float:
        """Do the next thing of the plan; then pause for long."""
        self.count += 1
        outcome = self.plan.pop(0) if self.plan else LONG
        self.steps.release()
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def stepped(self) -> bool:
        """Wait for one more step, and say whether it came."""
        return self.steps.acquire(timeout=STUCK_AFTER)


class Shop:
    """A queue with the lanes "sending" and "replies"."""

    def __init__(self, ledger: Ledger, clock: FakeClock, crew: Callable[[Lease], Crew] | None = None) -> None:
        self.clock, self.ledger = clock, ledger
        self.log = Log()
        self.sending, self.replies = CountingLane(), CountingLane()
        self.drained: list[float] = []
        self.leases: list[Lease] = []
        self.queue = LocalQueue(ledger=ledger, clock=clock, crew=crew or self.crew, log=cast(Any, self.log))

    def crew(self, lease: Lease) -> Crew:
        """Return the lanes."""
        self.leases.append(lease)
        return Crew(
            lanes={"sending": self.sending.step, "replies": self.replies.step},
            drain=self.drained.append,
        )

    def open(self) -> "Shop":
        """Start, and come back when both lanes have made their first step and the keeper waits."""
        self.queue.start()
        assert self.sending.stepped()
        assert self.replies.stepped()
        self.clock.until_somebody_waits(RENEW_SECONDS)
        return self

    def is_lease_free(self) -> bool:
        """Whether somebody else would get the lease now; takes it."""
        token = self.ledger.take_lease("other", self.clock.now(), 60.0, holder_is_dead=lambda _: False)
        return token is not None
