"""The bot's processes of a chaos run: started, killed, frozen. What was in flight at each blow is written down.

Several processes may share one ledger. Decides nothing about when a blow falls, and touches only what it started.
"""

import hashlib
import hmac
import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic, sleep, time

import requests

from bench.chaos_stage import Event, Stage
from broadcast.ledger.sqlite import SqliteLedger
from broadcast.model import Kind

ROOT = Path(__file__).resolve().parent.parent
SECRET = "chaos"
KEPT = ("PATH", "HOME", "LANG", "PYTHONPATH", "TMPDIR", "SYSTEMROOT")
UP_SECONDS = 30.0
STOP_SECONDS = 25.0
HOLDER = "SELECT owner FROM lease"
IN_FLIGHT = """
    SELECT origin.source_id, deliveries.space_id, tried_at, own.kind FROM deliveries
    JOIN broadcasts AS own ON own.number = deliveries.broadcast
    JOIN broadcasts AS origin ON origin.number = own.root
    WHERE state = 'sending' AND doubt_at IS NULL
"""


@dataclass(frozen=True, kw_only=True)
class InFlight:
    """A delivery that was claimed and not settled when its process was struck. `tried_at`: when it was claimed.

    `source_id` is the message that was broadcast, also where its copy was being edited or taken back.
    """

    source_id: str
    room_id: str
    tried_at: float
    work: Kind = Kind.SEND


@dataclass(frozen=True, kw_only=True)
class Blow:
    """A process was struck: what it had in flight by the ledger, until when it was frozen (None: it was killed).

    `is_lost`: what was in flight has become another process's business.
    """

    in_flight: tuple[InFlight, ...]
    struck_at: float
    thawed_at: float | None = None
    is_lost: bool = True


