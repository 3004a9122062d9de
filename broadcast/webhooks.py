"""Setting up the webhooks: which the bot needs, what is right already, what must change. Serves no page.

Only the bot's own webhooks are touched: those it made (by name) and those that point to this very URL.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from ipaddress import ip_address
from urllib.parse import urlsplit

from broadcast.errors import ConfigError, Refused, SetupRefused
from broadcast.model import Webhook
from broadcast.ports import Gateway

NAME = "Broadcast bot"
DIRECT = "roomType=direct"
MENTIONED = "roomType=group&mentionedPeople=me"
WANTED = (
    # Two for messages: with the mention as a filter, a broadcast to N group spaces does not come back as N events.
    *((("messages", event, kind)) for event in ("created", "updated", "deleted") for kind in (DIRECT, MENTIONED)),
    *(("memberships", event, None) for event in ("created", "updated", "deleted")),
    ("rooms", "updated", None),
    ("rooms", "migrated", None),
    ("attachmentActions", "created", None),
)
NEEDED = ("messages", "created")


@dataclass(frozen=True, kw_only=True)
class Registration:
    """One webhook the bot wants and what became of it: "active", "inactive", "missing", "not offered" or a fault."""

    webhook: Webhook
    status: str
    fault: str = ""


def hosted_at(scheme: str, host: str, prefix: str) -> str:
    """Return the address of a request as seen from outside: https, unless the host is a loopback one.

    `prefix` is the path in front of the bot's own, such as a stage; raises ConfigError for a host that is none.
    """
    if not re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:\d+)?", host):
        raise ConfigError("The Host header is no host name.")
    return f"{scheme if _is_loopback(host) else 'https'}://{host}{prefix.rstrip('/')}"


def check_host(existing: Sequence[Webhook], target_url: str) -> None:
    """Raise `SetupRefused`, with the other host, unless the bot has no webhooks yet or they point to this host."""
    hosts = {urlsplit(webhook.target_url).netloc.lower() for webhook in existing}
    if hosts and urlsplit(target_url).netloc.lower() not in hosts:
        raise SetupRefused(", ".join(sorted(hosts)))


def set_up(gateway: Gateway, existing: Sequence[Webhook], target_url: str, secret: str) -> list[Registration]:
    """Make the webhooks what they should be and return them. What is right stays; new ones come before old ones go."""
    own = [webhook for webhook in existing if is_own(webhook, target_url)]
    done: list[Registration] = []
    used: set[str] = set()
    for wanted in wanted_webhooks(target_url, secret):
        found = next((one for one in own if _has_same_subject(one, wanted) and one.id not in used), None)
        done.append(_bring_about(gateway, found, wanted))
        if found:
            used.add(found.id)
    if not any(one.status == "failed" for one in done):
        for webhook in own:
            if webhook.id not in used:
                _delete(gateway, webhook)
    return done


def look_at(existing: Sequence[Webhook], target_url: str, secret: str) -> list[Registration]:
    """Return the webhooks the bot wants as they are, without changing anything."""
    return [_as_it_is(existing, wanted) for wanted in wanted_webhooks(target_url, secret)]


def work(registrations: Iterable[Registration]) -> bool:
    """Whether Webex tells the bot about messages."""
    return all(one.status == "active" for one in registrations if is_needed(one.webhook))


def wanted_webhooks(target_url: str, secret: str) -> Iterable[Webhook]:
    """Yield the webhooks the bot wants; their name tells the secret's fingerprint, since Webex need not show it."""
    mark = hashlib.sha256(secret.encode()).hexdigest()[:8]
    for resource, event, filter_ in WANTED:
        name = f"{NAME}: {resource} {event} ({mark})"
        yield Webhook(resource=resource, event=event, filter=filter_, target_url=target_url, name=name, secret=secret)


def is_own(webhook: Webhook, target_url: str) -> bool:
    """Whether the bot may touch a webhook."""
    return webhook.name.startswith(NAME) or webhook.target_url == target_url


def is_needed(webhook: Webhook) -> bool:
    """Whether the bot is deaf without it."""
    return (webhook.resource, webhook.event) == NEEDED


def _is_loopback(host: str) -> bool:
    name = urlsplit(f"//{host}").hostname or ""
    with suppress(ValueError):
        return ip_address(name).is_loopback
    return name == "localhost" or name.endswith(".localhost")


def _bring_about(gateway: Gateway, found: Webhook | None, wanted: Webhook) -> Registration:
    try:
        if found is None:
            gateway.create_webhook(wanted)
        elif not _is_right(found, wanted):
            gateway.update_webhook(replace(wanted, id=found.id))
    except Refused as error:
        if error.status == 404 and found:
            return _bring_about(gateway, None, wanted)
        if error.status == 400 and not is_needed(wanted):
            return Registration(webhook=wanted, status="not offered", fault=error.fault)
        return Registration(webhook=wanted, status="failed", fault=error.fault)
    return Registration(webhook=wanted, status="active")


def _as_it_is(existing: Sequence[Webhook], wanted: Webhook) -> Registration:
    found = next((one for one in existing if _has_same_subject(one, wanted) and _has_same_place(one, wanted)), None)
    return Registration(webhook=wanted, status=found.status if found else "missing")


def _is_right(found: Webhook, wanted: Webhook) -> bool:
    has_secret = found.secret in (None, wanted.secret)
    return _has_same_place(found, wanted) and found.name == wanted.name and found.status == "active" and has_secret


def _has_same_place(found: Webhook, wanted: Webhook) -> bool:
    return found.target_url == wanted.target_url


def _has_same_subject(found: Webhook, wanted: Webhook) -> bool:
    is_same_event = (found.resource, found.event) == (wanted.resource, wanted.event)
    return is_same_event and _parts(found.filter) == _parts(wanted.filter)


def _parts(filter_: str | None) -> frozenset[str]:
    # Webex may show the bot's id where "me" was asked for; nobody else can be meant.
    parts = (re.sub(r"^mentionedPeople=.*", "mentionedPeople=me", part) for part in (filter_ or "").split("&"))
    return frozenset(part for part in parts if part)


def _delete(gateway: Gateway, webhook: Webhook) -> None:
    try:
        gateway.delete_webhook(webhook.id)
    except Refused as error:
        if error.status != 404:
            raise
