"""What a person is told who deploys: what is missing, what stays, what to do next. Pure, but for the last words."""

import click

from deploy.stage import Stage


def never_deployed(stage: Stage) -> str:
    """Return that there is nothing to update or take away."""
    return (
        f"Stage {stage.name!r} is not deployed in {stage.region}: there is no function {stage.resource}. "
        f"To deploy it: zappa deploy {stage.name}"
    )


def leftovers(stage: Stage) -> str:
    """Return what stays when a stage is taken away, and how to delete it."""
    region = f"--region {stage.region}"
    return (
        "The data stays: the table with the ledger and the two queues, as far as they exist; a later "
        "deploy goes on with "
        "them. To delete them too, in the AWS console or with its command line:\n"
        f"  aws dynamodb delete-table --table-name {stage.resource} {region}\n"
        f"  aws sqs delete-queue {region} --queue-url $(aws sqs get-queue-url {region} --queue-name {stage.resource} "
        "--output text)\n"
        f"  aws sqs delete-queue {region} --queue-url $(aws sqs get-queue-url {region} --queue-name "
        f"{stage.dead_letters} "
        "--output text)\n"
        f"What else stays costs nothing: the role {stage.role}, and the log group "
        f"/aws/lambda/{stage.resource} unless you "
        "say --remove-logs."
    )


def explain_break(command: str, stage: Stage) -> None:
    """Say what to do about a deploy or update that ended in the middle."""
    again = f"zappa {command} {stage.name}"
    if command == "deploy":
        again += f" (if it says that it is deployed already: zappa undeploy {stage.name} --yes first)"
    click.echo(
        f"\nThe {command} of stage {stage.name!r} did not come to its end. What it has made stays and is "
        "taken up by the "
        f"next try; nothing of it costs anything while it is idle. Mend what is said above, then: {again}",
        err=True,
    )
