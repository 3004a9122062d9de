"""The bot at Azure, without Azure: the real packages, unpacked into a folder of their own and run as the hosts do."""

import hashlib
import hmac
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from zipfile import ZipFile

import azure.functions as func
import pytest
from flask import Flask
from flask.logging import default_handler

from broadcast.model import Event, State
from deploy.azure.function_app import with_own_errors
from deploy.azure.package import pack
from tests.cloud.house import House, bare, contents, free_port
from tests.story.stage import SECRET, Stage, eventually

HOST = Path(__file__).with_name("functions_host.py")
ROOT = Path(__file__).resolve().parents[2]
Open = Callable[..., House]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Return a world on the machine's clock in which the bot does not run yet."""
    (tmp_path / "world").mkdir()
    made = Stage(tmp_path / "world", pace=1)
    yield made
    made.close()


@pytest.fixture
def unpacked(tmp_path: Path) -> Callable[[str], Path]:
    """Return a way to pack for a home and to unpack it into an empty folder, as Azure does."""

    def unpack(home: str) -> Path:
        pack(home, tmp_path / "broadcast-bot.zip")
        with ZipFile(tmp_path / "broadcast-bot.zip") as package:
            package.extractall(tmp_path / home)
        return tmp_path / home

    return unpack


@pytest.fixture
def house(stage: Stage, unpacked: Callable[[str], Path]) -> Iterator[Open]:
    """Return a way to start a home's package; what still runs at the end is killed."""
    started: list[House] = []

    def start(home: str, **variables: str) -> House:
        folder, port = unpacked(home), free_port()
        command = ["sh", "startup.sh"] if home == "app-service" else [sys.executable, str(HOST), str(port)]
        started.append(House(folder, command, bare(PORT=str(port), **stage.variables(**variables)), port))
        return started[-1].listens("/" if home == "app-service" else "/stand-in/ready")

    yield start
    for one in started:
        one.kill()


def signed(body: bytes) -> str:
    """Return the signature of a body, as Webex makes it."""
    return hmac.new(SECRET.encode(), body, hashlib.sha1).hexdigest()


# The packages


@pytest.mark.parametrize("home", ["app-service", "functions"])
def test_a_package_has_what_runs_and_nothing_else(unpacked: Callable[[str], Path], home: str) -> None:
    """No token, no configuration, no ledger, no tests, no simulator; every requirement has its exact version."""
    folder = unpacked(home)
    own = {"app-service": {"gunicorn.conf.py", "startup.sh"}, "functions": {"function_app.py", "host.json"}}[home]
    shared = {"bot.py", "localization_strings.py", "default_config.json", "broadcast", "requirements.txt"}
    assert {path.name for path in folder.iterdir()} == own | shared
    lines = (folder / "requirements.txt").read_text().splitlines()
    assert [line for line in lines if line and line[0] != "#" and "==" not in line] == []
    assert any(line.startswith("azure-functions==") for line in lines) == (home == "functions")


