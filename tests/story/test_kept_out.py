"""What leaves the bot and what does not: the token stays at Webex's API, and words from outside stay words."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.story.stage import SimFile, Stage
from webexsim import Message
from webexsim.wire import message as as_json


@dataclass
class Stranger:
    """A server that is not Webex, and what it was asked for."""

    url: str = ""
    requests: list[str] = field(default_factory=list)


@pytest.fixture
def stranger() -> Iterator[Stranger]:
    """Listen on this machine, on a port of somebody else's."""
    it = Stranger()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Note who asks for what, and give nothing."""
            it.requests.append(f"{self.command} {self.path} {self.headers.get('Authorization')}")
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_HEAD = do_POST = do_GET

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        it.url = f"http://127.0.0.1:{http.server_address[1]}"
        threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True).start()
        yield it
        http.shutdown()


def say_with_files(stage: Stage, text: str, *urls: str) -> Message:
    """Have Alice write a message whose files are said to lie somewhere."""
    stage.webex.hooks.drop(1.0)
    message = stage.says(stage.alice, text)
    shown = json.dumps({**as_json(message, stage.webex.url), "files": list(urls)})
    stage.fault("status", "GET", f"/messages/{message.id}", status=200, body=shown, times=None)
    stage.post_event("messages", "created", id=message.id, roomId=message.room_id)
    stage.settled()
    return message


@pytest.mark.parametrize("path", ["/v1/contents/abc", "/file.txt", "@webexapis.com/v1/contents/abc"])
def test_a_file_that_lies_elsewhere_is_not_fetched(stage: Stage, stranger: Stranger, path: str) -> None:
    """The text goes out, the sender learns about the file, and the other server sees no request at all."""
    message = say_with_files(stage, "look", stranger.url + path)
    assert stage.body(stage.dm) == "look"
    assert "not stored at Webex" in "\n".join(stage.told(message))
    assert stranger.requests == []


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "https://[evil", "gopher://x/1", "", "//evil.example/v1/contents/x"]
)
def test_a_file_at_an_odd_address_is_not_fetched(stage: Stage, url: str) -> None:
    """Whatever stands there, the text goes out without it."""
    say_with_files(stage, "look", url)
    assert (stage.body(stage.dm), stage.copy(stage.dm).files) == ("look", ())


def test_names_of_further_files_are_not_asked_for_elsewhere(stage: Stage, stranger: Stranger) -> None:
    """The second file lies elsewhere: it is counted, and nobody is asked what it is called."""
    message = say_with_files(stage, "look", stranger.url + "/one.txt", stranger.url + "/two.txt")
    assert "Files not sent along: 1" in "\n".join(stage.told(message))
    assert stranger.requests == []


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_download_that_is_sent_elsewhere_does_not_go_there(stage: Stage, stranger: Stranger, status: int) -> None:
    """Webex answers with a redirect to another server: not followed, and the sender is told."""
    stage.fault("status", "GET", "/contents", status=status, headers={"Location": stranger.url + "/x"}, times=None)
    message = stage.broadcast(stage.alice, "look", files=[SimFile("x.txt", b"x")])
    assert stage.body(stage.dm) == "look"
    assert "not stored at Webex" in "\n".join(stage.told(message))
    assert stranger.requests == []


@pytest.mark.parametrize("path", ["/messages", "/people", "/rooms"])
def test_no_other_read_is_sent_elsewhere(stage: Stage, stranger: Stranger, path: str) -> None:
    """A redirect of an API call leads nowhere; a moment later it works, and the other server has seen nothing."""
    stage.fault("status", "GET", path, status=302, headers={"Location": stranger.url + "/v1/x"}, times=2)
    stage.broadcast(stage.alice, "hello")
    assert stage.body(stage.dm) == "hello"
    assert stranger.requests == []


def test_the_next_page_of_a_list_is_not_fetched_elsewhere(stage: Stage, stranger: Stranger) -> None:
    """A `Link` that leads to another server: it sees neither the token nor a request."""
    link = f'<{stranger.url}/v1/rooms?max=1000>; rel="next"'
    stage.fault("status", "GET", "/rooms", status=200, headers={"Link": link}, body='{"items": []}')
    stage.broadcast(stage.alice, "hello")
    assert stranger.requests == []


def test_a_post_that_is_sent_elsewhere_does_not_go_there(stage: Stage, stranger: Stranger) -> None:
    """Neither the message nor the token follows a redirect."""
    lobby = stage.space()
    stage.fault("status", status=307, room=lobby, headers={"Location": stranger.url + "/v1/messages"})
    stage.broadcast(stage.alice, "hello")
    assert stranger.requests == []


def test_a_space_that_the_list_has_lost_is_found(empty_stage: Stage) -> None:
    """The list of spaces came out empty, the memberships did not: everybody gets it, under their own names."""
    empty_stage.config(destination={"bots_own_org": True})
    empty_stage.space("Lobby")
    stage = empty_stage.open()
    stage.fault("status", "GET", "/rooms", status=200, body='{"items": []}')
    stage.broadcast(stage.alice, "hello")
    assert stage.is_once_everywhere()
    assert {place.title for place in stage.ledger.deliveries(1)} >= {"Lobby"}


def test_titles_in_a_report_are_only_titles(stage: Stage) -> None:
    """Spaces called like mentions and links notify nobody and link nowhere but to themselves."""
    for title in ("<@all>", "<@personEmail:bob@globex.example>", "[x](https://evil.example)", "**b**\n# h", "x" * 5000):
        stage.fault("status", status=403, room=stage.space(title), times=None)
    message = stage.broadcast(stage.alice, "hello")
    report = stage.thread(message)[-1]
    assert (report.mentioned_people, report.mentioned_groups) == ((), ())
    assert 'href="https://evil.example' not in (report.html or "")
    assert "Not delivered: 5" in report.text


def test_a_report_with_many_spaces_and_reasons_fits_into_one_message(stage: Stage) -> None:
    """Sixty spaces with long names refuse for five reasons: one report, all counted, as many named as fit."""
    for number in range(60):
        status = (400, 403, 404, 409, 413)[number % 5]
        stage.fault("status", status=status, room=stage.space(f"{number} {'ž' * 200}"), times=None)
    message = stage.broadcast(stage.alice, "hello")
    assert "Not delivered: 60" in stage.outcome(message)
    assert len(stage.outcome(message).encode()) <= 7439
