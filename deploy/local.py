"""What can be checked on this machine before AWS is asked: Python, its environment, the stage's own files.

Nothing is made here. Every refusal is one `ClickException` that says what is wrong, where it is set and what to do.
"""

import os
import sys

import click

from broadcast.config import ConfigFile
from broadcast.errors import ConfigError
from broadcast.settings import read_environment, settings_from
from deploy.stage import ROOT, Stage

# What Lambda offers (https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html) and its glibc: 2.26, 2.34.
RUNTIMES = {(3, 11): 26, (3, 12): 34, (3, 13): 34, (3, 14): 34}


def check_python(wanted: str) -> None:
    """Refuse a Python that Lambda has no runtime for, or that is not the one the settings ask for."""
    running = f"python{sys.version_info.major}.{sys.version_info.minor}"
    if sys.version_info[:2] not in RUNTIMES:
        known = ", ".join(f"{major}.{minor}" for major, minor in RUNTIMES)
        raise click.ClickException(
            f"This is {running}, and AWS Lambda has no runtime for it. The function runs on the Python "
            "that deploys it: "
            f"make the environment anew with one of these: {known}."
        )
    if wanted != running:
        raise click.ClickException(
            f'zappa_settings.json asks for "runtime": "{wanted}", but this environment is {running}: its '
            "packages would "
            f"not fit. Take the key out (the running Python decides then), or make the environment with {wanted}."
        )


def use_own_environment() -> None:
    """Have Zappa pack the environment it runs in, whether or not that has been activated."""
    if sys.prefix == sys.base_prefix:
        raise click.ClickException(
            "Zappa runs outside of a virtual environment, and would pack everything that is installed on this machine. "
            "Make one: python3 -m venv .venv-deploy; .venv-deploy/bin/pip install -r deploy/requirements.txt"
        )
    os.environ["VIRTUAL_ENV"] = sys.prefix


def check_files(stage: Stage) -> None:
    """Refuse a stage without a token, or with settings the bot would not start with."""
    if not stage.env_file.exists():
        raise click.ClickException(
            f"{stage.env_file.name}: there is no such file beside zappa_settings.json. It holds the variables of stage "
            f"{stage.name!r}: write WEBEX_TEAMS_ACCESS_TOKEN=… into it (.env_sample lists the others)."
        )
    try:
        token = settings_from(_variables(stage)).token
        ConfigFile(ROOT / "default_config.json", stage.config_file, optional=True).current()
    except ConfigError as error:
        raise click.ClickException(f"The bot would not start on stage {stage.name!r}: {error}") from error
    if not token:
        raise click.ClickException(
            f"{stage.env_file.name} has no WEBEX_TEAMS_ACCESS_TOKEN. Write the bot's access token there; it comes from "
            "https://developer.webex.com/my-apps."
        )


def _variables(stage: Stage) -> dict[str, str]:
    variables = read_environment({"DOT_ENV_FILE": str(stage.env_file)}, ROOT)
    named = variables.get("CONFIG_FILE", "").strip()
    if named and named != stage.config_file.name:
        raise ConfigError(
            f"{stage.env_file.name}: CONFIG_FILE is {named!r}, which is not shipped. Call the file "
            f"{stage.config_file.name}, put it beside zappa_settings.json, and take CONFIG_FILE out."
        )
    return {**variables, "STORE": "", "QUEUE": ""}  # these two are told by the hooks
