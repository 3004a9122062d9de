"""The bot in a folder of its own, run there by a command of its own, as a machine that has nothing else runs it."""

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

from tests.story.stage import PATIENCE, eventually


def bare(**variables: str) -> dict[str, str]:
    """Return an environment with these variables and what a program needs to be found, this Python first."""
    found = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
    return {**found, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", **variables}


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def contents(folder: Path) -> dict[str, int]:
    """Return every file of a folder and when it was changed; what Python compiles by itself does not count."""
    files = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(folder).as_posix(): path.stat().st_mtime_ns for path in files}


class House:
    """A folder in which a server runs. What it says goes into a file beside the folder."""

    def __init__(self, folder: Path, command: Sequence[str], variables: Mapping[str, str], port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.folder = folder
        self._log = folder.with_name(f"{folder.name}-{port}.log")
        with self._log.open("wb") as out:
            self._popen = subprocess.Popen(
                command, cwd=folder, env=variables, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
            )

    def listens(self, path: str = "/") -> "House":
        """Wait until it answers for a path, with whatever status."""
        eventually(lambda: self._answers(path), "it listens")
        return self

    def get(self, path: str, **rest: Any) -> requests.Response:
        """Open a page."""
        return requests.get(self.url + path, timeout=2 * PATIENCE, **rest)

    def post(self, path: str, body: bytes = b"", **headers: str) -> requests.Response:
        """Send it something as it stands."""
        return requests.post(self.url + path, data=body, headers=headers, timeout=2 * PATIENCE)

    @property
    def log(self) -> str:
        """What it has said."""
        return self._log.read_text(encoding="utf-8")

    def stop(self) -> int:
        """End it as its keeper would, with SIGTERM to the one process it started; return the exit status."""
        self._popen.terminate()
        return self._popen.wait(PATIENCE)

    def kill(self) -> None:
        """End it, and what it has started itself, with SIGKILL; see it gone."""
        with suppress(ProcessLookupError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait(PATIENCE)

    def _answers(self, path: str) -> bool:
        if self._popen.poll() is not None:
            raise AssertionError(f"it has ended:\n{self.log}")
        try:
            return bool(self.get(path).status_code)
        except requests.ConnectionError:
            return False
