"""What the sender is told about a broadcast when it is over."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.compose import SAFE
from broadcast.links import space_link
from broadcast.model import Broadcast, Counts, Delivery, SpaceKind, State, Tally, Why
from broadcast.reports import outcome_text
from broadcast.texts import ENGLISH, Texts, texts_for

CZECH = texts_for("cs_CZ", print)
GROUP, DIRECT = SpaceKind.GROUP, SpaceKind.DIRECT


def tally(state: State, count: int, why: Why = Why.NONE, *titles: str, kind: SpaceKind = GROUP) -> Tally:
    """Return so many deliveries that ended alike, some of them with a title."""
    examples = tuple(
        Delivery(space_id=f"id{number}", kind=kind, title=title, state=state, why=why, detail="DETAIL")
        for number, title in enumerate(titles)
    )
    return Tally(state=state, why=why, kind=kind, count=count, examples=examples)


def report(*tallies: Tally, texts: Texts = ENGLISH, card_refused: bool = False) -> str:
    """Return the report of a broadcast that ended so."""
    totals = {state: sum(one.count for one in tallies if one.state is state) for state in State}
    broadcast = Broadcast(
        number=1,
        source_id="m",
        space_id="s",
        thread_id="m",
        sender_name="Alice",
        sender_email="alice@acme.example",
        opened_at=0.0,
        finished_at=1.0,
        counts=Counts(**{state.value: count for state, count in totals.items()}),
        card_refused=card_refused,
    )
    return outcome_text(broadcast, tallies, texts)


def test_a_complete_success_is_one_line() -> None:
    """How many got it, by kind of space, and nothing else."""
    text = report(tally(State.SENT, 12), tally(State.SENT, 5, kind=DIRECT))
    assert text == ENGLISH.say("outcome_done", sent=17, group=12, direct=5)


def test_a_broadcast_that_nobody_got_says_so() -> None:
    """And why, space by space."""
    text = report(tally(State.SKIPPED, 3, Why.NOT_SENDERS_ORG))
    assert text.splitlines()[0] == ENGLISH.say("outcome_nobody")
    assert f"3 × {ENGLISH.why(Why.NOT_SENDERS_ORG)}" in text


def test_a_broadcast_to_nowhere_says_so() -> None:
    """A bot that is in no space has nothing to count."""
    assert report() == ENGLISH.say("outcome_nobody")


@pytest.mark.parametrize(
    ("state", "heading"),
    [(State.FAILED, "outcome_failed"), (State.SKIPPED, "outcome_skipped"), (State.UNKNOWN, "outcome_unknown")],
)
@pytest.mark.parametrize("texts", [ENGLISH, CZECH], ids=["en", "cs"])
def test_what_was_not_sent_is_counted_with_its_reasons(state: State, heading: str, texts: Texts) -> None:
    """Under a heading, a line for each reason, in the bot's language."""
    text = report(
        tally(State.SENT, 1), tally(state, 4, Why.FORBIDDEN), tally(state, 2, Why.READ_ONLY, kind=DIRECT), texts=texts
    )
    assert texts.say(heading, count=6) in text
    lines = [line for line in text.splitlines() if line.startswith("- ")]
    assert lines == [f"- 4 × {texts.why(Why.FORBIDDEN)}", f"- 2 × {texts.why(Why.READ_ONLY)}"]


@pytest.mark.parametrize("why", Why)
@pytest.mark.parametrize("texts", [ENGLISH, CZECH], ids=["en", "cs"])
def test_every_reason_has_words(why: Why, texts: Texts) -> None:
    """In every language."""
    assert f"- 1 × {texts.why(why)}" in report(tally(State.FAILED, 1, why), texts=texts)


def test_one_reason_in_two_kinds_of_space_is_one_line() -> None:
    """The sender does not care."""
    text = report(tally(State.FAILED, 2, Why.FORBIDDEN, "A"), tally(State.FAILED, 3, Why.FORBIDDEN, "B", kind=DIRECT))
    [line] = [line for line in text.splitlines() if line.startswith("- ")]
    assert line.startswith("- 5 × ")
    assert "[A](" in line
    assert "[B](" in line


def test_some_spaces_are_named_and_linked() -> None:
    """Ten at most; how many more there are is said."""
    text = report(tally(State.FAILED, 30, Why.FORBIDDEN, *[f"Space {number}" for number in range(12)]))
    assert f"[Space 0]({space_link('id0')})" in text
    assert ("Space 9]" in text, "Space 10]" in text) == (True, False)
    assert text.endswith(ENGLISH.say("outcome_more", count=20))


def test_when_all_are_named_there_are_no_more() -> None:
    """Nothing is said about a rest that is none."""
    text = report(tally(State.FAILED, 2, Why.FORBIDDEN, "A", "B"))
    assert text.endswith(f"[B]({space_link('id1')})")


def test_a_card_that_was_sent_as_a_file_is_mentioned() -> None:
    """Because Webex refused it."""
    assert ENGLISH.say("card_as_file") in report(tally(State.SENT, 1), card_refused=True)
    assert ENGLISH.say("card_as_file") not in report(tally(State.SENT, 1))


@pytest.mark.parametrize(
    "title",
    [
        "<@all>",
        "<@personEmail:eve@evil.example|Boss>",
        "[click](https://evil.example)",
        "](https://evil.example)",
        "**loud**\n# Heading\n- item",
        "`code`",
        "<b>bold</b>",
        "https://evil.example",
    ],
)
def test_a_title_is_a_title_and_nothing_else(title: str) -> None:
    """Whatever somebody called a space neither notifies nor links nor shapes the report."""
    text = report(tally(State.FAILED, 1, Why.FORBIDDEN, title))
    assert not re.search(r"<@|</?b>|(?<!\\)\*\*|(?<!\\)`", text)
    assert text.count("](") - text.count("\\](") == 1
    assert len(text.splitlines()) == len(report(tally(State.FAILED, 1, Why.FORBIDDEN, "plain")).splitlines())


@pytest.mark.parametrize("title", ["", "   ", "\n"])
def test_a_space_without_a_title_can_still_be_opened(title: str) -> None:
    """Something is there to click at."""
    assert f"[…]({space_link('id0')})" in report(tally(State.FAILED, 1, Why.FORBIDDEN, title))


def test_webexs_own_words_stay_in_the_log() -> None:
    """The details are for the operator."""
    assert "DETAIL" not in report(tally(State.FAILED, 1, Why.FORBIDDEN, "A"))


@given(
    titles=st.lists(st.text(max_size=300) | st.text("*_[]`\\<😀", min_size=60, max_size=80), max_size=10),
    whys=st.sets(st.sampled_from(Why), min_size=1),
)
def test_the_report_fits_into_one_message(titles: list[str], whys: set[Why]) -> None:
    """However many reasons there are, and however long the titles; the counts are always there."""
    states = (State.FAILED, State.SKIPPED, State.UNKNOWN)
    text = report(*[tally(state, 99, why, *titles) for state in states for why in whys])
    assert len(text.encode()) <= SAFE
    assert text.count("99 × ") == 3 * len(whys)
