"""Files of a broadcast: fetched once, one goes out, with its name, type and bytes; the sender learns what did not."""

from typing import Any

import pytest

from tests.story.stage import SimFile, Stage

ALL_BYTES = bytes(range(256)) * 40


def test_a_file_arrives_with_text_and_sender(stage: Stage) -> None:
    """In groups and in 1-1s: identity, text, and the file with its name, type and every byte."""
    lobby = stage.space()
    stage.broadcast(stage.alice, "the plan", files=[SimFile("plan.pdf", ALL_BYTES, "application/pdf")])
    for place in (lobby, stage.dm):
        file = stage.copy(place).files[0]
        assert (file.name, file.content_type, file.content) == ("plan.pdf", "application/pdf", ALL_BYTES)
        assert stage.copy(place).text.startswith("Message from Alice Novak")
        assert stage.copy(place).text.endswith("\nthe plan")


def test_a_file_without_a_word_still_says_who_sent_it(stage: Stage) -> None:
    """The copy consists of the identity and the file."""
    lobby = stage.space()
    stage.broadcast(stage.alice, files=[SimFile("plan.pdf", b"%PDF")])
    assert stage.copy(lobby).text == "Message from Alice Novak:"
    assert len(stage.copy(lobby).files) == 1


def test_a_file_with_a_mention_of_the_bot_needs_no_text(stage: Stage) -> None:
    """In a group space the mention and a file are a broadcast."""
    lobby, other = stage.spaces(2)
    stage.broadcast(stage.alice, room=lobby, files=[SimFile("plan.pdf", b"%PDF")])
    assert stage.copy(other).files[0].content == b"%PDF"


