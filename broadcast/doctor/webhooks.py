"""The doctor on the webhooks: whether Webex tells this bot, and only this bot, what it needs to hear."""

from collections.abc import Iterator, Sequence
from sqlite3 import Error as StoreError

from broadcast.doctor.addresses import can_be_reached, is_loopback, shown
from broadcast.doctor.findings import Finding, fault, mind, ok, wrong
from broadcast.errors import BroadcastError, WebexError
from broadcast.model import Webhook
from broadcast.services import Services
from broadcast.settings import Settings
from broadcast.webhooks import Registration, is_needed, is_own, look_at, wanted_webhooks

OPEN_SETUP = "Open /webhook at the bot's public address once, or run: flask --app bot webhooks set URL"


def examine(bot: Services) -> Iterator[Finding]:
    """Yield what is wrong with the webhooks of the token, or that nothing is."""
    try:
        existing = bot.gateway.webhooks()
    except WebexError as error:
        yield wrong("webhooks", f"Webex does not list them: {fault(error)}.", "Try again in a few minutes.")
        return
    base = bot.settings.base_url
    expected = f"{base}/webhook" if base else _recalled(bot, "webhook_url")
    own = [one for one in existing if is_own(one, expected)]
    if own:
        yield from _own_webhooks(bot, own, expected)
    else:
        yield wrong("webhooks", "There are none, so the bot hears nothing.", OPEN_SETUP)
    others = sorted({shown(one.target_url) for one in existing if one not in own})
    if others:
        yield mind("webhooks", f"Another program uses this token, at {', '.join(others)}.", "Give each its own token.")


def _own_webhooks(bot: Services, own: Sequence[Webhook], expected: str) -> Iterator[Finding]:
    targets = sorted({one.target_url for one in own})
    target = expected if expected in targets else targets[0]
    registered = look_at(own, target, bot.settings.secret)
    found = [
        *_where(targets, expected, bot.settings),
        *_deaf(registered),
        *_signed_otherwise(own, target, bot.settings.secret),
    ]
    yield from found
    if not found:
        active = sum(one.status == "active" for one in registered)
        yield ok("webhooks", f"{active} are active, signed with the secret, and point to {shown(target)}.")


def _where(targets: Sequence[str], expected: str, settings: Settings) -> Iterator[Finding]:
    if len(targets) > 1:
        places = ", ".join(map(shown, targets))
        yield wrong("webhooks", f"They point to more than one address: {places}.", OPEN_SETUP)
    elif expected and expected not in targets:
        named_in = "BASE_URL" if settings.base_url else "the ledger"
        says = f"They point to {shown(targets[0])}, but {named_in} says {shown(expected)}."
        yield wrong("webhooks", says, OPEN_SETUP)
    for target in targets:
        if not can_be_reached(target, settings.api_base_url):
            yield wrong("webhooks", f"Webex cannot reach {shown(target)}.", OPEN_SETUP)
        elif target.startswith("http://") and not is_loopback(target):
            yield mind("webhooks", f"{shown(target)} is not encrypted.", "Serve the bot over https.")


def _deaf(registered: Sequence[Registration]) -> Iterator[Finding]:
    off = [_subject(one) for one in registered if one.status == "inactive"]
    if off:
        says = f"Webex has switched off {len(off)} of them, because the bot could not be reached: {', '.join(off)}."
        yield wrong("webhooks", says, f"See that it can be reached. {OPEN_SETUP}")
    missing = [one for one in registered if one.status == "missing"]
    if missing:
        says = f"There is none for {', '.join(map(_subject, missing))}."
        is_deaf = any(is_needed(one.webhook) for one in missing)
        yield (wrong if is_deaf else mind)("webhooks", says, OPEN_SETUP)


def _signed_otherwise(own: Sequence[Webhook], target: str, secret: str) -> Iterator[Finding]:
    # Webex need not show the secret; the name tells its fingerprint.
    right = {one.name for one in wanted_webhooks(target, secret)}
    count = sum(one.name not in right or one.secret not in (None, secret) for one in own)
    if count:
        says = f"{count} of them are signed with another secret, so their events are refused with 401."
        yield wrong("webhooks", says, OPEN_SETUP)


def _subject(one: Registration) -> str:
    return f"{one.webhook.resource} {one.webhook.event} {one.webhook.filter or ''}".rstrip()


def _recalled(bot: Services, key: str) -> str:
    try:
        return bot.ledger.recall(key) or ""
    except (BroadcastError, StoreError):
        return ""
