"""What a stage has at AWS beside its function: queue, dead-letter queue, table, and the wire from queue to function.

Made where missing, set right where they differ, then read back: what is not so ends the deploy. Doing it again changes
nothing. The facts behind the numbers: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
"""

import json
import time
from collections.abc import Mapping
from typing import Any

import click
from botocore.exceptions import ClientError

from broadcast.doctor.wire import WIRE, differences
from broadcast.errors import ConfigError
from broadcast.ledger.dynamo_table import EXPIRES, create_table
from deploy.access import explained
from deploy.stage import Account, Stage

KEEP_FOR = 14 * 24 * 3600  # seconds; the most that SQS allows
SPARE = 30  # seconds by which a message stays away longer than the function may run
TRIES = 1000  # a hand-over because of time or a rate limit counts as one
PATIENCE = 20  # looks, PAUSE seconds apart
PAUSE = 3.0


def ensure_queues(stage: Stage, session: Any, account: Account) -> str:
    """See to it that both queues are as they should be; return the address of the first."""
    sqs = session.client("sqs", region_name=stage.region)
    with explained(stage, f"make the queues of {stage.resource}"):
        dead = {"MessageRetentionPeriod": str(KEEP_FOR)}
        _ensure_queue(sqs, stage.dead_letters, dead)
        redrive = {"deadLetterTargetArn": account.arn("sqs", stage.dead_letters), "maxReceiveCount": TRIES}
        live = {
            "MessageRetentionPeriod": str(KEEP_FOR),
            "VisibilityTimeout": str(stage.timeout + SPARE),
            "DelaySeconds": "0",
            "RedrivePolicy": json.dumps(redrive),
        }
        return _ensure_queue(sqs, stage.resource, live)


def ensure_table(stage: Stage, session: Any) -> None:
    """See to it that the table is there, is the ledger's, and lets go of what is past."""
    dynamodb = session.client("dynamodb", region_name=stage.region)
    with explained(stage, f"make the table {stage.resource}"):
        try:
            click.echo("\n".join(create_table(dynamodb, stage.resource)))
        except ConfigError as error:
            raise click.ClickException(
                f'{error} (The name is made of "project_name" in zappa_settings.json and of the stage.)'
            ) from error
        _check_ttl(dynamodb, stage)


def be_patient(client: Any, operation: str) -> None:
    """Have a client of Lambda repeat an operation while AWS does not know the function's new role everywhere.

    That takes some seconds after the role, or what it may do, was made.
    """

    def wait(response: Any, attempts: int, **_: Any) -> float | None:
        error = response[1].get("Error", {}) if response else {}
        is_early = error.get("Code") == "InvalidParameterValueException" and " role " in error.get("Message", "")
        return PAUSE if is_early and attempts < PATIENCE else None

    client.meta.events.register(f"needs-retry.lambda.{operation}", wait)


def ensure_wire(stage: Stage, session: Any, account: Account) -> None:
    """See to it that the queue calls the function, one message at a time and twice at once at most."""
    client = session.client("lambda", region_name=stage.region)
    with explained(stage, f"wire the queue {stage.resource} to its function"):
        found = _wires(client, stage, account)
        for surplus in found[1:]:
            client.delete_event_source_mapping(UUID=surplus["UUID"])
        if not found:
            _make_wire(client, stage, account)
        elif not _is_right(found[0]):
            client.update_event_source_mapping(UUID=found[0]["UUID"], Enabled=True, **WIRE)
            click.echo(f"Set the wire from the queue {stage.resource} to its function right.")
        _check_wire(client, stage, account)


def remove_wire(stage: Stage, session: Any, account: Account) -> None:
    """Take the wire away. AWS would keep it without its function."""
    client = session.client("lambda", region_name=stage.region)
    with explained(stage, f"take away the wire from the queue {stage.resource} to its function"):
        for wire in _wires(client, stage, account):
            client.delete_event_source_mapping(UUID=wire["UUID"])


