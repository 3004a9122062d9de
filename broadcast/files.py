"""The files of broadcasts on this machine's disk: fetched from Webex, and again where the disk has not got them.

A machine of the cloud forgets its disk from one call to the next. The sender's message is the broadcast's handle, so
Webex still has the file: no second place is needed to keep it in. Posts nothing.
"""

import shutil
import threading
from dataclasses import replace
from pathlib import Path
from secrets import token_hex

from broadcast.errors import FileRefused, NotSent, Refused, WebexError
from broadcast.model import Content, StoredFile
from broadcast.ports import Gateway
from broadcast.retry import is_permanent


def fetch(gateway: Gateway, url: str, folder: Path) -> tuple[StoredFile, bool]:
    """Fetch a file into a folder; say whether it is one that Webex cannot scan, which is taken all the same."""
    try:
        return gateway.fetch_file(url, folder), True
    except FileRefused as error:
        if error.code != "file_unscannable":
            raise
        return gateway.fetch_file(url, folder, allow_unscannable=True), False


class Files:
    """Sees to it that what goes out is on the disk. `folder` is where this machine keeps files. For many threads."""

    def __init__(self, gateway: Gateway, folder: Path) -> None:
        self._gateway = gateway
        self._folder = folder
        self._lock = threading.Lock()
        self._gone: dict[str, FileRefused] = {}

    def at_hand(self, content: Content) -> Content:
        """Return the content with its file on this disk; raise `FileRefused` where Webex has not got it any more.

        Any other failure is a `WebexError` that says that nothing was sent.
        """
        file = content.file
        if file is None or not file.url or _is_whole(file.path, file):
            return content
        place = self._folder / file.path.parent.name / file.path.name
        with self._lock:
            if file.url in self._gone:
                raise self._gone[file.url]
            if not _is_whole(place, file):
                self._fetch_again(file, place)
        return replace(content, file=replace(file, path=place))

    def _fetch_again(self, file: StoredFile, place: Path) -> None:
        # Beside its place first: whoever was stopped in the middle must not leave half a file there.
        aside = self._folder / f"{place.parent.name}-{token_hex(4)}"
        try:
            fetched, _ = fetch(self._gateway, file.url, aside)
            place.parent.mkdir(parents=True, exist_ok=True)
            fetched.path.replace(place)
        except FileRefused as error:
            self._gone[file.url] = error
            raise
        except WebexError as error:
            raise self._not_sent(file, error) from error
        finally:
            shutil.rmtree(aside, ignore_errors=True)

    def _not_sent(self, file: StoredFile, error: WebexError) -> Exception:
        if is_permanent(error):
            self._gone[file.url] = FileRefused("file_gone", name=file.name)
            return self._gone[file.url]
        if isinstance(error, Refused) and error.status < 500:
            return error
        return NotSent(f"the broadcast's file cannot be fetched: {error}", call="POST messages")


def _is_whole(path: Path, file: StoredFile) -> bool:
    return path.is_file() and path.stat().st_size == file.size
