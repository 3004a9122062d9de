"""A stand-in for DynamoDB that is started once, and ledgers on tables of it."""

import threading
from collections.abc import Iterable
from functools import cache
from itertools import count
from typing import Any

import boto3
from botocore.config import Config
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from broadcast.ledger.dynamo_table import create_table
from broadcast.ledger.dynamodb import DynamoLedger

REGION = "eu-central-1"
_numbers = count(1)


class Quiet(WSGIRequestHandler):
    """Keeps connections open, and no log."""

    protocol_version = "HTTP/1.1"

    def log(self, *_: Any) -> None:
        """Say nothing."""


class Moto:
    """moto's server in this process. It answers one request after the other, as the real one does for one item."""

    def __init__(self) -> None:
        self._app = DomainDispatcherApplication(create_backend_app)
        self._turn = threading.Lock()
        self._server: BaseWSGIServer = make_server("127.0.0.1", 0, self._answer, threaded=True, request_handler=Quiet)
        self._server.daemon_threads = True  # type: ignore[attr-defined]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.client = connect(self._server.server_port)

    def close(self) -> None:
        """End it."""
        self.client.close()
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, environ: Any, start: Any) -> Iterable[bytes]:
        with self._turn:
            return list(self._app(environ, start))


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
