"""The web part of the bot where a queue calls the worker: it takes events, rings, shows pages, and sends nothing."""

import hashlib
import hmac
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cloud.cloud_stage import CloudStage
from tests.cloud.conftest import Aws
from tests.cloud.project import ROOT
from tests.story.process import flask

SECRET = "only for tests"
NOWHERE = "http://127.0.0.1:9/123456789012/doorbell"
RECEIVE = """
import json, sys
from bot import app
body = sys.argv[1].encode()
answer = app.test_client().post("/webhook", data=body, headers={"X-Spark-Signature": sys.argv[2]})
backlog = app.extensions["broadcast"].ledger.backlog(0)
print(json.dumps({"status": answer.status_code, "events": backlog.events, "modules": list(sys.modules)}))
"""


@pytest.fixture
def stage(aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudStage]:
    """Return a stage in the cloud with a few spaces, whose web part runs."""
    for name, value in {**aws.variables, "AWS_DEFAULT_REGION": aws.region}.items():
        monkeypatch.setenv(name, value)
    stage = CloudStage(tmp_path, aws)
    stage.spaces(3)
    yield stage.open()  # type: ignore[misc]
    stage.close()


def test_an_event_is_taken_without_webex_and_though_nobody_can_ring(tmp_path: Path) -> None:
    """It is in the ledger, so the answer is 200, and the sweeper will ring; the SDK is not loaded for the answer."""
    (tmp_path / "empty.env").touch()
    variables = {
        "PATH": os.environ["PATH"],
        "WEBEX_TEAMS_ACCESS_TOKEN": "x",
        "WEBHOOK_SECRET": SECRET,
        "DOT_ENV_FILE": str(tmp_path / "empty.env"),
        "STORE": f"sqlite:///{tmp_path}/ledger.db",
        "QUEUE": NOWHERE,
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    body = json.dumps({"resource": "messages", "event": "created", "data": {"id": "m", "personId": "p", "roomId": "r"}})
    signature = hmac.new(SECRET.encode(), body.encode(), hashlib.sha1).hexdigest()
    command = [sys.executable, "-c", RECEIVE, body, signature]
    said = subprocess.run(command, cwd=ROOT, env=variables, stdout=subprocess.PIPE, text=True, check=True).stdout
    logged, answer = said.splitlines()[-2:]
    found = json.loads(answer)
    assert (found["status"], found["events"]) == (200, 1)
    assert NOWHERE in logged
    assert "webexteamssdk" not in found["modules"]


def test_the_health_page_tells_what_waits(stage: CloudStage) -> None:
    """From the ledger; that no worker runs right now is as it should be."""
    stage.says(stage.alice, "hello")
    stage.webex.hooks.wait_idle(30)
    answer = stage.get("/healthz")
    state = answer.json()
    assert (answer.status_code, state["store"], state["webhooks_active"]) == (200, "ok", True)
    assert state["waiting_events"] == 1


def test_resume_rings_and_waits_for_the_worker(stage: CloudStage, aws: Aws) -> None:
    """From any machine that may use the queue; it does not send by itself."""
    stage.says(stage.alice, "hello")
    stage.webex.hooks.wait_idle(30)
    stage.sqs.purge_queue(QueueUrl=stage.queue_url)
    with stage.poller() as poller:
        status, said = flask(stage, "resume", **aws.variables, AWS_DEFAULT_REGION=aws.region)
    assert (status, said.splitlines()[-1]) == (0, "Nothing waits any more.")
    assert stage.is_once_everywhere()
    assert poller.calls
