"""What the bot says, in every language: nothing is missing, nothing is left unfilled."""

import re
from string import Formatter

import pytest

from broadcast.model import Why
from broadcast.texts import ENGLISH, Texts, texts_for
from localization_strings import LOCALES

PLAIN = ("page_", "config_", "warning_", "token_")
FILE_VALUES = {"name": "plan.pdf", "limit_mb": 100, "reason": "no answer"}


def placeholders(template: str) -> set[str]:
    """Return the names of the values a sentence shows."""
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


@pytest.mark.parametrize("locale", LOCALES)
def test_every_locale_says_everything(locale: str) -> None:
    """No sentence is missing in a language, and none is left over."""
    assert LOCALES[locale].keys() == LOCALES["en_US"].keys()


@pytest.mark.parametrize("locale", LOCALES)
def test_every_locale_has_the_same_placeholders(locale: str) -> None:
    """A translation shows the same values as the original."""
    english, translated = LOCALES["en_US"], LOCALES[locale]
    assert [key for key in english if placeholders(english[key]) != placeholders(translated[key])] == []


@pytest.mark.parametrize("locale", LOCALES)
def test_every_sentence_can_be_read_as_it_is(locale: str) -> None:
    """No sentence is empty, has blanks at its ends or two in a row, or shows a value that has no name."""
    texts = LOCALES[locale]
    lines = [(key, line) for key, text in texts.items() for line in text.split("\n")]
    assert [key for key, line in lines if not line or line != " ".join(line.split())] == []
    assert [key for key, text in texts.items() if "" in placeholders(text)] == []


@pytest.mark.parametrize("locale", LOCALES)
def test_what_a_page_shows_is_plain(locale: str) -> None:
    """Nothing of Markdown or HTML stands in a text for pages."""
    on_pages = {key: text for key, text in LOCALES[locale].items() if key.startswith(PLAIN)}
    assert [key for key, text in on_pages.items() if re.search(r"[<>`*]|\]\(", text)] == []


@pytest.mark.parametrize("locale", LOCALES)
def test_a_reason_shows_no_values(locale: str) -> None:
    """A reason is told where nothing but its name is known."""
    assert [key for key, text in LOCALES[locale].items() if key.startswith("why_") and placeholders(text)] == []


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("why", Why)
def test_every_reason_has_words(locale: str, why: Why) -> None:
    """A reason is half a sentence that fits behind a colon."""
    words = texts_for(locale, pytest.fail).why(why)
    assert words
    assert not words.endswith(".")


@pytest.mark.parametrize("locale", LOCALES)
def test_reasons_can_be_told_apart(locale: str) -> None:
    """No two reasons read the same."""
    texts = texts_for(locale, pytest.fail)
    assert len({texts.why(why) for why in Why}) == len(Why)


@pytest.mark.parametrize("key", [key for key in LOCALES["en_US"] if key.startswith("file_")])
@pytest.mark.parametrize("locale", LOCALES)
def test_a_file_without_a_name_leaves_no_gap(locale: str, key: str) -> None:
    """What is said about a file reads well whether or not its name is known."""
    texts = texts_for(locale, pytest.fail)
    assert "plan.pdf" in texts.say(key, **FILE_VALUES)
    assert "  " not in texts.say(key, **FILE_VALUES | {"name": ""})


def test_identity_stands_in_both_languages() -> None:
    """The line in front of a broadcast names the sender as people of the earlier bot know it."""
    czech = texts_for("cs_CZ", pytest.fail)
    assert ENGLISH.say("identity_group", id="X", name="Eva") == "Message from <@personId:X|Eva>:"
    assert ENGLISH.say("identity_direct", name="Eva", email="eva@a.b") == "Message from Eva (eva@a.b):"
    assert czech.say("identity_direct", name="Eva", email="eva@a.b") == "Zpráva od Eva (eva@a.b):"


@pytest.mark.parametrize("value", ["{name}", "{", "{0.__class__}", "%s"])
def test_braces_in_a_value_are_left_alone(value: str) -> None:
    """A name with braces in it is shown as it is."""
    assert ENGLISH.say("identity_direct_no_email", name=value) == f"Message from {value}:"


@pytest.mark.parametrize("name", ["cs_CZ", "cs-CZ", "cs", "CS", " cs_cz.UTF-8 ", "cs@latin", "cs_SK"])
def test_a_locale_is_found_by_its_usual_spellings(name: str) -> None:
    """However people write Czech, the bot speaks it."""
    assert texts_for(name, pytest.fail).locale == "cs_CZ"


@pytest.mark.parametrize("name", [None, "", " ", "en", "en_GB.UTF-8"])
def test_english_is_spoken_without_a_warning(name: str | None) -> None:
    """No locale, or another country's English, is nothing to warn of."""
    assert texts_for(name, pytest.fail) == ENGLISH


@pytest.mark.parametrize("name", ["xx", "klingon", "C.UTF-8", "_", "č"])
def test_an_unknown_locale_is_answered_in_english_with_a_warning(name: str) -> None:
    """The bot goes on speaking, and says once which locales it knows."""
    warned: list[str] = []
    assert texts_for(name, warned.append) == ENGLISH
    assert [("en_US, cs_CZ" in text, repr(name) in text) for text in warned] == [(True, True)]


def test_a_sentence_missing_in_a_locale_is_said_in_english() -> None:
    """A half-finished translation never silences the bot."""
    assert Texts(locale="xx", sentences={}).say("page_hello") == "Hello World!"
