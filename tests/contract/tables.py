"""A stand-in for DynamoDB that is started once, and ledgers on tables of it."""

import logging
import threading
from functools import cache
from itertools import count
from typing import Any

import boto3
from botocore.config import Config
from moto.server import create_backend_app
from waitress import create_server

from broadcast.ledger.dynamo_table import create_table
from broadcast.ledger.dynamodb import DynamoLedger

REGION = "eu-central-1"
STUCK_AFTER = 10.0
_numbers = count(1)


class Moto:
    """moto's DynamoDB in this process. One thread answers one request after the other: moto by itself is not atomic."""

    def __init__(self) -> None:
        # It has one thread, and says so whenever somebody has to wait for it.
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        self._server = create_server(create_backend_app("dynamodb"), host="127.0.0.1", port=0, threads=1)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        self.client = connect(self._server.effective_port)

    def close(self) -> None:
        """End it."""
        self.client.close()
        self._server.trigger.pull_trigger(self._server.close)
        self._thread.join(STUCK_AFTER)
        self._server.task_dispatcher.shutdown()


def connect(port: int) -> Any:
    """Return a client of a DynamoDB on this machine."""
    return boto3.client(
        "dynamodb",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(proxies={}, max_pool_connections=64),
    )


@cache
def moto() -> Moto:
    """Return the server, which is started when it is first asked for."""
    return Moto()


def stop_moto() -> None:
    """End the server, if it was started."""
    if moto.cache_info().currsize:
        moto().close()
        moto.cache_clear()


def new_table(client: Any) -> str:
    """Return the name of a table that nobody has used yet."""
    name = f"ledger-{next(_numbers)}"
    create_table(client, name)
    return name


def ledger_on(client: Any, table: str) -> DynamoLedger:
    """Open the ledger of a table, as another process does."""
    return DynamoLedger(table, client=client)
