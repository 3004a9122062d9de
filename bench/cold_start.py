"""How long the first call of a new Lambda takes, from the real package, beside what Zappa packs by itself.

Every figure is the median of several new processes; the ways take turns, so that a busy machine slows all alike. AWS is
moto on this machine: what the network adds is not in the figures.
"""

import compileall
import hmac
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from py_compile import PycInvalidationMode
from typing import Any

import boto3

from broadcast.ledger.dynamo_table import create_table
from tests.cloud.project import make_environment, make_project
from tests.cloud.sandbox import Sandbox, lambda_variables, runtime_folder

ROOT = Path(__file__).resolve().parent.parent
TRIES = 9
DONE = ({"batchItemFailures": []},)
IDLE, BUSY = "cold-start-idle", "cold-start-busy"
SECRET = "bench"
BODY = '{"resource": "memberships", "event": "deleted", "data": {"id": "m"}}'
KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
OURS, ZAPPAS = "deploy.lambda_entry.lambda_handler", "zappa.handler.lambda_handler"
REQUEST = {
    "httpMethod": "POST",
    "path": "/webhook",
    "headers": {
        "Host": "bot.example.com",
        "X-Spark-Signature": hmac.digest(SECRET.encode(), BODY.encode(), "sha1").hex(),
    },
    "requestContext": {"identity": {}},
    "queryStringParameters": None,
    "body": BODY,
    "isBase64Encoded": False,
}
MESSAGE = {
    "messageId": "m",
    "receiptHandle": "r",
    "body": "{}",
    "attributes": {"ApproximateReceiveCount": "1"},
    "eventSource": "aws:sqs",
    "eventSourceARN": f"arn:aws:sqs:us-east-1:123456789012:{IDLE}",
}


@dataclass(frozen=True, kw_only=True)
class Way:
    """A way to start: what it is called, the unzipped package, the handler, and the event it gets.

    `name_at_aws` is that of its table and its queue.
    """

    name: str
    task: Path
    handler: str
    event: Mapping[str, Any]
    name_at_aws: str


def measure() -> None:
    """Package, then start each way several times and print the medians."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        environment = make_environment()
        packages = next((environment / "lib").glob("python*")) / "site-packages"
        runtime = runtime_folder(packages, root / "runtime")
        task = _package(environment, root)
        with _aws(runtime) as url:
            variables = lambda_variables(
                AWS_ENDPOINT_URL=url,
                DOT_ENV_FILE=".env_dev",
                LOG_FORMAT="json",
                WEBHOOK_SECRET=SECRET,
            )
            _print(_ways(task, _as_zappa_packs(task, root)), runtime, url, variables)


def _ways(task: Path, stale: Path) -> list[Way]:
    return [
        Way(name="webhook, as Zappa packs it", task=stale, handler=ZAPPAS, event=REQUEST, name_at_aws=BUSY),
        Way(name="webhook, this package", task=task, handler=OURS, event=REQUEST, name_at_aws=BUSY),
        Way(
            name="message of the queue, not compiled",
            task=stale,
            handler=OURS,
            event={"Records": [MESSAGE]},
            name_at_aws=IDLE,
        ),
        Way(
            name="message of the queue, this package",
            task=task,
            handler=OURS,
            event={"Records": [MESSAGE]},
            name_at_aws=IDLE,
        ),
    ]


def _package(environment: Path, root: Path) -> Path:
    project = make_project(root / "project", environment)
    done = project.zappa("package", "dev", "--output", "package.zip")
    assert done.status == 0, done.said
    with zipfile.ZipFile(project.folder / "package.zip") as archive:
        archive.extractall(root / "task")
    return root / "task"


def _as_zappa_packs(task: Path, root: Path) -> Path:
    """Return the package as it would be without our hook: compiled modules that name a date, sources dated 1980."""
    stale = Path(shutil.copytree(task, root / "stale"))
    kind = PycInvalidationMode.TIMESTAMP
    compileall.compile_dir(stale, maxlevels=99, quiet=2, force=True, workers=0, invalidation_mode=kind)
    for path in stale.rglob("*.py"):
        os.utime(path, (315532800, 315532800))
    return stale


def _print(ways: list[Way], runtime: Path, url: str, variables: Mapping[str, str]) -> None:
    seconds: dict[str, list[float]] = {way.name: [] for way in ways}
    for _ in range(TRIES):
        for way in ways:
            own = {"STORE": f"dynamodb:{way.name_at_aws}", "QUEUE": f"{url}/123456789012/{way.name_at_aws}"}
            with Sandbox(way.task, runtime, {**variables, **own}, way.handler) as sandbox:
                answer = sandbox.call(way.event)
                assert answer.result in DONE or answer.result["statusCode"] == 200, answer.result
            seconds[way.name].append(answer.imported + answer.seconds)
    base = statistics.median(seconds[ways[0].name])
    print(f"\nfirst call of a new process, median of {TRIES}\n{'':44} {'ms':>9} {'ratio':>8}")
    for name, times in seconds.items():
        print(f"{name:44} {statistics.median(times) * 1000:9.0f} {statistics.median(times) / base:8.2f}")


@contextmanager
def _aws(runtime: Path) -> Iterator[str]:
    command = [sys.executable, "-W", "ignore", "-m", "tests.cloud.moto_server", str(runtime)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout
        url = process.stdout.readline().strip()
        for name in (IDLE, BUSY):
            create_table(boto3.client("dynamodb", endpoint_url=url, **KEYS), name)
            boto3.client("sqs", endpoint_url=url, **KEYS).create_queue(QueueName=name)
        yield url
    finally:
        process.kill()
        process.wait()
