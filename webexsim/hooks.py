"""Delivers events to webhooks' targets: signed, at once, by a small pool of threads. Decides nothing about who is told.

Webex documents neither retries nor order: there are no retries here, and deliveries may overtake each other.
"""

import hashlib
import hmac
import http.client
import json
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from webexsim import wire
from webexsim.model import Event, Webhook
from webexsim.world import World

_OK = range(200, 300)


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """What was sent where, and what came back: a status, None where no answer came; `seconds` is how long it took."""

    webhook_id: str
    url: str
    body: bytes
    headers: Mapping[str, str]
    status: int | None = None
    seconds: float = 0.0


class Hooks:
    """The senders of one server. `base` gives the API's root, for the URLs of files in an event.

    Settings: `modern` adds `X-Webex-Signature`; `duplicate` sends each event that many times more; `delay` waits so
    many seconds before each delivery; `timeout` is how long a target may take.
    """

    def __init__(self, world: World, base: Callable[[], str], *, seed: int = 1, workers: int = 4) -> None:
        self._world = world
        self._base = base
        self._workers = workers
        self._random = random.Random(seed)
        self._order: random.Random | None = None
        self._changed = threading.Condition()
        self._waiting: list[Delivery] = []
        self._in_flight = 0
        self._held = False
        self._running = False
        self._drop = 0.0
        self._halt = threading.Event()
        self.deliveries: list[Delivery] = []
        self.modern = False
        self.duplicate = 0
        self.delay = 0.0
        self.timeout = 10.0

    def start(self) -> None:
        """Begin to send what happens in the world from now on."""
        self._running = True
        self._halt.clear()
        self._world.webhooks.listen(self.accept)
        for number in range(self._workers):
            threading.Thread(target=self._work, name=f"webexsim-hook-{number}", daemon=True).start()

    def stop(self) -> None:
        """Send nothing more; what waits is forgotten."""
        self._world.webhooks.deafen(self.accept)
        self._halt.set()
        with self._changed:
            self._running = False
            self._waiting.clear()
            self._changed.notify_all()

    def shuffle(self, seed: int | None) -> None:
        """Take what waits in random order from now on; None goes back to first come, first served."""
        with self._changed:
            self._order = None if seed is None else random.Random(seed)

    def drop(self, probability: float) -> None:
        """Lose each event with this probability."""
        self._drop = probability

    def hold(self) -> None:
        """Let events pile up until `release`."""
        with self._changed:
            self._held = True

    def release(self) -> None:
        """Send what has piled up."""
        with self._changed:
            self._held = False
            self._changed.notify_all()

    def replay(self, delivery: Delivery) -> None:
        """Send the very same bytes again."""
        self._enqueue(delivery)

    def wait_idle(self, timeout: float = 30.0) -> bool:
        """Return True when nothing waits or is under way; raise TimeoutError after `timeout` seconds."""
        with self._changed:
            if not self._changed.wait_for(lambda: not self._waiting and not self._in_flight, timeout):
                raise TimeoutError(f"{len(self._waiting)} deliveries wait, {self._in_flight} are under way")
        return True

    def accept(self, webhook: Webhook, event: Event) -> None:
        """Take an event for a webhook; returns at once."""
        if self._drop and self._random.random() < self._drop:
            return
        body = json.dumps(wire.envelope(webhook, event, self._base())).encode()
        headers = {"Content-Type": "application/json; charset=UTF-8"} | self._signatures(webhook.secret, body)
        for _ in range(1 + self.duplicate):
            self._enqueue(Delivery(webhook_id=webhook.id, url=webhook.target_url, body=body, headers=headers))

    def _signatures(self, secret: str, body: bytes) -> dict[str, str]:
        if not secret:
            return {}
        key = secret.encode()
        sha1, sha256, sha512 = (
            hmac.new(key, body, kind).hexdigest() for kind in (hashlib.sha1, hashlib.sha256, hashlib.sha512)
        )
        modern = {"X-Webex-Signature": f"SHA-256={sha256}, SHA-512={sha512}"} if self.modern else {}
        return {"X-Spark-Signature": sha1} | modern

    def _enqueue(self, delivery: Delivery) -> None:
        with self._changed:
            if self._running:
                self._waiting.append(delivery)
                self._changed.notify()

    def _work(self) -> None:
        while (delivery := self._next()) is not None:
            done = self._send(delivery)
            self._world.webhooks.report(done.webhook_id, done.status in _OK)
            with self._changed:
                self.deliveries.append(done)
                self._in_flight -= 1
                self._changed.notify_all()

    def _next(self) -> Delivery | None:
        with self._changed:
            self._changed.wait_for(lambda: not self._running or (self._waiting and not self._held))
            if not self._running:
                return None
            self._in_flight += 1
            return self._waiting.pop(self._order.randrange(len(self._waiting)) if self._order else 0)

    def _send(self, delivery: Delivery) -> Delivery:
        if self.delay:
            self._halt.wait(self.delay)
        started = time.monotonic()
        status = _post(delivery, self.timeout)
        return Delivery(
            webhook_id=delivery.webhook_id,
            url=delivery.url,
            body=delivery.body,
            headers=delivery.headers,
            status=status,
            seconds=time.monotonic() - started,
        )


def _post(delivery: Delivery, timeout: float) -> int | None:
    parts = urlsplit(delivery.url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=timeout)
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, body=delivery.body, headers={**delivery.headers, "Connection": "close"})
        response = connection.getresponse()
        response.read()
        return response.status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
