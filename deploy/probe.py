"""Asking the function itself whether it can do its job, once it is there. Changes nothing."""

import base64
import json
from typing import Any

import click

from deploy.access import explained
from deploy.stage import Stage


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
    health = json.loads(page["body"])
    if not health["ok"]:
        raise click.ClickException(
            f"The function {stage.resource} is there, but cannot do its job: {'; '.join(health['faults'])}. When it is "
            f"mended: zappa update {stage.name}"
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
