"""The container home, without an engine: the Dockerfile's own steps and commands, and what the compose file says."""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from dotenv import dotenv_values

from broadcast.queues.crew import RENEW_SECONDS
from broadcast.queues.local import STOP_SECONDS
from tests.cloud.house import House, contents, free_port
from tests.cloud.image import HERE, ROOT, Image, instructions, is_sent, said, words_of
from tests.story.stage import Stage, eventually
from webexsim import Message

COMPOSE = yaml.safe_load((HERE / "compose.yaml").read_text())
BOT = COMPOSE["services"]["bot"]
COPIED = [name for word, rest in instructions() if word == "COPY" for name in rest.split()[:-1]]
Up = Callable[..., House]


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """Return the image, made in a folder of its own."""
    return Image(tmp_path_factory.mktemp("container"))


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Return a world on the machine's clock in which the bot does not run yet."""
    made = Stage(tmp_path, pace=1)
    yield made
    made.close()


@pytest.fixture
def up(image: Image, stage: Stage) -> Iterator[Up]:
    """Return `docker compose up` with a `.env` of the stage; what still runs is killed at the end, the volume goes."""
    started: list[House] = []

    def start(**changes: str) -> House:
        port = free_port()
        started.append(image.run(variables(stage, port, **changes), port))
        return started[-1].listens()

    yield start
    for one in started:
        one.kill()
    for path in (image.root / "data").iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def variables(stage: Stage, port: int, **changes: str) -> dict[str, str]:
    """Return what a container of the compose file has in its environment, on a port of this machine."""
    env = {**stage.variables(), "PORT": "8888", "STORE": "sqlite:///data/elsewhere.db", **changes}
    from_file = dotenv_values(stream=StringIO("\n".join(f'{key}="{value}"' for key, value in env.items())))
    settings: Mapping[str, str] = BOT["environment"]
    return {**{key: value or "" for key, value in from_file.items()}, **settings, "PORT": str(port)}


def is_told(stage: Stage, message: Message) -> bool:
    """Say whether the sender knows the outcome."""
    return any(answer.startswith("Sent: ") for answer in stage.answers(message))


# The image


def test_the_image_is_made_of_nothing_but_the_bot() -> None:
    """What the build sees is what it copies: no token, no configuration, no ledger, nothing compiled, no tests."""
    for path in (
        ".env",
        ".env_prod",
        "config/config.json",
        "data/broadcast.db",
        ".git/config",
        "tests/conftest.py",
        "broadcast/__pycache__/cli.cpython-313.pyc",
        "webexsim/world.py",
        "deploy/docker/.env",
    ):
        assert not is_sent(path), path
    assert sorted(name for name in COPIED if is_sent(name)) == sorted(COPIED)
    assert all((ROOT / name).exists() for name in COPIED)
    shown = {line[1:] for line in (HERE / "Dockerfile.dockerignore").read_text().splitlines() if line.startswith("!")}
    assert shown == set(COPIED)


def test_whatever_the_modes_of_the_files_were_the_bot_may_read_them(tmp_path: Path) -> None:
    """A checkout that only its owner may read makes an image that the container's user can read."""
    context = tmp_path / "context"
    for name in COPIED:
        (context / name).parent.mkdir(parents=True, exist_ok=True)
        copy: Callable[..., Any] = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, context / name)
    for path in context.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    made = Image(tmp_path / "container", context)
    assert [path for path in made.folder.rglob("*") if not path.stat().st_mode & 0o004] == []


def test_it_runs_as_nobody_in_particular(image: Image) -> None:
    """A user with a number, who is not root and owns the ledger's folder, which is for nobody else."""
    user = said("USER")
    assert all(part.isdigit() and int(part) > 0 for part in user.split(":"))
    owner = user.replace(":", " -g ")
    assert any(f"-o {owner} {said('VOLUME')}" in rest for word, rest in instructions() if word == "RUN")
    assert (image.root / said("VOLUME").lstrip("/")).stat().st_mode & 0o777 == 0o700
    assert image.variables["STORE"].startswith(f"sqlite:///{said('VOLUME')}/")


def test_python_is_one_that_the_bot_runs_with() -> None:
    """The base image has a Python from 3.11 on, and is the slim one."""
    name, _, tag = said("FROM").partition(":")
    version, _, kind = tag.partition("-")
    assert (name, kind) == ("python", "slim")
    assert tuple(map(int, version.split("."))) >= (3, 11)


# A container


