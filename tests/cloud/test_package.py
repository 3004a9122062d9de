"""The package: what is in it and what is not, and that it answers as Lambda calls it, in a process of its own."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from broadcast.ledger.dynamo_table import create_table
from tests.cloud.conftest import Aws, Package
from tests.cloud.project import DEV, PROD
from tests.cloud.sandbox import Sandbox, lambda_variables
from webexsim import Person, Server, World

SECRET = "only for tests"
NAME = "package-test"
HOST = "abc123.execute-api.us-east-1.amazonaws.com"
MEGABYTE = 1e6
RUNS = (
    *(
        "bot.py",
        "localization_strings.py",
        "default_config.json",
        "broadcast/webex.py",
        "broadcast/templates/setup.html",
    ),
    *("deploy/lambda_entry.py", ".env_dev", "config_dev.json", "zappa/handler.py", "pydantic_core/__init__.py"),
)
STAYS = (
    *("tests", "bench", "webexsim", "docs", "README.md", "Makefile", ".ci", ".boto_sample", "zappa_settings.json"),
    *("node_modules", "data", "notes.txt", "key.pem", ".env_prod", ".env_other", ".env_sample", "config_prod.json"),
    *("boto3", "botocore", "pip", "setuptools", "yaml", "troposphere", "waitress", "gunicorn", "pytest"),
)
BODY = json.dumps(
    {"resource": "memberships", "event": "deleted", "data": {"id": "one", "personId": "žluťoučký kůň"}},
    ensure_ascii=False,
).encode()


@dataclass(frozen=True, kw_only=True)
class Webex:
    """The simulated Webex, and the bot whose token the function has."""

    server: Server
    bot: Person

    def targets(self) -> set[str]:
        """Return where the bot's webhooks point to."""
        return {webhook.target_url for webhook in self.server.world.webhooks.of(self.bot)}

    def forget(self) -> None:
        """Delete the bot's webhooks."""
        for webhook in self.server.world.webhooks.of(self.bot):
            self.server.world.webhooks.delete(self.bot, webhook.id)


@pytest.fixture(scope="module")
def webex() -> Iterator[Webex]:
    """Webex, with a bot."""
    world = World(seed=1)
    bot = world.bot("Broadcast Bot", org=world.org("Acme"))
    with Server(world) as server:
        yield Webex(server=server, bot=bot)


@pytest.fixture(scope="module")
def variables(aws: Aws, webex: Webex) -> dict[str, str]:
    """The function's environment; table and queue are there as deploying makes them."""
    aws.reset()
    create_table(aws.client("dynamodb"), NAME)
    aws.client("sqs").create_queue(QueueName=NAME)
    return lambda_variables(
        **aws.variables,
        STORE=f"dynamodb:{NAME}",
        QUEUE=f"{aws.url}/123456789012/{NAME}",
        DOT_ENV_FILE=".env_dev",
        CONFIG_FILE="config_dev.json",
        LOG_FORMAT="json",
        WEBHOOK_SECRET=SECRET,
        WEBEX_API_BASE_URL=webex.server.url,
        WEBEX_TEAMS_ACCESS_TOKEN=webex.bot.token,
    )


@pytest.fixture(scope="module")
def warm(package: Package, variables: dict[str, str]) -> Iterator[Sandbox]:
    """A Lambda that has answered before."""
    with Sandbox(package.folder, package.runtime, variables) as sandbox:
        yield sandbox


@pytest.fixture
def cold(package: Package, variables: dict[str, str], aws: Aws) -> Iterator[Sandbox]:
    """A Lambda that has answered nothing yet, with a ledger in which nothing waits."""
    aws.client("dynamodb").delete_table(TableName=NAME)
    create_table(aws.client("dynamodb"), NAME)
    with Sandbox(package.folder, package.runtime, variables) as sandbox:
        yield sandbox


# What is in it


def test_the_package_is_small(package: Package) -> None:
    """It stays well below what Lambda takes, and below what a cold start would feel."""
    assert package.zip.stat().st_size < 8 * MEGABYTE


@pytest.mark.parametrize("name", RUNS)
def test_what_runs_is_in_it(package: Package, name: str) -> None:
    """The bot, its texts and pages, the stage's own files, and the packages it needs."""
    assert name in package.names


@pytest.mark.parametrize("top", STAYS)
def test_what_does_not_run_is_not_in_it(package: Package, top: str) -> None:
    """No tests, no simulator, no tools, no other stage's files, and nothing that merely lies about."""
    assert [name for name in package.names if name.split("/")[0] == top] == []


def test_of_the_deploy_folder_only_the_entry_is_in_it(package: Package) -> None:
    """Hooks and policies stay with whoever deploys."""
    files = {name for name in package.names if name.startswith("deploy/") and not name.endswith(".pyc")}
    assert files == {"deploy/__init__.py", "deploy/lambda_entry.py"}


def test_no_secret_of_another_stage_is_in_it(package: Package) -> None:
    """Whoever reads the package of dev learns the token of dev, and not that of prod."""
    contents = [path.read_bytes() for path in package.folder.rglob("*") if path.is_file()]
    assert any(DEV.encode() in content for content in contents)
    assert not any(PROD.encode() in content for content in contents)


def test_every_module_is_compiled_in_a_form_that_is_valid_there(package: Package) -> None:
    """Beside every module lies its compiled form, which does not depend on the date of a file."""
    modules = {name for name in package.names if name.endswith(".py")}
    compiled = [name for name in package.names if name.endswith(".pyc")]
    flags = {(package.folder / name).read_bytes()[4:8] for name in compiled}
    assert flags == {(0b01).to_bytes(4, "little")}
    assert len(compiled) == len(modules)


