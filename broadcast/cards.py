"""Adaptive Cards in JSON files: recognise one, and wrap it for posting.

No I/O. Whether Webex will accept a card is not judged here: only Webex knows.
"""

import json
from typing import Any, NoReturn

MAX_CARD_BYTES = 1_048_576
"""The largest file that is looked into, in bytes. The bot's own bound: Webex documents none for cards."""

_CONTENT_TYPE = "application/vnd.microsoft.card.adaptive"
_MAX_DEPTH = 100  # a real card has a dozen levels; this keeps every later JSON writer clear of its recursion limit


def looks_like_json(content_type: str, name: str) -> bool:
    """Say whether a file should be tried as a card: by its media type (parameters ignored) or its name."""
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type == "application/json" or name.strip().lower().endswith(".json")


def find_card(data: bytes) -> dict[str, Any] | None:
    """Return the card in a JSON file, or None where there is none that could be posted.

    Taken are a bare card, an attachment (`contentType` and `content`) and a message with `attachments` as the Webex
    Card Designer exports it; of several cards the first. Never raises.
    """
    if len(data) > MAX_CARD_BYTES:
        return None
    card = _card_in(_parsed(data))
    return card if card is not None and not _too_deep(card) else None


def attachment(card: dict[str, Any]) -> str:
    """Return the JSON text of the attachment to post: compact, and ASCII, so that no lone surrogate trips a writer."""
    return json.dumps({"contentType": _CONTENT_TYPE, "content": card}, separators=(",", ":"), allow_nan=False)


def _parsed(data: bytes) -> object:
    """Return the value of a JSON file in UTF-8, -16 or -32, with or without a BOM; None where it is no JSON."""
    try:
        return json.loads(data, parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError):
        return None


def _refuse(constant: str) -> NoReturn:
    """Refuse NaN and the infinities: Python reads them, JSON does not know them."""
    raise ValueError(constant)


def _finite(digits: str) -> float:
    """Read a number, and refuse one like 1e999 that would be written as Infinity."""
    number = float(digits)
    return number if abs(number) != float("inf") else _refuse(digits)


def _card_in(value: object) -> dict[str, Any] | None:
    if not isinstance(value, dict):
        return None
    if value.get("type") == "AdaptiveCard":
        return value
    attachments = value.get("attachments")
    candidates = attachments if isinstance(attachments, list) else [value]
    return next((card for card in map(_content, candidates) if card is not None), None)


def _content(value: object) -> dict[str, Any] | None:
    """Return the card of an attachment."""
    if not isinstance(value, dict) or value.get("contentType") != _CONTENT_TYPE:
        return None
    content = value.get("content")
    return content if isinstance(content, dict) and content.get("type") == "AdaptiveCard" else None


def _too_deep(value: object) -> bool:
    level = [value]
    for _ in range(_MAX_DEPTH):
        level = [child for parent in level for child in _children(parent)]
        if not level:
            return False
    return True


def _children(value: object) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
