"""The main job: what a person writes to the bot arrives in every space, with who wrote it and nothing lost."""

from collections.abc import Callable

import pytest

from tests.story.stage import Stage, eventually
from webexsim import Person
from webexsim.markup import all_mention, person_mention


def at(person: Person) -> str:
    """Return the html of a mention, with the first name as Webex shows it."""
    return person_mention(person.id, person.first_name)


def test_a_message_goes_to_every_space_and_1_1(stage: Stage) -> None:
    """Group spaces, other people's 1-1s, and the sender's own have it; each once."""
    places = [*stage.spaces(3), stage.world.direct(stage.bot, stage.colleague()), stage.dm]
    stage.broadcast(stage.alice, "Cake at three")
    assert [stage.body(place) for place in places] == ["Cake at three"] * 5


def test_the_space_it_came_from_is_a_destination_like_any_other(stage: Stage) -> None:
    """A message with a mention of the bot comes back into that very space, and goes to the sender's 1-1."""
    lobby = stage.space()
    stage.broadcast(stage.alice, "Cake at three", room=lobby)
    assert stage.body(lobby) == stage.body(stage.dm) == "Cake at three"


def test_a_group_space_sees_a_mention_of_the_sender(stage: Stage) -> None:
    """The identity in a group space is a real mention, which opens the sender's contact card."""
    lobby = stage.space()
    stage.broadcast(stage.alice, "hello")
    assert stage.copy(lobby).markdown == f"Message from <@personId:{stage.alice.id}|Alice Novak>:\n\nhello"
    assert stage.copy(lobby).mentioned_people == (stage.alice.id,)


def test_a_1_1_sees_name_and_address_of_the_sender(stage: Stage) -> None:
    """The identity in a 1-1 is plain text: name and e-mail address."""
    stage.broadcast(stage.alice, "hello")
    assert stage.copy(stage.dm).text == "Message from Alice Novak (alice@acme.example):\nhello"
    assert stage.copy(stage.dm).mentioned_people == ()


def test_the_identity_speaks_the_configured_language(empty_stage: Stage) -> None:
    """With cs_CZ the copies begin in Czech."""
    lobby = empty_stage.space()
    stage = empty_stage.open(LOCALE="cs_CZ")
    stage.broadcast(stage.alice, "ahoj")
    assert stage.copy(lobby).text == "Zpráva od Alice Novak:\nahoj"


def test_a_hostile_name_is_nothing_but_a_name(stage: Stage) -> None:
    """A sender called like a mention of everybody, with a link in the name, notifies nobody and links nowhere."""
    lobby, name = stage.space(), "<@all> **Eve** [x](https://evil.example)|y>"
    stage.broadcast(stage.colleague(name, email="eve@acme.example"), "hello")
    for place in (lobby, stage.dm):
        assert stage.copy(place).mentioned_groups == ()
        assert "<a href" not in (stage.copy(place).html or "")
        assert "<strong>" not in (stage.copy(place).html or "")


@pytest.mark.parametrize(
    ("html", "body"),
    [
        ("<p>{bot} hello there</p>", "hello there"),
        ("<p>hello {bot} there</p>", "hello there"),
        ("<p>hello there {bot}</p>", "hello there"),
        ("<p>hello, {bot}, there</p>", "hello,, there"),
        ("<p>{bot}</p><p>hello there</p>", "hello there"),
        ("<p>{bot} hello {bot} there {bot}</p>", "hello there"),
        ("<ul><li>{bot} one</li><li>two</li></ul>", "- one\n- two"),
        ("<p>Broadcast Bot {bot} is my name</p>", "Broadcast Bot is my name"),
    ],
)
def test_the_mention_of_the_bot_goes_wherever_it_stands(stage: Stage, html: str, body: str) -> None:
    """The mention, and nothing else, is taken out: at the start, in the middle, at the end, more than once."""
    lobby = stage.space()
    stage.broadcast(stage.alice, room=lobby, html=html.format(bot=at(stage.bot)), mention=[stage.bot])
    assert stage.body(lobby) == body


def test_the_mention_in_a_message_that_came_through_the_api_goes_too(stage: Stage) -> None:
    """A script that posts markdown with a mention of the bot is understood like a person in the app."""
    lobby = stage.space()
    stage.world.say(stage.alice, lobby, markdown=f"<@personId:{stage.bot.id}> **Fire drill** at ten")
    stage.settled()
    assert stage.body(lobby) == "**Fire drill** at ten"