# How it answers


def rest(method: str, path: str, body: bytes | None = None, *, host: str = HOST, **headers: str) -> dict[str, Any]:
    """Return an event of a REST API (payload version 1.0)."""
    encoded = body is not None and "base64" in headers.pop("body_as", "")
    return {
        "resource": "/{proxy+}",
        "httpMethod": method,
        "path": path,
        "headers": {"Host": host, "X-Forwarded-Proto": "https", "Content-Type": "application/json", **headers},
        "queryStringParameters": None,
        "requestContext": {"stage": "dev", "identity": {"sourceIp": "127.0.0.1"}},
        "body": _text(body, encoded),
        "isBase64Encoded": encoded,
    }


def http(method: str, path: str, body: bytes | None = None, *, host: str = HOST, **headers: str) -> dict[str, Any]:
    """Return an event of an HTTP API or of a function's own URL (payload version 2.0)."""
    encoded = body is not None and "base64" in headers.pop("body_as", "")
    stage = headers.pop("stage", "$default")
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"host": host, "x-forwarded-proto": "https", "content-type": "application/json", **headers},
        "requestContext": {"stage": stage, "http": {"method": method, "path": path, "sourceIp": "127.0.0.1"}},
        "body": _text(body, encoded),
        "isBase64Encoded": encoded,
    }


def _text(body: bytes | None, encoded: bool) -> str | None:
    if body is None:
        return None
    return base64.b64encode(body).decode() if encoded else body.decode()


def signature(body: bytes) -> str:
    """Return what Webex signs a body with."""
    return hmac.new(SECRET.encode(), body, hashlib.sha1).hexdigest()


FUNCTION_URL = "abc123.lambda-url.us-east-1.on.aws"


@dataclass(frozen=True, kw_only=True)
class Door:
    """A way in: how its events are made, what stands in front of a path, and what else is in its events."""

    name: str
    event: Callable[..., dict[str, Any]]
    prefix: str = ""
    more: Mapping[str, str] = field(default_factory=dict)
    outside: str

    def asks(self, method: str, path: str, body: bytes | None = None, **headers: str) -> dict[str, Any]:
        """Return the event of a request."""
        return self.event(method, self.prefix + path, body, **headers, **self.more)


OWN = {"host": "bot.example.com"}
DOORS = [
    Door(name="REST API", event=rest, outside=f"https://{HOST}/dev"),
    Door(name="REST API, custom domain", event=rest, more=OWN, outside="https://bot.example.com"),
    Door(name="HTTP API", event=http, prefix="/dev", more={"stage": "dev"}, outside=f"https://{HOST}/dev"),
    Door(name="HTTP API, custom domain", event=http, more={**OWN, "stage": "dev"}, outside="https://bot.example.com"),
    Door(name="function URL", event=http, more={"host": FUNCTION_URL}, outside=f"https://{FUNCTION_URL}"),
]
each_door = pytest.mark.parametrize("door", DOORS, ids=[door.name for door in DOORS])


@pytest.mark.parametrize("body_as", ["text", "base64"])
@each_door
def test_a_signed_event_is_taken_byte_by_byte(warm: Sandbox, door: Door, body_as: str) -> None:
    """Through every door, plain or in base64, the signature over the very bytes holds, and one over others does not."""
    good = door.asks("POST", "/webhook", BODY, body_as=body_as, **{"x-spark-signature": signature(BODY)})
    bad = door.asks("POST", "/webhook", BODY, body_as=body_as, **{"x-spark-signature": signature(b"other")})
    assert warm.invoke(good)["statusCode"] == 200
    assert warm.invoke(bad)["statusCode"] == 401


@each_door
def test_pages_and_webhooks_lead_through_the_stage_where_there_is_one(warm: Sandbox, webex: Webex, door: Door) -> None:
    """On an address of AWS the stage is part of it, on a domain of one's own and a function's URL it is not."""
    webex.forget()
    assert warm.invoke(door.asks("GET", "/webhook"))["statusCode"] == 200
    assert webex.targets() == {f"{door.outside}/webhook"}
    assert f'href="{door.outside}/webhook"' in warm.invoke(door.asks("GET", "/"))["body"]


def test_a_webhook_is_answered_without_the_webex_sdk(cold: Sandbox) -> None:
    """Taking an event loads nothing that only sending needs."""
    answer = cold.call(rest("POST", "/webhook", BODY, **{"X-Spark-Signature": signature(BODY)}))
    assert answer.result["statusCode"] == 200
    assert "webexteamssdk" not in answer.modules


def test_the_sweeper_runs_without_flask(cold: Sandbox) -> None:
    """What the schedule of Zappa sends is understood, and costs no web application."""
    event = {
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "resources": [
            "arn:aws:events:us-east-1:123456789012:rule/broadcast-bot-dev-deploy.lambda_entry.lambda_handler"
        ],
        "detail": {},
        "kwargs": {},
    }
    answer = cold.call(event)
    assert "rung" in answer.result
    assert not {"flask", "zappa.handler"} & answer.modules


def test_a_message_of_the_queue_is_worked_on_without_flask(cold: Sandbox) -> None:
    """With nothing to do the message is done with, and no web application was loaded for it."""
    record = {
        "messageId": "m1",
        "receiptHandle": "r1",
        "body": "{}",
        "attributes": {"ApproximateReceiveCount": "1"},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:us-east-1:123456789012:{NAME}",
        "awsRegion": "us-east-1",
    }
    answer = cold.call({"Records": [record]})
    assert answer.result == {"batchItemFailures": []}
    assert not {"flask", "zappa.handler"} & answer.modules
