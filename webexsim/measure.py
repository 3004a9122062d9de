"""How many messages a second the stand-in takes: real HTTP, several keep-alive connections from another process.

Only the machine's loopback is used. The figure is for this machine and for short JSON messages.
"""

import http.client
import json
import multiprocessing
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

from webexsim.server import Server
from webexsim.world import World


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """What was seen: messages accepted, in how many seconds, over how many connections, into how many spaces."""

    messages: int
    seconds: float
    connections: int
    spaces: int

    @property
    def per_second(self) -> float:
        """Messages a second."""
        return self.messages / self.seconds

    def __str__(self) -> str:
        return (
            f"{self.per_second:.0f} messages a second: {self.messages} POST /messages in {self.seconds:.1f} s "
            f"over {self.connections} keep-alive connections, {self.spaces} spaces"
        )


def measure(*, seconds: float = 3.0, connections: int = 16, spaces: int = 1000) -> Figure:
    """Post for so many seconds to a world of its own, from another process, and count what was accepted."""
    world = World()
    org = world.org("Acme")
    bot = world.bot("Broadcast Bot", org)
    rooms = [world.space(f"Space {number}", org, [bot]).id for number in range(spaces)]
    own_process = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
    with Server(world) as server, own_process as pool:
        took = pool.submit(drive, server.url, bot.token, rooms, connections, seconds).result()
    return Figure(messages=len(world.messages()), seconds=took, connections=connections, spaces=spaces)


def drive(url: str, token: str, rooms: Sequence[str], connections: int, seconds: float) -> float:
    """Post without pause until the time is up; return how long it took in seconds."""
    began = time.monotonic()
    with ThreadPoolExecutor(connections) as pool:
        lanes = [
            pool.submit(_lane, url, token, rooms[number::connections], began + seconds) for number in range(connections)
        ]
        for lane in lanes:
            lane.result()
    return time.monotonic() - began


def _lane(url: str, token: str, rooms: Sequence[str], until: float) -> None:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    number = 0
    while time.monotonic() < until:
        body = json.dumps({"roomId": rooms[number % len(rooms)], "markdown": f"**Message** {number}"})
        connection.request("POST", f"{parts.path}messages", body=body, headers=headers)
        response = connection.getresponse()
        response.read()
        if response.status != 200:
            raise RuntimeError(f"POST /messages answered {response.status}")
        number += 1
    connection.close()
