"""An Adaptive Card is recognised in whatever a JSON file holds, and nothing else is."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.cards import MAX_CARD_BYTES, attachment, find_card, looks_like_json

CARD: dict[str, Any] = {"type": "AdaptiveCard", "version": "1.3", "body": [{"type": "TextBlock", "text": "Ahoj – 👍"}]}
ADAPTIVE = "application/vnd.microsoft.card.adaptive"
WRAPPED = {"contentType": ADAPTIVE, "content": CARD}
OTHER = {"contentType": "image/png", "contentUrl": "https://x.y"}


@pytest.mark.parametrize(
    ("content_type", "name"),
    [
        ("application/json", "card"),
        ("application/json; charset=UTF-8", "card.txt"),
        (" Application/JSON ;charset=utf-8", ""),
        ("application/octet-stream", "card.json"),
        ("", "Ponuka č. 1.JSON"),
    ],
)
def test_json_is_known_by_its_type_or_its_name(content_type: str, name: str) -> None:
    """Parameters and case do not matter, and the name alone is enough."""
    assert looks_like_json(content_type, name)


@pytest.mark.parametrize(
    ("content_type", "name"),
    [
        ("text/plain", "card.txt"),
        ("", ""),
        ("application/json5", "a"),
        ("image/png", "json"),
        ("text/plain", "a.json.png"),
    ],
)
def test_other_files_are_not_taken_for_json(content_type: str, name: str) -> None:
    """What is neither JSON by type nor by name is an ordinary file."""
    assert not looks_like_json(content_type, name)


@pytest.mark.parametrize(
    "value",
    [
        CARD,
        WRAPPED,
        {"attachments": [WRAPPED]},
        {"roomId": "R", "markdown": "m", "text": "t", "attachments": [WRAPPED]},
        {"attachments": [OTHER, 7, WRAPPED, {"contentType": ADAPTIVE, "content": {**CARD, "version": "9"}}]},
    ],
    ids=["bare", "attachment", "message", "designer", "first of several"],
)
def test_a_card_is_found_in_each_of_its_wrappings(value: object) -> None:
    """The content of the first card comes back, whatever it was wrapped in."""
    assert find_card(json.dumps(value).encode()) == CARD


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_a_card_is_found_in_each_unicode_encoding(encoding: str) -> None:
    """A byte order mark, or two bytes a character, are no obstacle."""
    assert find_card(json.dumps(CARD, ensure_ascii=False).encode(encoding)) == CARD


NO_CARDS = {
    "empty": b"",
    "no json": b"Hello",
    "latin": '{"type": "AdaptiveCard", "x": "é"}'.encode("latin-1"),
    "number": b"7",
    "null": b"null",
    "string": b'"AdaptiveCard"',
    "list": json.dumps([CARD]).encode(),
    "other case": b'{"type": "adaptivecard"}',
    "other content": json.dumps({"contentType": "text/html", "content": CARD}).encode(),
    "attachment without card": json.dumps({"contentType": ADAPTIVE, "content": {"type": "Chart"}}).encode(),
    "text as content": json.dumps({"contentType": ADAPTIVE, "content": "AdaptiveCard"}).encode(),
    "no attachments": b'{"attachments": []}',
    "odd attachments": b'{"attachments": {"type": "AdaptiveCard"}}',
    "not a number": b'{"type": "AdaptiveCard", "x": NaN}',
    "infinity": b'{"type": "AdaptiveCard", "x": -Infinity}',
    "overflow": b'{"type": "AdaptiveCard", "x": 1e999}',
    "endless integer": b'{"type": "AdaptiveCard", "x": ' + b"9" * 5_000 + b"}",
    "second value": b'{"type": "AdaptiveCard"} {}',
    "deep": b'{"type": "AdaptiveCard", "body": ' + b"[" * 400 + b"]" * 400 + b"}",
    "deeper": b'{"type": "AdaptiveCard", "body": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
}


@pytest.mark.parametrize("data", NO_CARDS.values(), ids=NO_CARDS.keys())
def test_what_is_no_card_is_none(data: bytes) -> None:
    """Other JSON, broken JSON and JSON that nobody could post is no card, without an error."""
    assert find_card(data) is None


def test_a_file_beyond_the_bound_is_not_looked_into() -> None:
    """A card up to the bound is found; a byte more makes it an ordinary file."""
    padding = MAX_CARD_BYTES - len(json.dumps(CARD))
    assert find_card(json.dumps(CARD).encode() + b" " * padding) == CARD
    assert find_card(json.dumps(CARD).encode() + b" " * (padding + 1)) is None
    assert find_card(json.dumps(CARD).encode() + b" " * 10_000_000) is None


def test_of_two_values_under_one_key_the_last_counts() -> None:
    """Repeated keys are read as every browser reads them."""
    assert find_card(b'{"type": "Chart", "type": "AdaptiveCard", "x": 1, "x": 2}') == {"type": "AdaptiveCard", "x": 2}


def test_an_attachment_is_compact_ascii_json() -> None:
    """What is posted can be written by anything, lone surrogates included, and is the card unchanged."""
    card = {"type": "AdaptiveCard", "text": "é\ud800", "n": 1.5}
    text = attachment(card)
    assert text.encode("ascii").decode() == text
    assert " " not in text
    assert json.loads(text) == {"contentType": ADAPTIVE, "content": card}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda value: st.lists(value, max_size=3) | st.dictionaries(st.text(), value, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), JSON, max_size=3))
def test_any_card_comes_back_as_it_was(fields: dict[str, Any]) -> None:
    """Found, wrapped and found again it is the same card."""
    card = {**fields, "type": "AdaptiveCard"}
    assert find_card(attachment(card).encode()) == find_card(json.dumps(card).encode()) == card


LIKELY = st.sampled_from(["type", "AdaptiveCard", "attachments", "content", "contentType", ADAPTIVE])
NEARLY = st.recursive(
    LIKELY | st.none() | st.integers(),
    lambda value: st.lists(value, max_size=3) | st.dictionaries(LIKELY, value, max_size=4),
)


@given(
    st.binary()
    | JSON.map(lambda value: json.dumps(value).encode())
    | NEARLY.map(lambda value: json.dumps(value).encode())
)
def test_whatever_a_file_holds_is_judged_without_an_error(data: bytes) -> None:
    """Random bytes and random JSON are a card that can be posted, or none."""
    card = find_card(data)
    assert card is None or json.loads(attachment(card))["content"]["type"] == "AdaptiveCard"
