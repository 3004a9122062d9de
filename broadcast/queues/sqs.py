"""The work done one call at a time: each message of an SQS queue calls a worker, which works while its time lasts.

The queue is a doorbell: the ledger says what there is to do, a message only that there is something. Every worker
that holds the lease has a message of its own. It gives the lease back before it looks at the ledger once more, and as
long as something may be left there it does not let the message go: the queue shows it again, at once, when something is
due, or when a worker that was killed would have had to be done. A message that finds another worker at work is of no
use any more, because that one will look once more, too.
"""

import math
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from structlog.stdlib import BoundLogger

from broadcast.errors import BroadcastError, LeaseLost, QueueFailed
from broadcast.ports import Clock, Ledger
from broadcast.queues.crew import Crew, Hours, Lease, Shift, leased

LOOK_SECONDS = 1.0
LONGEST_MARGIN = 15.0
MARGIN_SHARE = 0.4
"""Of a call's time: when so much of it is left nothing new is begun."""

RESERVE_SHARE = 0.3
"""Of the margin: left for giving the lease back and putting the message off."""

WORTH_A_WAIT = 20.0
"""Seconds without anything to do that a worker sits out; a longer time it is called again after."""

LINGER_SECONDS = 2.0
"""How long there is nothing to do before the worker leaves: the lanes may have a last word to say about it."""

LONGEST_ABSENCE = 11 * 3600.0
"""SQS hides a message for twelve hours at most, counted from when it was received."""

FAULT_SECONDS = 60.0
SWEEP_SECONDS = 300.0
AWS_HOST = re.compile(r"sqs\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?")
BODY = "There is something to do."


@dataclass(frozen=True, kw_only=True)
class Call:
    """A message that has come: `receipt` is what SQS knows this coming by."""

    id: str
    receipt: str


@dataclass(frozen=True, kw_only=True)
class Return:
    """The message must come back: after so many seconds, or (None) when the queue shows it again by itself."""

    after: float | None


def calls_in(records: Sequence[Mapping[str, Any]]) -> list[Call]:
    """Return the messages that Lambda hands over, as its event names them."""
    return [Call(id=record["messageId"], receipt=record["receiptHandle"]) for record in records]


