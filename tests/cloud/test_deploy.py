"""`zappa deploy`, `update` and `undeploy` of a person who follows the guide, and what stands at AWS afterwards."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.cloud.conftest import Aws
from tests.cloud.project import BUCKET, Done, Project, make_project

FORTNIGHT = 14 * 24 * 3600
NOWHERE = "http://127.0.0.1:9/v1/"


class Stages:
    """A project whose stages are deployed, and a look at what AWS has of them."""

    def __init__(self, project: Project, aws: Aws) -> None:
        self.project, self.aws = project, aws

    def zappa(self, *words: str) -> Done:
        """Run Zappa against this AWS."""
        return self.project.zappa(*words, variables=self.aws.variables)

    def function(self, stage: str) -> dict[str, Any]:
        """Return how a stage's function is made."""
        return dict(self.aws.client("lambda").get_function(FunctionName=f"broadcast-bot-{stage}")["Configuration"])

    def functions(self) -> set[str]:
        """Return the names of all functions."""
        return {one["FunctionName"] for one in self.aws.client("lambda").list_functions()["Functions"]}

    def queue(self, name: str) -> dict[str, str]:
        """Return what a queue is set to."""
        sqs = self.aws.client("sqs")
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
        return dict(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"])

    def wires(self) -> list[dict[str, Any]]:
        """Return what leads from queues to functions."""
        return list(self.aws.client("lambda").list_event_source_mappings()["EventSourceMappings"])

    def rules(self) -> dict[str, str]:
        """Return what runs by the clock."""
        return {rule["Name"]: rule["ScheduleExpression"] for rule in self.aws.client("events").list_rules()["Rules"]}

    def policy(self, stage: str) -> list[dict[str, Any]]:
        """Return what a stage's function may do."""
        role = f"broadcast-bot-{stage}-ZappaLambdaExecutionRole"
        found = self.aws.client("iam").get_role_policy(RoleName=role, PolicyName="zappa-permissions")
        return list(found["PolicyDocument"]["Statement"])

    def state(self) -> dict[str, Any]:
        """Return what must be the same after a second time."""
        queues = ("broadcast-bot-dev", "broadcast-bot-dev-dead")
        wires = [{key: wire.get(key) for key in ("UUID", *WIRED)} for wire in self.wires()]
        function = {
            key: value for key, value in self.function("dev").items() if key in ("Environment", "Role", "Timeout")
        }
        table = self.aws.client("dynamodb").describe_table(TableName="broadcast-bot-dev")["Table"]["CreationDateTime"]
        apis = [api["id"] for api in self.aws.client("apigateway").get_rest_apis()["items"]]
        queue_states = [self.queue(name) for name in queues]
        return {"wires": wires, "queues": queue_states, "function": function, "rules": self.rules(), "apis": apis} | {
            "table": table,
            "policy": self.policy("dev"),
        }


WIRED = {
    "BatchSize": 1,
    "FunctionResponseTypes": ["ReportBatchItemFailures"],
    "ScalingConfig": {"MaximumConcurrency": 2},
}


@pytest.fixture(scope="module")
def stages(environment: Path, aws: Aws, tmp_path_factory: pytest.TempPathFactory) -> Stages:
    """A project that was filled in as the guide says, and an empty AWS."""
    aws.reset()
    project = make_project(tmp_path_factory.mktemp("deploy") / "project", environment, WEBEX_API_BASE_URL=NOWHERE)
    return Stages(project, aws)


@pytest.fixture(scope="module")
def deployed(stages: Stages) -> Done:
    """What `zappa deploy dev` said."""
    return stages.zappa("deploy", "dev")


def test_deploying_ends_well_and_says_what_is_next(deployed: Done) -> None:
    """The function answers, and the address to open is named, stage and all."""
    assert deployed.status == 0, deployed.said
    address = r"https://\w+\.execute-api\.us-east-1\.amazonaws\.com/dev/webhook"
    assert re.search(f"The function answers. Next: open {address} in a browser", deployed.said)


def test_the_queue_keeps_and_returns_what_it_holds(deployed: Done, stages: Stages) -> None:
    """A message stays away longer than the function may run, and comes back a thousand times and for a fortnight."""
    queue, dead = stages.queue("broadcast-bot-dev"), stages.queue("broadcast-bot-dev-dead")
    assert int(queue["VisibilityTimeout"]) == stages.function("dev")["Timeout"] + 30 == 330
    assert json.loads(queue["RedrivePolicy"]) == {"deadLetterTargetArn": dead["QueueArn"], "maxReceiveCount": 1000}
    assert queue["MessageRetentionPeriod"] == dead["MessageRetentionPeriod"] == str(FORTNIGHT)


def test_the_queue_is_wired_to_the_function(deployed: Done, stages: Stages) -> None:
    """One message at a time, two calls at once at most, and a call may hand its message back."""
    (wire,) = stages.wires()
    assert {key: wire.get(key) for key in WIRED} == WIRED
    assert wire["State"] == "Enabled"
    assert wire["EventSourceArn"] == stages.queue("broadcast-bot-dev")["QueueArn"]
    assert wire["FunctionArn"] == stages.function("dev")["FunctionArn"]


def test_the_table_is_the_ledgers_and_costs_nothing_idle(deployed: Done, stages: Stages) -> None:
    """Two texts as key, paid for by use, and what is past goes by itself."""
    dynamodb = stages.aws.client("dynamodb")
    table = dynamodb.describe_table(TableName="broadcast-bot-dev")["Table"]
    expiry = dynamodb.describe_time_to_live(TableName="broadcast-bot-dev")["TimeToLiveDescription"]
    assert [key["AttributeName"] for key in table["KeySchema"]] == ["pk", "sk"]
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert (expiry["TimeToLiveStatus"], expiry["AttributeName"]) == ("ENABLED", "expires")


def test_the_function_knows_where_its_things_are(deployed: Done, stages: Stages) -> None:
    """Store, queue, variables and configuration are named in its environment; the token is not."""
    function = stages.function("dev")
    url = stages.aws.client("sqs").get_queue_url(QueueName="broadcast-bot-dev")["QueueUrl"]
    assert function["Environment"]["Variables"] == {
        "STORE": "dynamodb:broadcast-bot-dev",
        "QUEUE": url,
        "DOT_ENV_FILE": ".env_dev",
        "CONFIG_FILE": "config_dev.json",
        "LOG_FORMAT": "json",
    }
    assert (function["Handler"], function["Timeout"]) == ("deploy.lambda_entry.lambda_handler", 300)


def test_the_sweeper_comes_every_five_minutes(deployed: Done, stages: Stages) -> None:
    """That is all that runs by the clock: nothing keeps the function warm."""
    assert stages.rules() == {"broadcast-bot-dev-deploy.lambda_entry.lambda_handler": "rate(5 minutes)"}


def test_the_function_may_touch_what_is_its_own_and_nothing_else(deployed: Done, stages: Stages) -> None:
    """No wildcard as an action, and every resource is named by account, region and stage."""
    allowed = stages.policy("dev")
    actions = [action for one in allowed for action in _list(one["Action"])]
    resources = [name for one in allowed for name in _list(one["Resource"])]
    assert [action for action in actions if "*" in action] == []
    assert [
        name for name in resources if ":us-east-1:123456789012:" not in name or "broadcast-bot-dev" not in name
    ] == []


def test_deploying_again_changes_nothing(deployed: Done, stages: Stages) -> None:
    """It says that the stage is deployed, and what to do instead."""
    before = stages.state()
    again = stages.zappa("deploy", "dev")
    assert again.status == 1
    assert "Stage 'dev' is deployed already; nothing was changed" in again.said
    assert "zappa update dev" in again.said
    assert stages.state() == before


def test_updating_sets_right_what_somebody_broke_and_changes_nothing_else(deployed: Done, stages: Stages) -> None:
    """A queue that was deleted is made anew, a wire and a queue that were changed are as before."""
    before, sqs = stages.state(), stages.aws.client("sqs")
    url = sqs.get_queue_url(QueueName="broadcast-bot-dev")["QueueUrl"]
    sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName="broadcast-bot-dev-dead")["QueueUrl"])
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "5"})
    wire = stages.wires()[0]["UUID"]
    stages.aws.client("lambda").update_event_source_mapping(UUID=wire, BatchSize=10, Enabled=False)
    updated = stages.zappa("update", "dev")
    assert updated.status == 0, updated.said
    assert "Made the queue broadcast-bot-dev-dead" in updated.said
    assert _timeless(stages.state()) == _timeless(before)


