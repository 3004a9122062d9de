"""The HTTP under the SDK: one host only, knows how far a request got, turns every failure into one of our errors.

webexteamssdk shows failures of requests, urllib3 and json as they come, and reads only whole seconds from Retry-After;
here they are told apart by what they mean for the message: not sent, refused, or no answer. Sends nothing by itself.
"""

import re
import threading
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from broadcast.errors import Elsewhere, NoAnswer, NotSent, Refused
from broadcast.escapes import without_halves
from broadcast.hurry import is_hurried

CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 30.0
HURRIED_SECONDS = 8.0
"""How long a page waits for each request: with a few of them it is still there before API Gateway's 29 seconds."""

UPLOAD_ANSWER_SECONDS = 300.0
LONGEST_FAULT = 300

_progress = threading.local()


class _Connection(HTTPConnection):
    """Notes when a request has been written as a whole: before that, Webex cannot have carried it out."""

    def request(self, *args: Any, **kwargs: Any) -> None:
        _progress.last_look()
        super().request(*args, **kwargs)
        _progress.is_written = True


class _SecureConnection(HTTPSConnection):
    """The same over TLS."""

    def request(self, *args: Any, **kwargs: Any) -> None:
        _progress.last_look()
        super().request(*args, **kwargs)
        _progress.is_written = True


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class OneHostAdapter(HTTPAdapter):
    """Carries requests to one origin and to no other, so that the token goes nowhere else; base_url ends with a slash.

    `size` is in connections. `may_repeat` looks at the answer to a GET, and at how often it was repeated before; it may
    wait before it says yes. Below the SDK this does not disturb the pages of a list.
    """

    def __init__(self, base_url: str, size: int, may_repeat: Callable[[requests.Response, int], bool]) -> None:
        super().__init__(pool_connections=1, pool_maxsize=size)
        self._base_url = base_url
        self._origin = origin(base_url)
        self._may_repeat = may_repeat
        self._bound = threading.local()
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}

    def bind(self, look: Callable[[], None]) -> None:
        """Call `look` right before this thread writes, changes or deletes a message; it may raise a `WebexError`."""
        self._bound.look = look

    def look(self) -> None:
        """Look once more whether this thread may write."""
        getattr(self._bound, "look", _look_at_nothing)()

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Send a request, with our time-outs."""
        is_message = writes_message(request.method or "", urlsplit(request.url or "").path)
        _progress.is_written = False
        _progress.last_look = self.look if is_message else _look_at_nothing
        call = f"{request.method} {urlsplit(request.url or '').path}"
        if origin(request.url or "") != self._origin and not self._is_brought_home(request):
            raise Elsewhere("the address lies outside the Webex API and must not see the token", call=call)
        kwargs["timeout"] = _time_outs(request)
        repeated = 0
        try:
            response = super().send(request, *args, **kwargs)
            while request.method == "GET" and not is_hurried() and self._may_repeat(response, repeated):
                response.close()
                repeated += 1
                response = super().send(request, *args, **kwargs)
        except requests.RequestException as error:
            raise failure(error, call, is_written=_progress.is_written) from error
        return response

    def _is_brought_home(self, request: requests.PreparedRequest) -> bool:
        """Point the next page of a list that goes by another name of the API host to the one we know."""
        prefix = urlsplit(self._base_url).path
        is_page = request.method == "GET" and "Authorization" in request.headers
        if not is_page or not request.path_url.startswith(prefix):
            return False
        request.url = self._base_url + request.path_url.removeprefix(prefix)
        return True


def writes_message(method: str, path: str) -> bool:
    """Whether a request posts, edits or deletes a message."""
    return method in ("POST", "PUT", "DELETE") and re.search(r"/messages(/[^/]*)?$", path) is not None


def _time_outs(request: requests.PreparedRequest) -> tuple[float, float]:
    """Return the seconds until a connection, and until an answer, is given up."""
    if is_hurried():
        return (HURRIED_SECONDS, HURRIED_SECONDS)
    is_upload = "multipart" in str(request.headers.get("Content-type", ""))
    return (CONNECT_SECONDS, UPLOAD_ANSWER_SECONDS if is_upload else ANSWER_SECONDS)


def _look_at_nothing() -> None:
    """Have no objection to a request."""


def failure(error: Exception, call: str, *, is_written: bool) -> NotSent | NoAnswer:
    """Return what a broken request means: nothing happened, or nobody knows."""
    fault = f"{type(error).__name__}: {error}"[:LONGEST_FAULT]
    return NoAnswer(fault, call=call) if is_written else NotSent(fault, call=call)


def harden(
    session: requests.Session,
    base_url: str,
    size: int,
    may_repeat: Callable[[requests.Response, int], bool] = lambda _response, _repeated: False,
) -> OneHostAdapter:
    """Bind a session to one origin, keep a .netrc file from replacing the token, and return what carries requests.

    Proxy and CA settings of the environment are taken over once, instead of being looked up for every request.
    """
    settings = session.merge_environment_settings(base_url, {}, None, None, None)
    session.proxies = settings["proxies"]
    session.verify = settings["verify"]
    session.trust_env = False
    adapter = OneHostAdapter(base_url, size, may_repeat)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return adapter


def origin(url: str) -> tuple[str, str | None, int | None]:
    """Return scheme, host and port of an address."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return ("", None, None)
    return (parts.scheme, parts.hostname, port)


def refusal(response: requests.Response, call: str, now: float) -> Refused:
    """Return the error that an error answer is."""
    return Refused(
        _fault(response),
        call=call,
        status=response.status_code,
        retry_after=retry_after(response.headers, now),
        tracking_id=response.headers.get("trackingid"),
    )


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds Webex asks to wait, None if it does not say.

    Webex has sent seconds, dates and "rand(30),add(30)" (WebexPythonSDK issue 181): the last counts as not said.
    A date is taken relative to the answer's own Date header where there is one.
    """
    text = headers.get("Retry-After", "").strip()
    try:
        seconds = float(text)
    except ValueError:
        at = http_date(text)
        sent = http_date(headers.get("Date", ""))
        seconds = at - (sent if sent is not None else now) if at is not None else -1.0
    is_usable = 0 <= seconds < float("inf")
    return seconds if is_usable else None


def http_date(text: str) -> float | None:
    """Return the time an HTTP date names, None where it is none."""
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _fault(response: requests.Response) -> str:
    try:
        message = response.json()["message"]
    except (ValueError, KeyError, TypeError, RecursionError, requests.RequestException):
        message = response.reason or ""
    return without_halves(" ".join(str(message).split())[:LONGEST_FAULT])
