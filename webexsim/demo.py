"""`python -m webexsim.demo`: a rehearsal on one machine – the stand-in for Webex, its page, and the bot beside it.

Starts and stops the two and passes on what the bot logs. Knows the bot only as any operator does: by its command,
environment, routes and log. Writes below `.demo/` only; sends nothing outside this machine.
"""

import argparse
import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from webexsim.scenes import Scene, office
from webexsim.server import Server
from webexsim.world import World

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
READY_WITHIN = 30.0  # seconds
STOP_WITHIN = 10.0  # seconds
LAST_LINES = 15
NOTED = {"delivery.skipped": "skipped", "delivery.failed": "failed", "delivery.unknown": "unknown"}
LOUD = ("warning", "error", "critical")
NOT_INHERITED = ("BASE_URL", "SETUP_KEY", "WEBHOOK_SECRET", "QUEUE")  # would point the demo's bot elsewhere


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """What the command line says."""

    port: int
    bot_port: int
    with_bot: bool
    seed: int
    folder: Path | None


class BotDownError(Exception):
    """The bot did not start or has ended by itself; the message is for the person at the terminal."""


def parse(arguments: Sequence[str] | None) -> Options:
    """Read the command line; ends the process with a usage message if it is wrong."""
    parser = argparse.ArgumentParser(prog="python -m webexsim.demo", description="Try the broadcast bot without Webex.")
    parser.add_argument("--port", type=int, default=5051, help="port of the page, or the next free one (%(default)s)")
    parser.add_argument("--bot-port", type=int, default=5050, help="port of the bot, likewise (%(default)s)")
    parser.add_argument("--no-bot", action="store_true", help="the page and the stand-in for Webex only")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same ids (%(default)s)")
    parser.add_argument("--folder", type=Path, help="where config and store go (.demo/PORT of the project)")
    given = parser.parse_args(arguments)
    return Options(
        port=given.port, bot_port=given.bot_port, with_bot=not given.no_bot, seed=given.seed, folder=given.folder
    )


def free_port(wanted: int) -> int:
    """Return `wanted`, or the first of the 99 ports after it that nobody listens on."""
    for port in range(wanted, wanted + 100):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, port))
            return port
    raise OSError(f"No free port from {wanted} to {wanted + 99}. Name another one with --port or --bot-port.")


def fresh_folder(folder: Path) -> Path:
    """Return a folder, made if need be, without what an earlier demo may have stored there."""
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob("broadcast.db*"):
        left.unlink()
    return folder.resolve()


def write_config(folder: Path, scene: Scene) -> Path:
    """Write the bot's config: who of the scene may broadcast, and the destinations as the bot ships them."""
    config = {
        "source": {"bots_own_org": True, "from_sender_list": True, "sender_list": list(scene.sender_list)},
        "destination": {"bots_own_org": False, "senders_own_org": True, "allow_mention_all": False},
    }
    path = folder / "config.json"
    path.write_text(json.dumps(config, indent=2), encoding="utf-8")
    return path


def bot_environment(scene: Scene, *, api: str, config: Path, port: int) -> dict[str, str]:
    """Return the environment for the bot: this one's, with everything that would lead out of the demo replaced."""
    empty = config.with_name("empty.env")
    empty.touch()
    inherited = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
    return inherited | {
        "WEBEX_TEAMS_ACCESS_TOKEN": scene.bot.token,
        "WEBEX_API_BASE_URL": api,
        "CONFIG_FILE": str(config),
        "STORE": f"sqlite:///{config.with_name('broadcast.db')}",
        "PORT": str(port),
        "LOG_FORMAT": "json",
        "LOG_LEVEL": "INFO",
        "DOT_ENV_FILE": str(empty),
        "NO_PROXY": f"{HOST},localhost",
        "PYTHONUNBUFFERED": "1",
    }


