"""The project as a person has it who deploys: a folder of its own, Zappa's environment, and the files of two stages."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
LEFT_BEHIND = (
    ".git",
    ".venv*",
    ".*_cache",
    "__pycache__",
    ".env*",
    "data",
    "config",
    "node_modules",
    "*.zip",
    ".hypothesis",
)
BUCKET = "broadcast-bot-upload"
DEV, PROD = "token-of-dev", "token-of-prod"
PASSED_ON = ("PATH", "LANG", "TMPDIR")
# Zappa asks the package index for news of itself before every command; here it reaches this machine only.
ALONE = {"HTTPS_PROXY": "http://127.0.0.1:9", "NO_PROXY": "127.0.0.1"}


@dataclass(frozen=True, kw_only=True)
class Done:
    """What a command ended with: its status, and all it said."""

    status: int
    said: str


@dataclass(frozen=True, kw_only=True)
class Project:
    """A copy of the project, ready to be deployed. `environment` is the venv that Zappa runs in."""

    folder: Path
    environment: Path

    def write(self, name: str, text: str) -> None:
        """Write a file."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def set_up(self, stage: str, **changes: Any) -> None:
        """Change a stage in zappa_settings.json; None takes a key out."""
        path = self.folder / "zappa_settings.json"
        settings = json.loads(path.read_text(encoding="utf-8"))
        settings[stage] = {
            key: value for key, value in {**settings.get(stage, {}), **changes}.items() if value is not None
        }
        path.write_text(json.dumps(settings), encoding="utf-8")

    def zappa(self, *words: str, variables: Mapping[str, str] | None = None) -> Done:
        """Run Zappa in the project's folder, in a clean environment with these variables."""
        kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        done = subprocess.run(
            [self.environment / "bin" / "zappa", *words],
            cwd=self.folder,
            env={
                **kept,
                **ALONE,
                "HOME": str(self.folder.parent),
                "AWS_EC2_METADATA_DISABLED": "true",
                **(variables or {}),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        return Done(status=done.returncode, said=done.stdout)


def make_project(folder: Path, environment: Path, **variables: str) -> Project:
    """Copy the project as it is now, and fill in what the deploy guide asks for; `variables` go to both stages."""
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*LEFT_BEHIND))
    project = Project(folder=folder, environment=environment)
    rest = "".join(f"{name}={value}\n" for name, value in variables.items())
    for stage, token in (("dev", DEV), ("prod", PROD)):
        project.write(f".env_{stage}", f"WEBEX_TEAMS_ACCESS_TOKEN={token}\n{rest}")
        project.write(f"config_{stage}.json", "{}")
        project.set_up(stage, s3_bucket=f"{BUCKET}-{stage}")
    return project


def make_environment() -> Path:
    """Return a venv with deploy/requirements.txt and nothing else in it; made once for every state of that file."""
    folder = ROOT / ".venv" / "deploy-environment"
    lists = [ROOT / "requirements.txt", ROOT / "deploy" / "requirements.txt"]
    key = hashlib.sha256(b"".join([*(path.read_bytes() for path in lists), sys.version.encode()])).hexdigest()[:16]
    venv = folder / key
    if not (venv / "ready").exists():
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        subprocess.run([venv / "bin" / "python", "-m", "pip", "install", "--quiet", "-r", lists[1]], check=True)
        (venv / "ready").touch()
    return venv
