"""`zappa deploy`, `update` and `undeploy` of a person who follows the guide, and what stands at AWS afterwards.

The commands are run once, one after the other; the tests look at what each said, and at AWS as it was after each.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cloud.conftest import Aws
from tests.cloud.project import BUCKET, Done, Project, make_project

CALLED_OTHERWISE = {"s3:HeadBucket": "s3:ListBucket", "lambda:Invoke": "lambda:InvokeFunction"}
FOR_EVERYBODY = {"sts:GetCallerIdentity"}
RESERVED = "ReservedConcurrentExecutions"
FORTNIGHT = 14 * 24 * 3600
NOWHERE = "http://127.0.0.1:9/v1/"
WIRED = {
    "BatchSize": 1,
    "MaximumBatchingWindowInSeconds": 0,
    "FunctionResponseTypes": ["ReportBatchItemFailures"],
    "ScalingConfig": {"MaximumConcurrency": 2},
}
DISCARDING = {"Filters": [{"Pattern": '{"body": ["nothing"]}'}]}
CHANGING = ("CreatedTimestamp", "LastModifiedTimestamp")


@dataclass(frozen=True, kw_only=True)
class Inventory:
    """What is at AWS at some time, by name."""

    functions: dict[str, dict[str, Any]]
    throttles: dict[str, int]
    queues: dict[str, dict[str, str]]
    tables: dict[str, dict[str, Any]]
    expiries: dict[str, dict[str, str]]
    wires: list[dict[str, Any]]
    rules: dict[str, str]
    policies: dict[str, list[dict[str, Any]]]
    addresses: dict[str, str]
    uploads: int

    @property
    def lasting(self) -> list[Any]:
        """What must be the same after a second time: all but code, dates and the numbers that Zappa draws anew."""
        variables = {name: function["Environment"] for name, function in self.functions.items()}
        return [
            variables,
            self.throttles,
            self.queues,
            self.tables,
            self.expiries,
            self.wires,
            self.rules,
            self.policies,
            self.addresses,
        ]


@dataclass(frozen=True, kw_only=True)
class Tale:
    """What was done, in this order: what the command said, and what was there after it. `calls` is what was asked."""

    deployed: Done
    first: Inventory
    again: Done
    second: Inventory
    updated: Done
    third: Inventory
    without_file: Done
    fourth: Inventory
    beside: Done
    both: Inventory
    unsure: Done
    still: Inventory
    gone: Done
    rest: Inventory
    calls: frozenset[str]


@pytest.fixture(scope="module")
def project(environment: Path, aws: Aws, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project that was filled in as the guide says, and an AWS in which nothing is."""
    aws.reset()
    return make_project(tmp_path_factory.mktemp("deploy") / "project", environment, WEBEX_API_BASE_URL=NOWHERE)


@pytest.fixture(scope="module")
def tale(project: Project, aws: Aws) -> Tale:
    """Deploy, again, break things, update, delete the configuration, update, deploy another stage, undeploy one."""
    file = project.folder.parent / "calls"
    recorder = {"PYTHONPATH": str(Path(__file__).with_name("recorder")), "CALLS": str(file)}

    def run(*words: str) -> tuple[Done, Inventory]:
        done = project.zappa(*words, variables={**aws.variables, **recorder})
        return done, take(aws)

    deployed, first = run("deploy", "dev")
    again, second = run("deploy", "dev")
    break_things(aws)
    updated, third = run("update", "dev")
    (project.folder / "config_dev.json").unlink()
    without_file, fourth = run("update", "dev")
    beside, both = run("deploy", "prod")
    unsure, still = run("undeploy", "dev")
    gone, rest = run("undeploy", "dev", "--yes")
    asked = (CALLED_OTHERWISE.get(call, call) for call in file.read_text(encoding="utf-8").split())
    return Tale(
        deployed=deployed,
        first=first,
        again=again,
        second=second,
        updated=updated,
        third=third,
        without_file=without_file,
        fourth=fourth,
        beside=beside,
        both=both,
        unsure=unsure,
        still=still,
        gone=gone,
        rest=rest,
        calls=frozenset(asked),
    )


