"""What Zappa calls on its way (`callbacks` in zappa_settings.json), so that `zappa deploy STAGE` alone is enough.

`settings` runs before every command: it checks everything that can be checked, and on deploy and update makes queue and
table. `packed` runs when the package is there, `wired` when the function is.
"""

import atexit
import sys
from pathlib import Path
from typing import Any

import click

# Zappa loads this file by its path; the project's own modules are found beside it.
ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from deploy import access, bytecode, contents, environment, local, probe, resources, words  # noqa: E402
from deploy.stage import Stage, policy  # noqa: E402

PACKAGING = ("deploy", "update", "package", "template")


def settings(cli: Any) -> None:
    """Check what can be checked; on deploy and update make queue and table and tell the function where they are."""
    stage = _stage(cli)
    if cli.command in PACKAGING:
        local.check_python(cli.runtime)
        local.use_own_environment()
        local.check_files(stage)
        cli.override_stage_config_setting("exclude_glob", contents.left_out(stage))
        cli.for_lambda = contents.fetch_for_lambda(stage)
    if cli.command in ("deploy", "update"):
        _prepare(cli, stage)
    if cli.command == "undeploy":
        _take_leave(cli, stage)


def packed(cli: Any) -> None:
    """Make what is in the package fit for Lambda."""
    package = Path(cli.zip_path)
    contents.add(package, Path(cli.for_lambda.name))
    count = bytecode.add_to(package)
    click.echo(f"Compiled {count} modules; the package has {package.stat().st_size / 1e6:.1f} MB.")


def wired(cli: Any) -> None:
    """Wire the queue to the function, check it, and say what comes next."""
    stage = _stage(cli)
    account = access.enter(stage, cli.zappa.boto_session)
    resources.ensure_wire(stage, cli.zappa.boto_session, account)
    atexit.unregister(words.explain_break)
    probe.check_health(stage, cli.zappa.boto_session)
    click.echo(
        f"The function answers. Next: open {_address(cli, stage)}/webhook in a browser. That registers the webhooks; "
        "after that, write to the bot in Webex."
    )


def _prepare(cli: Any, stage: Stage) -> None:
    session = cli.zappa.boto_session
    account = access.enter(stage, session)
    _check_command(cli.command, stage, is_there=access.is_deployed(stage, session))
    access.ensure_bucket(stage, session, account)
    atexit.register(words.explain_break, cli.command, stage)
    resources.be_patient(cli.zappa.lambda_client, "CreateFunction")
    queue_url = resources.ensure_queues(stage, session, account)
    resources.ensure_table(stage, session)
    cli.aws_environment_variables = {**cli.aws_environment_variables, **stage.variables(queue_url)}
    environment.keep_only(cli.zappa.lambda_client, cli.aws_environment_variables)
    cli.zappa.attach_policy = policy(cli.zappa.attach_policy, stage, account)


def _check_command(command: str, stage: Stage, *, is_there: bool) -> None:
    if command == "deploy" and is_there:
        raise click.ClickException(
            f"Stage {stage.name!r} is deployed already; nothing was changed. To bring it up to date: zappa update "
            f"{stage.name}. If an earlier deploy broke off: zappa undeploy {stage.name} --yes, then "
            "deploy again; what the "
            "bot has in its table and queue stays."
        )
    if command == "update" and not is_there:
        raise click.ClickException(words.never_deployed(stage))


def _take_leave(cli: Any, stage: Stage) -> None:
    """Say what stays, ask (once: Zappa does not ask again), and take away what Zappa would leave: the wire."""
    session = cli.zappa.boto_session
    account = access.enter(stage, session)
    if not access.is_deployed(stage, session):
        resources.remove_wire(stage, session, account)
        raise click.ClickException(f"{words.never_deployed(stage)}\n{words.leftovers(stage)}")
    click.echo(
        "Undeploying takes away the function, its address, its schedule and the wire from its queue.\n"
        + words.leftovers(stage)
    )
    if not (cli.vargs["yes"] or _is_sure(stage)):
        raise click.ClickException("Nothing was changed.")
    cli.vargs["yes"] = True
    resources.remove_wire(stage, session, account)


def _is_sure(stage: Stage) -> bool:
    try:
        return click.confirm(f"Undeploy stage {stage.name!r}?")
    except click.Abort:
        return False


def _address(cli: Any, stage: Stage) -> str:
    if cli.domain:
        return "https://" + "/".join(part for part in (cli.domain, cli.base_path) if part)
    return str(cli.zappa.get_api_url(cli.lambda_name, stage.name))


def _stage(cli: Any) -> Stage:
    return Stage(
        name=cli.api_stage,
        resource=cli.lambda_name,
        region=cli.zappa.aws_region if cli.aws_region is None else cli.aws_region,
        bucket=cli.stage_config.get("s3_bucket", ""),
        timeout=cli.timeout_seconds,
        architecture=cli.architecture,
    )
