"""The files of broadcasts on this machine's disk: used where they are, fetched again where they are not."""

from pathlib import Path
from typing import Any

import pytest

from broadcast.errors import FileRefused, NotSent, Refused
from broadcast.files import Files
from broadcast.model import Content, Form, StoredFile
from tests.unit.town import Town
from webexsim import Fault, SimFile

PLAN = b"%PDF of many bytes"


def url_of(town: Town, content: bytes = PLAN) -> str:
    """Have somebody send the bot a file; return its address."""
    message = town.world.say(town.alice, town.dm, text="look", files=[SimFile("plan.pdf", content, "application/pdf")])
    return town.webex.message(message.id).file_urls[0]


def content_with(path: Path, url: str, **rest: Any) -> Content:
    """Return what goes out, with a file that another machine has fetched."""
    file = StoredFile(path=path, name="plan.pdf", content_type="application/pdf", size=len(PLAN), url=url)
    return Content(group_parts=("x",), direct_parts=("x",), form=Form.FILE, file=file)


def at_hand(files: Files, content: Content) -> StoredFile:
    """Return the file, ready to be sent."""
    file = files.at_hand(content).file
    assert file is not None
    return file


def test_a_file_that_is_there_is_used_as_it_is(town: Town, tmp_path: Path) -> None:
    """Nobody asks Webex."""
    path = tmp_path / "m" / "content"
    path.parent.mkdir()
    path.write_bytes(PLAN)
    content = content_with(path, f"{town.server.url}contents/x")
    assert Files(town.webex, tmp_path).at_hand(content) is content
    assert town.server.calls == []


def test_a_file_that_is_not_there_is_fetched_again(town: Town, tmp_path: Path) -> None:
    """From where it came from, into this machine's folder; its name and type stay."""
    content = content_with(Path("/elsewhere/m/content"), url_of(town))
    file = at_hand(Files(town.webex, tmp_path), content)
    assert (file.path, file.path.read_bytes()) == (tmp_path / "m" / "content", PLAN)
    assert (file.name, file.content_type) == ("plan.pdf", "application/pdf")


def test_it_is_fetched_again_once(town: Town, tmp_path: Path) -> None:
    """Not for every space; and a worker that comes later finds it, too."""
    content = content_with(tmp_path / "m" / "content", url_of(town))
    for _ in range(2):
        files = Files(town.webex, tmp_path)
        assert at_hand(files, content).path.read_bytes() == at_hand(files, content).path.read_bytes() == PLAN
    assert town.statuses("/contents") == [200]


def test_half_a_file_is_no_file(town: Town, tmp_path: Path) -> None:
    """A process that was killed while it wrote leaves one behind."""
    path = tmp_path / "m" / "content"
    path.parent.mkdir()
    path.write_bytes(PLAN[:5])
    assert at_hand(Files(town.webex, tmp_path), content_with(path, url_of(town))).path.read_bytes() == PLAN
    assert [folder.name for folder in tmp_path.iterdir()] == ["m"]


def test_a_file_that_webex_has_not_got_any_more_is_asked_for_once(town: Town, tmp_path: Path) -> None:
    """All deliveries that wait for it fail by the same answer."""
    content = content_with(tmp_path / "m" / "content", f"{town.server.url}contents/gone")
    files = Files(town.webex, tmp_path)
    for _ in range(3):
        with pytest.raises(FileRefused):
            files.at_hand(content)
    assert town.statuses("/contents") == [404]


@pytest.mark.parametrize("fault", [Fault(kind="status", status=502), Fault(kind="cut_after")])
def test_trouble_on_the_way_says_that_nothing_was_sent(town: Town, tmp_path: Path, fault: Fault) -> None:
    """It is tried again: the space has not got its message."""
    content = content_with(tmp_path / "m" / "content", url_of(town))
    town.server.faults.add(fault)
    files = Files(town.webex, tmp_path)
    with pytest.raises(NotSent):
        files.at_hand(content)
    assert at_hand(files, content).path.read_bytes() == PLAN


def test_a_file_that_is_being_scanned_again_is_waited_for(town: Town, tmp_path: Path) -> None:
    """As long as Webex asks for."""
    content = content_with(tmp_path / "m" / "content", url_of(town))
    town.server.faults.add(Fault(kind="status", status=423, headers={"Retry-After": "7"}))
    with pytest.raises(Refused) as caught:
        Files(town.webex, tmp_path).at_hand(content)
    assert caught.value.retry_after == 7
