"""Which ledger and which queue the settings ask for. Chooses and puts together; talks to nobody."""

import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from structlog.stdlib import BoundLogger

from broadcast.errors import ConfigError
from broadcast.ledger.sqlite import SqliteLedger
from broadcast.ports import Clock, Ledger, Queue
from broadcast.queues.crew import Crew, Lease
from broadcast.queues.local import LocalQueue
from broadcast.queues.sqs import Doorbell, SqsQueue
from broadcast.settings import Settings


def ledger_for(settings: Settings, *, retention: Callable[[], float]) -> Ledger:
    """Return the ledger that STORE names; `retention` is for how many seconds it keeps what is finished."""
    if settings.table:
        _need_boto3("STORE")
        # Late: boto3 is not for everybody.
        from broadcast.ledger.dynamodb import DynamoLedger  # noqa: PLC0415

        return DynamoLedger(settings.table, retention=retention)
    return SqliteLedger(settings.ledger_path)


def files_of(settings: Settings) -> Path:
    """Return where the files of broadcasts are kept: beside the ledger, or in passing where it is not on this disk."""
    if settings.table:
        return Path(tempfile.gettempdir()) / f"{settings.table}-files"
    return settings.ledger_path.with_name(settings.ledger_path.stem + "-files")


def queue_for(
    settings: Settings,
    ledger: Ledger,
    clock: Clock,
    *,
    crew: Callable[[Lease], Crew],
    held_up: Callable[[], float],
    log: BoundLogger,
) -> Queue:
    """Return the queue that QUEUE names."""
    if not settings.queue_url:
        return LocalQueue(ledger=ledger, clock=clock, crew=crew, log=log)
    _need_boto3("QUEUE")
    return SqsQueue(Doorbell(settings.queue_url), ledger=ledger, clock=clock, crew=crew, held_up=held_up, log=log)


def _need_boto3(variable: str) -> None:
    if find_spec("boto3") is None:
        raise ConfigError(
            f"{variable} names something of AWS, which takes boto3, and that is not installed. "
            "Run: pip install -r deploy/requirements.txt"
        )
