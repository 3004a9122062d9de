"""An image made without an engine: the Dockerfile's steps, carried out in a folder that stands for the container's /.

Knows the few instructions that this Dockerfile has, and refuses any other. The image's user and group become those who
run the tests, because only root can become somebody else.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from tests.cloud.house import House, bare

ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / "deploy" / "docker"
NO_STEPS = {"FROM", "EXPOSE", "HEALTHCHECK", "CMD", "USER", "VOLUME"}


def instructions() -> list[tuple[str, str]]:
    """Return the Dockerfile's instructions in order."""
    text = re.sub(r"\\\n", " ", (HERE / "Dockerfile").read_text())
    lines = [line.strip() for line in text.splitlines()]
    return [
        (word, rest.strip()) for line in lines if line and line[0] != "#" for word, _, rest in [line.partition(" ")]
    ]


def said(instruction: str) -> str:
    """Return what the one instruction of a kind says."""
    (rest,) = [rest for word, rest in instructions() if word == instruction]
    return rest


def words_of(command: str) -> list[str]:
    """Return the words of a command in JSON form, from its bracket on."""
    return [str(word) for word in json.loads(command[command.index("[") :])]


def is_sent(path: str) -> bool:
    """Whether a file gets into the build's context: of the patterns that match it or a folder of it the last counts."""
    answer = True
    for line in (HERE / "Dockerfile.dockerignore").read_text().splitlines():
        if line and line[0] != "#" and _matches(line.lstrip("!"), PurePosixPath(path)):
            answer = line.startswith("!")
    return answer


def _matches(pattern: str, path: PurePosixPath) -> bool:
    regex = re.escape(pattern).replace(r"\*\*/", "(.*/)?").replace(r"\*", "[^/]*")
    return any(re.fullmatch(regex, str(one)) for one in (path, *path.parents) if str(one) != ".")


class Image:
    """The image, made in `root`; `context` is what it is made of."""

    def __init__(self, root: Path, context: Path = ROOT) -> None:
        self.root = root
        self.variables: dict[str, str] = {}
        self._context = context
        self._folder = root
        for word, rest in instructions():
            self._step(word, rest)

    @property
    def folder(self) -> Path:
        """Where its commands run."""
        return self._folder

    def inside(self, text: str) -> str:
        """Return a text with the paths of the container that it names as they are on this machine."""
        text = re.sub(r"sqlite:////(?=\w)", f"sqlite:///{self.root}/", text)
        return re.sub(r"(?<![\w/.:])/(?=(data|app)\b)", f"{self.root}/", text)

    def environment(self, variables: Mapping[str, str]) -> dict[str, str]:
        """Return the environment of a container: the image's, then these."""
        return bare(**{key: self.inside(value) for key, value in {**self.variables, **variables}.items()})

    def run(self, variables: Mapping[str, str], port: int) -> House:
        """Start a container."""
        return House(self._folder, words_of(said("CMD")), self.environment(variables), port)

    def execute(self, words: Iterable[str], variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Run a command as `docker exec` does."""
        environment = self.environment(variables)
        return subprocess.run(
            list(words), cwd=self._folder, env=environment, capture_output=True, text=True, check=False, timeout=60
        )

    def _step(self, word: str, rest: str) -> None:
        if word == "WORKDIR":
            self._folder = self.root / rest.lstrip("/")
            self._folder.mkdir(parents=True, exist_ok=True)
        elif word == "ENV":
            self.variables |= dict(pair.split("=", 1) for pair in rest.split())
        elif word == "COPY":
            self._copy(rest.split())
        elif word == "RUN":
            self._run(rest)
        elif word not in NO_STEPS:
            raise AssertionError(f"{word} cannot be carried out here")

    def _copy(self, words: list[str]) -> None:
        *sources, target = words
        for name in sources:
            source, goal = self._context / name, self._folder / target
            if source.is_dir():
                shutil.copytree(source, goal, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, goal / source.name)

    def _run(self, command: str) -> None:
        own = re.sub(r"-o \d+ -g \d+", f"-o {os.getuid()} -g {os.getgid()}", self.inside(command))
        # pip looks for everything and changes nothing: this Python must have exactly what is asked for.
        offline = {"PIP_NO_INDEX": "1", "PIP_DRY_RUN": "1"}
        done = subprocess.run(
            ["/bin/sh", "-c", own],
            cwd=self._folder,
            env=bare(**self.variables, **offline),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{own}\n{done.stdout}{done.stderr}"
        assert "Would install" not in done.stdout
