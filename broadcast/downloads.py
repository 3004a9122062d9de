"""Fetching a file of a message: what it is called, how large it may be, what the malware scan says of it.

Facts: Webex guide "Message Attachments" (423 while a file is scanned, 410 infected, 428 not scannable, repeated with
allow=unscannable at the user's risk; 100 MB at most). Decides nothing about the message.
"""

import re
from email.message import Message as Headers
from pathlib import Path
from urllib.parse import unquote, urlsplit

import requests

from broadcast.errors import Elsewhere, FileRefused, NoAnswer, Refused
from broadcast.model import StoredFile
from broadcast.transport import origin

LARGEST = 100 * 1024 * 1024
CHUNK = 256 * 1024
LONGEST_NAME = 200
FORMER_API_HOSTS = ("api.ciscospark.com", "webexapis.com")
"""The JavaScript SDK still writes addresses of the former host; they name the same contents."""

REFUSALS = {404: "file_gone", 410: "file_infected", 428: "file_unscannable", 413: "file_too_large"}


def content_address(url: str, base_url: str) -> str:
    """Return the address to fetch a file from: a content of the Webex API; `FileRefused` for any other place."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise FileRefused("file_elsewhere") from None
    if origin(url) == origin(base_url) and re.search(r"/contents/[^/]+$", parts.path):
        return url
    match = re.fullmatch(r"/v1/(contents/[^/]+)", parts.path)
    if match and parts.scheme == "https" and parts.hostname in FORMER_API_HOSTS:
        return base_url.rstrip("/") + "/" + match[1]
    raise FileRefused("file_elsewhere")


def download(session: requests.Session, url: str, folder: Path, *, allow_unscannable: bool) -> StoredFile:
    """Fetch a file into `folder`, in pieces; raise `FileRefused` where it cannot be had, a `WebexError` otherwise."""
    call = "GET contents"
    parameters = {"allow": "unscannable"} if allow_unscannable else {}
    try:
        with session.get(url, params=parameters, stream=True, allow_redirects=False) as response:
            if response.is_redirect:
                raise FileRefused("file_elsewhere")
            name = file_name(response.headers.get("Content-Disposition", ""))
            if int(response.headers.get("Content-Length") or 0) > LARGEST:
                raise FileRefused("file_too_large", name=name)
            size = _save(response, folder / "content", name)
            kind = response.headers.get("Content-Type", "").strip() or "application/octet-stream"
    except Elsewhere as error:
        raise FileRefused("file_elsewhere") from error
    except Refused as error:
        if error.status in REFUSALS:
            raise FileRefused(REFUSALS[error.status]) from error
        raise
    except (requests.RequestException, ValueError) as error:
        raise NoAnswer(f"{type(error).__name__}: {error}"[:300], call=call) from error
    return StoredFile(path=folder / "content", name=name, content_type=kind, size=size, url=url)


def _save(response: requests.Response, path: Path, name: str) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    size = 0
    with path.open("wb") as file:
        for chunk in response.iter_content(CHUNK):
            size += len(chunk)
            if size > LARGEST:
                raise FileRefused("file_too_large", name=name)
            file.write(chunk)
    if size == 0:
        raise FileRefused("file_empty", name=name)
    return size


def file_name(disposition: str) -> str:
    """Return the file name in a Content-Disposition header, "file" where there is none.

    Takes the plain form, RFC 5987's `filename*=`, and UTF-8 sent as it is; leaves no folder and no control character.
    """
    headers = Headers()
    headers["Content-Disposition"] = re.sub(r"[\r\n\0]", " ", _as_utf8(disposition)) or "attachment"
    try:
        name = _extended(headers["Content-Disposition"]) or headers.get_filename() or ""
    except (ValueError, LookupError, TypeError):
        name = ""
    name = re.sub(r"[\x00-\x1f\x7f]", "", re.split(r"[/\\]", name)[-1]).strip()
    return _shortened(name) if name not in ("", ".", "..") else "file"


def _as_utf8(text: str) -> str:
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def _extended(disposition: str) -> str | None:
    match = re.search(r"filename\*\s*=\s*\"?([\w-]+)'[^']*'([^;\"\s]+)", disposition, re.IGNORECASE)
    return unquote(match[2], encoding=match[1], errors="replace") if match else None


def _shortened(name: str) -> str:
    stem, dot, ending = name.rpartition(".")
    if len(name) <= LONGEST_NAME or len(ending) > 20:
        return name[:LONGEST_NAME]
    return stem[: LONGEST_NAME - len(ending) - 1] + dot + ending
