"""Webhook events: whether Webex sent the body, and what the bot uses of it. Pure: no clock, nothing is fetched.

What an event is about is only named here; who sent a message is read from Webex, never from the body.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from broadcast.errors import NotAnEvent
from broadcast.model import Event, SpaceKind

MAX_BODY = 1_048_576
"""The largest body that is read at all, in bytes."""

_MAX_DEPTH = 32
_MAX_HEADER = 1024
_ALGORITHM_BY_LENGTH = {40: "sha1", 64: "sha256", 128: "sha512"}
_SECRET_LABEL = b"webex-broadcast-bot webhook secret"
_HAPPENS_ONCE = {("messages", "created"), ("messages", "deleted"), ("attachmentActions", "created")}


def derive_secret(token: str) -> str:
    """Return the webhook secret for a token: 64 hex digits that do not give the token away."""
    return hmac.new(_bytes(token), _SECRET_LABEL, hashlib.sha256).hexdigest()


def verify(body: bytes, headers: Mapping[str, str], secret: str) -> bool:
    """Say whether the raw body was signed with the secret. Never raises; digests are compared in constant time.

    `X-Webex-Signature` ("SHA-256=<hex>, SHA-512=<hex>") counts where an entry of it can be read, and then all of those
    must be right; otherwise `X-Spark-Signature` (hex SHA-1; source: Webex developer guide "Webhooks") must be.
    """
    if not secret:
        return False
    modern, legacy = _header(headers, "x-webex-signature"), _header(headers, "x-spark-signature")
    signatures = list(_signatures(modern)) or [("sha1", digest) for _, digest in _signatures(legacy)]
    key = _bytes(secret)
    matches = [hmac.compare_digest(hmac.new(key, body, name).hexdigest(), digest) for name, digest in signatures]
    return bool(matches) and all(matches)


def parse(body: bytes, *, received_at: float) -> Event:
    """Return the event in a webhook body; NotAnEvent if there is none. `received_at` is a time of this bot's clock.

    Resources the bot knows nothing of are events too.
    """
    envelope = _load(body)
    resource, action = _text(envelope, "resource"), _text(envelope, "event")
    data = envelope.get("data")
    if not isinstance(data, dict):
        raise NotAnEvent("the event has no data")
    event_id = _text(data, "id")
    if not (resource and action and event_id):
        raise NotAnEvent("the event has no resource, no event or no data.id")
    is_room = resource == "rooms"
    return Event(
        key=_key(resource, action, data, received_at),
        resource=resource,
        action=action,
        id=event_id,
        space_id=_text(data, "roomId") or (event_id if is_room else ""),
        space_kind=_space_kind(_text(data, "roomType") or (_text(data, "type") if is_room else "")),
        person_id=_text(data, "personId"),
        actor_id=_text(envelope, "actorId"),
        # An edit was asked for when it was told: its message is from before.
        asked_at=received_at if action == "updated" else _asked_at(data.get("created"), received_at),
    )


def iso_time(text: str) -> float | None:
    """Return an ISO 8601 time as seconds since the epoch; None if it is none, or does not name its zone."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.timestamp() if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _bytes(secret: str) -> bytes:
    return secret.encode("utf-8", "surrogateescape")


def _header(headers: Mapping[str, str], wanted: str) -> str:
    return next((value for name, value in headers.items() if name.lower() == wanted), "")


def _signatures(header: str) -> Iterator[tuple[str, str]]:
    """Yield algorithm and digest of every entry of a signature header that can be read."""
    entries = header.split(",") if len(header) <= _MAX_HEADER else []
    for entry in entries:
        name, _, digest = entry.rpartition("=")
        digest = digest.strip().lower()
        named = re.sub("[-_]", "", name.strip().lower())
        algorithm = _ALGORITHM_BY_LENGTH.get(len(digest))
        if algorithm and named in ("", algorithm) and re.fullmatch("[0-9a-f]+", digest):
            yield algorithm, digest


def _load(body: bytes) -> dict[str, Any]:
    try:
        envelope = json.loads(body.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise NotAnEvent("the body is no JSON") from None
    if not isinstance(envelope, dict):
        raise NotAnEvent("the body is no JSON object")
    if not _is_shallow(envelope):
        raise NotAnEvent("the body is nested too deeply")
    try:
        _canonical(envelope)
    except UnicodeEncodeError:
        raise NotAnEvent("the body holds half a character") from None
    return envelope


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _is_shallow(value: object) -> bool:
    level = [value]
    for _ in range(_MAX_DEPTH):
        level = [child for item in level for child in _children(item)]
        if not level:
            return True
    return False


def _children(value: object) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    if value is not None and not isinstance(value, str):
        raise NotAnEvent(f"{name} is no text")
    return value or ""


def _space_kind(name: str) -> SpaceKind | None:
    return SpaceKind(name) if name in {kind.value for kind in SpaceKind} else None


def _asked_at(created: object, received_at: float) -> float:
    created_at = iso_time(created) if isinstance(created, str) else None
    return received_at if created_at is None else min(created_at, received_at)


def _key(resource: str, action: str, data: dict[str, Any], received_at: float) -> str:
    key = f"{resource}:{action}:{data['id']}"
    if (resource, action) in _HAPPENS_ONCE:
        return key
    # A membership has the same id when somebody leaves and returns.
    digest = hashlib.sha256(_canonical(data)).hexdigest()[:16]
    # A message can be edited more than once, and nobody knows whether the event tells one edit from the next: each is
    # taken for news, because looking at the message once more does no harm.
    is_edit = (resource, action) == ("messages", "updated")
    return f"{key}:{digest}:{received_at:.6f}" if is_edit else f"{key}:{digest}"


def _canonical(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
