"""The command line: what `flask --app bot` offers beside Flask's own commands.

Prints what the ledger and Webex know; what may send or receive is decided elsewhere.
"""

import re
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any

import click
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext

from broadcast.commands import Order
from broadcast.config import in_words, warnings
from broadcast.errors import BroadcastError
from broadcast.model import Broadcast, Kind, Person, SpaceKind, State, Why
from broadcast.pages import point_webhooks_to
from broadcast.services import Services
from broadcast.webhooks import work

NEWEST = 20
LOOK_EVERY_SECONDS = 1.0


def add_to(app: Flask) -> None:
    """Add the commands to `flask --app bot`."""
    for command in (check_config, webhooks, spaces, broadcasts, show, cancel, recall, resume, doctor):
        app.cli.add_command(command)


def next_steps(bot: Services) -> str:
    """Return what to do after the start, in the order a person needs it."""
    port = bot.settings.port
    public = bot.settings.base_url or "https://YOUR-PUBLIC-URL"
    words = "\n".join(f"   {line}" for line in (*in_words(bot.config, bot.texts), *warnings(bot.config, bot.texts)))
    return (
        f"The bot listens on port {port}. What it is set to:\n{words}\n"
        f"1. Give it a public https URL that leads to port {port}, for example with a tunnel or a reverse proxy.\n"
        f"2. Open {public}/webhook in a browser: that registers its webhooks.\n"
        f"3. Write the bot a message in Webex: it goes to every space the configuration allows."
    )


def _command(function: Callable[..., None]) -> Callable[..., None]:
    """Hand the services over, and say in one line what went wrong."""

    @wraps(function)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            function(_services(), *args, **kwargs)
        except BroadcastError as error:
            raise click.ClickException(str(error)) from error

    return run


def _services() -> Services:
    services: Services = current_app.extensions["broadcast"]
    return services


@click.command("check-config")
@with_appcontext
@_command
def check_config(bot: Services) -> None:
    """Check the configuration file and say in words what it means."""
    for line in in_words(bot.config, bot.texts):
        click.echo(line)
    for line in warnings(bot.config, bot.texts):
        click.echo(f"Mind: {line}")


@click.group("webhooks", cls=AppGroup, invoke_without_command=True)
@with_appcontext
@_command
def webhooks(bot: Services) -> None:
    """Show the webhooks of the bot's token, or set them."""
    if click.get_current_context().invoked_subcommand:
        return
    found = bot.gateway.webhooks()
    for webhook in found:
        subject = f"{webhook.resource} {webhook.event}"
        click.echo(f"{webhook.status:9} {subject:25} {webhook.target_url}  {webhook.filter or ''}".rstrip())
    if not found:
        click.echo("There are none: open /webhook in a browser, or run: flask --app bot webhooks set URL")


@webhooks.command("set")
@click.argument("url")
@_command
def set_webhooks(bot: Services, url: str) -> None:
    """Point the webhooks to URL, the public address of this bot."""
    if not re.match(r"https?://[^/\s]+", url):
        raise click.BadParameter(f"{url!r} must begin with https:// (or http://) and a host name", param_hint="URL")
    target = url.rstrip("/").removesuffix("/webhook") + "/webhook"
    registrations = point_webhooks_to(bot, target, may_move=True)
    for one in registrations:
        click.echo(f"{one.status:11} {one.webhook.resource} {one.webhook.event} {one.fault}".rstrip())
    if not work(registrations):
        raise click.ClickException("Webex does not tell the bot about messages yet: set up again what failed above.")
    click.echo(f"The webhooks point to {target}")


@click.command("spaces")
@click.option(
    "--sender", default="", help="E-mail of the sender whose message it would be; without it the bot's own org."
)
@with_appcontext
@_command
def spaces(bot: Services, sender: str) -> None:
    """Show every space the bot is in, and why a message would not go there."""
    me = bot.me()
    person = _sender(bot, sender) if sender else me
    whys: Counter[Why] = Counter()
    for place in bot.audience.of(person, me, bot.config.destination):
        whys[place.why] += 1
        kind = "1-1  " if place.kind is SpaceKind.DIRECT else "space"
        note = f"  (left out: {bot.texts.why(place.why)})" if place.why else ""
        click.echo(f"{kind}  {_printable(place.title)}{note}")
    click.echo(f"{whys.total()} in all, {whys[Why.NONE]} would get it")


@click.command("broadcasts")
@click.option("--limit", default=NEWEST, show_default=True, help="How many to show, newest first.")
@with_appcontext
@_command
def broadcasts(bot: Services, limit: int) -> None:
    """Show the newest broadcasts."""
    found = bot.ledger.broadcasts(limit=limit)
    for broadcast in found:
        click.echo(_line(broadcast))
    if not found:
        click.echo("There are no broadcasts yet.")


@click.command("show")
@click.argument("number", metavar="ID", type=int)
@with_appcontext
@_command
def show(bot: Services, number: int) -> None:
    """Show what became of every destination of broadcast ID."""
    broadcast = bot.ledger.broadcast(number)
    if broadcast is None:
        raise click.ClickException(f"There is no broadcast {number}. `flask --app bot broadcasts` lists them.")
    click.echo(_line(broadcast))
    for delivery in bot.ledger.deliveries(number):
        why = f"  {bot.texts.why(delivery.why)}" if delivery.why else ""
        detail = f" ({_printable(delivery.detail)})" if delivery.detail else ""
        click.echo(f"{delivery.state:8} {_printable(delivery.title)}{why}{detail}")


