"""The simulated Webex of the measurements, in a process of its own.

Prints one JSON line, then serves until killed; a number on standard input has the person send a file of so many MB.
"""

import argparse
import json
import os
import sys

from webexsim import Server, SimFile, World


def main() -> None:
    """Serve a world with so many spaces."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spaces", type=int, required=True)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before every answer")
    parser.add_argument("--rate", type=float, default=0.0, help="messages a second that are let through; 0: any number")
    parser.add_argument("--burst", type=float, default=0.0)
    options = parser.parse_args()
    world = World(seed=1)
    acme = world.org("Acme")
    bot = world.bot("Broadcast Bot", org=acme)
    alice = world.person("Alice Novak", "alice@acme.example", org=acme)
    room = world.direct(bot, alice)
    for number in range(options.spaces - 1):
        world.space(f"Space {number}", owner=acme, members=[bot])
    server = Server(world).start()
    server.latency = options.latency
    if options.rate:
        server.rate_limit(options.rate, options.burst, paths="/messages")
    facts = {"api": server.url, "page": server.page_url, "token": bot.token, "person": alice.id, "room": room.id}
    print(json.dumps(facts), flush=True)
    for line in sys.stdin:
        megabytes = int(line)
        file = SimFile("big.bin", os.urandom(megabytes << 20), "application/octet-stream")
        world.say(alice, room, "a file", files=[file])


if __name__ == "__main__":
    main()
