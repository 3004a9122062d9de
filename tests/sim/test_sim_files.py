"""Files: up, down, big, oddly named, scanned."""

import hashlib
import socket
from typing import Any

import pytest
from werkzeug.http import parse_options_header

from webexsim import SimFile
from webexsim.storage import IN_MEMORY


def upload(town: Any, api: Any, name: str, content: bytes, kind: str = "text/plain") -> Any:
    """Post a file into the project's room; return the message."""
    answer = api("POST", "messages", data={"roomId": town.room.id}, files={"files": (name, content, kind)})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_an_upload_can_be_fetched_again(town: Any, api: Any) -> None:
    """The file's URL gives the same bytes, type and name."""
    said = upload(town, api, "a b.txt", b"hello", "text/plain")
    got = api("GET", said["files"][0])
    assert (got.content, got.headers["Content-Type"]) == (b"hello", "text/plain")
    assert got.headers["Content-Disposition"] == 'attachment; filename="a b.txt"'


@pytest.mark.parametrize("name", ["žluťoučký kůň.txt", "日本語.pdf", 'quote".txt'])
def test_a_name_survives_any_alphabet(town: Any, api: Any, name: str) -> None:
    """A name that is not plain ASCII comes back in `filename*`, with an ASCII stand-in beside it."""
    town.world.say(town.bot, town.room, files=[SimFile(name, b"x")])
    file = town.world.messages(room=town.room)[-1].files[0]
    disposition = api("HEAD", f"contents/{file.id}").headers["Content-Disposition"]
    assert disposition.isascii()
    assert requested(disposition) == name


def requested(disposition: str) -> str:
    """Return the name a client reads from a Content-Disposition."""
    return parse_options_header(disposition)[1]["filename"]


def test_an_uploads_name_survives_the_sdks_form(town: Any, api: Any) -> None:
    """A non-ASCII name in a multipart body is read right."""
    assert upload(town, api, "příloha.txt", b"x")
    assert town.world.messages(by=town.bot)[0].files[0].name == "příloha.txt"


def test_head_tells_size_and_name_without_the_content(town: Any, api: Any) -> None:
    """HEAD has the headers of GET and no body."""
    said = upload(town, api, "a.txt", b"hello")
    head = api("HEAD", said["files"][0])
    assert (head.headers["Content-Length"], head.content) == ("5", b"")


def test_a_file_is_for_those_who_may_read_its_message(town: Any, api: Any) -> None:
    """Without a token it is a 401, in a message the bot cannot read a 404."""
    hidden = town.world.say(town.alice, town.room, "x", files=[SimFile("a", b"a")])
    path = f"contents/{hidden.files[0].id}"
    assert api("GET", path, token="").status_code == 401
    assert api("GET", path).status_code == 404
    assert api("GET", path, token=town.bob.token).content == b"a"


def test_headers_of_a_download_can_be_bent(town: Any, api: Any) -> None:
    """A file's own headers replace the usual ones; an empty one is left out."""
    odd = SimFile("a", b"a", headers={"content-type": "application/json; charset=x", "Content-Disposition": ""})
    said = town.world.say(town.alice, town.dm, "x", files=[odd])
    got = api("GET", f"contents/{said.files[0].id}")
    assert got.headers["Content-Type"] == "application/json; charset=x"
    assert "Content-Disposition" not in got.headers


def test_the_app_sends_several_files_and_the_api_one(town: Any, api: Any) -> None:
    """A message from the app may carry more files than the API takes."""
    said = town.world.say(town.alice, town.dm, files=[SimFile("a", b"a"), SimFile("b", b"b")])
    assert len(api("GET", f"messages/{said.id}").json()["files"]) == 2
    two = [("files", ("a", b"a")), ("files", ("b", b"b"))]
    assert api("POST", "messages", data={"roomId": town.room.id}, files=two).status_code == 400


def test_a_file_of_more_than_100_mb_is_refused(town: Any, api: Any) -> None:
    """One byte too many is a 400, and nothing is posted."""
    content = bytes(100 * 1024 * 1024 + 1)
    answer = api("POST", "messages", data={"roomId": town.room.id}, files={"files": ("a", content)})
    assert (answer.status_code, town.world.messages(by=town.bot)) == (400, [])


def test_a_big_file_lies_on_disk_and_once_only(town: Any, api: Any) -> None:
    """The same content posted to two rooms is kept once; above 1 MB a download reads it from a file."""
    content = hashlib.sha256(b"seed").digest() * (IN_MEMORY // 32 + 1)
    urls = [upload(town, api, name, content)["files"][0] for name in ("a", "b")]
    first, second = (said.files[0] for said in town.world.messages(by=town.bot))
    assert first.blob is second.blob
    assert [api("GET", url).content == content for url in urls] == [True, True]


def test_a_file_can_be_named_by_url(town: Any, api: Any, server: Any) -> None:
    """Webex fetches the URL when the message is posted; here from this machine only."""
    answer = api("POST", "messages", json={"roomId": town.room.id, "files": [server.page_url]})
    assert answer.status_code == 200
    assert town.world.messages(by=town.bot)[0].files[0].content_type.startswith("text/")


def test_a_url_that_asks_for_a_token_cannot_be_posted(town: Any, api: Any) -> None:
    """A file's URL of another message needs a token, which Webex does not send: 400."""
    url = upload(town, api, "a", b"a")["files"][0]
    answer = api("POST", "messages", json={"roomId": town.room.id, "files": [url]})
    assert (answer.status_code, answer.json()["message"]) == (400, "Unable to retrieve content")


SCANS = [
    ("scanning", "", [423, 423, 200]),
    ("infected", "", [410, 410]),
    ("infected", "?allow=unscannable", [410]),
    ("unscannable", "", [428, 428]),
    ("unscannable", "?allow=unscannable", [200]),
    ("clean", "", [200]),
]


@pytest.mark.parametrize(("outcome", "query", "statuses"), SCANS)
def test_a_scan_has_its_outcome(
    *, town: Any, server: Any, api: Any, outcome: Any, query: str, statuses: list[int]
) -> None:
    """423 for a while, 410, 428 unless the risk is taken, 200 otherwise."""
    file = SimFile("a", b"suspicious")
    said = town.world.say(town.alice, town.dm, files=[file])
    server.scan(file, outcome, times=2, retry_after=9)
    answers = [api("GET", f"contents/{said.files[0].id}{query}") for _ in statuses]
    assert [answer.status_code for answer in answers] == statuses
    assert answers[0].headers.get("Retry-After") == ("9" if outcome == "scanning" else None)


@pytest.mark.parametrize("header", ["Content-Length: 999999999", "Transfer-Encoding: chunked"])
def test_a_body_without_a_bearable_length_is_refused(server: Any, header: str) -> None:
    """A body of a gigabyte or of unknown length is refused unread, and the connection closed."""
    host, port = server.page_url[7:-1].split(":")
    with socket.create_connection((host, int(port)), timeout=30) as raw:
        raw.sendall(f"POST /v1/messages HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\n".encode())
        answer = raw.makefile("rb").read()
    assert answer.startswith((b"HTTP/1.1 413 ", b"HTTP/1.1 411 "))
