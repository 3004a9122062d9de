"""Behaves as Lambda's poller of an SQS queue does, so that a worker can be tried without AWS.

By AWS's rules: each message is a call of its own; a call that takes longer than the function's time-out is killed; a
call that failed, or whose answer cannot be understood, leaves all its messages to their visibility timeout; an answer
that names no failed item has them all deleted. What comes too often goes to the dead-letter queue: that is SQS's doing.
"""

import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.cloud.sandbox import Crashed, Sandbox

LOOK_EVERY = 0.05
REGION = "us-east-1"


@dataclass(frozen=True, kw_only=True)
class Called:
    """One call: by which message, in which sandbox, and how it ended: deleted, kept, error or time-out."""

    message: str
    sandbox: int
    end: str
    seconds: float


@dataclass
class Poller:
    """Polls a queue with `count` sandboxes at once, each killed when a call takes longer than `timeout` seconds."""

    sqs: Any
    url: str
    start_sandbox: Callable[[], Sandbox]
    timeout: float = 30.0
    count: int = 1
    calls: list[Called] = field(default_factory=list)
    crashes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._busy: dict[int, Sandbox] = {}
        self._threads = [threading.Thread(target=self._poll, args=(number,)) for number in range(self.count)]

    def __enter__(self) -> "Poller":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        with self._lock:
            for sandbox in self._busy.values():
                sandbox.kill()
        for thread in self._threads:
            thread.join()

    def kill_one(self, wanted: Callable[[], bool]) -> bool:
        """Kill a sandbox that is at work, if that is wanted while it stands still; say whether it was killed."""
        with self._lock:
            for sandbox in self._busy.values():
                sandbox.process.send_signal(signal.SIGSTOP)
                is_wanted = wanted()
                sandbox.process.send_signal(signal.SIGKILL if is_wanted else signal.SIGCONT)
                return is_wanted
        return False

    def freeze_one(self) -> bool:
        """Let a sandbox that is at work do nothing any more; say whether there was one."""
        with self._lock:
            for sandbox in self._busy.values():
                sandbox.process.send_signal(signal.SIGSTOP)
                return True
        return False

    def ends(self, end: str) -> list[Called]:
        """Return the calls that ended so."""
        return [call for call in self.calls if call.end == end]

    def _poll(self, number: int) -> None:
        sandbox = self.start_sandbox()
        while not self._stop.wait(LOOK_EVERY):
            sandbox.wait_until_ready()
            found = self.sqs.receive_message(
                QueueUrl=self.url, MaxNumberOfMessages=1, MessageSystemAttributeNames=["All"]
            )
            for message in found.get("Messages", []):
                if not self._call(number, sandbox, message):
                    sandbox.close()
                    sandbox = self.start_sandbox()
        sandbox.close()

    def _call(self, number: int, sandbox: Sandbox, message: dict[str, Any]) -> bool:
        """Call the function with a message; say whether the sandbox is still of use."""
        began = time.monotonic()
        timer = threading.Timer(self.timeout, sandbox.kill)
        with self._lock:
            self._busy[number] = sandbox
        timer.start()
        try:
            answer = sandbox.invoke(event_of(message), remaining=self.timeout)
            end = "deleted" if self._settle(message, answer) else "kept"
        except Crashed as crash:
            end = "error"
            self.crashes.append(str(crash))
        finally:
            timer.cancel()
            with self._lock:
                del self._busy[number]
        seconds = time.monotonic() - began
        end = "time-out" if seconds >= self.timeout else end
        self.calls.append(Called(message=message["MessageId"], sandbox=number, end=end, seconds=seconds))
        return end in ("deleted", "kept")

    def _settle(self, message: dict[str, Any], answer: Any) -> bool:
        """Delete the message unless the answer keeps it; say whether it was deleted."""
        failed = (answer or {}).get("batchItemFailures") or []
        if failed:
            return False
        self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return True


def event_of(message: dict[str, Any]) -> dict[str, Any]:
    """Return the event that Lambda is called with for a message."""
    record = {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message["Attributes"],
        "messageAttributes": {},
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:{REGION}:123456789012:doorbell",
        "awsRegion": REGION,
    }
    return {"Records": [record]}


TIMER = {
    "version": "0",
    "id": "1",
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "account": "123456789012",
    "time": "2030-01-01T00:00:00Z",
    "region": REGION,
    "resources": [f"arn:aws:events:{REGION}:123456789012:rule/sweeper"],
    "detail": {},
    "kwargs": {},
}
"""The event of the schedule, as Zappa's rule delivers it."""
