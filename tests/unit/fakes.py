"""What the tests stage: a clock that stands still until it is told to move, and a server that misbehaves as told.

Everything else they use is real.
"""

import re
import socket
import struct
import threading
from contextlib import suppress
from threading import Event as Flag

import pytest

LOOK_EVERY = 0.002
STUCK_AFTER = 20.0


class FakeClock:
    """Both clocks of the bot in one. `wait` ends when its flag is set or somebody has moved the clock far enough.

    While it `runs` nobody has to: a wait moves the clock itself.
    """

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self._now = now
        self._passed = 0.0
        self.runs = False
        self.waits: list[float] = []
        self._news = threading.Condition()

    def now(self) -> float:
        """Return seconds since the epoch."""
        return self._now + self._passed

    def monotonic(self) -> float:
        """Return seconds since the clock was made."""
        return self._passed

    def wait(self, flag: Flag, seconds: float) -> bool:
        """Wait until the flag is set or the clock has been moved on by `seconds`."""
        until = self._passed + seconds
        with self._news:
            self.waits.append(seconds)
            self._news.notify_all()
        if self.runs:
            self.advance(seconds)
            return flag.is_set()
        for _ in range(int(STUCK_AFTER / LOOK_EVERY)):
            if flag.wait(LOOK_EVERY) or self._passed >= until:
                return flag.is_set()
        # Not an AssertionError: the gateway takes that for one of the SDK's failures.
        pytest.fail(f"nobody moved the clock by the {seconds} seconds that were waited for")

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        with self._news:
            self._passed += seconds

    def jump(self, seconds: float) -> None:
        """Set the time of day, as somebody does who corrects it; the seconds that passed stay as they are."""
        self._now += seconds

    def until_somebody_waits(self, seconds: float, times: int = 1) -> None:
        """Come back when so many waits of just so many seconds have begun."""
        with self._news:
            is_so = self._news.wait_for(lambda: self.waits.count(seconds) >= times, STUCK_AFTER)
        assert is_so, f"nobody waits for {seconds} s"


class RawServer:
    """A server that answers each request with the next of `answers`, word for word, and keeps what it was sent.

    `RESET` cuts the connection when the request is there, `RESET_EARLY` while it is still being written, `HANG_UP`
    closes it politely without an answer. When the answers are used up, the last one is given again.
    """

    RESET, RESET_EARLY, HANG_UP = b"reset", b"reset early", b"hang up"
    OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers or [self.OK])
        self.requests: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def host(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

    @property
    def url(self) -> str:
        """The root of an API at this server."""
        return f"http://{self.host}/v1/"

    def __enter__(self) -> "RawServer":
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(STUCK_AFTER)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.settimeout(STUCK_AFTER)
            while self._answer(connection):
                pass

    def _answer(self, connection: socket.socket) -> bool:
        """Answer one request; say whether the connection goes on."""
        answer = self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)
        request = connection.recv(1024) if answer == self.RESET_EARLY else _whole_request(connection)
        if not request:
            self.answers.insert(0, answer)
            return False
        self.requests.append(request)
        if answer in (self.RESET, self.RESET_EARLY):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if answer in (self.RESET, self.RESET_EARLY, self.HANG_UP):
            return False
        connection.sendall(answer)
        return b"Connection: close" not in answer


def _whole_request(connection: socket.socket) -> bytes:
    request = b""
    while b"\r\n\r\n" not in request:
        if not (piece := connection.recv(65536)):
            return b""
        request += piece
    head, _, body = request.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    while length and len(body) < int(length[1]):
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body
