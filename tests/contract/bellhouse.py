"""A place of work for the tests of the worker that an SQS queue calls: moto's queue, a clock that stands still, lanes
that do nothing but count, and a real ledger.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import boto3
from moto import mock_aws
from moto.sqs.models import sqs_backends

from broadcast.ledger.sqlite import SqliteLedger
from broadcast.model import PendingEvent
from broadcast.queues.crew import Crew, Lease
from broadcast.queues.sqs import LOOK_SECONDS, Call, Doorbell, SqsQueue
from tests.contract.records import message_event
from tests.contract.shop import STUCK_AFTER, CountingLane, Log
from tests.unit.fakes import FakeClock

TIME = 300.0
REGION = "eu-central-1"
ACCOUNT = "123456789012"
OTHER = "other"


class Bellhouse:
    """A queue with its worker. `called` starts one call of the worker, in a thread of its own."""

    def __init__(self, folder: Path, pool: ThreadPoolExecutor) -> None:
        self.clock = FakeClock()
        self.ledger = SqliteLedger(folder / "ledger.db")
        self.log = Log()
        self.sending, self.replies = CountingLane(), CountingLane()
        self.drained: list[float] = []
        self.leases: list[Lease] = []
        self.held_up = 0.0
        self.at_drain: Callable[[], object] = lambda: None
        self.make_crew: Callable[[Lease], Crew] = self.crew
        self.pool = pool
        self._looks = 0
        self.sqs = boto3.client("sqs", region_name=REGION)
        self.url = self.sqs.create_queue(QueueName=folder.name, Attributes={"VisibilityTimeout": "330"})["QueueUrl"]
        self.queue = SqsQueue(
            Doorbell(self.url),
            ledger=self.ledger,
            clock=self.clock,
            crew=self._hire,
            held_up=lambda: self.held_up,
            log=cast(Any, self.log),
        )

    def _hire(self, lease: Lease) -> Crew:
        return self.make_crew(lease)

    def crew(self, lease: Lease) -> Crew:
        """Return the lanes."""
        self.leases.append(lease)
        return Crew(lanes={"sending": self.sending.step, "replies": self.replies.step}, drain=self._drain)

    def _drain(self, seconds: float) -> None:
        self.drained.append(seconds)
        self.at_drain()

    # what there is to do

    def ask(self, key: str = "a") -> None:
        """Have somebody ask for something."""
        self.ledger.record(message_event(key), self.clock.now())

    def _asked(self) -> PendingEvent:
        pending = self.ledger.next_message(self.clock.now())
        assert pending is not None
        return pending

    def finish(self) -> None:
        """Have the first thing done that was asked for."""
        self.ledger.finish_event(self._asked(), "done", self.clock.now())

    def defer(self, seconds: float) -> None:
        """Put off what was asked for."""
        now = self.clock.now()
        self.ledger.defer_event(self._asked(), until=now + seconds, now=now, counts=False)

    # calls

    def rung(self) -> Call:
        """Ring from elsewhere, and take the message out as Lambda does."""
        self.sqs.send_message(QueueUrl=self.url, MessageBody="x")
        [message] = self.sqs.receive_message(QueueUrl=self.url)["Messages"]
        return Call(id=message["MessageId"], receipt=message["ReceiptHandle"])

    def serve(self, call: Call | None = None) -> Future[bool]:
        """Call the worker with a message."""
        return self.pool.submit(self.queue.serve, call or self.rung(), TIME)

    def begin(self, call: Call | None = None) -> Future[bool]:
        """Call the worker, and come back when it is at work."""
        answer = self.serve(call)
        assert self.sending.stepped()
        assert self.replies.stepped()
        self.clock.until_somebody_waits(LOOK_SECONDS)
        return answer

    def look_again(self, times: int = 1) -> None:
        """Let the time pass until the worker has looked up so often."""
        for _ in range(times):
            self._looks += 1
            self.clock.until_somebody_waits(LOOK_SECONDS, self._looks)
            self.clock.advance(LOOK_SECONDS)

    # the queue and the lease

    def messages(self) -> tuple[int, int]:
        """Return how many messages can be seen in the queue, and how many are hidden."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        counts = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)["Attributes"]
        return int(counts[names[0]]), int(counts[names[1]])

    def hidden_for(self) -> float:
        """Return for how many seconds from now the one message is hidden, as moto knows it."""
        name = self.url.rpartition("/")[2]
        [message] = sqs_backends[ACCOUNT][REGION].queues[name]._messages
        return float(message.visible_at) / 1000 - time.time()

    def lease_taken_by(self, owner: str) -> int | None:
        """Try to take the lease, as another worker does; return its token."""
        return self.ledger.take_lease(owner, self.clock.now(), 60.0, holder_is_dead=lambda _: False)

    def is_lease_free(self) -> bool:
        """Whether somebody else would get the lease now; takes it."""
        return self.lease_taken_by(OTHER) is not None


@contextmanager
def open_bellhouse(folder: Path) -> Iterator[Bellhouse]:
    """Build a place, and see that its worker has ended."""
    with mock_aws(), ThreadPoolExecutor(2) as pool:
        house = Bellhouse(folder, pool)
        try:
            yield house
        finally:
            house.queue.stop()


def ended(answer: Future[bool]) -> bool:
    """Wait for the end of a call; return whether its message is done with."""
    return answer.result(STUCK_AFTER)
