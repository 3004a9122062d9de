"""Fetching the file of a message: under which name, from where, how large, and what the malware scan says of it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.downloads import CHUNK, LARGEST, LONGEST_NAME, content_address, file_name
from broadcast.errors import FileRefused, NoAnswer, Refused
from broadcast.model import StoredFile
from tests.unit.fakes import RawServer
from tests.unit.town import Town
from webexsim import Fault, SimFile

BASE = "https://webexapis.com/v1/"
HEAD = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/plain\r\n"


def told(town: Town, file: SimFile) -> str:
    """Have Alice send a file and return where it is."""
    said = town.world.say(town.alice, town.dm, "see", files=[file])
    return town.webex.message(said.id).file_urls[0]


def fetched(town: Town, folder: Path, file: SimFile) -> StoredFile:
    """Have Alice send a file, and fetch it."""
    return town.webex.fetch_file(told(town, file), folder / "new" / "folder")


def code_of(town: Town, url: str, folder: Path) -> str:
    """Return why a file cannot be had."""
    with pytest.raises(FileRefused) as caught:
        town.webex.fetch_file(url, folder)
    return caught.value.code


# names


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('attachment; filename="plan.pdf"', "plan.pdf"),
        ("attachment; filename=plan.pdf", "plan.pdf"),
        ('inline; FileName="plan.pdf"', "plan.pdf"),
        ('attachment; filename="two words; and more.pdf"', "two words; and more.pdf"),
        ('attachment; filename="quo\\"te.txt"', 'quo"te.txt'),
        ("attachment; filename*=UTF-8''p%C5%99%C3%ADloha.txt", "příloha.txt"),
        ("attachment; filename=\"p_loha.txt\"; filename*=UTF-8''p%C5%99%C3%ADloha.txt", "příloha.txt"),
        ("attachment; filename*=UTF-8''p%C5%99%C3%ADloha.txt; filename=\"p_loha.txt\"", "příloha.txt"),
        ("attachment; filename*=utf-8'cs'p%C5%99%C3%ADloha.txt", "příloha.txt"),
        ("attachment; filename*=iso-8859-2''p%F8%EDloha.txt", "příloha.txt"),
        ('attachment; filename="příloha.txt"'.encode().decode("latin-1"), "příloha.txt"),
        ('attachment; filename="报告.docx"'.encode().decode("latin-1"), "报告.docx"),
        ('attachment; filename="na\u00efve.txt"', "na\u00efve.txt"),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ('attachment; filename="C:\\\\temp\\\\plan.pdf"', "plan.pdf"),
        ("attachment; filename*=UTF-8''..%2F..%2Fetc%2Fpasswd", "passwd"),
        ('attachment; filename="tab\there.txt"', "tabhere.txt"),
        ("attachment; filename*=UTF-8''nul%00l%0D%0AX-Evil%3A1.txt", "nullX-Evil:1.txt"),
        ('attachment; filename=".."', "file"),
        ('attachment; filename="folder/"', "file"),
        ('attachment; filename="   "', "file"),
        ('attachment; filename=""', "file"),
        ("attachment; filename*=no-such-charset''x", "x"),
        ("attachment", "file"),
        ("", "file"),
        (";;;=", "file"),
    ],
)
def test_a_file_is_called_what_its_sender_called_it(disposition: str, name: str) -> None:
    """In every form of the header; without folders and control characters, and never nothing."""
    assert file_name(disposition) == name


@pytest.mark.parametrize(
    ("given_name", "ending"), [("x" * 500 + ".pdf", ".pdf"), ("x" * 500, "x"), ("x." + "y" * 500, "y")]
)
def test_a_long_name_is_cut_before_its_ending(given_name: str, ending: str) -> None:
    """So that the file still opens with the right program."""
    name = file_name(f'attachment; filename="{given_name}"')
    assert (len(name), name.endswith(ending)) == (LONGEST_NAME, True)


@given(st.text())
def test_no_header_is_too_odd(disposition: str) -> None:
    """Whatever Webex sends, there is a usable name."""
    name = file_name(disposition)
    assert 0 < len(name) <= LONGEST_NAME
    assert not set(name) & set("/\\\r\n\0")
    assert name not in (".", "..")


@given(st.text(st.characters(exclude_categories=["C"], exclude_characters='/\\"'), min_size=1, max_size=60))
def test_a_name_survives_both_ways_of_writing_it(name: str) -> None:
    """As UTF-8 in quotes, and in the extended form."""
    wanted = name.strip() if name.strip() not in ("", ".", "..") else "file"
    quoted = "".join(f"%{byte:02X}" for byte in name.encode())
    assert file_name(f"attachment; filename*=UTF-8''{quoted}") == wanted
    assert file_name(f'attachment; filename="{name}"'.encode().decode("latin-1")) == wanted


@pytest.mark.parametrize("name", ["plan.pdf", "příloha.txt", "报告 1.docx"])
def test_the_name_can_be_had_without_the_file(town: Town, name: str) -> None:
    """Asking for it fetches nothing."""
    assert town.webex.file_name(told(town, SimFile(name, b"x" * 1000))) == name
    assert [call.method for call in town.server.calls if "contents" in call.path] == ["HEAD"]


# where from


@pytest.mark.parametrize(
    ("url", "address"),
    [
        (BASE + "contents/abc", BASE + "contents/abc"),
        ("https://WEBEXAPIS.com:443/v1/contents/abc", "https://WEBEXAPIS.com:443/v1/contents/abc"),
        ("https://api.ciscospark.com/v1/contents/abc", BASE + "contents/abc"),
    ],
)
def test_files_are_fetched_from_the_api(url: str, address: str) -> None:
    """The former host names the same contents."""
    assert content_address(url, BASE) == address


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/v1/contents/abc",
        "http://webexapis.com/v1/contents/abc",
        "https://webexapis.com.evil.example/v1/contents/abc",
        "https://webexapis.com@evil.example/v1/contents/abc",
        "http://api.ciscospark.com/v1/contents/abc",
        BASE + "people/me",
        "https://api.ciscospark.com/v1/people/me",
        "https://api.ciscospark.com/v1/contents/../people/me",
        "https://api.ciscospark.com/v2/contents/abc",
        "file:///etc/passwd",
        "contents/abc",
        "https://[evil",
        "",
    ],
)
def test_a_file_elsewhere_is_not_fetched(url: str) -> None:
    """The token is for the API only, so is the fetching."""
    with pytest.raises(FileRefused) as caught:
        content_address(url, BASE)
    assert caught.value.code == "file_elsewhere"


@pytest.mark.parametrize("place", ["{other}contents/x", "http://127.0.0.1/v1/contents/x"])
def test_a_file_url_elsewhere_sees_nothing_of_the_bot(town: Town, tmp_path: Path, place: str) -> None:
    """A message that names a file at another host makes no request to it."""
    with RawServer() as other:
        assert code_of(town, place.format(other=other.url), tmp_path) == "file_elsewhere"
        with pytest.raises(FileRefused):
            town.webex.file_name(place.format(other=other.url))
        assert other.requests == []


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_file_that_moved_elsewhere_is_not_followed(town: Town, tmp_path: Path, status: int) -> None:
    """The redirect's target sees no request."""
    url = told(town, SimFile("a.txt", b"a"))
    with RawServer() as other:
        town.server.faults.add(Fault(kind="status", status=status, headers={"Location": other.url + "contents/x"}))
        assert code_of(town, url, tmp_path) == "file_elsewhere"
        assert other.requests == []


