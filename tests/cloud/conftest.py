"""The real package, AWS on this machine, and a warm Lambda: made once for all tests of this folder."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests

from tests.cloud.project import PROD, ROOT, make_environment, make_project
from tests.cloud.sandbox import BASE_PYTHON, runtime_folder
from tests.contract.tables import Moto, new_table

REGION = "us-east-1"


@dataclass(frozen=True, kw_only=True)
class Package:
    """What `zappa package dev` makes: the file, its entries, and the folder it is unzipped to, which nobody writes to.

    `runtime` holds what Lambda's own runtime brings, `python` runs it.
    """

    zip: Path
    folder: Path
    names: frozenset[str]
    runtime: Path
    said: str
    python: str = BASE_PYTHON


@dataclass(frozen=True, kw_only=True)
class Aws:
    """AWS, as far as moto plays it, behind a port of this machine."""

    url: str
    region: str = REGION

    @property
    def variables(self) -> dict[str, str]:
        """What a program needs in its environment to talk to it."""
        return {"AWS_ENDPOINT_URL": self.url, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}

    def client(self, service: str, **credentials: str) -> Any:
        """Return a client of a service."""
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", **credentials}
        return boto3.client(service, endpoint_url=self.url, region_name=self.region, **keys)

    @contextmanager
    def checking_keys(self) -> Iterator[None]:
        """Let nobody in whose key was not made here."""
        requests.post(f"{self.url}/moto-api/reset-auth", data="0", timeout=30).raise_for_status()
        yield
        requests.post(f"{self.url}/moto-api/reset-auth", data="inf", timeout=30).raise_for_status()

    def reset(self) -> None:
        """Forget everything."""
        requests.post(f"{self.url}/moto-api/reset", timeout=30).raise_for_status()


@pytest.fixture(scope="session")
def environment() -> Path:
    """The venv that Zappa runs in, kept from run to run."""
    return make_environment()


@pytest.fixture(scope="session")
def runtime(environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What Lambda's own runtime brings."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = environment / "lib" / version / "site-packages"
    return runtime_folder(packages, tmp_path_factory.mktemp("lambda") / "runtime")


@pytest.fixture(scope="session")
def package(environment: Path, runtime: Path, tmp_path_factory: pytest.TempPathFactory) -> Package:
    """The package of stage dev, from a project in which much lies about that must not be shipped."""
    folder = tmp_path_factory.mktemp("package")
    project = make_project(folder / "project", environment)
    for name in ("notes.txt", "key.pem", ".env_other", "data/broadcast.db", "node_modules/left-pad/index.js"):
        project.write(name, PROD)
    done = project.zappa("package", "dev", "--output", "package.zip")
    assert done.status == 0, done.said
    file = project.folder / "package.zip"
    with zipfile.ZipFile(file) as archive:
        archive.extractall(folder / "task")
        names = frozenset(archive.namelist())
    return Package(zip=file, folder=folder / "task", names=names, runtime=runtime, said=done.said)


@pytest.fixture(scope="session")
def aws(runtime: Path) -> Iterator[Aws]:
    """moto's server in a process of its own."""
    allowed = {"MOTO_S3_ALLOW_CROSSACCOUNT_ACCESS": "false"}
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "tests.cloud.moto_server", str(runtime)],
        cwd=ROOT,
        env={**os.environ, **allowed},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout
    yield Aws(url=process.stdout.readline().strip())
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """Return a client of a DynamoDB that moto plays in this process, atomic as the real one is."""
    with closing(Moto()) as moto:
        yield moto.client


@pytest.fixture
def table(client: Any) -> str:
    """Return a new table there."""
    return new_table(client)