class Process:
    """One bot on one port, which it keeps over restarts."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._environment = {**environment, "PORT": str(self.port)}
        self._log = log
        self._popen: subprocess.Popen[bytes] | None = None
        self.starts = 0

    @property
    def is_running(self) -> bool:
        """Whether it is there; a frozen one is."""
        return self._popen is not None and self._popen.poll() is None

    @property
    def is_listening(self) -> bool:
        """Whether it has come so far that it takes requests."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    @property
    def exit_status(self) -> int | None:
        """How it ended, if it ended by itself."""
        return self._popen.poll() if self._popen else None

    def start(self) -> None:
        """Start it; returns at once."""
        self.starts += 1
        with self._log.open("ab") as out:
            self._popen = subprocess.Popen(
                [sys.executable, "bot.py"], cwd=ROOT, env=self._environment, stdout=out, stderr=subprocess.STDOUT
            )

    def holds(self, ledger: SqliteLedger) -> bool:
        """Whether the lease is in its name."""
        owner = ledger.connection.execute(HOLDER).fetchone()[0] or ""
        return self._popen is not None and owner.split("/")[1:2] == [str(self._popen.pid)]

    def freeze(self) -> None:
        """Stop it in its tracks with SIGSTOP, and see it stand still."""
        if self.is_running and self._popen:
            self._popen.send_signal(signal.SIGSTOP)
            with suppress(ChildProcessError):  # it was just about to end by itself
                os.waitid(os.P_PID, self._popen.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def thaw(self) -> None:
        """Let a frozen one go on."""
        if self._popen:
            self._popen.send_signal(signal.SIGCONT)

    def end(self, seconds: float) -> int | None:
        """End it with SIGTERM; return its exit status, None where it is still there after so many seconds."""
        if not self._popen:
            return None
        self._popen.terminate()
        try:
            return self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            self.kill()

    def kill(self) -> None:
        """End it with SIGKILL, and see it gone."""
        if self._popen:
            self._popen.kill()
            self._popen.wait()
            self._popen = None


class Fleet:
    """The bot's processes: the first is the one that Webex calls, the second is there now and then."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self.ledger = SqliteLedger(folder / "broadcast.db")
        self.ledger.running()  # connects, while no process that stands still holds the lock that this takes
        self.log = folder / "bot.log"
        self.blows: list[Blow] = []
        self.kills = 0
        self.accidents: list[str] = []
        environment = _environment(stage, folder, self.ledger.path)
        self.first, self.second = (Process(environment, self.log) for _ in range(2))
        self._frozen: dict[int, Blow] = {}
        self._session = requests.Session()
        self._session.trust_env = False

    @property
    def running(self) -> list[Process]:
        """The processes that are there."""
        return [process for process in (self.first, self.second) if process.is_running]

    def kill(self, process: Process) -> None:
        """Kill a process, and write down what it had in flight."""
        if not process.is_running:
            self._note_accident(process)
            return
        # Stopped for the moment of looking: another process could take its work over in between.
        process.freeze()
        self.blows.append(Blow(in_flight=self._in_flight(process), struck_at=time()))
        process.kill()
        self.kills += 1

    def stop(self, process: Process) -> None:
        """End a process politely: it lets what is in flight come home. One that still starts may just end."""
        if not process.is_running:
            return
        expected = (0,) if process.is_listening else (0, -signal.SIGTERM)
        if process.end(STOP_SECONDS) not in expected:
            self.accidents.append(f"the bot did not end within {STOP_SECONDS:.0f} s of SIGTERM, or not with status 0")

    def restart(self, process: Process) -> None:
        """Start a process that is not there."""
        if not process.is_running:
            self._note_accident(process)
            process.start()

    def freeze(self, process: Process) -> None:
        """Stop a process in its tracks."""
        process.freeze()
        self._frozen[process.port] = Blow(in_flight=self._in_flight(process), struck_at=time())

    def thaw(self, process: Process) -> None:
        """Let it go on as if nothing had happened."""
        blow = self._frozen.pop(process.port)
        self.blows.append(replace(blow, thawed_at=time(), is_lost=not process.holds(self.ledger)))
        process.thaw()

    def end(self) -> None:
        """Kill whatever is left."""
        for process in (self.first, self.second):
            process.kill()

    def set_up(self) -> None:
        """Open the page that sets up the webhooks, as the operator does; waits until the bot is there."""
        deadline = monotonic() + UP_SECONDS
        while True:
            try:
                return self._session.get(f"{self.first.url}/webhook", timeout=UP_SECONDS).raise_for_status()
            except requests.RequestException:
                if monotonic() > deadline or not self.first.is_running:
                    self._note_accident(self.first)
                    raise
                sleep(0.05)

    def tell(self, event: Event) -> bool:
        """Send the bot an event, made up and signed; return whether it promised to see to it."""
        body = json.dumps({"resource": "messages", "event": event.name, "data": {"id": event.message_id}}).encode()
        headers = {"X-Spark-Signature": hmac.new(SECRET.encode(), body, hashlib.sha1).hexdigest()}
        try:
            return self._session.post(f"{self.first.url}/webhook", data=body, headers=headers, timeout=10).ok
        except requests.RequestException:
            return False

    def crashes(self) -> list[str]:
        """Return the lines of the log in which the bot says that something of its own broke."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines() if self.log.exists() else []
        return [line for line in lines if any(word in line for word in ("crashed", "worker.failed", "request.failed"))]

    def _in_flight(self, process: Process) -> tuple[InFlight, ...]:
        if not process.holds(self.ledger):
            return ()
        rows = self.ledger.connection.execute(IN_FLIGHT).fetchall()
        return tuple(InFlight(source_id=row[0], room_id=row[1], tried_at=row[2], work=Kind(row[3])) for row in rows)

    def _note_accident(self, process: Process) -> None:
        if process.exit_status is not None:
            self.accidents.append(f"the bot ended by itself with status {process.exit_status}")
            process.kill()


def _environment(stage: Stage, folder: Path, ledger: Path) -> dict[str, str]:
    config = folder / "config.json"
    config.write_text(json.dumps({"destination": {"senders_own_org": stage.is_filtered}}), encoding="utf-8")
    nothing = folder / "empty.env"
    nothing.touch()
    return {
        **{name: os.environ[name] for name in KEPT if name in os.environ},
        "WEBEX_TEAMS_ACCESS_TOKEN": stage.bot.token,
        "WEBEX_API_BASE_URL": stage.webex.url,
        "WEBHOOK_SECRET": SECRET,
        "CONFIG_FILE": str(config),
        "STORE": f"sqlite:///{ledger}",
        "DOT_ENV_FILE": str(nothing),
        "LOG_LEVEL": "INFO",
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
