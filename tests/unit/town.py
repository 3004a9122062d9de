"""A small simulated Webex behind a real port, and the bot's gateway to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from broadcast.model import Content, Form, StoredFile
from broadcast.pacing import Gate
from broadcast.webex import WebexGateway
from tests.unit.fakes import FakeClock
from webexsim import Fault, Person, Server, Space, World

START = 1_800_000_000.0


@dataclass(frozen=True, kw_only=True)
class Town:
    """Who and what the tests speak of. `slept` are the waits that the server was told to make and did not."""

    world: World
    server: Server
    bot: Person
    alice: Person
    room: Space
    dm: Space
    clock: FakeClock
    gate: Gate
    webex: WebexGateway
    slept: list[float]

    def gateway(self, url: str = "", token: str = "") -> WebexGateway:
        """Return a gateway of one's own, to another place or with another token."""
        return WebexGateway(
            token or self.bot.token, url or self.server.url, clock=self.clock, gate=self.gate, connections=4
        )

    def post(self, content: Content | None = None) -> str:
        """Have the bot post a greeting into the group space."""
        return self.webex.post(self.room.id, "**hello**", content=content)

    def said(self, room: Space | None = None) -> list[str]:
        """Return what the bot has said, in one space or in all."""
        return [message.markdown or "" for message in self.world.messages(room=room, by=self.bot)]

    def statuses(self, path: str) -> list[int]:
        """Return what the calls to a path were answered with."""
        return [call.status for call in self.server.calls if call.path.startswith(path)]


def answering(body: str, status: int = 200, **headers: str) -> Fault:
    """Return the staged answer of a Webex that has other ideas of its API."""
    return Fault(kind="status", status=status, body=body, headers=headers)


@contextmanager
def open_town() -> Iterator[Town]:
    """Serve a world with two people, a group space and a 1-1; no two things happen in the same millisecond."""
    ticks = count()
    world = World(seed=5, clock=lambda: START + next(ticks) / 1000)
    acme = world.org("Acme")
    bot, alice = world.bot("Broadcast Bot", acme), world.person("Alice Nováková", "alice@acme.example", acme)
    room, dm = world.space("Project X", acme, [alice, bot]), world.direct(bot, alice)
    clock, slept = FakeClock(), list[float]()
    gate = Gate(clock)
    with Server(world, sleep=slept.append) as server:
        webex = WebexGateway(bot.token, server.url, clock=clock, gate=gate, connections=4)
        yield Town(
            world=world,
            server=server,
            bot=bot,
            alice=alice,
            room=room,
            dm=dm,
            clock=clock,
            gate=gate,
            webex=webex,
            slept=slept,
        )


def with_file(folder: Path, size: int = 4) -> Content:
    """Return a content with a file that lies on the disk."""
    path = folder / "content"
    path.write_bytes(b"%PDF".ljust(size))
    file = StoredFile(path=path, name="plan.pdf", content_type="application/pdf", size=size)
    return Content(group_parts=("x",), direct_parts=("x",), form=Form.FILE, file=file)
