"""The files of a message, for the page to show and to download. Read-only; asks for no token.

A file goes out as a download that no browser renders in the page's origin; pictures of a few safe types may be shown.
"""

from collections.abc import Mapping
from urllib.parse import parse_qsl, quote

from webexsim.front import Outgoing
from webexsim.model import Message
from webexsim.world import World

PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")


def answer(world: World, method: str, target: str) -> Outgoing | None:
    """Answer `GET /sim/file?message=ID&n=0`; None if the request is for anything else."""
    path, _, query = target.partition("?")
    if method != "GET" or path != "/sim/file":
        return None
    asked = dict(parse_qsl(query))
    message = next((it for it in world.messages() if it.id == asked.get("message")), None)
    return _file(message, asked) if message else _gone()


def _file(message: Message, asked: Mapping[str, str]) -> Outgoing:
    number = asked.get("n", "0")
    if not number.isdecimal() or int(number) >= len(message.files):
        return _gone()
    file = message.files[int(number)]
    kind = file.content_type if file.content_type in PICTURES else "application/octet-stream"
    headers = {
        "Content-Type": kind,
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name, safe='')}",
        "X-Content-Type-Options": "nosniff",
    }
    return Outgoing(headers=headers, content=file.blob)


def _gone() -> Outgoing:
    return Outgoing(status=404, headers={"Content-Type": "text/plain; charset=utf-8"}, content=b"No such message.")