def test_a_container_runs_a_broadcast_and_keeps_its_ledger_in_the_volume(up: Up, stage: Stage, image: Image) -> None:
    """With .env as it is: one copy each; what is in /app stays as it was, so that / may be read-only."""
    spaces, before = stage.spaces(10), contents(image.folder)
    container = up()
    assert container.get("/webhook").status_code == 200
    message = stage.says(stage.alice, "hello")
    eventually(lambda: is_told(stage, message))
    assert [len(stage.copies(space)) for space in spaces] == [1] * 10
    assert container.stop() == 0
    assert contents(image.folder) == before
    assert "broadcast.db" in contents(image.root / "data")


def test_the_next_container_knows_what_the_first_one_did(up: Up, stage: Stage, image: Image) -> None:
    """Taken down and up again with the same volume: `docker compose exec bot flask …` shows the broadcast."""
    first = up()
    first.get("/webhook").raise_for_status()
    message = stage.says(stage.alice, "hello")
    eventually(lambda: is_told(stage, message))
    first.stop()
    assert up().get("/healthz").json()["webhooks_active"] is True
    shown = image.execute(["flask", "--app", "bot", "broadcasts"], variables(stage, 5050))
    assert "1 planned, 1 sent" in shown.stdout


def test_the_health_check_says_whether_the_bot_can_do_its_job(up: Up, stage: Stage, image: Image) -> None:
    """0 while it can; 1 with a token that Webex refuses, and 1 when nothing listens; it does not go through a proxy."""
    check = words_of(said("HEALTHCHECK"))
    well = up()
    port = well.url.rpartition(":")[2]
    environment = variables(stage, int(port), HTTP_PROXY="http://127.0.0.1:1", http_proxy="http://127.0.0.1:1")
    assert image.execute(check, environment).returncode == 0
    well.stop()
    gone = image.execute(check, environment)
    assert (gone.returncode, "does not answer" in gone.stdout, gone.stderr) == (1, True, "")
    ill = up(WEBEX_TEAMS_ACCESS_TOKEN="wrong")
    environment["PORT"] = ill.url.rpartition(":")[2]
    said_why = eventually(lambda: (done := image.execute(check, environment)).returncode and done)
    assert "does not accept the access token" in said_why.stdout


def test_the_configuration_is_read_from_the_mounted_folder(up: Up, image: Image) -> None:
    """`config/config.json` beside .env, mounted where the bot looks for it, counts without a restart."""
    target = next(one.split(":")[1] for one in BOT["volumes"] if one.startswith("../../config:"))
    folder = Path(image.inside(target))
    container = up(CONFIG_FILE="")
    folder.mkdir()
    (folder / "config.json").write_text('{"locale": "cs_CZ"}')
    assert "Bot mluví jazykem cs_CZ." in container.get("/webhook").text
    shutil.rmtree(folder)


# The compose file


def test_compose_builds_this_image_with_the_projects_env_file() -> None:
    """Paths are relative to the file's own folder."""
    assert (HERE / BOT["build"]["context"]).resolve() == ROOT
    assert (ROOT / BOT["build"]["dockerfile"]).resolve() == HERE / "Dockerfile"
    assert os.path.normpath(HERE / BOT["env_file"]) == str(ROOT / ".env")


def test_compose_keeps_the_ledger_in_a_named_volume() -> None:
    """The volume covers the folder of STORE, and nothing in .env can put the ledger elsewhere."""
    (target,) = [one.partition(":")[2] for one in BOT["volumes"] if one.partition(":")[0] in COMPOSE["volumes"]]
    assert target == said("VOLUME")
    assert BOT["environment"]["STORE"].startswith(f"sqlite:///{target}/")


def test_compose_publishes_the_port_the_bot_listens_on() -> None:
    """On this machine only: a reverse proxy or tunnel is what the world may reach."""
    (published,) = BOT["ports"]
    assert published == f"127.0.0.1:5050:{BOT['environment']['PORT']}"
    assert BOT["environment"]["PORT"] == said("EXPOSE")


def test_compose_starts_it_again_and_gives_it_time_to_end() -> None:
    """Longer than the bot takes to finish what is in flight, and than Docker's own ten seconds."""
    assert BOT["restart"] == "unless-stopped"
    assert float(BOT["stop_grace_period"].removesuffix("s")) > STOP_SECONDS + RENEW_SECONDS


def test_compose_lets_it_do_little() -> None:
    """A read-only root with a place for temporary files, no capability, no new privilege, no name of its own.

    A fixed host name would make a second container take the first one's lease for that of a dead process.
    """
    assert BOT["read_only"] is True
    assert [Path(one).name for one in BOT["tmpfs"]] == ["tmp"]
    assert BOT["cap_drop"] == ["ALL"]
    assert BOT["security_opt"] == ["no-new-privileges:true"]
    assert "hostname" not in BOT