@pytest.mark.parametrize(
    ("name", "arrives_as"),
    [
        ("příloha č. 1.txt", "příloha č. 1.txt"),
        ("日本語.pdf", "日本語.pdf"),
        ("🎉 party.png", "🎉 party.png"),
        ('the "best" plan.txt', 'the "best" plan.txt'),
        ("a;b=c, d.txt", "a;b=c, d.txt"),
        ("100% sure.txt", "100% sure.txt"),
        ("no ending", "no ending"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\alice\\plan.txt", "plan.txt"),
        ("..", "file"),
    ],
)
def test_the_name_of_a_file_is_kept(stage: Stage, name: str, arrives_as: str) -> None:
    """Any alphabet, quotes and signs survive; of a name with folders only the last part is used."""
    lobby = stage.space()
    stage.broadcast(stage.alice, files=[SimFile(name, b"x", "text/plain")])
    assert stage.copy(lobby).files[0].name == arrives_as


@pytest.mark.parametrize(
    ("disposition", "arrives_as"),
    [
        ("", "file"),
        ("attachment", "file"),
        ("attachment; filename=", "file"),
        ("attachment; filename*=UTF-8''%C5%BElu%C5%A5.txt", "žluť.txt"),
        ('attachment; filename="žluť.txt"', "žluť.txt"),
        ("attachment; filename*=nonsense''%ff.txt", "file"),
        ('attachment; filename="a\tb.txt"', "ab.txt"),
    ],
)
def test_a_header_in_any_form_gives_a_name(stage: Stage, disposition: str, arrives_as: str) -> None:
    """No name, a name in RFC 5987's form, raw UTF-8, nonsense: the file arrives all the same."""
    lobby = stage.space()
    stage.broadcast(stage.alice, files=[SimFile("x", b"x", "text/plain", {"Content-Disposition": disposition})])
    assert stage.copy(lobby).files[0].name == arrives_as


def test_a_very_long_name_keeps_its_ending(stage: Stage) -> None:
    """Of a name of 500 characters enough is kept, with the ending that tells what it is."""
    lobby = stage.space()
    stage.broadcast(stage.alice, files=[SimFile("x" * 500 + ".pdf", b"x")])
    name = stage.copy(lobby).files[0].name
    assert len(name) <= 255
    assert name.endswith(".pdf")


@pytest.mark.parametrize("kind", ["image/png", "text/csv", "application/x-odd", ""])
def test_the_type_of_a_file_is_kept(stage: Stage, kind: str) -> None:
    """The type Webex told is the type of the copy, whatever the name says; without one it is plain bytes."""
    lobby = stage.space()
    stage.broadcast(stage.alice, files=[SimFile("report.xlsx", b"x", "text/html", {"Content-Type": kind})])
    assert stage.copy(lobby).files[0].content_type == (kind or "application/octet-stream")


def test_a_file_is_downloaded_once_for_all(stage: Stage) -> None:
    """Twenty spaces, two of them in trouble at first: one GET of the file, no HEAD."""
    stage.spaces(20)
    stage.fault("status", status=503, times=2, after=3)
    stage.broadcast(stage.alice, files=[SimFile("x.bin", ALL_BYTES)])
    assert stage.calls("GET", "/contents") == 1
    assert stage.calls("HEAD", "/contents") == 0


def test_a_download_that_breaks_is_begun_again(stage: Stage) -> None:
    """A cut connection and a 502 on the way leave the copies whole."""
    lobby = stage.space()
    stage.fault("cut_before", "GET", "/contents")
    stage.fault("status", "GET", "/contents", status=502)
    stage.broadcast(stage.alice, "look", files=[SimFile("x.bin", ALL_BYTES)])
    assert stage.copy(lobby).files[0].content == ALL_BYTES


def test_of_several_files_the_first_goes_and_the_others_are_named(stage: Stage) -> None:
    """The sender learns once, in the thread, which files stayed behind."""
    lobby = stage.space()
    files = [SimFile(f"{word}.txt", word.encode()) for word in ("one", "two", "three")]
    message = stage.broadcast(stage.alice, "look", files=files)
    assert [file.name for file in stage.copy(lobby).files] == ["one.txt"]
    told = [answer for answer in stage.answers(message) if "two.txt" in answer]
    assert told == ["Webex takes one file per message. Not sent along: two.txt, three.txt"]


def test_every_file_that_stayed_behind_is_named_as_far_as_webex_names_it(stage: Stage) -> None:
    """Seven of them; the name of one cannot be had, which hides no other."""
    files = [SimFile(f"file-{number}.txt", b"x") for number in range(8)]
    stage.fault("status", "HEAD", "/contents", status=404, after=2)
    message = stage.broadcast(stage.alice, "look", files=files)
    [told] = [answer for answer in stage.answers(message) if "Not sent along" in answer]
    assert told.endswith("file-1.txt, file-2.txt, …, file-4.txt, file-5.txt, file-6.txt, file-7.txt")


def test_hostile_names_of_files_left_behind_are_only_names(stage: Stage) -> None:
    """A file called like a mention of everybody notifies nobody in the answer to the sender."""
    lobby = stage.space()
    message = stage.broadcast(stage.alice, room=lobby, files=[SimFile("a", b"a"), SimFile("<@all>.txt", b"b")])
    assert {answer.mentioned_groups for answer in stage.thread(message)} == {()}
    assert "Not sent along" in stage.thread(message)[0].text


@pytest.mark.parametrize(
    ("outcome", "says"), [("infected", "found malware in it"), ("unscannable", "could not scan it for malware")]
)
def test_the_sender_learns_what_the_scanner_said(stage: Stage, outcome: Any, says: str) -> None:
    """The name of the file and the scanner's word stand in the thread."""
    file = SimFile("tool.zip", b"PK")
    stage.webex.scan(file, outcome)
    message = stage.broadcast(stage.alice, "look", files=[file])
    assert says in "\n".join(stage.told(message))


def test_a_file_that_is_still_scanned_is_waited_for(stage: Stage) -> None:
    """Four times 423, then clean: the file goes out with the text, and nothing went out before it."""
    lobby, file = stage.space(), SimFile("tool.zip", b"PK")
    stage.webex.scan(file, "scanning", times=4)
    message = stage.broadcast(stage.alice, "look", files=[file])
    assert (stage.body(lobby), stage.copy(lobby).files[0].content) == ("look", b"PK")
    assert stage.calls("GET", "/contents") == 5
    assert not any("tool.zip" in answer for answer in stage.answers(message))


def test_an_infected_file_alone_is_no_broadcast(stage: Stage) -> None:
    """Without a text nothing is left: nobody gets an empty message, and the sender learns why."""
    lobby, file = stage.space(), SimFile("tool.zip", b"PK")
    stage.webex.scan(file, "infected")
    message = stage.broadcast(stage.alice, files=[file])
    assert stage.copies(lobby) == []
    assert "Without the file nothing was left" in "\n".join(stage.told(message))


def test_an_empty_file_stays_behind(stage: Stage) -> None:
    """Webex takes no empty file; the text goes out, and the sender is told."""
    lobby = stage.space()
    message = stage.broadcast(stage.alice, "look", files=[SimFile("empty.txt", b"")])
    assert (stage.body(lobby), stage.copy(lobby).files) == ("look", ())
    assert "empty.txt was not sent along: it is empty" in "\n".join(stage.told(message)).replace("\\", "")


def test_a_long_text_with_a_file_has_the_file_once(stage: Stage) -> None:
    """The file stands with the first of several messages, the rest of the text follows."""
    lobby = stage.space()
    stage.broadcast(stage.alice, "word " * 4000, files=[SimFile("x.bin", ALL_BYTES)])
    copies = stage.copies(lobby)
    assert [len(copy.files) for copy in copies] == [1] + [0] * (len(copies) - 1)
    assert " ".join(copy.markdown or "" for copy in copies).count("word") == 4000


def test_a_large_file_reaches_every_space(stage: Stage) -> None:
    """20 MB to six destinations arrive byte for byte, with an identity and a text of two messages."""
    content = ALL_BYTES * 2000
    spaces = stage.spaces(5)
    stage.broadcast(stage.alice, "word " * 2000, files=[SimFile("large.bin", content)])
    assert all(stage.copies(space)[0].files[0].content == content for space in spaces)


def test_no_file_is_left_on_the_bots_disk(stage: Stage) -> None:
    """After the broadcast the bot keeps no copy of what was sent."""
    stage.broadcast(stage.alice, "look", files=[SimFile("x.bin", ALL_BYTES)])
    assert [path for path in stage.folder.rglob("*") if path.is_file() and path.read_bytes() == ALL_BYTES] == []
