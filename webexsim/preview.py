"""What the page opens of one message: its card as JSON, its files as downloads. Read-only; asks for no token.

A file goes out as a download that no browser renders in the page's origin; pictures of a few safe types may be shown.
"""

import json
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote

from webexsim.front import Outgoing
from webexsim.model import Message
from webexsim.world import World

PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")


def answer(world: World, method: str, target: str) -> Outgoing | None:
    """Answer `GET /sim/card?message=ID` and `GET /sim/file?message=ID&n=0`; None if the request is for neither."""
    path, _, query = target.partition("?")
    if method != "GET" or path not in ("/sim/card", "/sim/file"):
        return None
    asked = dict(parse_qsl(query))
    message = next((it for it in world.messages() if it.id == asked.get("message")), None)
    if message is None:
        return _gone()
    return _card(message) if path == "/sim/card" else _file(message, asked)


def _card(message: Message) -> Outgoing:
    content = next((it.get("content") for it in message.attachments), None)
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    return Outgoing(headers=headers, content=json.dumps(content).encode())


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