def test_in_a_1_1_no_mention_is_needed_and_names_stay(stage: Stage) -> None:
    """Text that begins with the bot's own name, as plain words in a 1-1, keeps them."""
    lobby = stage.space()
    stage.broadcast(stage.alice, "Broadcast Bot is down for an hour")
    assert stage.body(lobby) == "Broadcast Bot is down for an hour"


def test_mentions_of_other_people_become_their_names(stage: Stage) -> None:
    """A colleague's mention is the name in the copies; only the sender is notified there."""
    lobby, carl = stage.space(), stage.colleague("Carl Dee")
    html = f"<p>{at(stage.bot)} ask {at(carl)} or {at(stage.bob)}</p>"
    stage.broadcast(stage.alice, room=lobby, html=html, mention=[stage.bot, carl, stage.bob])
    assert stage.body(lobby) == "ask Carl or Bob"
    assert stage.copy(lobby).mentioned_people == (stage.alice.id,)


@pytest.mark.parametrize(("allowed", "groups"), [(False, ()), (True, ("all",))])
def test_a_mention_of_everybody_needs_the_configuration(empty_stage: Stage, allowed: bool, groups: tuple[str]) -> None:
    """@all in a message notifies everybody in every space with `allow_mention_all`, and nobody without."""
    empty_stage.config(destination={"allow_mention_all": allowed})
    lobby = empty_stage.space()
    stage = empty_stage.open()
    stage.broadcast(stage.alice, room=lobby, html=f"<p>{at(stage.bot)} {all_mention()} out!</p>", mention=[stage.bot])
    assert stage.copy(lobby).mentioned_groups == groups
    assert "out!" in stage.copy(lobby).text


@pytest.mark.parametrize("text", ["<@all> out!", "&lt;@all> out!", "@all out!", "<spark-mention>x</spark-mention>"])
def test_a_typed_mention_of_everybody_is_only_text(stage: Stage, text: str) -> None:
    """Whatever a sender types, no copy mentions a group, and the words can still be read."""
    lobby = stage.space()
    stage.broadcast(stage.alice, text)
    assert stage.copy(lobby).mentioned_groups == ()
    assert stage.copy(lobby).text.replace("\u2060", "").endswith(text)


@pytest.mark.parametrize(
    "html",
    [
        "<p><strong>bold</strong> and <em>italic</em></p>",
        '<p>see <a href="https://acme.example/a?b=1&amp;c=2" rel="nofollow">the plan</a></p>',
        "<ul><li>one</li><li>two</li></ul>",
        "<ol><li>one</li><li>two</li></ol>",
        "<blockquote><p>so she said</p></blockquote>",
        "<p>run <code>rm -rf *</code> never</p>",
        "<pre><code>if a &lt; b:\n    **pass**</code></pre>",
        "<h1>News</h1><p>first line<br/>second line</p><p>next paragraph</p>",
    ],
)
def test_formatting_survives(stage: Stage, html: str) -> None:
    """What Webex makes of a copy is the html of the original, element for element."""
    lobby = stage.space()
    stage.broadcast(stage.alice, html=html)
    assert (stage.copy(lobby).html or "").partition("</p>")[2] == html


@pytest.mark.parametrize(
    "text",
    [
        "2 * 3 * 4 = 24, snake_case_name, a_b",
        "[x](https://y.example) <b>no</b> & &amp; `tick` \\ backslash",
        "# no heading",
        "- no list\n- either",
        "1. first\n2. second",
        "> no quote",
        "line one\nline two",
        "emoji 🎉👩‍👩‍👧 ﷽ žluťoučký 日本語 مرحبا",
    ],
)
def test_plain_text_arrives_as_it_was_typed(stage: Stage, text: str) -> None:
    """Characters that mean something in markdown are shown, not acted upon."""
    lobby = stage.space()
    stage.broadcast(stage.alice, text)
    assert stage.copy(lobby).text.partition("\n")[2].replace("\u2060", "") == text


def test_lines_and_paragraphs_stay_what_they_were(stage: Stage) -> None:
    """A line end in a plain text is a line end in the copy, an empty line parts two paragraphs."""
    lobby = stage.space()
    stage.broadcast(stage.alice, "one\ntwo\n\nthree")
    assert (stage.copy(lobby).html or "").endswith("<p>one<br/>two</p><p>three</p>")


