"""The doctor at AWS: the queue, the function it calls, the queue for what nothing could do, the table's forgetting.

Looks only. Needs the right to read what it looks at; where it has none it says so. boto3 is imported at the first look.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from broadcast.doctor.findings import Finding, mind, ok, unseen, wrong
from broadcast.doctor.wire import faults
from broadcast.ledger.dynamo_table import EXPIRES
from broadcast.settings import Settings

GONE = "(ResourceNotFoundException)"
UPDATE = "Run: zappa update STAGE"
INSTALL = "Run: python -m pip install -r deploy/requirements.txt"
SEE_ACCESS = "See that region and credentials are right, and that they may read it."


def queue(settings: Settings) -> Iterator[Finding]:
    """Yield whether the queue is there, keeps what it must, and calls the function."""
    url = settings.queue_url
    found, fault = _ask(lambda: _client("sqs", url).get_queue_attributes(QueueUrl=url, AttributeNames=["All"]))
    if fault:
        yield wrong("queue", f"{url} cannot be read: {fault}.", f"{UPDATE} if it is gone. {SEE_ACCESS}")
        return
    state = found["Attributes"]
    yield ok("queue", f"{url} is there, with {state.get('ApproximateNumberOfMessages', '?')} messages.")
    if (delay := state.get("DelaySeconds", "0")) != "0":
        yield wrong("queue", f"It keeps every message back for {delay} seconds.", UPDATE)
    yield from _dead_letters(url, state.get("RedrivePolicy", ""))
    yield from _wire(url, state)


def table(settings: Settings) -> Iterator[Finding]:
    """Yield whether the table lets go of what is past."""
    name = settings.table
    found, fault = _ask(lambda: _client("dynamodb").describe_time_to_live(TableName=name))
    if fault:
        yield unseen("store", f"Whether the table {name} lets go of what is past cannot be read: {fault}.")
        return
    expiry = found["TimeToLiveDescription"]
    if expiry.get("TimeToLiveStatus") not in ("ENABLED", "ENABLING"):
        yield mind("store", f"The table {name} keeps what is past for ever: its TTL is off.", UPDATE)
    elif (attribute := expiry.get("AttributeName")) != EXPIRES:
        says = f"The table {name} keeps what is past: its TTL is on the attribute {attribute!r}, not on {EXPIRES!r}."
        yield wrong(
            "store", says, "Turn it off in the AWS console (DynamoDB), wait an hour, and run: zappa update STAGE"
        )


def _dead_letters(url: str, redrive: str) -> Iterator[Finding]:
    if not redrive:
        yield wrong("queue", "It has no dead-letter queue, so what nothing could do is lost.", UPDATE)
        return
    name = str(json.loads(redrive).get("deadLetterTargetArn", "")).rpartition(":")[2]
    count, fault = _ask(lambda: _messages(_client("sqs", url), name))
    if fault:
        yield wrong("queue", f"Its dead-letter queue {name} cannot be read: {fault}.", f"{UPDATE} if it is gone.")
    elif count:
        yield mind("queue", f"{count} messages that nothing could do are in {name}.", "Look into the function's log.")


def _messages(sqs: Any, name: str) -> int:
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    count = "ApproximateNumberOfMessages"
    return int(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[count])["Attributes"][count])


def _wire(url: str, queue: Mapping[str, str]) -> Iterator[Finding]:
    client, arn = partial(_client, "lambda", url), queue["QueueArn"]
    found, fault = _ask(lambda: client().list_event_source_mappings(EventSourceArn=arn)["EventSourceMappings"])
    if fault:
        yield unseen("queue", f"What function it calls cannot be read: {fault}.")
        return
    wires = [wire for wire in found if wire.get("State") != "Deleting"]
    if not wires:
        yield wrong("queue", "It calls no function, so nothing is sent.", UPDATE)
        return
    if len(wires) > 1:
        names = ", ".join(_name(wire["FunctionArn"]) for wire in wires)
        says = f"{len(wires)} wires lead away from it, to {names}; there must be one."
        yield wrong("queue", says, f"{UPDATE}, and delete in the AWS console (Lambda, Triggers) what leads elsewhere.")
    for wire in wires:
        yield from _how_wired(wire)
    for function in dict.fromkeys(wire["FunctionArn"] for wire in wires):
        yield from _function(client, function, int(queue["VisibilityTimeout"]))


def _how_wired(wire: Mapping[str, Any]) -> Iterator[Finding]:
    if wire.get("State") not in ("Enabled", "Enabling", "Creating", "Updating"):
        yield wrong("queue", f"Its wire to the function is {wire.get('State')}, so nothing is sent.", UPDATE)
    for fault in faults(wire):
        yield wrong("queue", f"Its wire {fault}.", UPDATE)


def _function(client: Callable[[], Any], function: str, hidden: int) -> Iterator[Finding]:
    limit, fault = _ask(lambda: client().get_function_configuration(FunctionName=function)["Timeout"])
    if GONE in fault:
        yield wrong("queue", f"The function {_name(function)} is gone, so nothing is sent.", "Run: zappa deploy STAGE")
    elif fault:
        yield unseen("queue", f"How long the function may run cannot be read: {fault}.")
    else:
        yield _time_limit(limit, hidden)
        yield from _throttle(client, function)


def _time_limit(limit: int, hidden: int) -> Finding:
    if limit >= hidden:
        says = f"It hides a message for {hidden} seconds, but the function may run for {limit}: two would work at once."
        return wrong("queue", says, UPDATE)
    return ok("queue", f"It calls a function that may run for {limit} seconds, and hides a message for {hidden}.")


def _throttle(client: Callable[[], Any], function: str) -> Iterator[Finding]:
    found, fault = _ask(lambda: client().get_function_concurrency(FunctionName=function))
    if fault:
        yield unseen("queue", f"Whether the function is throttled cannot be read: {fault}.")
    elif found.get("ReservedConcurrentExecutions") == 0:
        says = f"The function {_name(function)} is throttled (its reserved concurrency is 0), so it is never called."
        yield wrong("queue", says, UPDATE)


def _name(function: str) -> str:
    return function.split(":", 6)[-1]


def _ask(question: Callable[[], Any]) -> tuple[Any, str]:
    """Return the answer of AWS, or in words why there is none."""
    try:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 – late: only AWS needs it
    except ImportError:
        return None, f"boto3 is not installed. {INSTALL}"
    try:
        return question(), ""
    except (BotoCoreError, ClientError) as error:
        return None, str(error).rstrip(".")


def _client(service: Any, url: str = "") -> Any:
    """Return a client for the region that a queue's address names, by itself that of the environment."""
    import boto3  # noqa: PLC0415 – late: only AWS needs it

    parts = urlsplit(url)
    of_aws = re.fullmatch(r"sqs\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?", parts.hostname or "")
    # An SQS that is none of AWS's has its API where its queues are.
    is_foreign = bool(url) and not of_aws and service == "sqs"
    endpoint = f"{parts.scheme}://{parts.netloc}" if is_foreign else None
    return boto3.client(service, region_name=of_aws[1] if of_aws else None, endpoint_url=endpoint)
