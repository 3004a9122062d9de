"""Asking the function itself whether it can do its job, once it is there. Changes nothing."""

import base64
import json
from typing import Any

import click

from deploy.access import explained
from deploy.stage import Stage

PASSING = ("An event has waited for ", "Webex has disabled or lost the webhooks")
"""How a fault begins that is none of the new version: time mends it, or the visit to /webhook that comes next."""


def check_health(stage: Stage, session: Any) -> None:
    """Call the function as API Gateway would; refuse a function that does not start or says what it lacks."""
    client = session.client("lambda", region_name=stage.region)
    with explained(stage, f"call the function {stage.resource}"):
        client.get_waiter("function_updated_v2").wait(FunctionName=stage.resource)
        answer = client.invoke(FunctionName=stage.resource, Payload=json.dumps(_request(stage)), LogType="Tail")
        page = json.loads(answer["Payload"].read())
    if answer.get("FunctionError") or page.get("statusCode") not in (200, 503):
        raise click.ClickException(
            f"The function {stage.resource} is there, but does not start. What it says:\n{_log(answer)}\n{page}\n"
            f"More of it: zappa tail {stage.name}. When it is mended: zappa update {stage.name}"
        )
    _check_faults(stage, json.loads(page["body"])["faults"])


def _check_faults(stage: Stage, faults: list[str]) -> None:
    passing = [fault for fault in faults if fault.startswith(PASSING)]
    if lasting := [fault for fault in faults if fault not in passing]:
        raise click.ClickException(
            f"The function {stage.resource} is there, but cannot do its job: {'; '.join(lasting)}. When it is "
            f"mended: zappa update {stage.name}"
        )
    if passing:
        said = "; ".join(fault.rstrip(".") for fault in passing)
        click.echo(
            f"For now it says: {said}. That passes: what waits is taken up now, and the next step sets webhooks right."
        )


def _request(stage: Stage) -> dict[str, Any]:
    return {
        "httpMethod": "GET",
        "path": "/healthz",
        "headers": {"Host": "deploy.invalid"},
        "queryStringParameters": None,
        "requestContext": {"stage": stage.name, "identity": {}},
        "body": None,
        "isBase64Encoded": False,
    }


def _log(answer: Any) -> str:
    return base64.b64decode(answer.get("LogResult", "")).decode(errors="replace")[-1500:]
