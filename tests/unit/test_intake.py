"""What a message amounts to before any file is fetched."""

import pytest

from broadcast.intake import body_of, is_visible
from broadcast.model import Message, Person, SpaceKind

ME = Person(id="bot", name="Broadcast Bot")


def message(html: str, text: str, kind: SpaceKind = SpaceKind.DIRECT) -> Message:
    """Return what somebody wrote."""
    return Message(id="m", space_id="s", space_kind=kind, person_id="p", text=text, html=html)


@pytest.mark.parametrize("text", ["", " \n\t", "\u200b", "\u2060 \ufeff", "\u00ad"])
def test_what_cannot_be_seen_is_nothing(text: str) -> None:
    """Blanks and invisible characters are no message."""
    assert not is_visible(text)


@pytest.mark.parametrize("text", ["a", " . ", "\u200bá", "👍"])
def test_what_can_be_seen_is_something(text: str) -> None:
    """One sign is enough."""
    assert is_visible(text)


def test_html_that_shows_nothing_is_made_up_for_by_the_text() -> None:
    """A comment alone does not swallow what was said."""
    assert body_of(message("<!-- x -->", "not lost"), ME, allow_all=False) == "not lost"


def test_a_mention_alone_stays_nothing() -> None:
    """The text names the bot then, and that is no message."""
    html = '<spark-mention data-object-type="person" data-object-id="bot">Broadcast</spark-mention>'
    assert not is_visible(body_of(message(html, "Broadcast", SpaceKind.GROUP), ME, allow_all=False))
