"""One warm Lambda: a process of its own on the unzipped package, with Lambda's libraries and nothing else."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

BOOT = Path(__file__).with_name("boot.py")
BASE_PYTHON = str(Path(sys.executable).resolve())
# What Lambda's own runtime brings: https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html
OF_THE_RUNTIME = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six.py", "urllib3")


class Crashed(AssertionError):
    """The handler raised, or its process ended; the message is what it said."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a call came to: its result, the seconds of the call and of importing the handler, and what is loaded."""

    result: Any
    seconds: float
    imported: float
    modules: frozenset[str]


class Sandbox:
    """A process that holds the handler. `variables` is its whole environment."""

    def __init__(
        self,
        task: Path,
        runtime: Path,
        variables: Mapping[str, str],
        handler: str = "deploy.lambda_entry.lambda_handler",
    ) -> None:
        self._is_ready = False
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 – closed with the sandbox
        self.process = subprocess.Popen(
            [BASE_PYTHON, "-S", "-s", "-B", str(BOOT), str(task), str(runtime), handler],
            env=dict(variables),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def call(self, event: Mapping[str, Any], *, remaining: float = 300.0) -> Answer:
        """Hand the handler an event; `remaining` is how many seconds it is told to have. Nobody stops it after them."""
        assert self.process.stdin
        assert self.process.stdout
        self.wait_until_ready()
        try:
            self.process.stdin.write(json.dumps({"event": event, "remaining": remaining}) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise Crashed(self.log) from None
        answer = json.loads(self.process.stdout.readline() or '{"error": "the process ended"}')
        if "error" in answer:
            raise Crashed(f"{answer['error']}\n{self.log}")
        return Answer(**{**answer, "modules": frozenset(answer["modules"])})

    def wait_until_ready(self) -> None:
        """Wait until the handler is imported: Lambda does not count that against a call's time."""
        assert self.process.stdout
        self._is_ready = self._is_ready or self.process.stdout.readline() == "ready\n"
        if not self._is_ready:
            raise Crashed(self.log)

    def invoke(self, event: Mapping[str, Any], *, remaining: float = 300.0) -> Any:
        """Hand the handler an event and return its result."""
        return self.call(event, remaining=remaining).result

    @property
    def log(self) -> str:
        """What it has said."""
        self._log.seek(0)
        return self._log.read().decode(errors="replace")

    def kill(self) -> None:
        """End it with SIGKILL, as Lambda does when the time is over."""
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """End it and let go of everything."""
        self.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                with suppress(BrokenPipeError):
                    pipe.close()
        self._log.close()


def runtime_folder(site_packages: Path, folder: Path) -> Path:
    """Fill a folder with what Lambda's own runtime brings, from an environment that has it."""
    folder.mkdir()
    for name in OF_THE_RUNTIME:
        (folder / name).symlink_to(site_packages / name)
    return folder


def lambda_variables(**variables: str) -> dict[str, str]:
    """Return the environment of a Lambda function, with these variables of its own."""
    return {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "HOME": "/tmp",  # noqa: S108 – as on Lambda
        "AWS_LAMBDA_FUNCTION_NAME": "broadcast-bot-dev",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
        "LAMBDA_TASK_ROOT": "/var/task",
        **variables,
    }
