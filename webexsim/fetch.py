"""Fetches a file that a message names by URL, as Webex does at posting time – from this machine only.

Anything else, an error or a time-out is the API's 400 "Unable to retrieve content".
"""

import http.client
from urllib.parse import unquote, urlsplit

from webexsim import refusals
from webexsim.limits import FILE_BYTES
from webexsim.storage import SimFile

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_SECONDS = 5.0


def fetch(url: str) -> SimFile:
    """Return what is at `url`, named after the end of its path."""
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.hostname not in _LOOPBACK:
        raise refusals.content_unreachable()
    try:
        content, kind = _get(parts.hostname or "", parts.port or 80, parts.path or "/", parts.query)
    except (OSError, http.client.HTTPException):
        raise refusals.content_unreachable() from None
    return SimFile(unquote(parts.path.rsplit("/", 1)[-1]) or "file", content, kind)


def _get(host: str, port: int, path: str, query: str) -> tuple[bytes, str]:
    connection = http.client.HTTPConnection(host, port, timeout=_SECONDS)
    try:
        connection.request("GET", f"{path}?{query}" if query else path, headers={"Connection": "close"})
        response = connection.getresponse()
        content = response.read(FILE_BYTES + 1)
        if response.status != 200:
            raise refusals.content_unreachable()
        return content, response.headers.get_content_type()
    finally:
        connection.close()