class Doorbell:
    """One SQS queue by its URL; every failure leaves as `QueueFailed`. boto3 is imported at the first use."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._made: Any = None

    def ring(self) -> None:
        """Send a message."""
        self._ask(lambda: self._client.send_message(QueueUrl=self._url, MessageBody=BODY))

    def put_off(self, call: Call, seconds: float) -> None:
        """Have a message come back after so many seconds."""
        whole = math.ceil(min(max(0.0, seconds), LONGEST_ABSENCE))
        self._ask(
            lambda: self._client.change_message_visibility(
                QueueUrl=self._url, ReceiptHandle=call.receipt, VisibilityTimeout=whole
            )
        )

    def rings(self, *, besides: int) -> bool:
        """Whether a message is on its way already, besides so many that are hidden: put off, or worked on."""
        hidden = "ApproximateNumberOfMessagesNotVisible"
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed", hidden]
        answer = self._ask(lambda: self._client.get_queue_attributes(QueueUrl=self._url, AttributeNames=names))
        counts = {name: int(count) for name, count in answer["Attributes"].items()}
        return counts.pop(hidden) > besides or any(counts.values())

    @property
    def _client(self) -> Any:
        with self._lock:
            if self._made is None:
                # Late: boto3 takes a quarter of a second to import, and only AWS needs it.
                import boto3  # noqa: PLC0415
                from botocore.config import Config  # noqa: PLC0415

                patience = Config(connect_timeout=3, read_timeout=5, retries={"total_max_attempts": 3})
                self._made = boto3.client("sqs", config=patience, **_place(self._url))
            return self._made

    def _ask(self, question: Callable[[], Any]) -> Any:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 – late, like boto3

        try:
            return question()
        except (BotoCoreError, ClientError) as error:
            raise QueueFailed(
                f"The queue {self._url} cannot be used: {error}. It is set in QUEUE; look whether it exists, and "
                "whether the credentials may use it."
            ) from error


class WorkingHours:
    """When a worker whose time is limited stops. `left` returns the seconds until there is something to do, or None."""

    def __init__(self, clock: Clock, seconds: float, left: Callable[[], float | None]) -> None:
        self._clock = clock
        self._left = left
        margin = min(LONGEST_MARGIN, seconds * MARGIN_SHARE)
        self._stop_at = clock.monotonic() + seconds - margin
        self._home_at = self._stop_at + margin * (1 - RESERVE_SHARE)
        self._quiet_since: float | None = None

    @property
    def is_over(self) -> bool:
        """Whether the time is over, rather than the work."""
        return self._clock.monotonic() >= self._stop_at

    def look(self) -> float:
        """Return the seconds until it is worth asking again, 0 when it is time to stop."""
        if self.is_over or self._is_enough(self._left()):
            return 0.0
        return min(LOOK_SECONDS, max(0.0, self._stop_at - self._clock.monotonic()))

    def to_go_home(self) -> float:
        """Return the seconds for what is in flight to come home."""
        return max(0.0, self._home_at - self._clock.monotonic())

    def _is_enough(self, left: float | None) -> bool:
        if left is not None and left < WORTH_A_WAIT:
            self._quiet_since = None
            return False
        now = self._clock.monotonic()
        self._quiet_since = now if self._quiet_since is None else self._quiet_since
        return now - self._quiet_since >= LINGER_SECONDS


class SqsQueue:
    """The doorbell, and the worker that it calls. `crew` makes the lanes for a lease; `log` has structlog's methods.

    `held_up` returns the seconds for which nothing can go out, whatever is due.
    """

    def __init__(
        self,
        doorbell: Doorbell,
        *,
        ledger: Ledger,
        clock: Clock,
        crew: Callable[[Lease], Crew],
        held_up: Callable[[], float],
        log: BoundLogger,
    ) -> None:
        self._fault, self._failed_at = "", 0.0
        self._doorbell = doorbell
        self._ledger = ledger
        self._clock = clock
        self._crew = crew
        self._held_up = held_up
        self._log = log
        self._stop = threading.Event()
        self._shift: Shift | None = None

    def start(self) -> None:
        """Do nothing: the work begins when a message comes."""

    def stop(self) -> None:
        """Have a worker of this process finish what is in flight and end."""
        self._stop.set()

    def ring(self, lane: str = "") -> None:
        """Say that there is work: to the lanes of this process where they are at it, to the queue otherwise.

        A queue that cannot be reached is noted and logged: the ledger knows the work, and the sweeper will ring.
        """
        if shift := self._shift:
            shift.ring(lane)
            return
        try:
            self._doorbell.ring()
            self._fault = ""
        except QueueFailed as error:
            self._fault, self._failed_at = str(error), self._clock.monotonic()
            self._log.error("queue.ring_failed", fault=self._fault)

    @property
    def fault(self) -> str:
        """What keeps the bell from ringing, in words; empty where nothing does, or the sweeper has rung since."""
        return self._fault if self._clock.monotonic() - self._failed_at < SWEEP_SECONDS else ""

    def serve(self, call: Call, seconds: float) -> bool:
        """Work for up to so many seconds; say whether the message is done with. Otherwise it comes back."""
        try:
            rest = self._work(call, seconds)
        except LeaseLost:
            rest = Return(after=None)
        except BroadcastError as error:
            self._log.warning("worker.waits", reason=str(error))
            rest = Return(after=getattr(error, "retry_after", None) or FAULT_SECONDS)
        except Exception:
            self._log.exception("worker.failed")
            rest = Return(after=FAULT_SECONDS)
        if rest and rest.after is not None:
            self._put_off(call, rest.after)
        return rest is None

    def sweep(self) -> bool:
        """Ring if work is left that nobody sees to; say whether that was so. For what a lost message left behind."""
        left = self._ledger.work_left(self._clock.now())
        # One that was put off may be so for hours and is none for what can be done now; two would only pile up.
        if left is None or left > SWEEP_SECONDS or self._doorbell.rings(besides=0 if left > 0 else 1):
            return False
        with leased(self._ledger, self._clock, "sweeper", holder_is_dead=lambda _: False) as lease:
            is_nobody_at_work = lease is not None
        if is_nobody_at_work:
            self._log.warning("sweeper.rings", due_in=left)
            self._doorbell.ring()
        return is_nobody_at_work

    def _work(self, call: Call, seconds: float) -> Return | None:
        owner = f"sqs/{call.id}"
        hours = WorkingHours(self._clock, seconds, self._left)
        # A message is shown again only when the worker it called must have ended: its lease is a dead one's.
        with leased(self._ledger, self._clock, owner, holder_is_dead=lambda holder: holder == owner) as lease:
            if lease is None:
                self._log.info("worker.redundant", message=call.id)
                return None
            if self._ledger.work_left(self._clock.now()) is not None:
                self._work_under(lease, hours)
        if lease.is_lost:
            return Return(after=None)
        # Without time for another look: whoever is called next takes it.
        left = 0.0 if hours.is_over else self._left()
        return None if left is None else Return(after=left)

    def _work_under(self, lease: Lease, hours: WorkingHours) -> None:
        shift = Shift(lease, self._crew(lease), ledger=self._ledger, clock=self._clock, log=self._log)
        self._shift = shift
        try:
            shift.work(self._stop, Hours(look=hours.look, to_go_home=hours.to_go_home))
        finally:
            self._shift = None

    def _left(self) -> float | None:
        left = self._ledger.work_left(self._clock.now())
        return None if left is None else max(left, self._held_up())

    def _put_off(self, call: Call, seconds: float) -> None:
        try:
            self._doorbell.put_off(call, seconds)
        except QueueFailed as error:
            # Nothing is lost: it comes back when its time as a hidden message is over.
            self._log.warning("queue.put_off_failed", fault=str(error))


def _place(url: str) -> dict[str, str]:
    """Return region and address of a queue, as boto3 wants them: the region of AWS's own is in their address."""
    parts = urlsplit(url)
    if of_aws := AWS_HOST.fullmatch(parts.hostname or ""):
        return {"region_name": of_aws[1]}
    return {"endpoint_url": f"{parts.scheme}://{parts.netloc}"}
