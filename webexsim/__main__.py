"""Runs the stand-in alone: `python -m webexsim`. Starts no bot; point one at the address it prints."""

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from webexsim.measure import measure
from webexsim.scenes import add_spaces, office
from webexsim.server import Server
from webexsim.world import World


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m webexsim",
        description="A stand-in for the Webex messaging API: nothing leaves this machine.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="listen here (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="listen on this port (default: a free one)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same ids and tokens")
    parser.add_argument("--spaces", type=int, default=0, metavar="N", help="add so many spaces with the bot in them")
    parser.add_argument(
        "--bot-config", type=Path, metavar="PATH", help="the bot's config file, for the page's switches"
    )
    parser.add_argument("--latency", type=float, default=0.0, metavar="SECONDS", help="wait before each answer")
    parser.add_argument("--measure", action="store_true", help="print how many messages a second it takes, and end")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until Ctrl-C or SIGTERM."""
    options = parse(arguments)
    if options.measure:
        say(str(measure()))
        return 0
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    serve(options, stop)
    return 0


def serve(options: argparse.Namespace, stop: threading.Event) -> None:
    """Serve a small office until `stop` is set."""
    world = World(options.seed)
    scene = office(world)
    if options.spaces:
        add_spaces(world, options.spaces)
    with Server(world, options.port, options.host, seed=options.seed, bot_config=options.bot_config) as server:
        server.latency = options.latency
        say(f"API    {server.url}\nToken  {scene.bot.token}\nPage   {server.page_url}\nStop   Ctrl-C")
        stop.wait()


def say(text: str) -> None:
    """Print at once, also into a pipe."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