def take(aws: Aws) -> Inventory:
    """Return what is at AWS now."""
    dynamodb, functions = aws.client("dynamodb"), aws.client("lambda")
    tables = dynamodb.list_tables()["TableNames"]
    found = {one["FunctionName"]: one for one in functions.list_functions()["Functions"]}
    return Inventory(
        functions=found,
        throttles={name: functions.get_function_concurrency(FunctionName=name).get(RESERVED) for name in found},
        queues=dict(_queues(aws)),
        tables={name: dynamodb.describe_table(TableName=name)["Table"] for name in tables},
        expiries={name: dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"] for name in tables},
        wires=[_bare(one) for one in functions.list_event_source_mappings()["EventSourceMappings"]],
        rules={one["Name"]: one["ScheduleExpression"] for one in aws.client("events").list_rules()["Rules"]},
        policies=dict(_policies(aws)),
        addresses=dict(_addresses(aws)),
        uploads=aws.client("s3").list_objects_v2(Bucket=f"{BUCKET}-dev")["KeyCount"],
    )


def _addresses(aws: Aws) -> Iterable[tuple[str, str]]:
    stacks = aws.client("cloudformation")
    for stack in stacks.describe_stacks()["Stacks"]:
        found = stacks.describe_stack_resource(StackName=stack["StackName"], LogicalResourceId="Api")
        yield stack["StackName"], found["StackResourceDetail"]["PhysicalResourceId"]


def _queues(aws: Aws) -> Iterable[tuple[str, dict[str, str]]]:
    sqs = aws.client("sqs")
    for url in sqs.list_queues().get("QueueUrls", []):
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        yield url.rpartition("/")[2], {"url": url, **{key: found[key] for key in found if key not in CHANGING}}


def _policies(aws: Aws) -> Iterable[tuple[str, list[dict[str, Any]]]]:
    iam = aws.client("iam")
    for role in iam.list_roles()["Roles"]:
        policy = iam.get_role_policy(RoleName=role["RoleName"], PolicyName="zappa-permissions")
        yield role["RoleName"], policy["PolicyDocument"]["Statement"]


def _bare(wire: dict[str, Any]) -> dict[str, Any]:
    kept = {key: wire.get(key) for key in ("UUID", "State", "EventSourceArn", "FunctionArn", *WIRED)}
    filters, window = wire.get("FilterCriteria") or {}, wire.get("MaximumBatchingWindowInSeconds") or 0
    return {**kept, "FilterCriteria": filters, "MaximumBatchingWindowInSeconds": window}


def break_things(aws: Aws) -> None:
    """Delete a queue, change the other, the wire and the variables, and throttle, as somebody at the console might."""
    sqs, functions = aws.client("sqs"), aws.client("lambda")
    sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName="broadcast-bot-dev-dead")["QueueUrl"])
    url = sqs.get_queue_url(QueueName="broadcast-bot-dev")["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "5", "DelaySeconds": "900"})
    (wire,) = functions.list_event_source_mappings()["EventSourceMappings"]
    window = {"BatchSize": 10, "MaximumBatchingWindowInSeconds": 300}
    functions.update_event_source_mapping(UUID=wire["UUID"], Enabled=False, FilterCriteria=DISCARDING, **window)
    found = functions.get_function_configuration(FunctionName="broadcast-bot-dev")["Environment"]["Variables"]
    changed = {"Variables": {**found, "LOCALE": "cs_CZ"}}
    functions.update_function_configuration(FunctionName="broadcast-bot-dev", Environment=changed)
    functions.put_function_concurrency(FunctionName="broadcast-bot-dev", ReservedConcurrentExecutions=0)


def test_deploying_ends_well_and_says_what_is_next(tale: Tale) -> None:
    """The function answers, though its role was not known at once, and the address to open is named, stage and all."""
    assert tale.deployed.status == 0, tale.deployed.said
    address = r"https://\w+\.execute-api\.us-east-1\.amazonaws\.com/dev/webhook"
    assert re.search(f"The function answers. Next: open {address} in a browser", tale.deployed.said)


def test_the_queue_keeps_and_returns_what_it_holds(tale: Tale) -> None:
    """A message stays away longer than the function may run, and comes back a thousand times and for a fortnight."""
    queue, dead = tale.first.queues["broadcast-bot-dev"], tale.first.queues["broadcast-bot-dev-dead"]
    assert int(queue["VisibilityTimeout"]) == tale.first.functions["broadcast-bot-dev"]["Timeout"] + 30
    assert json.loads(queue["RedrivePolicy"]) == {"deadLetterTargetArn": dead["QueueArn"], "maxReceiveCount": 1000}
    assert queue["DelaySeconds"] == "0"
    assert queue["MessageRetentionPeriod"] == dead["MessageRetentionPeriod"] == str(FORTNIGHT)


def test_the_queue_is_wired_to_the_function(tale: Tale) -> None:
    """One message at a time, two calls at once at most, and a call may hand its message back."""
    (wire,) = tale.first.wires
    assert {key: wire.get(key) for key in WIRED} == WIRED
    assert wire["FilterCriteria"] == {}
    assert wire["State"] == "Enabled"
    assert wire["EventSourceArn"] == tale.first.queues["broadcast-bot-dev"]["QueueArn"]
    assert wire["FunctionArn"] == tale.first.functions["broadcast-bot-dev"]["FunctionArn"]


def test_the_table_is_the_ledgers_and_costs_nothing_idle(tale: Tale) -> None:
    """Two texts as key, paid for by use, and what is past goes by itself."""
    table, expiry = tale.first.tables["broadcast-bot-dev"], tale.first.expiries["broadcast-bot-dev"]
    assert [key["AttributeName"] for key in table["KeySchema"]] == ["pk", "sk"]
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert expiry == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"}


def test_the_function_knows_where_its_things_are(tale: Tale) -> None:
    """Store, queue, variables and configuration are named in its environment; the token is not."""
    function = tale.first.functions["broadcast-bot-dev"]
    assert (function["Handler"], function["Timeout"]) == ("deploy.lambda_entry.lambda_handler", 300)
    assert function["Environment"]["Variables"] == {
        "STORE": "dynamodb:broadcast-bot-dev",
        "QUEUE": tale.first.queues["broadcast-bot-dev"]["url"],
        "DOT_ENV_FILE": ".env_dev",
        "CONFIG_FILE": "config_dev.json",
        "LOG_FORMAT": "json",
    }


def test_the_sweeper_comes_every_five_minutes(tale: Tale) -> None:
    """That is all that runs by the clock: nothing keeps the function warm."""
    assert tale.first.rules == {"broadcast-bot-dev-deploy.lambda_entry.lambda_handler": "rate(5 minutes)"}


def test_the_function_may_touch_what_is_its_own_and_nothing_else(tale: Tale) -> None:
    """No wildcard as an action, and every resource is named by account, region and stage."""
    (allowed,) = tale.first.policies.values()
    actions = [action for one in allowed for action in _list(one["Action"])]
    resources = [name for one in allowed for name in _list(one["Resource"])]
    assert [action for action in actions if "*" in action] == []
    foreign = [name for name in resources if not re.search(r":us-east-1:123456789012:.*broadcast-bot-dev\b", name)]
    assert foreign == []


def test_nothing_of_the_package_stays_in_the_bucket(tale: Tale) -> None:
    """The bucket is only what the package goes through."""
    assert tale.first.uploads == tale.third.uploads == 0


def test_deploying_again_changes_nothing(tale: Tale) -> None:
    """It says that the stage is deployed, and what to do instead."""
    assert tale.again.status == 1
    assert "Stage 'dev' is deployed already; nothing was changed" in tale.again.said
    assert "zappa update dev" in tale.again.said
    assert tale.second == tale.first


def test_updating_sets_right_what_somebody_broke_and_changes_nothing_else(tale: Tale) -> None:
    """A queue that was deleted is made anew; wire, queue, variables and throttle are as before."""
    assert tale.updated.status == 0, tale.updated.said
    assert "Took out of the function's variables what the stage does not name: LOCALE." in tale.updated.said
    assert "Made the queue broadcast-bot-dev-dead" in tale.updated.said
    assert tale.third.lasting == tale.second.lasting


def test_updating_without_the_configuration_file_that_was_there_goes_back_to_the_defaults(tale: Tale) -> None:
    """The function, which was asked, can do its job: nothing names the file any more, and nothing else has changed."""
    assert tale.without_file.status == 0, tale.without_file.said
    before, after = (
        one.functions["broadcast-bot-dev"]["Environment"]["Variables"] for one in (tale.third, tale.fourth)
    )
    assert before == {**after, "CONFIG_FILE": "config_dev.json"}
    assert "CONFIG_FILE" not in after


def test_the_disk_has_room_for_the_files_of_several_broadcasts(tale: Tale) -> None:
    """A file may have 100 MB; every stage gets 2 GB."""
    assert {one["EphemeralStorage"]["Size"] for one in tale.both.functions.values()} == {2048}


def test_prod_beside_dev_shares_nothing_with_it(tale: Tale) -> None:
    """Nothing of prod names anything of dev, every wire leads to its own stage, and what dev has is as before."""
    assert tale.beside.status == 0, tale.beside.said
    new = [_new(getattr(tale.both, kind), getattr(tale.fourth, kind)) for kind in ("functions", "queues", "policies")]
    assert all(new)
    assert "broadcast-bot-dev" not in json.dumps(new, default=str)
    assert ".env_dev" not in json.dumps(new, default=str)
    assert {_stage(wire["EventSourceArn"]): _stage(wire["FunctionArn"]) for wire in tale.both.wires} == {
        "dev": "dev",
        "prod": "prod",
    }
    assert tale.both.functions["broadcast-bot-dev"] == tale.fourth.functions["broadcast-bot-dev"]


def test_undeploying_asks_first(tale: Tale) -> None:
    """Without a yes nothing is changed, and it was said before what would go and what would stay."""
    assert tale.unsure.status == 1
    assert "Nothing was changed" in tale.unsure.said
    assert "The data stays" in tale.unsure.said
    assert tale.still == tale.both


def test_undeploying_takes_away_what_runs_and_names_what_stays(tale: Tale) -> None:
    """Function, address, wire and schedule go; table and queues stay, and how to delete them is said."""
    assert tale.gone.status == 0, tale.gone.said
    assert tale.rest.functions.keys() == {"broadcast-bot-prod"}
    assert [_stage(wire["FunctionArn"]) for wire in tale.rest.wires] == ["prod"]
    assert tale.rest.addresses.keys() == {"broadcast-bot-prod"}
    assert len(tale.rest.rules) == 1
    assert (tale.rest.tables, tale.rest.queues) == (tale.both.tables, tale.both.queues)
    assert "aws dynamodb delete-table --table-name broadcast-bot-dev --region us-east-1" in tale.gone.said
    assert "--queue-name broadcast-bot-dev-dead" in tale.gone.said


def test_the_user_of_the_guide_may_do_all_this(tale: Tale, project: Project) -> None:
    """What deploying asks of AWS stands in the policy the guide has one attach (API Gateway names no calls there)."""
    policy = json.loads((project.folder / "deploy" / "deployer_policy.json").read_text(encoding="utf-8"))
    allowed = {action for one in policy["Statement"] for action in one["Action"]} | FOR_EVERYBODY
    assert {call for call in tale.calls if not call.startswith("apigateway:")} - allowed == set()


@pytest.mark.parametrize("words", [("update", "staging"), ("undeploy", "staging", "--yes")])
def test_a_stage_that_was_never_deployed_is_not_half_made(project: Project, aws: Aws, words: tuple[str, ...]) -> None:
    """It says so and how to deploy it; no queue and no role was made for it."""
    project.set_up("staging", extends="dev")
    project.write(".env_staging", "WEBEX_TEAMS_ACCESS_TOKEN=token\n")
    done = project.zappa(*words, variables=aws.variables)
    assert done.status == 1
    assert "Stage 'staging' is not deployed in us-east-1" in done.said
    assert "zappa deploy staging" in done.said
    assert "staging" not in str(dict(_queues(aws)))


def _new(now: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in now.items() if name not in before}


def _stage(arn: str) -> str:
    return arn.rpartition("-")[2]


def _list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
