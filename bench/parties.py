"""The processes a measurement is made of: the simulated Webex, the bot, and the plain ways beside it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import requests

from broadcast.ledger.sqlite import SqliteLedger
from broadcast.model import Broadcast, Counts

ROOT = Path(__file__).resolve().parent.parent
SECRET = "bench"
PATIENCE = 900.0


@dataclass(frozen=True, kw_only=True)
class Webex:
    """The simulated Webex: addresses, the bot's token, and who writes to the bot where."""

    api: str
    page: str
    token: str
    person: str
    room: str
    orders: IO[str]

    def state(self) -> dict[str, Any]:
        """Return what the simulator counts, without messages."""
        return dict(requests.get(f"{self.page}sim/state?since=999999999", timeout=30).json())

    def calls(self) -> int:
        """Return how many calls of the API there were."""
        return sum(self.state()["calls"].values())

    def refused(self) -> int:
        """Return how many of them were answered 429."""
        return int(self.state()["calls"].get("429", 0))

    def say(self, text: str, megabytes: int = 0) -> None:
        """Have the person write to the bot, or send it a file of so many MB."""
        if megabytes:
            print(megabytes, file=self.orders, flush=True)
            return
        body = {"person_id": self.person, "room_id": self.room, "text": text, "mention_bot": False, "file": None}
        requests.post(f"{self.page}sim/say", json=body, timeout=60).raise_for_status()


@contextmanager
def webex(spaces: int, *, latency: float = 0.0, rate: float = 0.0, burst: float = 0.0) -> Iterator[Webex]:
    """Serve a simulated Webex."""
    words = ["--spaces", str(spaces), "--latency", str(latency), "--rate", str(rate), "--burst", str(burst)]
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.webex", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    try:
        assert process.stdin
        assert process.stdout
        yield Webex(**json.loads(process.stdout.readline()), orders=process.stdin)
    finally:
        process.kill()
        process.wait()


def naive(world: Webex, way: str, sample: int = 0) -> dict[str, float]:
    """Run one of the plain ways to its end; return seconds, sent and memory_mb."""
    command = [sys.executable, "-W", "ignore", "-m", "bench.naive", way, "--api", world.api, "--token", world.token]
    answer = subprocess.run(
        [*command, "--sample", str(sample)], stdout=subprocess.PIPE, text=True, cwd=ROOT, check=True
    )
    return dict(json.loads(answer.stdout))


@dataclass(frozen=True, kw_only=True)
class Run:
    """One broadcast of the bot: how long it took, what became of it, and how many calls it cost."""

    seconds: float
    counts: Counts
    calls: int
    refused: int


class Bot:
    """The bot as a process of its own, set up and waiting."""

    def __init__(self, world: Webex, folder: Path) -> None:
        self.world = world
        self._port = _free_port()
        self._ledger = SqliteLedger(folder / "broadcast.db")
        environment = {
            **os.environ,
            "WEBEX_TEAMS_ACCESS_TOKEN": world.token,
            "WEBEX_API_BASE_URL": world.api,
            "WEBHOOK_SECRET": SECRET,
            "CONFIG_FILE": str(ROOT / "default_config.json"),
            "STORE": f"sqlite:///{self._ledger.path}",
            "PORT": str(self._port),
            "LOG_LEVEL": "WARNING",
            "DOT_ENV_FILE": os.devnull,
        }
        self.process = subprocess.Popen(
            [sys.executable, "bot.py"], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL
        )
        self._wait_until_up()

    @property
    def url(self) -> str:
        """Where the bot is."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def memory_mb(self) -> float:
        """The most memory it has had."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))

    def broadcast(self, text: str, *, megabytes: int = 0, enough: int = 0) -> "Run":
        """Have a message broadcast, and wait until every destination is settled, or `enough` of them are."""
        before = self._newest()
        calls, refused, started = self.world.calls(), self.world.refused(), time.time()
        self.world.say(text, megabytes)
        while (newest := self._newest()) is None or newest == before or not _is_through(newest, enough):
            if time.time() - started > PATIENCE:
                raise TimeoutError("the broadcast did not end")
            time.sleep(0.1)
        return Run(
            seconds=(newest.finished_at or time.time()) - started,
            counts=newest.counts,
            calls=self.world.calls() - calls,
            refused=self.world.refused() - refused,
        )

    def _newest(self) -> Broadcast | None:
        return next(iter(self._ledger.broadcasts(limit=1)), None)

    def stop(self) -> None:
        """End it."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)

    def _wait_until_up(self) -> None:
        for _ in range(600):
            try:
                requests.get(f"{self.url}/webhook", timeout=30).raise_for_status()
            except requests.RequestException:
                time.sleep(0.05)
            else:
                return
        raise TimeoutError("the bot did not start")


def _is_through(broadcast: Broadcast, enough: int) -> bool:
    return broadcast.finished_at is not None or (enough > 0 and broadcast.counts.sent >= enough)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
