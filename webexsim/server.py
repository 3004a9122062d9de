"""Serves a world over real HTTP from a thread: the imitated API at /v1/, the control at /sim/, the page at /.

Threads of the standard library, HTTP/1.1 with keep-alive. Knows no rules of Webex; it moves bytes.
"""

import socket
import struct
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qsl

from webexsim import exchange, page, preview
from webexsim.control import Control
from webexsim.exchange import Body
from webexsim.faults import Faults
from webexsim.front import Call, Front, Incoming, Outgoing
from webexsim.hooks import Hooks
from webexsim.ratelimit import RateLimit
from webexsim.refusals import Refusal
from webexsim.scans import Outcome
from webexsim.storage import Blob, SimFile
from webexsim.world import World

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER on, 0 seconds: close() sends RST


class Server:
    """One world on one port; `port=0` takes a free one.

    `threads` is how many API calls are worked on at once. `bot_config` is the bot's config file, for the page's
    switches. `sleep` replaces the real waiting (seconds) in tests.
    """

    def __init__(
        self,
        world: World,
        port: int = 0,
        host: str = "127.0.0.1",
        threads: int = 512,
        *,
        seed: int = 1,
        bot_config: Path | None = None,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        self.world = world
        self._halt = threading.Event()
        self._slots = threading.BoundedSemaphore(threads)
        self._front = Front(world, sleep or self._halt.wait, seed=seed)
        self.hooks = Hooks(world, lambda: self.url, seed=seed)
        self._control = Control(world, self._front, bot_config)
        self._http = _Http((host, port), self)
        self._thread: threading.Thread | None = None

    # running

    def start(self) -> "Server":
        """Serve from now on, in threads of its own."""
        self.hooks.start()
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), name="webexsim", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Close the port and every connection."""
        self._halt.set()
        if self._thread:
            self.hooks.stop()
            self._http.shutdown()
            self._thread.join()
            self._thread = None
        self._http.close()

    def __enter__(self) -> "Server":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def page_url(self) -> str:
        """Where a browser finds the page."""
        host, port = self._http.server_address[:2]
        return f"http://{host!s}:{port}/"

    @property
    def url(self) -> str:
        """The API's root, for `WEBEX_API_BASE_URL`."""
        return f"{self.page_url}v1/"

    # staging

    @property
    def calls(self) -> list[Call]:
        """Every call of the API since the start or `clear_calls`, in the order of their ends."""
        return list(self._front.calls)

    def clear_calls(self) -> None:
        """Begin a new transcript."""
        self._front.clear_calls()

    @property
    def faults(self) -> Faults:
        """The staged failures in force."""
        return self._front.faults

    @property
    def latency(self) -> float:
        """Seconds to wait before an answer, after its effect."""
        return self._front.latency

    @latency.setter
    def latency(self, seconds: float) -> None:
        self._front.latency = seconds

    @property
    def empty_pages(self) -> bool:
        """Whether an empty page with a `next` lies between every two pages of a list."""
        return self._front.empty_pages

    @empty_pages.setter
    def empty_pages(self, wanted: bool) -> None:
        self._front.empty_pages = wanted

    def rate_limit(
        self, per_second: float | None, burst: float = 1, retry_after: str = "seconds", paths: str = ""
    ) -> None:
        """Allow so many calls a second for each access token; None takes the limit away. See `RateLimit`."""
        if per_second is None:
            self._front.rate_limit = None
            return
        self._front.rate_limit = RateLimit(
            per_second=per_second,
            burst=burst,
            retry_after=retry_after,
            paths=paths,
            clock=self.world.ground.clock,
        )

    def scan(self, file: SimFile, outcome: Outcome, *, retry_after: int = 1, times: int = 3) -> None:
        """Have the malware scanner say `outcome` about a file's content; "scanning" turns clean after `times`."""
        self.world.scans.set(file, outcome, retry_after=retry_after, times=times)

    def note(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Have the page show what the bot said about spaces: `room_id`, `state`, `reason` each."""
        self._control.note(rows)

    # answering

    def answer(self, handler: "_Handler") -> Outgoing:
        """Answer one request of a connection."""
        path, _, query = handler.path.partition("?")
        asked = dict(parse_qsl(query, keep_blank_values=True)) if query else {}
        body = handler.body()
        if path.startswith("/v1/"):
            with self._slots:
                return self._front.handle(handler.incoming(path[3:], asked, body))
        if path.startswith("/sim/"):
            shown = preview.answer(self.world, handler.command, handler.path)
            return shown or self._control.answer(handler.command, path[4:], asked, body)
        if (handler.command, path) == ("GET", "/"):
            return _text(200, page.document(), "html")
        return _text(404, "There is nothing here.")


def _text(status: int, text: str, kind: str = "plain") -> Outgoing:
    return Outgoing(status=status, headers={"Content-Type": f"text/{kind}; charset=utf-8"}, content=text.encode())


class _Http(ThreadingHTTPServer):
    request_queue_size = 512
    daemon_threads = True

    def __init__(self, address: tuple[str, int], owner: Server) -> None:
        self.owner = owner
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(address, _Handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        with self._lock:
            self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        if request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8) == _RESET:
            request.close()  # without the polite FIN before it
        else:
            super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    def close(self) -> None:
        self.server_close()
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # its own thread was quicker


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def _serve(self) -> None:
        if "chunked" in self.headers.get("Transfer-Encoding", "") or self._length() > exchange.UPLOAD_BYTES:
            self.close_connection = True
            self._write(_text(411 if not self._length() else 413, "A body of known and bearable length, please."))
            return
        going = cast(_Http, self.server).owner.answer(self)
        if going.cut:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self.close_connection = True
        else:
            self.close_connection |= going.promised is not None
            self._write(going)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = _serve

    def _length(self) -> int:
        header = self.headers.get("Content-Length", "0")
        return int(header) if header.isdecimal() else 0

    def body(self) -> Body | Refusal:
        try:
            return exchange.read(self.headers.get("Content-Type", ""), cast(Any, self.rfile), self._length())
        except Refusal as refusal:
            return refusal

    def incoming(self, path: str, query: dict[str, str], body: Body | Refusal) -> Incoming:
        return Incoming(
            method=self.command,
            path=path,
            query=query,
            authorization=self.headers.get("Authorization", ""),
            body=body,
            length=self._length(),
            length_header=self.headers.get("Content-Length"),
            base=f"http://{self.headers.get('Host', '')}/v1/",
        )

    def _write(self, going: Outgoing) -> None:
        content = going.content
        size = going.promised or (content.size if isinstance(content, Blob) else len(content))
        head = [
            f"HTTP/1.1 {going.status} {_reason(going.status)}",
            f"Date: {formatdate(cast(_Http, self.server).owner.world.ground.clock(), usegmt=True)}",
        ]
        head += [f"{name}: {value}" for name, value in going.headers.items()]
        head += [f"Content-Length: {size}"] if going.status != 204 else []
        head += ["Connection: close"] if self.close_connection else []
        start = _encoded("\r\n".join([*head, "", ""]))
        if self.command == "HEAD":
            self.wfile.write(start)
        elif isinstance(content, Blob):
            self.wfile.write(start)
            for chunk in content.chunks():
                self.wfile.write(chunk)
        else:
            self.wfile.write(start + content)

    def log_message(self, *_: object) -> None:
        """Say nothing: the transcript is the log."""


def _encoded(head: str) -> bytes:
    try:
        return head.encode("latin-1")
    except UnicodeEncodeError:
        return head.encode()  # raw UTF-8 in a header, as a test asked for it


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
