"""Webhooks: who has subscribed to what, whom an event concerns, when a subscription is switched off. Sends nothing.

Rules from the Webex guide on webhooks and the API reference, POST and PUT /webhooks.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl, urlsplit

from webexsim import refusals
from webexsim.model import Event, Ground, Person, Webhook

FAILURES = 100
WINDOW = 300.0  # seconds
_EVENTS = {
    "messages": {"created", "updated", "deleted", "all"},
    "memberships": {"created", "updated", "deleted", "all"},
    "rooms": {"created", "updated", "migrated", "all"},
    "attachmentActions": {"created", "all"},
    "all": {"created", "updated", "deleted", "all"},
}
_FILTERS = {
    "messages": {"roomId", "roomType", "personId", "personEmail", "mentionedPeople", "hasFiles", "hasAttachments"},
    "memberships": {"roomId", "personId", "personEmail", "isModerator"},
    "rooms": {"type", "isLocked"},
    "attachmentActions": {"messageId", "personId", "roomId"},
    "all": set[str](),
}
_FIREHOSE_RESOURCES = frozenset({"memberships", "messages", "rooms"})
_FIREHOSE_EVENTS = frozenset({"created", "updated", "deleted"})
_EXACT = frozenset({"roomId", "personId", "mentionedPeople", "messageId"})

Sink = Callable[[Webhook, Event], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What somebody asks to be told of, before any rule was asked."""

    name: str
    target_url: str
    resource: str
    event: str
    filter: str = ""
    secret: str = ""
    owned_by: str = ""


@dataclass(slots=True)
class _Record:
    webhook: Webhook
    filters: tuple[tuple[str, str], ...]
    failures: deque[float] = field(default_factory=deque)
    disabled_at: float | None = None


class Subscriptions:
    """All webhooks of a world. Every method is safe to call from any thread."""

    def __init__(self, ground: Ground, *, tells_edits: bool, refuse_updated: bool) -> None:
        self._ground = ground
        self._records: dict[str, _Record] = {}
        self._by_kind: dict[tuple[str, str], dict[str, _Record]] = {}
        self._sinks: list[Sink] = []
        self.tells_edits = tells_edits
        self.refuse_updated = refuse_updated

    def listen(self, sink: Sink) -> None:
        """Have every (webhook, event) that is due handed to `sink`, under the world's lock: it must be quick."""
        self._sinks.append(sink)

    def deafen(self, sink: Sink) -> None:
        """Stop handing things to `sink`."""
        self._sinks.remove(sink)

    def create(self, owner: Person, wish: Wish) -> Webhook:
        """Subscribe. Raise 400 or 403 for what cannot be."""
        self._check(wish)
        webhook = Webhook(
            id=self._ground.ids.new("WEBHOOK"),
            owner=owner,
            name=wish.name,
            target_url=wish.target_url,
            resource=wish.resource,
            event=wish.event,
            filter=wish.filter,
            secret=wish.secret,
            status="active",
            created=self._ground.clock(),
        )
        with self._ground.lock:
            record = _Record(webhook, _parsed(wish.filter))
            self._records[webhook.id] = record
            self._by_kind.setdefault((wish.resource, wish.event), {})[webhook.id] = record
        return webhook

    def _check(self, wish: Wish) -> None:
        if wish.owned_by == "org":
            raise refusals.org_webhook()
        _check_url(wish.target_url)
        if wish.event not in _EVENTS.get(wish.resource, set()):
            raise refusals.bad_webhook(f"no event '{wish.event}' for resource '{wish.resource}'")
        if self.refuse_updated and (wish.resource, wish.event) == ("messages", "updated"):
            raise refusals.bad_webhook("no event 'updated' for resource 'messages'")
        unknown = {key for key, _ in _parsed(wish.filter)} - _FILTERS[wish.resource]
        if unknown:
            raise refusals.bad_webhook(f"no filter '{min(unknown)}' for resource '{wish.resource}'")

    def of(self, owner: Person) -> list[Webhook]:
        """Return somebody's webhooks, sorted by id."""
        with self._ground.lock:
            mine = [record.webhook for record in self._records.values() if record.webhook.owner.id == owner.id]
        return sorted(mine, key=lambda webhook: webhook.id)

    def get(self, owner: Person, webhook_id: str) -> Webhook:
        """Return one of somebody's webhooks, or raise 404."""
        return self._record(owner, webhook_id).webhook

    def _record(self, owner: Person, webhook_id: str) -> _Record:
        record = self._records.get(webhook_id)
        if record is None or record.webhook.owner.id != owner.id:
            raise refusals.no_webhook()
        return record

    def update(
        self, owner: Person, webhook_id: str, *, name: str, target_url: str, secret: str | None, status: str | None
    ) -> Webhook:
        """Change what may be changed; status "active" switches a disabled webhook on again."""
        _check_url(target_url)
        if status not in (None, "active"):
            raise refusals.cannot_deactivate()
        with self._ground.lock:
            record = self._record(owner, webhook_id)
            old = record.webhook
            record.webhook = replace(
                old,
                name=name,
                target_url=target_url,
                secret=old.secret if secret is None else secret,
                status="active" if status else old.status,
            )
            record.failures.clear()
            return record.webhook

    def delete(self, owner: Person, webhook_id: str) -> None:
        """Unsubscribe, or raise 404."""
        with self._ground.lock:
            webhook = self._record(owner, webhook_id).webhook
            del self._records[webhook_id]
            del self._by_kind[webhook.resource, webhook.event][webhook_id]

    def tell(self, event: Event) -> None:
        """Hand an event to the sinks, once for each active webhook that wants it and whose owner may know."""
        if not self.tells_edits and (event.resource, event.event) == ("messages", "updated"):
            return
        for record in self._candidates(event):
            webhook = record.webhook
            if webhook.status == "active" and _wanted(event, record) and event.visible(webhook.owner):
                for sink in self._sinks:
                    sink(webhook, event)

    def _candidates(self, event: Event) -> list[_Record]:
        kinds = [(event.resource, event.event), (event.resource, "all")]
        if event.resource in _FIREHOSE_RESOURCES and event.event in _FIREHOSE_EVENTS:
            kinds += [("all", event.event), ("all", "all")]
        return [record for kind in kinds for record in self._by_kind.get(kind, {}).values()]

    def report(self, webhook_id: str, delivered: bool) -> None:
        """Take note of how a delivery went; 100 failures within five minutes switch the webhook off."""
        with self._ground.lock:
            record = self._records.get(webhook_id)
            if delivered or record is None or record.webhook.status == "inactive":
                return
            now = self._ground.clock()
            record.failures.append(now)
            while record.failures[0] < now - WINDOW:
                record.failures.popleft()
            if len(record.failures) >= self._allowed(record, now):
                record.webhook = replace(record.webhook, status="inactive")
                record.disabled_at = now

    def _allowed(self, record: _Record, now: float) -> int:
        recently = record.disabled_at is not None and now - record.disabled_at <= WINDOW
        return 1 if recently else FAILURES


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise refusals.bad_webhook("targetUrl is not an http(s) URL")


def _parsed(text: str) -> tuple[tuple[str, str], ...]:
    pairs = parse_qsl(text, keep_blank_values=True)
    return tuple((key, value if key in _EXACT else value.lower()) for key, value in pairs)


def _wanted(event: Event, record: _Record) -> bool:
    return all(_holds(event.facts.get(key), value, record.webhook.owner) for key, value in record.filters)


def _holds(fact: str | frozenset[str] | None, value: str, owner: Person) -> bool:
    asked = owner.id if value == "me" else value
    return asked in fact if isinstance(fact, frozenset) else asked == fact
