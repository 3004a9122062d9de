"""Makes and reads Webex-shaped ids from a seeded source. Keeps no table of what they stand for.

An id is base64 without padding of `ciscospark://<cluster>/<TYPE>/<uuid>` (Webex JS SDK, `uuid-utils.js`).
"""

import base64
import binascii
import random
import uuid

_ALWAYS_US = frozenset({"PEOPLE", "ORGANIZATION"})


def encode(plain: str) -> str:
    """Return `plain` as base64 without padding, as Webex writes its ids."""
    return base64.b64encode(plain.encode()).decode().rstrip("=")


def decode(webex_id: str) -> str:
    """Return the plain form of an id, "" where it is none (a raw UUID, say)."""
    try:
        plain = base64.b64decode(webex_id + "=" * (-len(webex_id) % 4), validate=True).decode()
    except (binascii.Error, ValueError):
        return ""
    return plain if plain.startswith("ciscospark://") else ""


def tail(webex_id: str) -> str:
    """Return what follows the type in an id: a UUID, or two with a colon for a membership."""
    return decode(webex_id).split("/", 4)[-1]


def bare(webex_id: str) -> str:
    """Return base64 of the bare UUID, the form in which webhook envelopes carry `orgId`."""
    return encode(tail(webex_id))


class Ids:
    """Hands out ids; the same seed gives the same ids in the same order."""

    def __init__(self, seed: int, cluster: str = "us") -> None:
        self._random = random.Random(seed)
        self._cluster = cluster

    def uuid(self) -> str:
        """Return a version-4 UUID."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def token(self) -> str:
        """Return an access token: 64 hex digits, good on this stand-in only."""
        return f"{self._random.getrandbits(256):064x}"

    def new(self, kind: str) -> str:
        """Return a new id of a kind, e.g. ROOM."""
        return self.make(kind, self.uuid())

    def make(self, kind: str, plain: str) -> str:
        """Return the id of a kind around a known UUID."""
        cluster = "us" if kind in _ALWAYS_US else self._cluster
        return encode(f"ciscospark://{cluster}/{kind}/{plain}")

    def membership(self, person_id: str, room_id: str) -> str:
        """Return a membership's id: the person's UUID, a colon, the room's."""
        return self.make("MEMBERSHIP", f"{tail(person_id)}:{tail(room_id)}")

    def content(self, message_id: str, index: int) -> str:
        """Return the id of a message's file, counted from 0."""
        return self.make("CONTENT", f"{tail(message_id)}/{index}")
