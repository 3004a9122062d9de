"""dynalite, an independent DynamoDB that is atomic under threads: for races. Needs Node.js."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.contract.tables import connect

PROGRAM = Path(sys.prefix) / "node" / "node_modules" / "dynalite" / "cli.js"
STUCK_AFTER = 10.0
MISSING = "races are played on dynalite; `make test` gets it where Node.js (npm) is installed"


@contextmanager
def dynalite() -> Iterator[Any]:
    """Run it, and hand out a client."""
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port = probe.getsockname()[1]
    command = [shutil.which("node") or "node", PROGRAM, "--host", "127.0.0.1", "--port", str(port)]
    command += ["--createTableMs", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout
        try:
            said = process.stdout.readline()
            assert "listening" in said, said
            with closing(connect(port)) as client:
                yield client
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(STUCK_AFTER)
            process.kill()


def require() -> None:
    """Leave a test out where dynalite is missing; in CI nothing is left out."""
    if not (shutil.which("node") and PROGRAM.exists()):
        if os.environ.get("CI") == "true":
            pytest.fail(MISSING)
        pytest.skip(MISSING)
