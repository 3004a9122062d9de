"""Two plain ways to broadcast with webexteamssdk: one after another, and ten threads with a look at every space.

Run as a process of its own, so that its memory can be measured. Prints one JSON line.
"""

import argparse
import json
import resource
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from webexteamssdk import ApiError, WebexTeamsAPI

THREADS = 10


def main() -> None:
    """Send one message to every space, or to the first `--sample` of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("way", choices=("sequential", "pool"))
    parser.add_argument("--api", required=True)
    parser.add_argument("--token", required=True)
    parser.add_argument("--sample", type=int, default=0)
    options = parser.parse_args()
    api = WebexTeamsAPI(access_token=options.token, base_url=options.api)
    started = time.perf_counter()
    rooms = [membership.roomId for membership in api.memberships.list(max=1000)]
    rooms = rooms[: options.sample] if options.sample else rooms
    sent = _sequential(api, rooms) if options.way == "sequential" else _pool(api, rooms)
    seconds = time.perf_counter() - started
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "sent": sent, "memory_mb": memory}))


def _sequential(api: WebexTeamsAPI, rooms: list[str]) -> int:
    return sum(_send(api, room) for room in rooms)


def _pool(api: WebexTeamsAPI, rooms: list[str]) -> int:
    with ThreadPoolExecutor(THREADS) as pool:
        return sum(pool.map(lambda room: _look_and_send(api, room), rooms))


def _look_and_send(api: WebexTeamsAPI, room: str) -> int:
    return _send(api, room) if api.rooms.get(room).ownerId else 0


def _send(api: WebexTeamsAPI, room: str) -> int:
    try:
        api.messages.create(roomId=room, markdown="Message from Alice Novak:\n\nhello")
    except ApiError as error:
        print(error, file=sys.stderr)
        return 0
    return 1


if __name__ == "__main__":
    main()
