"""Clients of AWS that something happens to: counted, killed in the middle, or answered by somebody else."""

import io
import json
import threading
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

WRITES = ("put_item", "update_item", "delete_item", "batch_write_item")
A_UNIT = 1024


class Tampered:
    """A client whose calls go through `call`."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.lock = threading.Lock()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Return a call of the client."""
        return partial(self.call, name)

    def call(self, name: str, **request: Any) -> Any:
        """Make a call."""
        return getattr(self.client, name)(**request)


class Counting(Tampered):
    """Counts calls by name, the items that were read, and the units of writing (one for each kilobyte begun)."""

    def __init__(self, client: Any) -> None:
        super().__init__(client)
        self.calls: Counter[str] = Counter()
        self.units = 0
        self.items = 0

    def call(self, name: str, **request: Any) -> Any:
        """Count a call and make it."""
        with self.lock:
            self.calls[name] += 1
            self.units += self._units(name, request)
        answer = super().call(name, **request)
        with self.lock:
            self.items += len(answer.get("Items", [])) + ("Item" in answer)
            self.items += sum(map(len, answer.get("Responses", {}).values()))
        return answer

    def _units(self, name: str, request: dict[str, Any]) -> int:
        if name == "batch_write_item":
            return sum(map(len, request["RequestItems"].values()))
        item = request.get("Item", {})
        size = sum(len(key) + len(str(value)) for key, one in item.items() for value in one.values())
        return -(-max(1, size) // A_UNIT) if name in WRITES else 0


class Dying(Tampered):
    """Makes so many calls that write; before the next one the process is killed."""

    def __init__(self, client: Any, calls: int) -> None:
        super().__init__(client)
        self.left = calls

    def call(self, name: str, **request: Any) -> Any:
        """Make a call, or die."""
        with self.lock:
            self.left -= name in WRITES
            if self.left < 0:
                raise KeyboardInterrupt
        return super().call(name, **request)


class Deaf(Tampered):
    """Hears no first answer to a write: it is made twice, as boto3 does, and the second answer counts."""

    def call(self, name: str, **request: Any) -> Any:
        """Make a call."""
        if name in WRITES:
            try:
                super().call(name, **request)
            except ClientError:
                return super().call(name, **request)
        return super().call(name, **request)


class Answering:
    """A session, and its client of Lambda, in which every function gives the same answer to a request of the web."""

    def __init__(self, status: int, body: str) -> None:
        self._answer = json.dumps({"statusCode": status, "body": body}).encode()

    def client(self, service: str, **_: Any) -> "Answering":
        """Return a client."""
        assert service == "lambda"
        return self

    def get_waiter(self, name: str) -> "Answering":
        """Return what waits for a state."""
        assert name
        return self

    def wait(self, **_: Any) -> None:
        """Do nothing: it is there."""

    def invoke(self, **_: Any) -> dict[str, Any]:
        """Call a function."""
        return {"Payload": io.BytesIO(self._answer)}
