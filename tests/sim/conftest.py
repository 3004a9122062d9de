"""A small town with a server in front of it, a clock one can set, a client, and a target for webhooks."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests

from webexsim import Message, Org, Person, Server, Space, World


class Clock:
    """Seconds since the epoch; every look at it moves it by a millisecond, so that no two things happen at once."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        """Look at it."""
        self.now += 0.001
        return self.now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


@dataclass(frozen=True, kw_only=True)
class Town:
    """Who and what the tests speak of; `locked` is moderated by Alice, in `outside` the bot is not."""

    world: World
    acme: Org
    globex: Org
    bot: Person
    alice: Person
    bob: Person
    room: Space
    dm: Space
    news: Space
    locked: Space
    frozen: Space
    dead: Space
    outside: Space
    hello: Message
    secret: Message


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands where it is put."""
    return Clock()


@pytest.fixture
def town(clock: Clock) -> Town:
    """Return a world with one space of each kind."""
    world = World(seed=7, clock=clock)
    acme, globex = world.org("Acme"), world.org("Globex")
    bot = world.bot("Broadcast Bot", acme)
    alice = world.person("Alice Novak", "alice@acme.example", acme)
    bob = world.person("Bob Roy", "bob@globex.example", globex)
    carl, dora = (world.person(name, f"{name}@acme.example", acme) for name in ("carl", "dora"))
    room = world.space("Project X", acme, [alice, bob, bot])
    dead = world.direct(bot, dora)
    world.leave(dora, dead)
    return Town(
        world=world,
        acme=acme,
        globex=globex,
        bot=bot,
        alice=alice,
        bob=bob,
        room=room,
        dm=world.direct(bot, alice),
        news=world.space("News", acme, [bot], moderators=[alice], announcement_only=True),
        locked=world.space("Board", acme, [bot, bob], moderators=[alice]),
        frozen=world.direct(bot, carl, read_only=True),
        dead=dead,
        outside=world.space("Elsewhere", globex, [alice, bob]),
        hello=world.say(alice, room, "hello", mention=[bot]),
        secret=world.say(alice, room, "not for bots"),
    )


@pytest.fixture
def slept() -> list[float]:
    """Return the list of waits the server would have made."""
    return []


@pytest.fixture
def server(town: Town, slept: list[float]) -> Iterator[Server]:
    """Serve the town; instead of waiting it notes how long it would have."""
    with Server(town.world, sleep=slept.append) as running:
        yield running


@pytest.fixture
def session() -> Iterator[requests.Session]:
    """Return a client that minds no proxy settings."""
    with requests.Session() as client:
        client.trust_env = False
        yield client


@pytest.fixture
def api(town: Town, server: Server, session: requests.Session) -> Callable[..., requests.Response]:
    """Return a call of the API, as the bot unless `token` says otherwise."""

    def call(method: str, path: str, *, token: str | None = None, **rest: Any) -> requests.Response:
        url = path if path.startswith("http") else server.url + path
        headers = {"Authorization": f"Bearer {town.bot.token if token is None else token}"}
        return session.request(method, url, headers=headers, timeout=30, **rest)

    return call


@pytest.fixture
def sim(server: Server, session: requests.Session) -> Callable[..., Any]:
    """Return a call of the control: GET without a body, POST with one; gives the JSON."""

    def call(path: str, body: Any = None) -> Any:
        method = "GET" if body is None else "POST"
        answer = session.request(method, f"{server.page_url}sim/{path}", json=body, timeout=30)
        answer.raise_for_status()
        return answer.json()

    return call


@dataclass
class Inbox:
    """A webhook target: what came, and what it answers with."""

    url: str = ""
    status: int = 200
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def events(self) -> list[dict[str, Any]]:
        """The bodies that came, read."""
        return [json.loads(body) for _, body in self.got]


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    """Listen for webhooks on this machine."""
    box = Inbox()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Keep what came."""
            body = self.rfile.read(int(self.headers["Content-Length"]))
            box.got.append((dict(self.headers), body))
            self.send_response(box.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        box.url = f"http://127.0.0.1:{http.server_address[1]}/hook?who=bot"
        thread = threading.Thread(target=http.serve_forever, args=(0.02,))
        thread.start()
        yield box
        http.shutdown()
        thread.join()


@pytest.fixture
def hooked(api: Callable[..., requests.Response], inbox: Inbox) -> Callable[..., dict[str, Any]]:
    """Return a way to make a webhook of the bot's that points to the inbox."""

    def make(resource: str = "messages", event: str = "created", **rest: str) -> dict[str, Any]:
        body = {"name": "w", "targetUrl": inbox.url, "resource": resource, "event": event, **rest}
        made = api("POST", "webhooks", json=body)
        assert made.status_code == 200, made.text
        return dict(made.json())

    return make
