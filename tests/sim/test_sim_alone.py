"""The stand-in on its own: the command, the speed it tells, what stays when a server stops."""

import http.client
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from webexsim import Server, World
from webexsim.measure import drive, measure

ROOT = Path(__file__).parents[2]


@pytest.fixture
def command() -> Any:
    """Start `python -m webexsim` with a thousand spaces more; end it by signal."""
    line = [sys.executable, "-m", "webexsim", "--spaces", "1000", "--seed", "3", "--latency", "0.001"]
    with subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.terminate()


def test_the_command_prints_where_to_go(command: Any) -> None:
    """It prints an API address and a token that work at once, and ends on a signal with 0."""
    told = "".join(command.stdout.readline() for _ in range(3))
    url, token, page = re.findall(r"(?:http\S+|[0-9a-f]{64})", told)
    headers = {"Authorization": f"Bearer {token}"}
    assert requests.get(f"{url}people/me", headers=headers, timeout=30).json()["type"] == "bot"
    assert len(requests.get(f"{url}rooms?max=1000", headers=headers, timeout=30).json()["items"]) == 1000
    assert requests.get(page, timeout=30).status_code == 200
    command.terminate()
    assert command.wait(30) == 0


def test_the_measurement_counts_what_was_accepted() -> None:
    """Each of sixteen connections posts for half a second; the figure is told with what it was taken from."""
    figure = measure(seconds=0.5, spaces=100)
    assert figure.messages >= 16
    assert figure.seconds >= 0.5
    assert f": {figure.messages} POST /messages in " in str(figure)
    assert str(figure).endswith(" over 16 keep-alive connections, 100 spaces")


def test_a_stopped_server_lets_go_of_everything(town: Any) -> None:
    """After stop no connection is served, and the world can have a new server with its messages."""
    with Server(town.world) as server:
        host, port = server.page_url[7:-1].split(":")
        kept = http.client.HTTPConnection(host, int(port), timeout=30)
        kept.request("GET", "/sim/state")
        kept.getresponse().read()
    with pytest.raises(OSError, match=r".*"):
        http.client.HTTPConnection(host, int(port), timeout=30).request("GET", "/")
    kept.close()
    with Server(town.world) as again:
        assert requests.get(f"{again.page_url}sim/state", timeout=30).json()["seq"] == 2


def test_two_worlds_know_nothing_of_each_other() -> None:
    """A token of one world is nothing in another."""
    one, other = World(seed=1), World(seed=2)
    token = one.bot("Bot", one.org("Acme")).token
    with Server(other) as server:
        answer = requests.get(f"{server.url}people/me", headers={"Authorization": f"Bearer {token}"}, timeout=30)
    assert answer.status_code == 401


def test_every_message_is_heard_by_who_listens(town: Any) -> None:
    """on_message calls back with each new message."""
    heard: list[str] = []
    town.world.on_message(lambda said: heard.append(said.text))
    town.world.say(town.alice, town.dm, "x")
    assert heard == ["x"]


def test_sixty_threads_lose_nothing(town: Any, server: Any) -> None:
    """Posts from many connections at once are all there, once each."""
    rooms = [town.room.id, town.dm.id]
    drive(server.url, town.bot.token, rooms * 30, 60, 0.2)
    said = town.world.messages(by=town.bot)
    assert len(said) == len({message.id for message in said}) == len(server.calls) > 60
