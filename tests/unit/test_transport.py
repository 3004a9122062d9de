"""What becomes of a request on the way: over real sockets, with a server that hangs up at every possible moment."""

import socket
from collections.abc import Callable, Iterator
from email.utils import formatdate
from pathlib import Path

import pytest
import requests

from broadcast.errors import NoAnswer, NotSent
from broadcast.transport import (
    ANSWER_SECONDS,
    CONNECT_SECONDS,
    UPLOAD_ANSWER_SECONDS,
    harden,
    origin,
    refusal,
    retry_after,
)
from tests.unit.fakes import RawServer

TOKEN = "secret-token"
LARGE = b"x" * 30_000_000
NOW = 1_800_000_000.0
Client = Callable[..., requests.Session]


@pytest.fixture
def client() -> Iterator[Client]:
    """Return a way to make sessions with the token, bound to one API."""
    made: list[requests.Session] = []

    def make(url: str) -> requests.Session:
        made.append(requests.Session())
        made[-1].headers["Authorization"] = f"Bearer {TOKEN}"
        harden(made[-1], url, 2)
        return made[-1]

    yield make
    for session in made:
        session.close()


def fail(error: Exception) -> Callable[..., None]:
    """Return a step of the operating system that fails."""

    def step(*_: object, **__: object) -> None:
        raise error

    return step


# how far a request got


