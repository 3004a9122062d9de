"""Serving the bot on this machine: what `python bot.py` does."""

import signal
import sys
from typing import NoReturn

import click
from flask import Flask

from broadcast import cli
from broadcast.errors import ConfigError
from broadcast.services import Services


def serve(app: Flask) -> None:
    """Serve the bot with waitress, until it is told to stop."""
    from waitress import serve as listen  # noqa: PLC0415 – only this way of serving needs it

    signal.signal(signal.SIGTERM, _stop)
    bot: Services = app.extensions["broadcast"]
    try:
        if not bot.settings.token:
            raise ConfigError(bot.texts.say("page_no_token") + "\n" + bot.texts.say("page_no_token_how"))
        click.echo(cli.next_steps(bot))
    except ConfigError as error:
        sys.exit(str(error))
    bot.start()
    try:
        listen(app, host="0.0.0.0", port=bot.settings.port, threads=8)  # noqa: S104 – Webex must reach it
    except OSError as error:
        sys.exit(f"Port {bot.settings.port} cannot be used: {error.strerror}. Set PORT to another one.")
    finally:
        bot.stop()


def _stop(*_: object) -> NoReturn:
    sys.exit(0)
