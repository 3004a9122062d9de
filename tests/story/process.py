"""The bot as a process of its own, as an operator starts it. Kills and stops what it started, nothing else."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import requests

from tests.story.stage import PATIENCE, Stage, eventually

ROOT = Path(__file__).resolve().parents[2]
KEPT = ("PATH", "HOME", "LANG", "PYTHONPATH", "TMPDIR", "SYSTEMROOT")


class Process:
    """A running bot. What it says goes into a file beside its ledger.

    With `is_called` false nobody sends it a request, not even to see whether it listens.
    """

    def __init__(
        self, stage: Stage, *command: str, is_called: bool = True, is_set_up: bool = True, **variables: str
    ) -> None:
        port = _free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._log = stage.folder / f"process-{port}.log"
        words = [word.format(port=port) for word in command or ("bot.py",)]
        with self._log.open("wb") as out:
            self._popen = subprocess.Popen(
                [sys.executable, *words],
                cwd=ROOT,
                env=environment(stage, PORT=str(port), **variables),
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        if is_called:
            eventually(self._answers, "the bot listens")
        if is_called and is_set_up:
            self.get("/webhook").raise_for_status()

    def get(self, path: str, **rest: Any) -> requests.Response:
        """Open a page."""
        return requests.get(self.url + path, timeout=PATIENCE, **rest)

    def post(self, body: bytes, headers: Mapping[str, str]) -> int:
        """Send it an event as it stands; return the status."""
        return requests.post(f"{self.url}/webhook", data=body, headers=headers, timeout=PATIENCE).status_code

    def kill(self) -> None:
        """End it, and what it has started itself, with SIGKILL; see it gone."""
        with suppress(ProcessLookupError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait(PATIENCE)

    def ask_to_end(self) -> None:
        """Send it SIGTERM."""
        self._popen.send_signal(signal.SIGTERM)

    def ended(self) -> int:
        """Wait until it has ended; return its exit status."""
        return self._popen.wait(PATIENCE)

    def stop(self) -> int:
        """End it with SIGTERM; return its exit status."""
        self.ask_to_end()
        return self.ended()

    @property
    def log(self) -> str:
        """What it has said."""
        return self._log.read_text(encoding="utf-8")

    @property
    def largest_memory(self) -> int:
        """The most memory it has had, in bytes."""
        status = Path(f"/proc/{self._popen.pid}/status").read_text(encoding="utf-8")
        return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))

    def _answers(self) -> bool:
        if self._popen.poll() is not None:
            raise AssertionError(f"the bot has ended:\n{self.log}")
        try:
            return self.get("/").ok
        except requests.ConnectionError:
            return False


def flask(stage: Stage, *words: str, **variables: str) -> tuple[int, str]:
    """Run a command of `flask --app bot`; return its exit status and all it said."""
    return run(["-m", "flask", "--app", "bot", *words], environment(stage, **variables))


def run(words: Sequence[str], variables: Mapping[str, str], folder: Path = ROOT) -> tuple[int, str]:
    """Run Python in a folder until it ends; return its exit status and all it said."""
    done = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=2 * PATIENCE,
        check=False,
    )
    return done.returncode, done.stdout


def environment(stage: Stage, **variables: str) -> dict[str, str]:
    """Return the environment of a bot, free of the machine's settings and of any .env file."""
    empty = stage.folder / "empty.env"
    empty.touch()
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return {**kept, "DOT_ENV_FILE": str(empty), "CLOCK": stage.clock.to_text(), **stage.variables(**variables)}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