def test_packing_is_a_command(tmp_path: Path) -> None:
    """With nothing installed but Python, as the README says it; an unknown home is refused."""
    command = [
        sys.executable,
        "-I",
        "-S",
        "-c",
        "import runpy, sys; sys.path.insert(0, '.'); runpy.run_module('deploy.azure.package', run_name='__main__')",
    ]
    target = tmp_path / "broadcast-bot.zip"
    done = subprocess.run([*command, "functions", str(target)], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == f"Made {target} for functions.\n"
    assert target.exists()
    assert subprocess.run([*command, "kubernetes"], cwd=ROOT, capture_output=True, check=False).returncode == 2


# App Service


def test_app_service_runs_a_broadcast_and_ends_when_asked(house: Open, stage: Stage) -> None:
    """The startup command in a clean folder: one copy each; SIGTERM ends it in order; the folder stays as it was."""
    spaces = stage.spaces(20)
    server = house("app-service")
    before = contents(server.folder)
    assert server.get("/webhook").status_code == 200
    stage.broadcast(stage.alice, "hello")
    assert [len(stage.copies(space)) for space in spaces] == [1] * 20
    assert server.get("/healthz").json()["ok"]
    assert server.stop() == 0
    assert contents(server.folder) == before


def test_app_service_goes_on_when_the_worker_that_sends_is_killed(house: Open, stage: Stage) -> None:
    """One of gunicorn's two workers gets SIGKILL in the middle: the other one, or a new one, finishes the broadcast."""
    spaces = stage.spaces(150)
    server = house("app-service")
    server.get("/webhook").raise_for_status()
    stage.webex.latency = 0.05
    stage.says(stage.alice, "hello")
    eventually(lambda: stage.states().get(State.SENT, 0) >= 20)
    os.kill(holder(stage), signal.SIGKILL)
    stage.settled()
    states = stage.states()
    assert set(states) <= {State.SENT, State.UNKNOWN}
    assert {len(stage.copies(space)) for space in spaces} <= {0, 1}
    assert sum(len(stage.copies(space)) for space in spaces) >= states[State.SENT] - 1


def holder(stage: Stage) -> int:
    """Return the process that holds the lease."""
    with sqlite3.connect(stage.folder / "broadcast.db") as ledger:
        owner = ledger.execute("SELECT owner FROM lease").fetchone()[0]
    ledger.close()
    return int(owner.split("/")[1])


def test_the_configuration_may_lie_on_a_mounted_share(house: Open, stage: Stage, tmp_path: Path) -> None:
    """CONFIG_FILE names a file elsewhere; a change there counts without a restart."""
    share = tmp_path / "mnt" / "config"
    share.mkdir(parents=True)
    (share / "config.json").write_text('{"locale": "cs_CZ"}')
    server = house("app-service", CONFIG_FILE=str(share / "config.json"))
    assert "Bot mluví jazykem cs_CZ." in server.get("/webhook").text
    (share / "config.json").write_text('{"locale": "en_US"}')
    assert "The bot speaks en_US." in server.get("/webhook").text


def test_a_share_that_is_not_mounted_closes_the_door(house: Open, stage: Stage, tmp_path: Path) -> None:
    """Not the defaults instead: nothing is broadcast, and the health page names the file; once mounted it goes on."""
    share = tmp_path / "mnt" / "config"
    server = house("app-service", CONFIG_FILE=str(share / "config.json"))
    assert server.get("/healthz").status_code == 503
    assert "config.json: there is no such file" in " ".join(server.get("/healthz").json()["faults"])
    share.mkdir(parents=True)
    (share / "config.json").write_text("{}")
    assert eventually(lambda: server.get("/healthz").status_code == 200)


# Functions


def test_functions_answer_every_page(house: Open) -> None:
    """The page to open first, the set-up page, health, and a plain 404."""
    host = house("functions")
    assert "Hello World!" in host.get("/").text
    assert "Broadcast Bot" in host.get("/webhook").text
    assert host.get("/healthz").json()["ok"]
    missing = host.get("/no/such/page")
    assert (missing.status_code, missing.headers["Content-Type"].partition(";")[0]) == (404, "text/plain")


def test_functions_hand_the_body_on_byte_by_byte(house: Open) -> None:
    """The signature over blanks, line ends and other people's alphabets holds; a single byte less and it does not."""
    host = house("functions")
    event = {"resource": "rooms", "event": "created", "data": {"id": "x", "title": "Žluťoučký 日本 \u2028"}}
    body = b"\r\n " + json.dumps(event, ensure_ascii=False, indent=3).encode() + b"\n\t "
    assert host.post("/webhook", body, **{"X-Spark-Signature": signed(body)}).status_code == 200
    assert host.post("/webhook", body[:-1], **{"X-Spark-Signature": signed(body)}).status_code == 401


def test_functions_go_on_after_a_warning(house: Open) -> None:
    """An unsigned event is logged as a warning; the requests after it are answered as before."""
    host = house("functions")
    assert host.post("/webhook", b"{}").status_code == 401
    assert "event.unsigned" in host.log
    assert [host.get("/").status_code for _ in range(3)] == [200] * 3


@pytest.mark.parametrize(("is_ours", "statuses"), [(True, [200, 200]), (False, ["Exception", "Exception"])])
def test_what_is_written_to_wsgi_errors_spoils_no_request(is_ours: bool, statuses: list[object]) -> None:
    """Even where a library writes there: azure-functions by itself would fail this request and all after it."""
    flask = Flask("noisy")
    flask.logger.addHandler(default_handler)
    flask.add_url_rule("/warn", "warn", view_func=lambda: flask.logger.warning("careful") or "warned")
    flask.add_url_rule("/", "home", view_func=lambda: "fine")
    wsgi = with_own_errors(flask.wsgi_app) if is_ours else flask.wsgi_app
    ask = func.WsgiFunctionApp(app=wsgi).get_functions()[0].get_user_function()
    assert [outcome(ask, path) for path in ("/warn", "/")] == statuses


def outcome(ask: Callable[..., func.HttpResponse], path: str) -> object:
    """Return the status of an answer, or the kind of exception there is instead."""
    try:
        return ask(func.HttpRequest("GET", f"http://host{path}", body=b""), None).status_code
    except Exception as error:
        return type(error).__name__


def test_functions_carry_out_a_broadcast(house: Open, stage: Stage) -> None:
    """From the webhook on: the instance lives on after the answer, and every space has one copy."""
    spaces = stage.spaces(20)
    house("functions").get("/webhook").raise_for_status()
    message = stage.broadcast(stage.alice, "hello")
    assert [len(stage.copies(space)) for space in spaces] == [1] * 20
    assert stage.answers(message)[-1].startswith("Sent: 21 (group spaces: 20, 1-1s: 1)")


def test_the_timer_takes_up_what_another_instance_left(house: Open, stage: Stage) -> None:
    """Nobody has asked this instance for a page: the timer's function begins, and ends when nothing is left."""
    lobby, message = stage.space(), stage.says(stage.alice, "hello")
    event = Event(
        key=f"messages:created:{message.id}",
        resource="messages",
        action="created",
        id=message.id,
        space_id=stage.dm.id,
        person_id=stage.alice.id,
    )
    host = house("functions")
    stage.ledger.record(event, stage.clock.now())
    assert host.post("/stand-in/timer").status_code == 204
    assert stage.body(lobby) == "hello"
    assert stage.ledger.running() == 0
