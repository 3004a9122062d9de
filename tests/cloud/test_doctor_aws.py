"""`flask --app bot doctor` for a bot at AWS: the queue, what it calls, the queue behind it, and the table."""

import io
import json
import threading
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from moto.server import DomainDispatcherApplication, ThreadedMotoServer, create_backend_app
from werkzeug.serving import make_server

from tests.story.process import flask
from tests.story.stage import Stage

NAME = "broadcast-bot-dev"
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
LIMIT, HIDDEN = 300, 330
NOTHING = {"Filters": [{"Pattern": '{"body": ["nothing"]}'}]}
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
def discreet(aws: dict[str, str]) -> Iterator[str]:
    """Return the address of a Lambda that tells nobody whether a function is throttled."""
    assert aws
    moto = DomainDispatcherApplication(create_backend_app)

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if not environ["PATH_INFO"].endswith("/concurrency"):
            return list(moto(environ, start))
        start("403 Forbidden", [("x-amzn-ErrorType", "AccessDeniedException")])
        return [b'{"Message": "not authorized to perform: lambda:GetFunctionConcurrency"}']

    server = make_server("127.0.0.1", 0, answer, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


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
        self._role = client("iam").create_role(RoleName=NAME, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        self.add_function(NAME)
        self.wire = self.add_wire(NAME)
        self._make_table()

    def say(self, subject: str, **variables: str) -> tuple[int, str]:
        """Run the command; return its exit status and the lines about a subject."""
        settings = {"STORE": f"dynamodb:{NAME}", "QUEUE": self.queue, **self._aws, **variables}
        status, text = flask(self._stage, "doctor", **settings)
        assert "Traceback" not in text
        return status, "\n".join(line for line in text.splitlines() if line.split()[1] == subject)

    def add_function(self, name: str) -> None:
        """Make a function."""
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as package:
            package.writestr("handler.py", "")
        self.functions.create_function(
            FunctionName=name, Runtime="python3.13", Role=self._role, Handler="handler.x", Timeout=LIMIT,
            Code={"ZipFile": code.getvalue()},
        )  # fmt: skip

    def add_wire(self, name: str) -> str:
        """Have the queue call a function; return the wire's id."""
        arn = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["All"])["Attributes"]["QueueArn"]
        made = self.functions.create_event_source_mapping(
            FunctionName=name, EventSourceArn=arn, BatchSize=1, FunctionResponseTypes=["ReportBatchItemFailures"],
            ScalingConfig={"MaximumConcurrency": 2},
        )  # fmt: skip
        return str(made["UUID"])

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
        ({"BatchSize": 10}, "Its wire hands over 10 messages at once"),
        ({"MaximumBatchingWindowInSeconds": 300}, "Its wire may keep a message back for 300 seconds"),
        ({"ScalingConfig": {}}, "Its wire does not hold itself to two calls at once"),
        ({"ScalingConfig": {"MaximumConcurrency": 9}}, "Its wire does not hold itself to two calls at once"),
        ({"FilterCriteria": NOTHING}, "Its wire has a filter, so messages are thrown away"),
        (None, "It calls no function, so nothing is sent. Run: zappa update STAGE"),
    ],
)
def test_a_wire_from_the_queue_to_the_function_that_is_not_right(
    deployed: Deployed, change: dict[str, Any] | None, says: str
) -> None:
    """Off, unlike the one that a deploy makes, or gone."""
    if change is None:
        deployed.functions.delete_event_source_mapping(UUID=deployed.wire)
    else:
        deployed.functions.update_event_source_mapping(UUID=deployed.wire, **change)
    status, said = deployed.say("queue")
    assert (status, f"wrong   queue     {says}" in said) == (1, True)


@pytest.mark.parametrize("left", [{}, {"Filters": []}])
def test_a_wire_whose_filter_was_taken_away_is_right_again(deployed: Deployed, left: dict[str, Any]) -> None:
    """However AWS shows that there is none, and that nothing is kept back."""
    changes = {"FilterCriteria": left, "MaximumBatchingWindowInSeconds": 0}
    deployed.functions.update_event_source_mapping(UUID=deployed.wire, **changes)
    assert {line.split()[0] for line in deployed.say("queue")[1].splitlines()} == {"ok"}


def test_a_second_wire_that_takes_messages_away(deployed: Deployed) -> None:
    """Somebody has had the queue call another function, too: both are named."""
    deployed.add_function("other")
    deployed.add_wire("other")
    status, says = deployed.say("queue")
    assert (status, f"wrong   queue     2 wires lead away from it, to {NAME}, other;" in says) == (1, True)


def test_a_queue_that_keeps_every_message_back(deployed: Deployed) -> None:
    """Its delivery delay is not the one a deploy sets."""
    deployed.sqs.set_queue_attributes(QueueUrl=deployed.queue, Attributes={"DelaySeconds": "900"})
    status, says = deployed.say("queue")
    assert (status, "wrong   queue     It keeps every message back for 900 seconds." in says) == (1, True)


def test_a_function_that_was_deleted(deployed: Deployed) -> None:
    """AWS keeps the wire that led to it; it is named, with how to have it made again."""
    deployed.functions.delete_function(FunctionName=NAME)
    status, says = deployed.say("queue")
    line = f"wrong   queue     The function {NAME} is gone, so nothing is sent. Run: zappa deploy STAGE"
    assert (status, line in says) == (1, True)


def test_a_function_that_somebody_has_throttled(deployed: Deployed) -> None:
    """The button of the console, pressed for an incident and forgotten."""
    deployed.functions.put_function_concurrency(FunctionName=NAME, ReservedConcurrentExecutions=0)
    status, says = deployed.say("queue")
    assert (status, f"wrong   queue     The function {NAME} is throttled" in says) == (1, True)


def test_what_it_may_not_look_at_it_calls_unseen(deployed: Deployed, discreet: str) -> None:
    """Its user may look at everything but the throttle: that alone is left open."""
    says = deployed.say("queue", AWS_ENDPOINT_URL_LAMBDA=discreet)[1]
    assert "unseen  queue     Whether the function is throttled cannot be read" in says
    assert {line.split()[0] for line in says.splitlines()} == {"ok", "unseen"}


def test_a_table_that_lets_go_of_something_else(deployed: Deployed) -> None:
    """Its TTL is on an attribute that no row has."""
    off, on = {"Enabled": False, "AttributeName": "expires"}, {"Enabled": True, "AttributeName": "other"}
    deployed.tables.update_time_to_live(TableName=NAME, TimeToLiveSpecification=off)
    deployed.tables.update_time_to_live(TableName=NAME, TimeToLiveSpecification=on)
    status, says = deployed.say("store")
    line = (
        f"wrong   store     The table {NAME} keeps what is past: its TTL is on the attribute 'other', not on 'expires'."
    )
    assert (status, line in says) == (1, True)


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
