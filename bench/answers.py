"""How long the bot takes to answer a webhook, measured from outside while it works."""

import hashlib
import hmac
import json
import threading
import time

import requests

from bench.parties import SECRET

EVERY_SECONDS = 0.02


class Prober:
    """Sends signed events, one every `EVERY_SECONDS`, from a thread, and keeps the answer times in seconds."""

    def __init__(self, url: str) -> None:
        self.times: list[float] = []
        self._url = f"{url}/webhook"
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Prober":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def share(self, part: float) -> float:
        """Return the time in milliseconds that this part of the answers stayed under, for example 0.99."""
        return sorted(self.times)[int(len(self.times) * part)] * 1000

    def _run(self) -> None:
        session = requests.Session()
        session.trust_env = False
        number = 0
        while not self._stop.wait(EVERY_SECONDS):
            number += 1
            body = json.dumps({"resource": "rooms", "event": "updated", "data": {"id": f"room-{number}"}}).encode()
            signature = hmac.new(SECRET.encode(), body, hashlib.sha1).hexdigest()
            started = time.perf_counter()
            answer = session.post(self._url, data=body, headers={"X-Spark-Signature": signature}, timeout=30)
            self.times.append(time.perf_counter() - started)
            answer.raise_for_status()
