"""The launcher passes on what the bot logs, keeps it inside the demo, and says so when it is down."""

import http.client
import json
import socket
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from webexsim import SimFile, World
from webexsim.demo import (
    BotDownError,
    BotProcess,
    bot_environment,
    entry_of,
    free_port,
    note_of,
    readable,
    wait_until_up,
    write_config,
)
from webexsim.scenes import office
from webexsim.server import Server


@pytest.mark.parametrize(
    ("entry", "note"),
    [
        (
            {"event": "delivery.skipped", "room_id": "R", "reason": "read_only", "why": "it is read-only"},
            {"room_id": "R", "state": "skipped", "reason": "It is read-only"},
        ),
        (
            {"event": "delivery.failed", "room_id": "R", "why": "gave_up", "detail": "503"},
            {"room_id": "R", "state": "failed", "reason": "Gave up (503)"},
        ),
        ({"event": "delivery.unknown", "room_id": "R"}, {"room_id": "R", "state": "unknown", "reason": ""}),
        ({"event": "delivery.sent", "room_id": "R"}, None),
        ({"event": "delivery.skipped"}, None),
        ({"event": "broadcast.finished", "room_id": "R"}, None),
    ],
)
def test_what_the_bot_logs_of_a_left_out_space_goes_onto_the_page(
    entry: Mapping[str, Any], note: Mapping[str, str] | None
) -> None:
    """Skipped, failed and unknown deliveries become notes, in the readable words where there are some."""
    assert note_of(entry) == note


@pytest.mark.parametrize("line", ["", "Traceback (most recent call last):", "[1, 2]", '"event"', '{"event": 7}', "{}"])
def test_a_line_that_is_no_log_entry_is_none(line: str) -> None:
    """Whatever else a process prints is not taken for an event."""
    assert entry_of(line) is None


def test_a_warning_is_printed_as_a_person_reads_it() -> None:
    """Level, event, fields; the traceback below."""
    line = json.dumps({"event": "config.rejected", "level": "error", "path": "a.b", "exception": "Traceback …"})
    entry = entry_of(line)
    assert entry is not None
    assert readable(entry) == "error: config.rejected path=a.b\nTraceback …"


def test_a_taken_port_is_passed_over() -> None:
    """The next free one is used when somebody listens on the wanted one."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert free_port(port) > port


def test_the_bots_environment_leads_nowhere_but_into_the_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Token, API, store and config are the demo's, whatever the person's own environment says."""
    for name in ("WEBEX_TEAMS_ACCESS_TOKEN", "STORE", "QUEUE", "BASE_URL"):
        monkeypatch.setenv(name, "https://live.example")
    scene = office(World(seed=1))
    environment = bot_environment(scene, api="http://127.0.0.1:1/v1/", config=tmp_path / "config.json", port=2)
    assert "https://live.example" not in environment.values()
    assert environment["WEBEX_TEAMS_ACCESS_TOKEN"] == scene.bot.token
    assert Path(environment["DOT_ENV_FILE"]).read_bytes() == b""


def test_a_bot_that_ends_while_starting_is_shown_with_its_last_words() -> None:
    """The error carries what the process wrote last, log entries made readable."""
    script = 'print(\'no such token\'); print(\'{"event": "start.failed", "level": "error"}\')'
    bot = BotProcess({}, on_line=lambda _: None, command=(sys.executable, "-c", script))
    with pytest.raises(BotDownError, match=r"no such token\n +error: start.failed"):
        wait_until_up(bot, free_port(16_000), threading.Event())
    bot.stop()


def test_a_bot_that_does_not_listen_to_reason_is_ended() -> None:
    """A process of the launcher never outlives it."""
    bot = BotProcess({}, on_line=lambda _: None, command=(sys.executable, "-c", "input()"))
    bot.stop()
    assert bot.ended.is_set()


@pytest.mark.parametrize(("kind", "shown_as"), [("text/html", "application/octet-stream"), ("image/png", "image/png")])
def test_no_file_is_rendered_in_the_pages_origin(tmp_path: Path, kind: str, shown_as: str) -> None:
    """A file is a download whatever it claims to be; pictures keep their type to be shown in a message."""
    world = World(seed=1)
    scene = office(world)
    message = world.say(scene.sender, world.direct(scene.bot, scene.sender), files=[SimFile("x", b"<b>", kind)])
    with Server(world, bot_config=write_config(tmp_path, scene)) as server:
        status, headers = fetch(server.page_url, f"/sim/file?message={message.id}&n=0")
    assert (status, headers["Content-Type"], headers["X-Content-Type-Options"]) == (200, shown_as, "nosniff")
    assert headers["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize("query", ["message=none&n=0", "n=0", "message=ID&n=1", "message=ID&n=-1", "message=ID&n=x"])
def test_a_file_that_is_not_there_is_a_404(tmp_path: Path, query: str) -> None:
    """No such message, no such number, no number."""
    world = World(seed=1)
    scene = office(world)
    message = world.say(scene.sender, world.direct(scene.bot, scene.sender), files=[SimFile("x", b"1")])
    with Server(world, bot_config=write_config(tmp_path, scene)) as server:
        assert fetch(server.page_url, f"/sim/file?{query.replace('ID', message.id)}")[0] == 404


def fetch(url: str, path: str) -> tuple[int, http.client.HTTPMessage]:
    """Return status and headers of a GET."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    connection.request("GET", path)
    reply = connection.getresponse()
    reply.read()
    connection.close()
    return reply.status, reply.headers
