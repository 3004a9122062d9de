"""The function's variables at AWS: those the stage names, and none that an earlier deploy or a hand has left there."""

from collections.abc import Mapping
from typing import Any

import click

EVENT = "provide-client-params.lambda.UpdateFunctionConfiguration"


def keep_only(client: Any, variables: Mapping[str, str]) -> None:
    """Have a client of Lambda give a function these variables and no others.

    Zappa keeps what it finds there, so that a CONFIG_FILE would stay when its file is no longer shipped. It also writes
    it into the mapping it was given: hence the copy.
    """
    wanted = dict(variables)

    def replace(params: dict[str, Any], **_: Any) -> dict[str, Any]:
        if surplus := sorted(params["Environment"]["Variables"].keys() - wanted.keys()):
            click.echo(f"Took out of the function's variables what the stage does not name: {', '.join(surplus)}.")
        return {**params, "Environment": {"Variables": wanted}}

    client.meta.events.register(EVENT, replace)