def test_a_long_text_arrives_in_order_in_every_place(stage: Stage) -> None:
    """30,000 characters come as several messages, each short enough, in order; only the first names the sender."""
    words = [f"word{number}" for number in range(3500)]
    places = [*stage.spaces(3), stage.dm]
    stage.broadcast(stage.alice, " ".join(words))
    for place in places:
        parts = [copy.markdown or "" for copy in stage.copies(place)]
        assert max(len(part.encode()) for part in parts) <= 7439
        assert [part.startswith("Message from") for part in parts] == [True] + [False] * (len(parts) - 1)
        assert " ".join(parts).partition("\n\n")[2].split() == words


@pytest.mark.parametrize("sign", ["🎉", "ž", "x", "👩‍👩‍👧"])
def test_a_long_text_without_a_blank_is_cut_between_characters(stage: Stage, sign: str) -> None:
    """One endless word comes in pieces that give the word again; no character is cut in half."""
    lobby, word = stage.space(), sign * (20_000 // len(sign.encode()))
    stage.broadcast(stage.alice, word)
    parts = [copy.markdown or "" for copy in stage.copies(lobby)]
    assert "".join(parts).partition("\n\n")[2] == word
    assert all(part.endswith(sign) for part in parts)


def test_paragraphs_are_kept_together_where_a_text_is_split(stage: Stage) -> None:
    """Of paragraphs of 2,000 bytes each no one is torn apart."""
    lobby, paragraphs = stage.space(), [f"{number} " + "la " * 660 + "end" for number in range(8)]
    stage.broadcast(stage.alice, "\n\n".join(paragraphs))
    parts = [copy.markdown or "" for copy in stage.copies(lobby)]
    assert all(part.rstrip().endswith("end") for part in parts)


def test_two_long_texts_do_not_mix(stage: Stage) -> None:
    """In every space all parts of the first broadcast stand before those of the second."""
    spaces = stage.spaces(4)
    stage.says(stage.alice, "a " * 10_000)
    eventually(lambda: stage.ledger.broadcast(1))
    stage.broadcast(stage.alice, "b " * 10_000)
    for space in spaces:
        seen = [(copy.markdown or "").rstrip()[-1] for copy in stage.copies(space)]
        assert seen == sorted(seen)
        assert set(seen) == {"a", "b"}


@pytest.mark.parametrize("text", ["", "   ", "\n\n", "\u00a0"])
def test_a_message_with_nothing_in_it_brings_a_hint(stage: Stage, text: str) -> None:
    """A mention with nothing but blanks is not broadcast; the sender is told how the bot is used, in the thread."""
    lobby = stage.space()
    message = stage.broadcast(stage.alice, text, room=lobby)
    assert [place for place in (lobby, stage.dm) if stage.copies(place)] == []
    assert len(stage.told(message)) == 1
    assert "mention me in a space together with your text" in "\n".join(stage.told(message))


def test_a_group_message_that_does_not_mention_the_bot_is_none_of_its_business(stage: Stage) -> None:
    """What people say to each other is not even read."""
    lobby = stage.space()
    stage.settled()
    stage.webex.clear_calls()
    stage.world.say(stage.alice, lobby, "between ourselves")
    stage.settled()
    assert stage.webex.calls == []


def test_the_report_stands_in_the_thread_of_the_message(stage: Stage) -> None:
    """The sender learns how many got it, in the thread and once."""
    stage.spaces(2)
    message = stage.broadcast(stage.alice, "hello")
    assert stage.outcome(message).startswith("Sent: 3 (group spaces: 2, 1-1s: 1)\n")


def test_the_report_can_be_switched_off(empty_stage: Stage) -> None:
    """With `report.in_thread` false a broadcast is followed by nothing."""
    empty_stage.config(report={"in_thread": False})
    stage = empty_stage.open()
    message = stage.broadcast(stage.alice, "hello")
    assert stage.told(message) == []


@pytest.mark.parametrize("rooms", [30, 1050])
def test_a_broadcast_costs_hardly_more_calls_than_it_has_destinations(
    make_stage: Callable[..., Stage], rooms: int
) -> None:
    """With the filters off: one a destination, two for every thousand rooms, eight besides; the thread has a few."""
    stage = make_stage(pace=20)
    stage.config(source={"bots_own_org": False}, destination={"senders_own_org": False})
    spaces = stage.spaces(rooms - 1)
    stage.open()
    stage.webex.clear_calls()
    message = stage.broadcast(stage.alice, "hello")
    assert sum(len(stage.copies(space)) for space in spaces) == rooms - 1
    told = sum(1 + said.edits for said in stage.thread(message))
    assert told < 20
    assert len(stage.webex.calls) - told <= rooms + 2 * -(-rooms // 1000) + 8
