"""Questions that begin with a slash are answered; everything else that begins with one is a message like any other."""

from collections.abc import Callable

import pytest

from tests.story.stage import SimFile, Stage


@pytest.mark.parametrize("words", ["/help", "/HELP", " /help ", "/help?"])
def test_help_says_what_the_bot_does(stage: Stage, words: str) -> None:
    """It is answered in the thread, and nobody else hears of it."""
    message = stage.broadcast(stage.alice, words)
    [said] = stage.answers(message)
    assert "Whatever you write to me goes to all spaces" in said
    assert all(question in said for question in ("`/spaces`", "`/history`", "`/help`"))
    assert stage.ledger.broadcast(1) is None


def test_spaces_says_where_a_message_would_go_and_why_not_elsewhere(empty_stage: Stage) -> None:
    """The same numbers and reasons as the broadcast afterwards has, with links to those left out."""
    empty_stage.spaces(3)
    empty_stage.space("Fortress", owner=empty_stage.globex)
    stage = empty_stage.open()
    [said] = stage.answers(stage.broadcast(stage.alice, "/spaces"))
    assert said.startswith("A message of yours would go to 4 spaces (group spaces: 3, 1-1s: 1).")
    assert "Left out: 1\n- 1 × the space does not belong to the sender's organization: [Fortress](webexteams:" in said
    assert stage.outcome(stage.broadcast(stage.alice, "hello")).startswith("Sent: 4 (group spaces: 3, 1-1s: 1)")


def test_spaces_with_many_left_out_fits_into_one_message(empty_stage: Stage) -> None:
    """Two hundred spaces of another organization with long names: one answer, all counted."""
    for number in range(200):
        empty_stage.space(f"{number} {'ž' * 200}", owner=empty_stage.globex)
    stage = empty_stage.open()
    [said] = stage.answers(stage.broadcast(stage.alice, "/spaces"))
    assert "Left out: 200" in said
    assert len(said.encode()) <= 7439


def test_history_tells_what_one_has_sent(empty_stage: Stage) -> None:
    """The newest first, with counts and a link to all; other people's are not in it."""
    empty_stage.config(source={"bots_own_org": False})
    stage = empty_stage.open()
    assert stage.answers(stage.broadcast(stage.alice, "/history")) == ["You have not sent anything yet."]
    for sender in (stage.alice, stage.bob, stage.alice):
        stage.broadcast(sender, "hello")
    [said] = stage.answers(stage.broadcast(stage.alice, "/history"))
    assert said.count("\n- ") + said.startswith("- ") == 2
    assert "sent 1, failed 0" in said
    assert f"[All of them]({stage.url}/history/" in said


def test_a_question_in_a_group_space_needs_the_mention(stage: Stage) -> None:
    """With it the answer stands in the thread there; without it nobody is asked."""
    lobby = stage.space()
    message = stage.broadcast(stage.alice, "/help", room=lobby)
    assert len(stage.told(message)) == 1
    unheard = stage.world.say(stage.alice, lobby, "/help")
    stage.settled()
    assert stage.told(unheard) == []


@pytest.mark.parametrize(
    "words",
    [
        "/shrug",
        "/spaces please",
        "/help me with the move\ntomorrow",
        "//help",
        "help",
        "spaces",
        "history",
        "/",
        "/ help",
    ],
)
def test_everything_else_is_a_message(stage: Stage, words: str) -> None:
    """It arrives as it was written."""
    lobby = stage.space()
    stage.broadcast(stage.alice, words)
    assert stage.copy(lobby).text.partition("\n")[2] == words


def test_a_file_with_the_word_of_a_question_is_a_message(stage: Stage) -> None:
    """Who sends a file means everybody."""
    lobby = stage.space()
    stage.broadcast(stage.alice, "/help", files=[SimFile("help.txt", b"help")])
    assert (stage.body(lobby), stage.copy(lobby).files[0].content) == ("/help", b"help")


@pytest.mark.parametrize("words", ["/help", "/spaces", "/history"])
def test_who_may_not_send_may_not_ask(stage: Stage, words: str) -> None:
    """A stranger learns nothing about the spaces: he is refused as for a message."""
    message = stage.broadcast(stage.bob, words)
    assert stage.told(message) == [
        "Sorry, your message was not passed on: only people of my own organization may send."
    ]


def test_a_question_that_is_told_again_is_answered_once(stage: Stage) -> None:
    """The event comes five times."""
    stage.webex.hooks.duplicate = 4
    message = stage.broadcast(stage.alice, "/spaces")
    assert len(stage.told(message)) == 1


def test_the_answers_speak_the_configured_language(make_stage: Callable[..., Stage]) -> None:
    """With cs_CZ all three are Czech."""
    stage = make_stage().open(LOCALE="cs_CZ")
    said = [stage.answers(stage.broadcast(stage.alice, words))[0] for words in ("/help", "/spaces", "/history")]
    assert not any(word in " ".join(said) for word in ("would", "Whatever", "You have"))
