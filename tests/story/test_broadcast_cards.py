"""Cards: a JSON file that holds one goes out as a card; if Webex refuses it, as an ordinary file. Decided once."""

import json
from typing import Any

import pytest

from tests.story.stage import SimFile, Stage

CARD = {"type": "AdaptiveCard", "version": "1.3", "body": [{"type": "TextBlock", "text": "Lunch at 12 – přijďte"}]}
ATTACHMENT = {"contentType": "application/vnd.microsoft.card.adaptive", "content": CARD}
MESSAGE = {"roomId": "somewhere", "markdown": "from the designer", "attachments": [ATTACHMENT]}
REFUSED = {"type": "AdaptiveCard", "version": "1.3", "body": [{"type": "TextBlock"}]}


def json_file(value: Any, name: str = "card.json", kind: str = "application/json") -> SimFile:
    """Return a value in a file."""
    return SimFile(name, json.dumps(value).encode(), kind)


@pytest.mark.parametrize("value", [CARD, ATTACHMENT, MESSAGE])
def test_a_card_in_any_of_its_three_forms_goes_out_as_a_card(stage: Stage, value: Any) -> None:
    """Bare, as an attachment, as a whole message: everybody gets the card, with sender and text, and no file."""
    lobby = stage.space()
    stage.broadcast(stage.alice, "lunch?", files=[json_file(value)])
    for place in (lobby, stage.dm):
        assert stage.copy(place).attachments == (ATTACHMENT,)
        assert stage.copy(place).files == ()
        assert stage.copy(place).text.startswith("Message from Alice Novak")
        assert stage.body(place) == "lunch?"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("card.json", "application/json"),
        ("card", "application/json; charset=utf-8"),
        ("card", "APPLICATION/JSON"),
        ("card.json", "application/octet-stream"),
        ("CARD.JSON", "text/plain"),
    ],
)
def test_a_card_is_known_by_its_type_or_its_name(stage: Stage, name: str, kind: str) -> None:
    """The content type, its parameters ignored, or the ending of the name will do."""
    lobby = stage.space()
    stage.broadcast(stage.alice, files=[json_file(CARD, name, kind)])
    assert stage.copy(lobby).attachments == (ATTACHMENT,)


@pytest.mark.parametrize("content", [b'\xef\xbb\xbf{"type": "AdaptiveCard", "version": "1.3"}', b'{"type"'])
def test_a_byte_order_mark_is_no_obstacle_and_broken_json_is_a_file(stage: Stage, content: bytes) -> None:
    """With a mark in front it is a card; half a JSON text goes out as the file it is."""
    lobby = stage.space()
    stage.broadcast(stage.alice, "look", files=[SimFile("card.json", content, "application/json")])
    is_card = content.endswith(b"}")
    assert bool(stage.copy(lobby).attachments) is is_card
    assert [file.content for file in stage.copy(lobby).files] == ([] if is_card else [content])


@pytest.mark.parametrize("value", [{"a": 1}, [1, 2], "text", None, {"attachments": []}, {"type": "MessageCard"}])
def test_json_that_is_no_card_is_an_ordinary_file(stage: Stage, value: Any) -> None:
    """It arrives as it is, byte for byte, and no space was tried with a card."""
    lobby, file = stage.space(), json_file(value, "data.json")
    stage.broadcast(stage.alice, "numbers", files=[file])
    assert stage.copy(lobby).files[0].content == file.content
    assert stage.copy(lobby).attachments == ()
    assert stage.body(lobby) == "numbers"


def test_a_card_webex_refuses_goes_out_as_a_file(stage: Stage) -> None:
    """One space is asked and refuses; all ten get the file, with sender and text."""
    spaces, file = stage.spaces(10), json_file(REFUSED)
    stage.broadcast(stage.alice, "lunch?", files=[file])
    for space in spaces:
        assert stage.copy(space).files[0].content == file.content
        assert stage.body(space) == "lunch?"
    assert [call.status for call in stage.webex.calls if call.path == "/messages"].count(400) == 1


def test_a_card_webex_takes_is_tried_in_one_space_first(stage: Stage) -> None:
    """No second post begins before the first one is answered, and the rest go out as cards without a question."""
    spaces = stage.spaces(10)
    stage.config(report={"in_thread": False})
    stage.webex.latency = 0.5
    stage.broadcast(stage.alice, files=[json_file(CARD)])
    posts = sorted((call.started, call.finished) for call in stage.webex.calls if call.path == "/messages")
    assert posts[1][0] >= posts[0][1]
    assert [stage.copy(space).attachments for space in spaces] == [(ATTACHMENT,)] * 10


def test_a_space_that_is_closed_says_nothing_about_the_card(stage: Stage) -> None:
    """The first space refuses every post: the others get the card all the same, not a file."""
    closed, lobby = stage.spaces(2)
    for space in (closed, stage.dm):
        stage.fault("status", status=403, room=space, times=None)
    stage.broadcast(stage.alice, files=[json_file(CARD)])
    assert stage.copy(lobby).attachments == (ATTACHMENT,)


def test_a_card_survives_a_rate_limit_at_its_first_try(stage: Stage) -> None:
    """A 429 and a 503 decide nothing about the card."""
    lobby = stage.space()
    stage.fault("status", status=429, headers={"Retry-After": "1"})
    stage.fault("status", status=503)
    stage.broadcast(stage.alice, files=[json_file(CARD)])
    assert stage.copy(lobby).attachments == (ATTACHMENT,)


def test_a_card_with_a_long_text_has_the_card_once(stage: Stage) -> None:
    """The card stands with the first of several messages."""
    lobby = stage.space()
    stage.broadcast(stage.alice, "word " * 4000, files=[json_file(CARD)])
    copies = stage.copies(lobby)
    assert [len(copy.attachments) for copy in copies] == [1] + [0] * (len(copies) - 1)
    assert " ".join(copy.markdown or "" for copy in copies).count("word") == 4000


def test_a_card_that_is_downloaded_is_downloaded_once(stage: Stage) -> None:
    """Also where it is refused and goes out as a file."""
    stage.spaces(5)
    stage.broadcast(stage.alice, files=[json_file(REFUSED)])
    assert stage.calls("GET", "/contents") == 1
