"""`flask --app bot doctor` for a bot at AWS: the queue, what it calls, the queue behind it, and the table."""

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from moto.server import ThreadedMotoServer

from tests.story.process import flask
from tests.story.stage import Stage

NAME = "broadcast-bot-dev"
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
LIMIT, HIDDEN = 300, 330
Client = Callable[[str], Any]


@pytest.fixture
def aws() -> Iterator[dict[str, str]]:
    """Return the variables that lead to an AWS of this test's own."""
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    # moto keeps what it knows in this process, whatever the server.
    requests.post(f"http://{host}:{port}/moto-api/reset", timeout=30).raise_for_status()
    yield {**KEYS, "AWS_ENDPOINT_URL": f"http://{host}:{port}"}
    server.stop()


@pytest.fixture
def client(aws: dict[str, str]) -> Client:
    """Return a way to make a client of one of its services."""
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return lambda service: boto3.client(service, endpoint_url=aws["AWS_ENDPOINT_URL"], region_name="us-east-1", **keys)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Return a world on the machine's clock in which the bot does not run."""
    made = Stage(tmp_path, pace=1)
    yield made
    made.close()


class Deployed:
    """A stage at AWS as a deploy leaves it; `say` has the doctor look at it and returns the lines of a subject."""

    def __init__(self, stage: Stage, aws: dict[str, str], client: Client) -> None:
        self.sqs, self.functions, self.tables = client("sqs"), client("lambda"), client("dynamodb")
        self._stage, self._aws = stage, aws
        self.dead = self.sqs.create_queue(QueueName=f"{NAME}-dead")["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=self.dead, AttributeNames=["All"])["Attributes"]["QueueArn"]
        redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1000})
        wanted = {"VisibilityTimeout": str(HIDDEN), "RedrivePolicy": redrive}
        self.queue = self.sqs.create_queue(QueueName=NAME, Attributes=wanted)["QueueUrl"]
        self._make_function(client("iam"))
        self._make_table()

    def say(self, subject: str, **variables: str) -> tuple[int, str]:
        """Run the command; return its exit status and the lines about a subject."""
        settings = {"STORE": f"dynamodb:{NAME}", "QUEUE": self.queue, **self._aws, **variables}
        status, text = flask(self._stage, "doctor", **settings)
        assert "Traceback" not in text
        return status, "\n".join(line for line in text.splitlines() if line.split()[1] == subject)

    def _make_function(self, iam: Any) -> None:
        role = iam.create_role(RoleName=NAME, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as package:
            package.writestr("handler.py", "")
        self.functions.create_function(
            FunctionName=NAME, Runtime="python3.13", Role=role, Handler="handler.x", Timeout=LIMIT,
            Code={"ZipFile": code.getvalue()},
        )  # fmt: skip
        arn = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["All"])["Attributes"]["QueueArn"]
        self.wire = self.functions.create_event_source_mapping(
            FunctionName=NAME, EventSourceArn=arn, BatchSize=1, FunctionResponseTypes=["ReportBatchItemFailures"]
        )["UUID"]

    def _make_table(self) -> None:
        names = ("pk", "HASH"), ("sk", "RANGE")
        self.tables.create_table(
            TableName=NAME, BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in names],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in names],
        )  # fmt: skip
        expires = {"Enabled": True, "AttributeName": "expires"}
        self.tables.update_time_to_live(TableName=NAME, TimeToLiveSpecification=expires)


@pytest.fixture
def deployed(stage: Stage, aws: dict[str, str], client: Client) -> Deployed:
    """Return a stage at AWS in which nothing is wrong."""
    return Deployed(stage, aws, client)


def test_all_is_as_a_deploy_leaves_it(deployed: Deployed) -> None:
    """The queue calls a function that ends before the message shows again; the table is written to and read."""
    queue, store = deployed.say("queue")[1], deployed.say("store")[1]
    assert f"It calls a function that may run for {LIMIT} seconds, and hides a message for {HIDDEN}." in queue
    assert f"The table {NAME} can be written and read." in store
    assert {line.split()[0] for line in f"{queue}\n{store}".splitlines()} == {"ok"}


def test_a_queue_that_was_deleted_by_hand(deployed: Deployed) -> None:
    """It names the queue and how to have it made again."""
    deployed.sqs.delete_queue(QueueUrl=deployed.queue)
    status, says = deployed.say("queue")
    assert status == 1
    assert f"wrong   queue     {deployed.queue} cannot be read" in says
    assert "Run: zappa update STAGE if it is gone" in says


def test_a_dead_letter_queue_that_is_gone(deployed: Deployed) -> None:
    """What nothing could do would be lost."""
    deployed.sqs.delete_queue(QueueUrl=deployed.dead)
    status, says = deployed.say("queue")
    assert (status, f"wrong   queue     Its dead-letter queue {NAME}-dead cannot be read" in says) == (1, True)


def test_messages_that_nothing_could_do(deployed: Deployed) -> None:
    """They are counted; that is to be minded."""
    deployed.sqs.send_message(QueueUrl=deployed.dead, MessageBody="x")
    assert f"mind    queue     1 messages that nothing could do are in {NAME}-dead." in deployed.say("queue")[1]


def test_a_visibility_time_out_below_the_functions_time_limit(deployed: Deployed) -> None:
    """A message would show again while its worker still runs."""
    deployed.sqs.set_queue_attributes(QueueUrl=deployed.queue, Attributes={"VisibilityTimeout": "30"})
    status, says = deployed.say("queue")
    assert (status, "wrong   queue     It hides a message for 30 seconds" in says) == (1, True)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"Enabled": False}, "Its wire to the function is Disabled"),
        ({"FunctionResponseTypes": []}, "Its wire lacks ReportBatchItemFailures"),
        (None, "It calls no function, so nothing is sent. Run: zappa update STAGE"),
    ],
)
def test_a_wire_from_the_queue_to_the_function_that_is_not_right(
    deployed: Deployed, change: dict[str, Any] | None, says: str
) -> None:
    """Off, without partial answers, or gone."""
    if change is None:
        deployed.functions.delete_event_source_mapping(UUID=deployed.wire)
    else:
        deployed.functions.update_event_source_mapping(UUID=deployed.wire, **change)
    status, said = deployed.say("queue")
    assert (status, says in said) == (1, True)


def test_a_table_that_keeps_everything(deployed: Deployed) -> None:
    """Its TTL is off: it works, and grows for ever."""
    off = {"Enabled": False, "AttributeName": "expires"}
    deployed.tables.update_time_to_live(TableName=NAME, TimeToLiveSpecification=off)
    assert (
        f"mind    store     The table {NAME} keeps what is past for ever: its TTL is off." in deployed.say("store")[1]
    )


def test_a_table_that_is_not_there(deployed: Deployed) -> None:
    """It is named, with STORE."""
    deployed.tables.delete_table(TableName=NAME)
    status, says = deployed.say("store")
    assert (status, says.startswith("wrong"), NAME in says, "STORE" in says) == (1, True, True, True)


def test_without_credentials_it_says_so(deployed: Deployed, tmp_path: Path) -> None:
    """Neither a traceback nor a riddle."""
    nowhere = {
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
        "HOME": "/nonexistent",
    }
    settings = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", **nowhere}
    assert deployed.say("store", **settings)[0] == 1
    assert "redentials" in deployed.say("queue", STORE=f"sqlite:///{tmp_path}/other.db", **settings)[1]