class BotProcess:
    """The bot, running as a child in a session of its own, so that Ctrl-C reaches the launcher only."""

    def __init__(
        self,
        environment: Mapping[str, str],
        *,
        on_line: Callable[[str], None],
        command: Sequence[str] = (sys.executable, "bot.py"),
    ) -> None:
        self.ended = threading.Event()
        self._last: deque[str] = deque(maxlen=LAST_LINES)
        self._on_line = on_line
        self._process = subprocess.Popen(  # noqa: S603 – our own interpreter and our own file
            command,
            cwd=ROOT,
            env=dict(environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, name="bot-log", daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None  # noqa: S101 – asked for above
        with self._process.stdout as lines:
            for line in lines:
                self._last.append(line.rstrip("\n"))
                self._on_line(line)
        self.ended.set()

    def down(self, what: str) -> BotDownError:
        """Return the error that says so, with the last lines of the log."""
        self._reader.join(timeout=1.0)
        lines = [readable(entry) if (entry := entry_of(line)) else line for line in self._last]
        return BotDownError("\n    ".join([f"{what} Its last lines:", *(lines or ["(it has written nothing)"])]))

    def stop(self) -> None:
        """Ask the bot to end; after `STOP_WITHIN` seconds make it."""
        self._process.terminate()
        try:
            self._process.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(timeout=1.0)


def entry_of(line: str) -> dict[str, Any] | None:
    """Return a line of the bot's log as its fields, or None if it is no log line."""
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) and isinstance(entry.get("event"), str) else None


def readable(entry: Mapping[str, Any]) -> str:
    """Return a log entry as one line for a person, what happened first; a traceback follows on lines of its own."""
    known = ("event", "level", "timestamp", "exception")
    fields = " ".join(f"{name}={value}" for name, value in entry.items() if name not in known)
    trace = f"\n{entry['exception']}" if entry.get("exception") else ""
    return f"{entry.get('level', 'info')}: {entry['event']} {fields}".rstrip() + trace


def note_of(entry: Mapping[str, Any]) -> dict[str, str] | None:
    """Return what a log entry says about one space, as `POST /sim/notes` takes it; None if it says nothing."""
    state = NOTED.get(entry["event"])
    room_id = entry.get("room_id")
    if state is None or not isinstance(room_id, str):
        return None
    return {"room_id": room_id, "state": state, "reason": _in_words(entry)}


def _in_words(entry: Mapping[str, Any]) -> str:
    why = str(entry.get("why") or entry.get("reason") or "")
    words = why if " " in why else why.replace("_", " ")  # a code is better than nothing
    detail = f" ({entry['detail']})" if entry.get("detail") else ""
    return words[:1].upper() + words[1:] + detail


def listener(note: Callable[[dict[str, str]], None]) -> Callable[[str], None]:
    """Return what to do with a line of the bot's log: about a space onto the page, other trouble into the terminal."""

    def listen(line: str) -> None:
        entry = entry_of(line)
        if entry is None:
            return
        about_a_space = note_of(entry)
        if about_a_space:
            note(about_a_space)
        elif entry.get("level") in LOUD:
            say(readable(entry))

    return listen


def get(port: int, path: str, *, timeout: float) -> int | None:
    """Return the status of a GET on this machine, past any proxy; None if nobody answers in `timeout` seconds."""
    connection = http.client.HTTPConnection(HOST, port, timeout=timeout)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def wait_until_up(bot: BotProcess, port: int, stop: threading.Event) -> None:
    """Return as soon as the bot answers `GET /healthz` with anything; raise BotDownError if it never does."""
    deadline = time.monotonic() + READY_WITHIN
    while not stop.is_set() and get(port, "/healthz", timeout=2.0) is None:
        if bot.ended.wait(0.1):
            raise bot.down("The bot ended while starting.")
        if time.monotonic() > deadline:
            raise bot.down(f"The bot did not answer on port {port} within {READY_WITHIN:.0f} seconds.")


def register(bot: BotProcess, port: int) -> None:
    """Open the bot's set-up page once, as an operator does; without it the bot hears nothing."""
    status = get(port, "/webhook", timeout=READY_WITHIN)
    if status != 200:
        raise bot.down(f"The bot could not set up its webhooks: GET /webhook answered {status or 'nothing'}.")


def run_with_bot(server: Server, environment: Mapping[str, str], stop: threading.Event) -> None:
    """Start the bot and stay until `stop` is set; raise BotDownError if the bot goes first."""
    port = int(environment["PORT"])
    bot = BotProcess(environment, on_line=listener(lambda note: server.note([note])))
    try:
        wait_until_up(bot, port, stop)
        if stop.is_set():
            return
        register(bot, port)
        announce(server.page_url, f"http://{HOST}:{port}/  (its pages: /, /webhook, /healthz)")
        while not stop.wait(0.2):
            if bot.ended.is_set():
                raise bot.down("The bot has ended.")
    finally:
        bot.stop()


def announce(page: str, bot: str) -> None:
    """Print the three lines one needs."""
    say(f"Open  {page}  to write to the bot and see what arrives\nBot   {bot}\nStop  Ctrl-C")


def say(text: str) -> None:
    """Print at once, also into a pipe."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo until Ctrl-C or SIGTERM; return the exit status: 0, or 1 if the bot is down."""
    options = parse(arguments)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    world = World(options.seed, tells_edits=True)
    scene = office(world)
    port = free_port(options.port)
    config = write_config(fresh_folder(options.folder or ROOT / ".demo" / str(port)), scene)
    with Server(world, port=port, bot_config=config) as server:
        if not options.with_bot:
            announce(server.page_url, "none (--no-bot)")
            stop.wait()
            return 0
        bot_port = free_port(options.bot_port)
        try:
            run_with_bot(server, bot_environment(scene, api=server.url, config=config, port=bot_port), stop)
        except BotDownError as down:
            say(str(down))
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
