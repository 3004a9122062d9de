"""What a person is told when DynamoDB cannot be used, and how the table comes to be."""

import json
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from broadcast.errors import ConfigError, LedgerFailed
from broadcast.ledger.dynamo_table import create_table
from broadcast.ledger.dynamodb import DynamoLedger

AWS = ("AWS_PROFILE", "AWS_REGION", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_DYNAMODB")
TABLE = "broadcast-bot-dev"


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """Give boto3 an environment of its own: a region and keys, but nobody at the other end."""
    for name in AWS:
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "BOTO_CONFIG"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    return monkeypatch


@contextmanager
def answering(status: int, code: str) -> Iterator[str]:
    """Run a DynamoDB that has one answer to everything, and return its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.dumps({"__type": f"x#{code}", "message": "because"}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def fault_of(kind: type[Exception]) -> str:
    """Return what is said when the ledger is asked for something."""
    with closing(DynamoLedger(TABLE)) as ledger, pytest.raises(kind) as told:
        ledger.recall("me")
    return str(told.value)


def test_a_missing_table_is_named_with_what_to_do(client: Any) -> None:
    """And where it is set."""
    with pytest.raises(ConfigError, match=r"DynamoDB table 'not-there' \(set in STORE\).*no such table"):
        DynamoLedger("not-there", client=client).recall("me")


def test_a_missing_region_is_named(nowhere: pytest.MonkeyPatch) -> None:
    """With the variable that sets it."""
    nowhere.delenv("AWS_DEFAULT_REGION")
    assert "Set AWS_REGION" in fault_of(ConfigError)


def test_missing_credentials_are_named(nowhere: pytest.MonkeyPatch) -> None:
    """With the variables that set them."""
    nowhere.delenv("AWS_ACCESS_KEY_ID")
    nowhere.delenv("AWS_SECRET_ACCESS_KEY")
    assert "Set AWS_ACCESS_KEY_ID" in fault_of(ConfigError)


def test_an_address_that_is_none_is_named(nowhere: pytest.MonkeyPatch) -> None:
    """With the variable that sets it."""
    nowhere.setenv("AWS_ENDPOINT_URL", "http://no address")
    assert "AWS_ENDPOINT_URL" in fault_of(ConfigError)


def test_a_dynamodb_that_is_not_there_may_come_back(nowhere: pytest.MonkeyPatch) -> None:
    """It is no mistake in the configuration: to be tried again."""
    assert "cannot be reached" in fault_of(LedgerFailed)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "AccessDeniedException", ConfigError),
        (400, "UnrecognizedClientException", ConfigError),
        (400, "ExpiredTokenException", ConfigError),
        (400, "ValidationException", LedgerFailed),
        (500, "InternalServerError", LedgerFailed),
        (400, "ThrottlingException", LedgerFailed),
    ],
)
def test_what_dynamodb_answers_is_passed_on(
    nowhere: pytest.MonkeyPatch, status: int, code: str, kind: type[Exception]
) -> None:
    """What a person must mend is told apart from what passes by itself."""
    with answering(status, code) as url:
        nowhere.setenv("AWS_ENDPOINT_URL", url)
        told = fault_of(kind)
    assert code in told
    assert TABLE in told


def test_the_table_is_made_where_it_is_missing(client: Any) -> None:
    """It is paid by use, and items expire; the second time nothing is done."""
    said = [create_table(client, "made-here") for _ in range(2)]
    table = client.describe_table(TableName="made-here")["Table"]
    expiry = client.describe_time_to_live(TableName="made-here")["TimeToLiveDescription"]
    assert (table["BillingModeSummary"]["BillingMode"], expiry["AttributeName"]) == ("PAY_PER_REQUEST", "expires")
    assert [len(one) for one in said] == [2, 1]
    assert "as it should be" in said[1][0]


def test_a_table_made_for_something_else_is_left_alone(client: Any) -> None:
    """And the person is told to name another one."""
    client.create_table(
        TableName="foreign",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    with pytest.raises(ConfigError, match="foreign is there, but not made for this bot"):
        create_table(client, "foreign")
