"""What the malware scanner says about a file: still scanning, infected, unscannable, clean. Scans nothing itself.

Statuses from the Webex guide on malware scanning (423 with Retry-After, 410, 428 and `?allow=unscannable`).
"""

import threading
from dataclasses import dataclass
from typing import Literal

from webexsim import refusals
from webexsim.storage import SimFile

Outcome = Literal["scanning", "infected", "unscannable", "clean"]


@dataclass(slots=True)
class _Scan:
    outcome: Outcome
    retry_after: int
    times: int


class Scans:
    """Outcomes set beforehand, by content: the same bytes have the same outcome wherever they are posted."""

    def __init__(self) -> None:
        self._scans: dict[str, _Scan] = {}
        self._lock = threading.Lock()

    def set(self, file: SimFile, outcome: Outcome, *, retry_after: int = 1, times: int = 3) -> None:
        """Have downloads of a file answered so; "scanning" turns into clean after `times` answers."""
        self._scans[file.blob.sha256] = _Scan(outcome, retry_after, times)

    def check(self, file: SimFile, *, allow_unscannable: bool) -> None:
        """Raise 423, 410 or 428, or let the download through."""
        scan = self._scans.get(file.blob.sha256)
        if scan is None:
            return
        if scan.outcome == "infected":
            raise refusals.infected()
        if scan.outcome == "unscannable" and not allow_unscannable:
            raise refusals.unscannable()
        if scan.outcome == "scanning" and self._still(scan):
            raise refusals.scanning(scan.retry_after)

    def _still(self, scan: _Scan) -> bool:
        with self._lock:
            scan.times -= 1
            return scan.times >= 0

    def clear(self) -> None:
        """Forget every outcome: all files are clean."""
        self._scans.clear()
