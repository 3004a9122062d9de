"""A stage in the cloud: the ledger is a table, the worker a sandbox that a queue calls, and Webex is simulated as ever.

The web part of the bot runs in this process; everything runs by the machine's own clock.
"""

import shutil
import sysconfig
import threading
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from broadcast.ledger.dynamo_table import create_table
from broadcast.ledger.dynamodb import DynamoLedger
from tests.cloud.conftest import Aws
from tests.cloud.driver import Poller, event_of
from tests.cloud.project import ROOT
from tests.cloud.sandbox import Sandbox, lambda_variables
from tests.story.stage import Stage

PATIENCE = 240.0
LOOK_EVERY = 0.1
PACKAGES = Path(sysconfig.get_paths()["purelib"])
_numbers = count(1)


def until(is_true: Callable[[], Any], what: str = "") -> Any:
    """Wait until something is true, and return it; asks now and then only: every look costs the table time."""
    pause = threading.Event()
    for _ in range(int(PATIENCE / LOOK_EVERY)):
        if found := is_true():
            return found
        pause.wait(LOOK_EVERY)
    raise AssertionError(f"it did not happen: {what or is_true}")


class CloudStage(Stage):
    """A world with a bot in the cloud. `task` is the folder with its code, this checkout unless another one is given.

    A call is ended after `timeout` seconds; `hidden` is the visibility timeout, a second longer unless another one
    is given, `tries` how often a message comes before it is put aside.
    """

    def __init__(
        self,
        folder: Path,
        aws: Aws,
        *,
        task: Path = ROOT,
        runtime: Path = PACKAGES,
        timeout: int = 60,
        hidden: int | None = None,
        tries: int = 1000,
        **world: Any,
    ) -> None:
        super().__init__(folder, pace=1.0, **world)
        self.aws, self._task, self._runtime, self._timeout = aws, task, runtime, timeout
        hidden = timeout + 1 if hidden is None else hidden
        name = f"bot-{next(_numbers)}"
        self.sqs, self._dynamodb = aws.client("sqs"), aws.client("dynamodb")
        self.dead_url = self._queue(f"{name}-dead")
        arn = self.sqs.get_queue_attributes(QueueUrl=self.dead_url, AttributeNames=["QueueArn"])["Attributes"]
        redrive = f'{{"deadLetterTargetArn": "{arn["QueueArn"]}", "maxReceiveCount": {tries}}}'
        self.queue_url = self._queue(name, VisibilityTimeout=str(hidden), RedrivePolicy=redrive)
        create_table(self._dynamodb, name)
        self._store = f"dynamodb:{name}"
        self.ledger = DynamoLedger(name, client=self._dynamodb)  # type: ignore[assignment]
        (folder / "empty.env").touch()
        self._disk = folder / "disk"
        self._disk.mkdir()

    def _queue(self, name: str, **attributes: str) -> str:
        return str(self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"])

    def variables(self, **changes: str) -> dict[str, str]:
        """Return the bot's environment."""
        return super().variables(
            STORE=self._store, QUEUE=self.queue_url, DOT_ENV_FILE=str(self.folder / "empty.env"), **changes
        )

    def sandbox(self) -> Sandbox:
        """Start a warm Lambda."""
        variables = lambda_variables(**self.aws.variables, **self.variables(), TMPDIR=str(self._disk))
        return Sandbox(self._task, self._runtime, variables)

    def lose_settings(self) -> None:
        """Take away the file that every sandbox reads its settings from."""
        (self.folder / "empty.env").unlink()

    def forget_disk(self) -> None:
        """Have the next sandbox begin with an empty disk, as on another machine."""
        shutil.rmtree(self._disk)
        self._disk.mkdir()

    def poller(self, *, count: int = 1) -> Poller:
        """Return what calls the worker when there are messages."""
        return Poller(sqs=self.sqs, url=self.queue_url, start_sandbox=self.sandbox, count=count, timeout=self._timeout)

    def take_message(self) -> dict[str, Any]:
        """Take a message out of the queue; return what Lambda is called with."""
        [message] = until(
            lambda: self.sqs.receive_message(QueueUrl=self.queue_url, MessageSystemAttributeNames=["All"]).get(
                "Messages"
            )
        )
        return event_of(message)

    def messages(self, url: str = "") -> int:
        """Count the messages of the queue, or of another one, hidden ones too."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=url or self.queue_url, AttributeNames=names)
        return sum(map(int, found["Attributes"].values()))

    def settled(self) -> None:
        """Wait until every event has come, nothing is left to do, and no message is left."""

        def is_quiet() -> bool:
            self.webex.hooks.wait_idle(PATIENCE)
            return self.messages() == 0 and self.ledger.work_left(self.clock.now()) is None

        until(is_quiet, "all is done")

    def close(self) -> None:
        """End everything."""
        super().close()
        self.sqs.close()
        self._dynamodb.close()