def test_no_address_means_not_sent(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that cannot be resolved: nothing has reached Webex."""
    monkeypatch.setattr(socket, "getaddrinfo", fail(socket.gaierror(-3, "Temporary failure in name resolution")))
    with pytest.raises(NotSent, match="resol"):
        client("https://webex.example/v1/").post("https://webex.example/v1/messages", json={})


def test_a_refused_connection_means_not_sent(client: Client) -> None:
    """Nobody listens: nothing has reached Webex."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1/"
    with pytest.raises(NotSent, match="refused"):
        client(url).post(url + "messages", json={})


def test_a_time_out_while_connecting_means_not_sent(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """No connection, no request."""
    monkeypatch.setattr(socket.socket, "connect", fail(TimeoutError("timed out")))
    with pytest.raises(NotSent, match="timed out"):
        client("http://127.0.0.1:9/v1/").post("http://127.0.0.1:9/v1/messages", json={})


def test_a_request_that_was_cut_while_written_means_not_sent(client: Client) -> None:
    """Webex has not got it as a whole and cannot have carried it out."""
    with RawServer(RawServer.RESET_EARLY) as server, pytest.raises(NotSent):
        client(server.url).post(server.url + "messages", data=LARGE)


@pytest.mark.parametrize(
    "answer",
    [
        RawServer.RESET,
        RawServer.HANG_UP,
        b"Connection: close",
        b"HTTP/1.1 ten OK\r\nConnection: close\r\n\r\n",
    ],
    ids=["reset", "hung up", "rubbish", "no status"],
)
def test_no_answer_after_the_whole_request_leaves_it_open(client: Client, answer: bytes) -> None:
    """The request was there as a whole; nobody knows what became of it."""
    with RawServer(answer) as server, pytest.raises(NoAnswer):
        client(server.url).post(server.url + "messages", json={"text": "hello"})
    assert server.requests[0].endswith(b'{"text": "hello"}')


def test_a_time_out_while_waiting_leaves_it_open(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The request was written, no answer came in time."""
    monkeypatch.setattr(socket.socket, "recv_into", fail(TimeoutError("timed out")))
    with RawServer() as server, pytest.raises(NoAnswer, match="timed out"):
        client(server.url).post(server.url + "messages", json={})


def test_one_failure_says_nothing_about_the_next_request(client: Client) -> None:
    """A request that could not be sent after one without an answer is known as not sent."""
    with RawServer(RawServer.RESET, RawServer.RESET_EARLY, RawServer.OK) as server:
        session = client(server.url)
        with pytest.raises(NoAnswer):
            session.post(server.url + "messages", json={})
        with pytest.raises(NotSent):
            session.post(server.url + "messages", data=LARGE)
        assert session.post(server.url + "messages", json={}).status_code == 200


def test_nothing_is_repeated_behind_the_bots_back(client: Client) -> None:
    """One call is one request, whatever happens to it."""
    with RawServer(RawServer.RESET) as server:
        with pytest.raises(NoAnswer):
            client(server.url).get(server.url + "rooms")
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("content_type", "seconds"),
    [("application/json", ANSWER_SECONDS), ("multipart/form-data; boundary=x", UPLOAD_ANSWER_SECONDS)],
)
def test_every_request_has_a_time_limit(
    client: Client, monkeypatch: pytest.MonkeyPatch, content_type: str, seconds: float
) -> None:
    """Connecting and waiting are limited; an upload may take longer, also where the caller asks for no limit."""
    limits: list[float | None] = []
    settimeout = socket.socket.settimeout

    def note(it: socket.socket, limit: float | None) -> None:
        limits.append(limit)
        settimeout(it, limit)

    monkeypatch.setattr(socket.socket, "settimeout", note)
    with RawServer() as server:
        client(server.url).post(server.url + "messages", headers={"Content-type": content_type}, timeout=None)
    assert {CONNECT_SECONDS, seconds} <= set(limits)


# who sees the token


@pytest.mark.parametrize(
    ("method", "place"),
    [
        ("POST", "http://{other}/v1/messages"),
        ("POST", "https://{host}/v1/messages"),
        ("PUT", "http://{host}@{other}/v1/webhooks/x"),
        ("DELETE", "http://{other}/v1/webhooks/x"),
        ("GET", "http://{other}/rooms"),
        ("GET", "http://{other}#@{host}/v1/"),
        ("GET", "http://{other}/v1"),
    ],
)
def test_the_token_goes_to_the_api_only(client: Client, method: str, place: str) -> None:
    """A request to another host, port or scheme is not made at all, however the address is dressed up."""
    with RawServer() as server, RawServer() as other:
        session = client(server.url)
        with pytest.raises(NotSent, match="must not see the token"):
            session.request(method, place.format(host=server.host, other=other.host))
        assert (server.requests, other.requests) == ([], [])


@pytest.mark.parametrize("place", ["http://{other}/v1/", "https://{host}/v1/", "http://{host}@{other}/v1/"])
def test_a_read_under_another_name_of_the_api_goes_to_the_known_one(client: Client, place: str) -> None:
    """A list's next page may bear one; the other host sees nothing."""
    with RawServer() as server, RawServer() as other:
        client(server.url).get(place.format(host=server.host, other=other.host) + "rooms?cursor=a%2Fb&max=2")
        assert server.requests[0].startswith(b"GET /v1/rooms?cursor=a%2Fb&max=2 ")
        assert f"Host: {server.host}".encode() in server.requests[0]
        assert other.requests == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_does_not_take_the_token_elsewhere(client: Client, status: int) -> None:
    """Webex's own answer cannot send the bot to another host."""
    with RawServer() as other:
        redirect = f"HTTP/1.1 {status} Go\r\nLocation: {other.url}rooms\r\nContent-Length: 0\r\n\r\n".encode()
        with RawServer(redirect) as server, pytest.raises(NotSent):
            client(server.url).get(server.url + "rooms")
        assert other.requests == []


def test_a_netrc_file_does_not_replace_the_token(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever logins the machine's owner has written down there, Webex sees the bot's token."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login eve password wrong\ndefault login eve password wrong\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with RawServer() as server:
        client(server.url).get(server.url + "people/me")
        assert f"Authorization: Bearer {TOKEN}".encode() in server.requests[0]


def test_a_proxy_of_the_environment_is_used(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is looked up once, when the bot starts."""
    with RawServer() as proxy:
        monkeypatch.setenv("http_proxy", f"http://{proxy.host}")
        session = client("http://webex.example/v1/")
        monkeypatch.delenv("http_proxy")
        session.get("http://webex.example/v1/rooms")
        assert proxy.requests[0].startswith(b"GET http://webex.example/v1/rooms ")


def test_a_host_without_proxy_is_reached_directly(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_PROXY is heeded."""
    with RawServer() as server, RawServer() as proxy:
        monkeypatch.setenv("http_proxy", f"http://{proxy.host}")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        client(server.url).get(server.url + "rooms")
        assert (len(server.requests), len(proxy.requests)) == (1, 0)


def test_certificates_are_checked(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Always, against the authorities that the environment names where it names any."""
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    assert client("https://webex.example/v1/").verify is True
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/own/authorities.pem")
    assert client("https://webex.example/v1/").verify == "/own/authorities.pem"


@pytest.mark.parametrize(
    ("url", "same_as"),
    [
        ("https://webexapis.com/v1/rooms", "https://WEBEXAPIS.com:443/"),
        ("http://localhost/", "http://localhost:80/x"),
        ("https://webexapis.com.evil.example/", None),
        ("http://webexapis.com/", None),
        ("https://webexapis.com:8443/", None),
        ("//webexapis.com/", None),
        ("https://webexapis.com:port/", None),
        ("https://[webexapis.com/", None),
        ("", None),
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, same_as: str | None) -> None:
    """Default ports and case make no difference; everything else does, and rubbish is never the API."""
    assert (origin(url) == origin(same_as or "https://webexapis.com/v1/")) is (same_as is not None)


# what Webex says


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("5", 5.0),
        (" 7 ", 7.0),
        ("2.5", 2.5),
        ("0", 0.0),
        ("86400", 86400.0),
        ("", None),
        ("-1", None),
        ("nan", None),
        ("inf", None),
        ("1e999", None),
        ("soon", None),
        ("rand(30),add(30)", None),
        ("5, 7", None),
        (formatdate(NOW + 90, usegmt=True), 90.0),
        (formatdate(NOW - 90, usegmt=True), None),
        ("Wed, 99 Foo 2026 99:99:99 GMT", None),
    ],
)
def test_retry_after_is_read_in_every_form(said: str, seconds: float | None) -> None:
    """Seconds, a date, or rubbish, which counts as nothing said."""
    assert retry_after({"Retry-After": said}, NOW) == seconds


def test_without_the_header_nothing_is_said() -> None:
    """No wish is not a wish for nothing."""
    assert retry_after({}, NOW) is None


def test_a_date_is_read_by_webexs_own_clock() -> None:
    """A machine whose clock is wrong still waits as long as Webex means."""
    headers = {"Retry-After": formatdate(NOW + 40, usegmt=True), "Date": formatdate(NOW + 10, usegmt=True)}
    assert retry_after(headers, NOW - 3600) == 30.0


def answer(content: bytes, headers: bytes = b"") -> bytes:
    """Return an answer with an error status."""
    head = b"HTTP/1.1 400 Bad\r\nContent-Length: " + str(len(content)).encode() + b"\r\n" + headers
    return head + b"\r\n" + content


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b'{"message": "No such room."}', "400 No such room."),
        (b'{"message": "two\\r\\nlines"}', "400 two lines"),
        (b'{"message": null}', "400 None"),
        (b'{"errors": []}', "400 Bad"),
        (b"[]", "400 Bad"),
        (b"<html>upstream</html>", "400 Bad"),
        (b"\xff\xfe", "400 Bad"),
        (b"", "400 Bad"),
        (b"[" * 100_000, "400 Bad"),
    ],
)
def test_a_refusal_says_what_webex_says(client: Client, content: bytes, fault: str) -> None:
    """Its words where there are any, on one line; the status line's otherwise."""
    with RawServer(answer(content, b"trackingid: T_1\r\nRetry-After: 3\r\n")) as server:
        error = refusal(client(server.url).get(server.url + "rooms"), "GET rooms", NOW)
    assert (error.fault, error.status, error.tracking_id, error.retry_after) == (fault, 400, "T_1", 3.0)


def test_a_long_refusal_is_cut(client: Client) -> None:
    """Somebody else's page does not fill the log."""
    with RawServer(answer(b'{"message": "' + b"x" * 10_000 + b'"}')) as server:
        error = refusal(client(server.url).get(server.url + "rooms"), "GET rooms", NOW)
    assert len(error.fault) < 400