def test_prod_beside_dev_shares_nothing_with_it(deployed: Done, stages: Stages) -> None:
    """Functions, queues, tables, roles, wires and schedules are other ones, and those of dev are as before."""
    before = stages.state()
    assert stages.zappa("deploy", "prod").status == 0
    text = json.dumps([stages.function("prod"), stages.policy("prod"), stages.queue("broadcast-bot-prod")], default=str)
    assert "broadcast-bot-dev" not in text
    assert ".env_dev" not in text
    assert stages.function("dev")["Environment"] == before["function"]["Environment"]
    assert stages.policy("dev") == before["policy"]
    assert {
        wire["FunctionArn"].rpartition("-")[2]: wire["EventSourceArn"].rpartition("-")[2] for wire in stages.wires()
    } == {
        "dev": "dev",
        "prod": "prod",
    }
    assert len(stages.rules()) == 2


def test_nothing_of_the_package_stays_in_the_bucket(deployed: Done, stages: Stages) -> None:
    """The bucket is only what the package goes through."""
    assert stages.aws.client("s3").list_objects_v2(Bucket=f"{BUCKET}-dev")["KeyCount"] == 0


def test_undeploying_takes_away_what_runs_and_names_what_stays(deployed: Done, stages: Stages) -> None:
    """Function, wire and schedule go; table and queues stay, and how to delete them is said."""
    gone = stages.zappa("undeploy", "dev", "--yes")
    assert gone.status == 0, gone.said
    assert "broadcast-bot-dev" not in stages.functions()
    assert not [wire for wire in stages.wires() if "broadcast-bot-dev" in wire["FunctionArn"]]
    assert not [name for name in stages.rules() if name.startswith("broadcast-bot-dev")]
    assert stages.queue("broadcast-bot-dev")
    assert "aws dynamodb delete-table --table-name broadcast-bot-dev --region us-east-1" in gone.said
    assert "--queue-name broadcast-bot-dev-dead" in gone.said


@pytest.mark.parametrize("words", [("update", "staging"), ("undeploy", "staging", "--yes")])
def test_a_stage_that_was_never_deployed_is_not_half_made(stages: Stages, words: tuple[str, ...]) -> None:
    """It says so and how to deploy it; no queue and no role was made for it."""
    stages.project.set_up("staging", extends="dev")
    stages.project.write(".env_staging", "WEBEX_TEAMS_ACCESS_TOKEN=token\n")
    done = stages.zappa(*words)
    assert done.status == 1
    assert "Stage 'staging' is not deployed in us-east-1" in done.said
    assert "zappa deploy staging" in done.said
    assert "staging" not in str(stages.aws.client("sqs").list_queues().get("QueueUrls"))


def _timeless(state: dict[str, Any]) -> Any:
    without = {"CreatedTimestamp", "LastModifiedTimestamp"}
    queues = [{key: value for key, value in queue.items() if key not in without} for queue in state["queues"]]
    return {**state, "queues": queues}


def _list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
