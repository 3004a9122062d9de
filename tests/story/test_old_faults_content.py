"""What the earlier bot of this kind did to the content of messages: each test would fail on a fault (C1 to C9)."""

import json
from collections.abc import Callable

from tests.story.stage import SimFile, Stage

CARD = {"type": "AdaptiveCard", "version": "1.3", "body": [{"type": "TextBlock", "text": "Lunch"}]}


def mention(person: object) -> str:
    """Return the html of a mention as Webex writes it."""
    first = str(person.display_name).split(maxsplit=1)[0]  # type: ignore[attr-defined]
    return f'<spark-mention data-object-type="person" data-object-id="{person.id}">{first}</spark-mention>'  # type: ignore[attr-defined]


def test_c1_only_the_mention_of_the_bot_is_taken_out(stage: Stage) -> None:
    """The words between the bot's mention and somebody else's stay, and so does the other name."""
    lobby, al = stage.space(), stage.colleague("Al Gray")
    html = f"<p>{mention(stage.bot)} please tell {mention(al)} the office is closed</p>"
    stage.broadcast(stage.alice, room=lobby, html=html, mention=[stage.bot, al])
    assert stage.body(lobby) == "please tell Al the office is closed"


def test_c2_a_mention_and_nothing_else_is_not_broadcast(stage: Stage) -> None:
    """Nobody gets an empty message; the sender gets a hint."""
    lobby, other = stage.spaces(2)
    message = stage.broadcast(stage.alice, "", room=lobby)
    assert stage.copies(other) == []
    assert "There was nothing in your message" in "\n".join(stage.told(message))


def test_c3_a_card_carries_sender_and_text(stage: Stage) -> None:
    """Beside the card stand who sent it and the words that came with it."""
    lobby = stage.space()
    stage.broadcast(stage.alice, "lunch?", files=[SimFile("c.json", json.dumps(CARD).encode(), "application/json")])
    assert stage.copy(lobby).attachments[0]["content"] == CARD
    assert stage.copy(lobby).text == "Message from Alice Novak:\nlunch?"


def test_c4_a_content_type_with_parameters_is_still_that_of_a_card(stage: Stage) -> None:
    """`application/json; charset=UTF-8` under a name that says nothing goes out as a card."""
    lobby, kind = stage.space(), "application/json; charset=UTF-8"
    stage.broadcast(stage.alice, "lunch?", files=[SimFile("card", json.dumps(CARD).encode(), kind)])
    assert stage.copy(lobby).attachments[0]["content"] == CARD


def test_c5_files_that_are_left_out_are_told(stage: Stage) -> None:
    """Of three files the first goes out, and the sender learns the names of the others."""
    lobby = stage.space()
    files = [SimFile(name, name.encode()) for name in ("one.txt", "two.txt", "three.txt")]
    message = stage.broadcast(stage.alice, "look", files=files)
    assert [file.name for file in stage.copy(lobby).files] == ["one.txt"]
    assert "Webex takes one file per message. Not sent along: two.txt, three.txt" in stage.told(message)


def test_c6_lists_and_code_arrive_as_lists_and_code(stage: Stage) -> None:
    """What Webex makes of the copy is the html of the original; no tag stands in the text."""
    lobby = stage.space()
    html = "<p>Steps:</p><ul><li>one</li><li>two</li></ul><pre><code>a &lt; b</code></pre>"
    stage.broadcast(stage.alice, html=html)
    assert (stage.copy(lobby).html or "").endswith(html)
    assert "<li>" not in (stage.copy(lobby).markdown or "")


def test_c7_a_message_in_a_thread_is_answered_there_and_its_edit_sends_nothing_new(
    make_stage: Callable[..., Stage],
) -> None:
    """The report joins the thread of the message; editing the message changes its copy and makes no further one."""
    stage = make_stage(tells_edits=True).open()
    lobby = stage.space()
    root = stage.world.say(stage.alice, lobby, "Any news?")
    message = stage.broadcast(stage.alice, "news", room=lobby, parent=root)
    assert stage.outcome(root).startswith("Sent: 2")
    stage.world.edit(message, "newer news")
    stage.settled()
    assert stage.body(lobby) == "newer news"


def test_c8_answers_to_a_card_reach_the_bot(stage: Stage) -> None:
    """Webex tells the bot of a button that was pressed in a copy of a card, and the bot takes it."""
    lobby = stage.space()
    stage.broadcast(stage.alice, "lunch?", files=[SimFile("c.json", json.dumps(CARD).encode(), "application/json")])
    stage.world.submit(stage.alice, stage.copy(lobby), {"count": 2})
    stage.settled()
    last = stage.webex.hooks.deliveries[-1]
    assert json.loads(last.body)["resource"] == "attachmentActions"
    assert last.status == 200


def test_c9_names_in_the_text_notify_nobody(stage: Stage) -> None:
    """A mention of a colleague, of everybody, and a mention that was typed are plain words in every copy."""
    lobby, al = stage.space(), stage.colleague("Al Gray")
    typed = f"ask <@personEmail:{al.email}> or <@personId:{al.id}|Al> or <@all> {{name}}"
    stage.broadcast(stage.alice, typed, room=lobby, mention=[stage.bot, al], mention_all=True)
    assert stage.copy(lobby).mentioned_people == (stage.alice.id,)
    assert stage.copy(lobby).mentioned_groups == ()
    assert "{name}" in stage.copy(lobby).text