def _ensure_queue(sqs: Any, name: str, wanted: Mapping[str, str]) -> str:
    try:
        url: str = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    except ClientError as error:
        if not error.response["Error"]["Code"].endswith(("NonExistentQueue", "QueueDoesNotExist")):
            raise
        url = sqs.create_queue(QueueName=name, Attributes=dict(wanted))["QueueUrl"]
        click.echo(f"Made the queue {name}.")
    if _differences(sqs, url, wanted):
        sqs.set_queue_attributes(QueueUrl=url, Attributes=dict(wanted))
        click.echo(f"Set the queue {name} right.")
    for _ in range(PATIENCE):  # SQS may take a minute to show what was set
        if not (wrong := _differences(sqs, url, wanted)):
            break
        time.sleep(PAUSE)
    if wrong:
        raise click.ClickException(
            f"The queue {name} is not as it must be, and cannot be set right: {', '.join(wrong)}. Delete it in the AWS "
            "console (SQS), wait a minute, and do this again: it is made anew, and the ledger knows what was in it."
        )
    return url


def _differences(sqs: Any, url: str, wanted: Mapping[str, str]) -> list[str]:
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return [
        f"{key} is {found.get(key)}, not {value}"
        for key, value in wanted.items()
        if _value(found.get(key, "null")) != _value(value)
    ]


def _value(text: str) -> Any:
    value = json.loads(text)
    return {key: str(one) for key, one in value.items()} if isinstance(value, dict) else value


def _check_ttl(dynamodb: Any, stage: Stage) -> None:
    found = dynamodb.describe_time_to_live(TableName=stage.resource)["TimeToLiveDescription"]
    is_on, attribute = found.get("TimeToLiveStatus") in ("ENABLED", "ENABLING"), found.get("AttributeName")
    if not (is_on and attribute == EXPIRES):
        raise click.ClickException(
            f"The table {stage.resource} does not let go of what is past: its TTL must be on the "
            f"attribute {EXPIRES!r}, but "
            f"is on {attribute or 'none'}. In the AWS console (DynamoDB, this table, Additional "
            "settings) turn TTL off, "
            "wait an hour, and do this again."
        )


def _wires(client: Any, stage: Stage, account: Account) -> list[dict[str, Any]]:
    """Return the wires from the stage's queue to its function, also where the function is gone already."""
    answer = client.list_event_source_mappings(EventSourceArn=account.arn("sqs", stage.resource))
    function = account.arn("lambda", f"function:{stage.resource}")
    return [
        wire
        for wire in answer["EventSourceMappings"]
        if wire["FunctionArn"] == function and wire.get("State") != "Deleting"
    ]


def _make_wire(client: Any, stage: Stage, account: Account) -> None:
    be_patient(client, "CreateEventSourceMapping")
    queue = account.arn("sqs", stage.resource)
    told = {key: value for key, value in WIRE.items() if value}  # what is empty a new wire has by itself
    client.create_event_source_mapping(FunctionName=stage.resource, EventSourceArn=queue, Enabled=True, **told)
    click.echo(f"Wired the queue {stage.resource} to its function.")


def _is_right(wire: Mapping[str, Any]) -> bool:
    is_on = wire.get("State") in ("Enabled", "Enabling", "Creating", "Updating")
    return is_on and not differences(wire)


def _check_wire(client: Any, stage: Stage, account: Account) -> None:
    for _ in range(PATIENCE):
        wires = _wires(client, stage, account)
        if wires and wires[0]["State"] not in ("Creating", "Enabling", "Updating"):
            break
        time.sleep(PAUSE)
    if len(wires) != 1 or not _is_right(wires[0]):
        state = wires[0] if wires else {}
        found = {key: state.get(key) for key in ("State", "StateTransitionReason", *WIRE)}
        raise click.ClickException(
            f"The queue {stage.resource} is not wired to its function as it must be, so nothing would be "
            f"sent: {found}. "
            f"Do it again with: zappa update {stage.name}. If that does not help, delete the trigger of the function "
            f"{stage.resource} in the AWS console (Lambda, Configuration, Triggers), and do it once more."
        )
