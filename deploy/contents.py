"""What goes into the package: the bot, this stage's own files, and the packages it needs, built for AWS Lambda.

Everything else stays out, whatever lies in the project or is installed in the environment that deploys.
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from glob import escape
from importlib.metadata import Distribution, distributions
from pathlib import Path
from sysconfig import get_paths
from zipfile import ZIP_DEFLATED, ZipFile

import click

from deploy.local import RUNTIMES
from deploy.stage import ROOT, Stage

OURS = ("bot.py", "localization_strings.py", "default_config.json", "broadcast", "deploy")
OURS_OF_DEPLOY = ("__init__.py", "lambda_entry.py")
SERVERS = ("gunicorn", "waitress")
ZAPPA = ("zappa", "durationpy")
# Large, and imported by nothing that runs on Lambda.
NEVER_RUN = (
    "future/backports",
    "future/tests",
    "libfuturize",
    "libpasteurize",
    "pydantic/mypy.py",
    "pydantic/v1",
    "urllib3/contrib/emscripten",
    "werkzeug/debug",
    "zappa/asynchronous.py",
    "zappa/cli.py",
    "zappa/core.py",
    "zappa/letsencrypt.py",
)
LEGACY_TAGS = {"manylinux1": 5, "manylinux2010": 12, "manylinux2014": 17}
MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}


def left_out(stage: Stage) -> list[str]:
    """Return, as patterns, what Zappa would pack and the bot does not need, or must not have.

    So neither another stage's token nor anything that just happens to be there gets to AWS.
    """
    kept = {*OURS, stage.env_file.name, stage.config_file.name}
    rest = [path.name for path in ROOT.iterdir() if path.name not in kept]
    tools = [f"deploy/{path.name}" for path in (ROOT / "deploy").iterdir() if path.name not in OURS_OF_DEPLOY]
    needed = {_key(name) for name in _needed()}
    packages = [one for one in _installed() if _key(one.name) not in needed or not _fits(one, stage)]
    return [*NEVER_RUN, *(escape(name) for name in sorted({*rest, *tools, *_tops(packages)} - {*OURS}))]


def fetch_for_lambda(stage: Stage) -> tempfile.TemporaryDirectory[str]:
    """Return a folder with the packages that are here built for another system than Lambda's, but built for Lambda."""
    folder = tempfile.TemporaryDirectory()
    needed = {_key(name) for name in _needed()}
    foreign = [one for one in _installed() if _key(one.name) in needed and not _fits(one, stage)]
    if foreign:
        names = sorted(f"{one.name}=={one.version}" for one in foreign)
        _install(names, stage, folder.name)
        click.echo(f"Packed for Lambda instead of for this machine: {', '.join(names)}.")
    return folder


def add(package: Path, folder: Path) -> None:
    """Add what lies in a folder to the package."""
    with ZipFile(package, "a", ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder)
            if path.is_file() and path.suffix not in (".pyc", ".pyi") and not name.parts[0].endswith(".dist-info"):
                archive.write(path, name)


def _install(packages: Iterable[str], stage: Stage, folder: str) -> None:
    machine = MACHINES[stage.architecture]
    tags = [f"manylinux_2_{minor}_{machine}" for minor in range(5, RUNTIMES[sys.version_info[:2]] + 1)]
    tags += [f"{tag}_{machine}" for tag in LEGACY_TAGS]
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--only-binary=:all:",
        "--target",
        folder,
    ]
    platforms = [word for tag in tags for word in ("--platform", tag)]
    done = subprocess.run([*command, *platforms, *packages], stderr=subprocess.PIPE, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise click.ClickException(
            f"{', '.join(packages)}: built for another system than Lambda's (Linux on {machine}), and "
            "not to be had for "
            f"that. Deploy from such a machine, or from a container. pip says: {done.stderr.strip()[-500:]}"
        )


def _installed() -> list[Distribution]:
    return list(distributions(path=[get_paths()["purelib"]]))


def _needed() -> list[str]:
    """Return the names of what the bot needs on Lambda, where boto3 and what it brings along are there already."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    names = [found[0] for line in lines if (found := re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", line))]
    return [*(name for name in names if name not in SERVERS), *ZAPPA]


def _tops(packages: Iterable[Distribution]) -> set[str]:
    files = [file for package in packages for file in package.files or []]
    return {file.parts[0] for file in files if file.parts[0] not in ("..", "__pycache__")}


def _fits(package: Distribution, stage: Stage) -> bool:
    """Whether a package runs on the system that Lambda has for this Python."""
    tags = re.findall(r"^Tag: \S+-\S+-(\S+)$", package.read_text("WHEEL") or "", re.MULTILINE)
    return not tags or any(tag == "any" or _is_for_lambda(tag, MACHINES[stage.architecture]) for tag in tags)


def _is_for_lambda(tag: str, machine: str) -> bool:
    kind = tag.removesuffix(f"_{machine}")
    modern = re.fullmatch(r"manylinux_2_(\d+)", kind)
    needs = int(modern[1]) if modern else LEGACY_TAGS.get(kind)
    return needs is not None and needs <= RUNTIMES[sys.version_info[:2]]


def _key(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