@click.command("cancel")
@click.argument("number", metavar="ID", type=int)
@with_appcontext
@_command
def cancel(bot: Services, number: int) -> None:
    """Send nothing more of broadcast ID; what has gone out stays."""
    _order(bot, number, Order.CANCEL)


@click.command("recall")
@click.argument("number", metavar="ID", type=int)
@with_appcontext
@_command
def recall(bot: Services, number: int) -> None:
    """Take every copy of broadcast ID back, and send nothing more of it."""
    _order(bot, number, Order.RECALL)


def _order(bot: Services, number: int, order: Order) -> None:
    broadcast = bot.ledger.broadcast(number)
    if broadcast is None or broadcast.kind is not Kind.SEND:
        raise click.ClickException(f"There is no broadcast {number}. `flask --app bot broadcasts` lists them.")
    if bot.settings.queue_url:
        # Whom the queue calls works elsewhere: this process only rings.
        bot.start()
    bot.order(number, order.value)
    click.echo("Written down. The server that runs does it now; where none runs: flask --app bot resume")


@click.command("resume")
@click.argument("number", metavar="[ID]", type=int, required=False)
@click.option("--failed", is_flag=True, help="Send broadcast ID again where it failed.")
@click.option("--unknown", is_flag=True, help="Send it again where nobody knows; it may arrive there twice.")
@with_appcontext
@_command
def resume(bot: Services, number: int | None, failed: bool, unknown: bool) -> None:
    """Do what is unfinished, and end when nothing waits. A server that runs does this by itself.

    With ID and --failed or --unknown, a finished broadcast is first sent again where it did not arrive.
    """
    bot.me()
    if number is not None or failed or unknown:
        _send_again(bot, number, failed=failed, unknown=unknown)
    bot.start()
    bot.ring()
    try:
        while _is_unfinished(bot):
            if fault := bot.standing_fault():
                raise click.ClickException(fault)
            click.echo(_progress(bot))
            time.sleep(LOOK_EVERY_SECONDS)
    finally:
        bot.stop()
    click.echo("Nothing waits any more.")


@click.command("doctor")
@click.option(
    "--env-file",
    type=click.Path(path_type=Path),
    default=".env",
    envvar="DOT_ENV_FILE",
    help="The file with the variables, whose readers are looked at; without it that of DOT_ENV_FILE, or .env.",
)
@with_appcontext
@_command
def doctor(bot: Services, env_file: Path) -> None:
    """Look at everything the bot needs, and say what is wrong and what to do; exit status 1 if anything is."""
    # Late: no other command needs it, and neither does the server.
    from broadcast.doctor import Grade, count, examine  # noqa: PLC0415

    findings = []
    for finding in examine(bot, env_file):
        click.echo(finding)
        findings.append(finding)
    faults, doubts = count(findings, Grade.WRONG), count(findings, Grade.MIND)
    click.echo(f"{faults} wrong, {doubts} to mind" if faults else f"Nothing is wrong; {doubts} to mind")
    if faults:
        click.get_current_context().exit(1)


def _send_again(bot: Services, number: int | None, *, failed: bool, unknown: bool) -> None:
    if number is None or not (failed or unknown):
        raise click.UsageError("Name the broadcast and what to send again, for example: resume 12 --failed")
    states = [state for state, is_wanted in ((State.FAILED, failed), (State.UNKNOWN, unknown)) if is_wanted]
    count = bot.send_again(number, states)
    if not count:
        raise click.ClickException(f"Nothing of broadcast {number} can be sent again. `show {number}` says why.")
    click.echo(f"To be sent again: {count}")


def _is_unfinished(bot: Services) -> bool:
    is_working = bot.ledger.backlog(bot.clock.now()).events or bot.ledger.running() or bot.ledger.unreported()
    return bool(is_working or bot.ledger.replies_waiting())


def _progress(bot: Services) -> str:
    backlog = bot.ledger.backlog(bot.clock.now())
    return f"waiting: {backlog.events} events, {backlog.deliveries} deliveries"


def _line(broadcast: Broadcast) -> str:
    counts = broadcast.counts
    opened = datetime.fromtimestamp(broadcast.opened_at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    state = "finished" if broadcast.finished_at else "running"
    kind = "" if broadcast.kind is Kind.SEND else f"{broadcast.kind} of {broadcast.root} "
    sender = _printable(broadcast.sender_email or broadcast.sender_name)
    return (
        f"{broadcast.number:5}  {opened}  {state}  {kind}from {sender}: "
        f"{counts.planned} planned, {counts.sent} sent, {counts.failed} failed, {counts.skipped} skipped, "
        f"{counts.unknown} unknown, {counts.unsettled} to do"
    )


def _sender(bot: Services, email: str) -> Person:
    found = bot.gateway.person_by_email(email)
    if found is None:
        raise click.ClickException(f"Webex does not show the bot anybody with the address {email}.")
    return found


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)
