"""The doctor at AWS: the queue that calls the worker, the queue for what nothing could do, the table's forgetting.

Looks only. Needs the right to read what it looks at; where it has none it says so. boto3 is imported at the first look.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from broadcast.doctor.findings import Finding, mind, ok, unseen, wrong
from broadcast.settings import Settings

PARTIAL = "ReportBatchItemFailures"
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
    yield from _dead_letters(url, state.get("RedrivePolicy", ""))
    yield from _wire(url, state)


def table(settings: Settings) -> Iterator[Finding]:
    """Yield whether the table lets go of what is past."""
    name = settings.table
    found, fault = _ask(lambda: _client("dynamodb").describe_time_to_live(TableName=name))
    if fault:
        yield unseen("store", f"Whether the table {name} lets go of what is past cannot be read: {fault}.")
    elif found["TimeToLiveDescription"].get("TimeToLiveStatus") not in ("ENABLED", "ENABLING"):
        yield mind("store", f"The table {name} keeps what is past for ever: its TTL is off.", UPDATE)


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
    elif not found:
        yield wrong("queue", "It calls no function, so nothing is sent.", UPDATE)
    else:
        yield from _how_wired(found[0])
        yield _time_limit(client, found[0]["FunctionArn"], int(queue["VisibilityTimeout"]))


def _how_wired(wire: Mapping[str, Any]) -> Iterator[Finding]:
    if wire.get("State") not in ("Enabled", "Enabling"):
        yield wrong("queue", f"Its wire to the function is {wire.get('State')}, so nothing is sent.", UPDATE)
    if PARTIAL not in wire.get("FunctionResponseTypes", []):
        yield wrong("queue", f"Its wire lacks {PARTIAL}, so messages that must come back are lost.", UPDATE)


def _time_limit(client: Callable[[], Any], function: str, hidden: int) -> Finding:
    limit, fault = _ask(lambda: client().get_function_configuration(FunctionName=function)["Timeout"])
    if fault:
        return unseen("queue", f"How long the function may run cannot be read: {fault}.")
    if limit >= hidden:
        says = f"It hides a message for {hidden} seconds, but the function may run for {limit}: two would work at once."
        return wrong("queue", says, UPDATE)
    return ok("queue", f"It calls a function that may run for {limit} seconds, and hides a message for {hidden}.")


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