def test_an_address_of_the_former_host_is_fetched_from_the_present_one(town: Town, tmp_path: Path) -> None:
    """As the JavaScript SDK still writes it."""
    content_id = told(town, SimFile("a.txt", b"abc")).rpartition("/")[2]
    file = town.webex.fetch_file(f"https://api.ciscospark.com/v1/contents/{content_id}", tmp_path)
    assert file.path.read_bytes() == b"abc"


# what comes


@pytest.mark.parametrize("size", [1, CHUNK, CHUNK + 1, 5 * CHUNK])
def test_a_file_comes_as_it_is(town: Town, tmp_path: Path, size: int) -> None:
    """Content, name, type and size; folders are made."""
    content = bytes(range(256)) * (size // 256 + 1)
    file = fetched(town, tmp_path, SimFile("příloha.bin", content[:size], "application/x-own; v=1"))
    assert (file.name, file.content_type, file.size) == ("příloha.bin", "application/x-own; v=1", size)
    assert file.path.read_bytes() == content[:size]
    assert file.path.is_relative_to(tmp_path)


def test_the_name_never_says_where_the_file_is_put(town: Town, tmp_path: Path) -> None:
    """A name that tries to climb out of the folder is a name only."""
    headers = {"Content-Disposition": 'attachment; filename="../../../evil.sh"'}
    file = fetched(town, tmp_path, SimFile("x", b"x", headers=headers))
    assert (file.name, file.path.parent) == ("evil.sh", tmp_path / "new" / "folder")


def test_a_file_without_a_type_is_just_bytes(town: Town, tmp_path: Path) -> None:
    """No type is made up from the name."""
    file = fetched(town, tmp_path, SimFile("a.json", b"x", headers={"Content-Type": ""}))
    assert file.content_type == "application/octet-stream"


def test_an_empty_file_is_refused(town: Town, tmp_path: Path) -> None:
    """Webex would not take it; the sender is told which one it was."""
    with pytest.raises(FileRefused) as caught:
        fetched(town, tmp_path, SimFile("empty.txt", b""))
    assert (caught.value.code, caught.value.name) == ("file_empty", "empty.txt")


def test_a_file_that_says_it_is_too_large_is_not_fetched(town: Town, tmp_path: Path) -> None:
    """It is known from the header."""
    head = HEAD + b'Content-Disposition: attachment; filename="big"\r\nContent-Length: %d\r\n\r\n' % (LARGEST + 1)
    with RawServer(head) as server, pytest.raises(FileRefused) as caught:
        town.gateway(server.url).fetch_file(server.url + "contents/x", tmp_path)
    assert (caught.value.code, caught.value.name) == ("file_too_large", "big")


def test_a_file_that_does_not_say_how_large_it_is_is_cut_off(town: Town, tmp_path: Path) -> None:
    """Not more than the largest that Webex takes is ever written to the disk."""
    head = HEAD + b"\r\n" + bytes(LARGEST + CHUNK)
    with RawServer(head) as server, pytest.raises(FileRefused) as caught:
        town.gateway(server.url).fetch_file(server.url + "contents/x", tmp_path)
    assert caught.value.code == "file_too_large"
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= LARGEST


@pytest.mark.parametrize("length", [b"7", b"rubbish"])
def test_half_a_file_is_none(town: Town, tmp_path: Path, length: bytes) -> None:
    """A transfer that breaks off, or lies about its length, is tried again later."""
    with RawServer(HEAD + b"Content-Length: " + length + b"\r\n\r\nabc") as server, pytest.raises(NoAnswer):
        town.gateway(server.url).fetch_file(server.url + "contents/x", tmp_path)


# the malware scan


@pytest.mark.parametrize(
    ("status", "code"),
    [(404, "file_gone"), (410, "file_infected"), (428, "file_unscannable"), (413, "file_too_large")],
)
def test_a_refusal_has_its_reason(town: Town, tmp_path: Path, status: int, code: str) -> None:
    """Each says something else to the sender."""
    url = told(town, SimFile("a.txt", b"a"))
    town.server.faults.add(Fault(kind="status", path="/contents", status=status))
    assert code_of(town, url, tmp_path) == code


@pytest.mark.parametrize("status", [401, 403, 423, 429, 500, 503])
def test_what_may_change_is_an_error_of_webex(town: Town, tmp_path: Path, status: int) -> None:
    """With its status and the wait it asks for, for whoever decides when to try again."""
    url = told(town, SimFile("a.txt", b"a"))
    town.server.faults.add(Fault(kind="status", path="/contents", status=status, headers={"Retry-After": "40"}))
    with pytest.raises(Refused) as caught:
        town.webex.fetch_file(url, tmp_path)
    assert (caught.value.status, caught.value.retry_after) == (status, 40.0)


def test_a_file_being_scanned_comes_when_it_is_clean(town: Town, tmp_path: Path) -> None:
    """Twice 423, then the file."""
    file = SimFile("a.txt", b"abc")
    town.server.scan(file, "scanning", times=2)
    url = told(town, file)
    for _ in range(2):
        with pytest.raises(Refused):
            town.webex.fetch_file(url, tmp_path)
    assert town.webex.fetch_file(url, tmp_path).size == 3


def test_an_unscannable_file_comes_when_the_risk_is_accepted(town: Town, tmp_path: Path) -> None:
    """Refused at first; with the consent it is fetched."""
    file = SimFile("locked.zip", b"PK")
    town.server.scan(file, "unscannable")
    url = told(town, file)
    assert code_of(town, url, tmp_path) == "file_unscannable"
    assert town.webex.fetch_file(url, tmp_path, allow_unscannable=True).name == "locked.zip"


def test_a_file_that_turns_out_infected_is_refused(town: Town, tmp_path: Path) -> None:
    """With or without consent."""
    file = SimFile("evil.exe", b"MZ")
    town.server.scan(file, "infected")
    url = told(town, file)
    assert code_of(town, url, tmp_path) == "file_infected"
    with pytest.raises(FileRefused):
        town.webex.fetch_file(url, tmp_path, allow_unscannable=True)
