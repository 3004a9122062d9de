"""Look before you leap: above a number of spaces, for the same once more, and for too many, the bot asks first."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from broadcast.buttons import Seal
from broadcast.commands import Order
from broadcast.model import State
from tests.story.process import Process
from tests.story.stage import SECRET, SimFile, Stage, eventually
from webexsim import Message, Space
from webexsim.markup import all_mention, person_mention

CARD = b'{"type": "AdaptiveCard", "version": "1.2", "body": [{"type": "TextBlock", "text": "Lunch?"}]}'
FAST = ("-m", "tests.story.fastbot")
REFUSED = b'{"type": "AdaptiveCard", "version": "1.2", "body": [{"type": "TextBlock"}]}'


@pytest.fixture
def stage(make_stage: Callable[..., Stage]) -> Stage:
    """Return a world in which the bot asks before a message goes to more than two spaces; there are four."""
    stage = make_stage(tells_edits=True)
    stage.config(confirm={"above": 2})
    stage.spaces(3)
    return stage.open()


def is_asked(stage: Stage, message: Message) -> bool:
    """Say whether the bot asks about a message, and has sent nothing of it."""
    is_question = any(said.startswith("Not sent yet.") for said in stage.answers(message))
    return is_question and stage.ledger.broadcast_of(message.id) is None


def shown(message: Message) -> Any:
    """Return what can be seen of a message."""
    files = [(file.name, file.content_type, file.content) for file in message.files]
    return message.text, message.html, files, message.attachments, message.mentioned_people


def preview(stage: Stage, message: Message) -> list[Any]:
    """Return what stands between the words of the preview and the question."""
    said = stage.thread(message)
    first = next(at for at, one in enumerate(said) if one.markdown == "This is what would go out:")
    return [shown(one) for one in said[first + 1 :] if not (one.markdown or "").startswith("Not sent yet.")]


def places(stage: Stage) -> list[Space]:
    """Return every space the bot is in."""
    return list(stage.world.directory.spaces_of(stage.bot))


def silent(stage: Stage) -> bool:
    """Say whether nothing has gone out anywhere."""
    return not any(stage.copies(space) for space in places(stage))


# What is asked


def test_above_the_number_the_bot_asks_first(stage: Stage) -> None:
    """The audience in numbers, some of it by name, the time it takes, why it asks and until when; two buttons."""
    message = stage.broadcast(stage.alice, "hello")
    assert silent(stage)
    said = stage.thread(message)[-1].markdown or ""
    assert said.startswith("Not sent yet. This would go to 4 spaces (group spaces: 3, 1-1s: 1)")
    assert re.search(r"For example: \[Space \d\]\(webexteams://", said)
    assert "That is more than 2." in said
    assert re.search(r"It is dropped at \d\d:\d\d UTC\.", said)
    assert stage.button(message, "Send")
    assert stage.button(message, "Do not send")


def test_the_preview_calls_nobody(stage: Stage) -> None:
    """In a space with others a mention of everybody is shown as text until the sender has said yes."""
    stage.config(confirm={"above": 0}, destination={"allow_mention_all": True})
    lobby = stage.space()
    html = f"<p>{person_mention(stage.bot.id, 'Broadcast')} {all_mention()} out!</p>"
    message = stage.broadcast(stage.alice, room=lobby, html=html, mention=[stage.bot])
    assert any("@all out!" in said.text for said in stage.thread(message))
    assert not any(said.mentioned_groups for said in stage.thread(message))
    stage.press(message, "Send")
    stage.settled()
    assert stage.copy(lobby).mentioned_groups == ("all",)


def test_the_question_tells_who_is_left_out_and_why(stage: Stage) -> None:
    """Before it goes out the sender learns where it would not go."""
    stage.space("Fortress", owner=stage.globex)
    message = stage.broadcast(stage.alice, "hello")
    assert "Left out: 1\n- 1 × the space does not belong" in (stage.thread(message)[-1].markdown or "")


@pytest.mark.parametrize("above", [4, 5, None])
def test_up_to_the_number_it_does_not_ask(stage: Stage, above: int | None) -> None:
    """Four spaces are not more than four; and without a number it never asks."""
    stage.config(confirm={"above": above} if above else {})
    stage.broadcast(stage.alice, "hello")
    assert stage.is_once_everywhere()


@pytest.mark.parametrize(
    ("text", "files"),
    [
        ("**hello** & <b>bye</b>", []),
        ("word " * 4000, []),
        ("look", [SimFile("plán ž.txt", b"the plan", "text/plain")]),
        ("", [SimFile("plan.bin", bytes(range(256)))]),
        ("lunch?", [SimFile("card.json", CARD, "application/json")]),
        ("lunch?", [SimFile("card.json", REFUSED, "application/json")]),
    ],
)
def test_the_preview_is_exactly_what_goes_out(stage: Stage, text: str, files: list[SimFile]) -> None:
    """Text, parts, file, card, and a card that Webex refuses: the sender sees what the spaces get afterwards."""
    message = stage.broadcast(stage.alice, text, files=files)
    expected = preview(stage, message)
    stage.steer(message, "send")
    for space in places(stage):
        if space.type == "group":
            assert [shown(copy) for copy in stage.copies(space)] == expected


# The word


def test_send_by_button(stage: Stage) -> None:
    """It goes out once, and the thread goes on as for any other message."""
    message = stage.broadcast(stage.alice, "hello")
    stage.press(message, "Send")
    stage.settled()
    assert stage.is_once_everywhere()
    assert stage.opened(message)
    assert stage.outcome(message).startswith("Sent: 4 ")


@pytest.mark.parametrize("word", ["send", "Send!", " SEND "])
def test_send_by_reply(stage: Stage, word: str) -> None:
    """The word alone, in the thread."""
    message = stage.broadcast(stage.alice, "hello")
    stage.steer(message, word)
    assert stage.is_once_everywhere()


@pytest.mark.parametrize("how", ["button", "reply"])
def test_not_to_send(stage: Stage, how: str) -> None:
    """Nobody gets it, the sender is told; Send comes too late afterwards."""
    message = stage.broadcast(stage.alice, "hello")
    if how == "button":
        stage.press(message, "Do not send")
    else:
        stage.replies(message, "cancel")
    stage.settled()
    assert stage.told(message)[-1] == "Your message was not sent."
    stage.press(message, "Send")
    stage.settled()
    assert stage.told(message)[-1] == "This was decided already."
    assert silent(stage)


def test_send_pressed_again_and_again_sends_once(stage: Stage) -> None:
    """Three presses at once, a reply, and one more press later."""
    message = stage.broadcast(stage.alice, "hello")
    stage.webex.hooks.duplicate = 2
    for _ in range(3):
        stage.press(message, "Send")
    stage.replies(message, "send")
    stage.settled()
    stage.press(message, "Send")
    stage.settled()
    assert stage.is_once_everywhere()
    assert stage.told(message)[-1] == "This was decided already."


def test_send_and_not_to_send_in_one_moment(stage: Stage) -> None:
    """Whichever is first counts: all have it, or nobody; never both."""
    message = stage.broadcast(stage.alice, "hello")
    stage.webex.hooks.hold()
    stage.press(message, "Send")
    stage.press(message, "Do not send")
    stage.webex.hooks.release()
    stage.settled()
    dropped = "Your message was not sent." in stage.answers(message)
    assert silent(stage) if dropped else stage.is_once_everywhere()


def test_somebody_else_may_not_decide(stage: Stage) -> None:
    """Not by the button and not by the word, not even an administrator; the sender still may."""
    carl = stage.colleague()
    stage.config(confirm={"above": 2}, source={"admins": [carl.email]})
    lobby = stage.space(members=[stage.bot, stage.alice, carl])
    message = stage.broadcast(stage.alice, "hello", room=lobby)
    stage.press(message, "Send", by=carl)
    assert stage.steer(message, "send", by=carl).endswith("Only Alice Novak may decide about this message.")
    assert silent(stage)
    stage.press(message, "Send")
    stage.settled()
    assert stage.is_once_everywhere()


def test_a_forged_button_decides_nothing(stage: Stage) -> None:
    """Made with another secret, or about a message nobody asked about."""
    message = stage.broadcast(stage.alice, "hello")
    card, _ = stage.button(message, "Send")
    stage.world.submit(stage.alice, card, Seal("another secret").inputs(Order.SEND, message.id))
    stage.world.submit(stage.alice, card, Seal(SECRET).inputs(Order.SEND, "another message"))
    stage.settled()
    assert is_asked(stage, message)


def test_status_while_it_is_asked_is_no_broadcast(stage: Stage) -> None:
    """A word of steering in the thread of a question is not passed on to anybody."""
    message = stage.broadcast(stage.alice, "hello")
    for word in ("status", "recall", "help"):
        stage.steer(message, word)
    assert silent(stage)


@pytest.mark.parametrize("word", ["sned", "canel", "stauts"])
def test_a_slip_below_a_question_is_no_new_message(stage: Stage, word: str) -> None:
    """It is asked about; the question stays the one about the message above."""
    message = stage.broadcast(stage.alice, "hello")
    assert stage.steer(message, word).startswith("Did you mean `")
    stage.steer(message, "send")
    assert stage.is_once_everywhere()


def test_a_question_does_not_take_a_word_that_is_not_for_it(stage: Stage) -> None:
    """Another person's question in the same thread: the sender's `cancel` is about the broadcast that runs."""
    carl, lobby = stage.colleague("Carl Dee"), stage.space(members=[stage.bot, stage.alice, stage.colleague()])
    stage.world.join(carl, lobby)
    stage.config()
    for space in places(stage):
        stage.fault("status", status=503, room=space, times=None)
    message = stage.says(stage.alice, "hello", room=lobby)
    eventually(lambda: stage.ledger.broadcast(1))
    stage.config(confirm={"above": 0})
    stage.says(carl, "mine", room=lobby, parent=message)
    eventually(lambda: stage.ledger.recall(f"ask-thread:{message.id}"))
    stage.replies(message, "cancel")
    eventually(lambda: stage.ledger.broadcast(1).cancelled_at)  # type: ignore[union-attr]


@pytest.mark.parametrize("word", ["send", "cancel"])
def test_a_word_about_a_question_that_was_forgotten_is_no_broadcast(stage: Stage, word: str) -> None:
    """After `retention_days` nobody knows what was asked: the answer goes to nobody, and its writer is told."""
    message = stage.broadcast(stage.alice, "hello")
    stage.ledger.purge(stage.clock.now() + 1)
    assert stage.steer(message, word) == "I know of no broadcast in this thread, so there is nothing to steer."
    assert silent(stage)


# Time, restarts, changes


def test_a_question_expires(make_stage: Callable[..., Stage]) -> None:
    """After the time that was named Send comes too late: nobody gets it, and the sender is told."""
    stage = make_stage()
    stage.config(confirm={"above": 0})
    message = stage.open().broadcast(stage.alice, "hello")
    stage.clock.leap(3700)
    stage.press(message, "Send")
    stage.settled()
    assert stage.told(message)[-1] == "That was too long ago, so nothing was sent. Please send your message again."
    assert silent(stage)


def test_a_question_survives_a_restart(stage: Stage) -> None:
    """The bot was stopped and started in between: the same button still sends, once."""
    message = stage.broadcast(stage.alice, "hello")
    stage.shut()
    stage.open()
    stage.press(message, "Send")
    stage.settled()
    assert stage.is_once_everywhere()


@pytest.mark.parametrize("is_told", [True, False])
def test_a_message_that_was_edited_meanwhile_is_not_sent(make_stage: Callable[..., Stage], is_told: bool) -> None:
    """What goes out is what was shown, or nothing; also where Webex does not tell about the edit."""
    stage = make_stage(tells_edits=is_told)
    stage.config(confirm={"above": 0})
    message = stage.open().broadcast(stage.alice, "hello")
    stage.world.edit(message, "goodbye")
    stage.settled()
    stage.press(message, "Send")
    stage.settled()
    void = "Your message has changed since, so nothing was sent. Please send it again."
    assert stage.answers(message).count(void) == 1
    assert silent(stage)


@pytest.mark.parametrize("is_told", [True, False])
def test_a_message_that_was_deleted_meanwhile_is_not_sent(stage: Stage, is_told: bool) -> None:
    """Whether or not Webex tells about it: whoever still has the button sends nothing with it."""
    message = stage.broadcast(stage.alice, "hello")
    card, inputs = stage.button(message, "Send")
    stage.webex.hooks.drop(0.0 if is_told else 1.0)
    stage.world.delete(message)
    stage.webex.hooks.wait_idle()
    stage.webex.hooks.drop(0.0)
    stage.world.submit(stage.alice, card, inputs)
    stage.settled()
    assert stage.ledger.broadcast(1) is None
    assert not any("Message from" in copy.text for space in places(stage) for copy in stage.copies(space))


def test_who_may_not_send_any_more_cannot_say_send(stage: Stage) -> None:
    """The list of senders has changed since the question."""
    message = stage.broadcast(stage.alice, "hello")
    stage.config(confirm={"above": 2}, source={"from_sender_list": True, "sender_list": ["dana@acme.example"]})
    stage.press(message, "Send")
    stage.settled()
    assert "you are not on the list of people who may send" in stage.told(message)[-1]
    assert silent(stage)


def test_the_audience_is_that_of_the_moment_it_goes_out(stage: Stage) -> None:
    """A space that came after the question gets the message, too."""
    message = stage.broadcast(stage.alice, "hello")
    late = stage.space("Late")
    stage.press(message, "Send")
    stage.settled()
    assert stage.body(late) == "hello"


def test_a_message_that_waits_holds_up_no_other(stage: Stage) -> None:
    """While one is asked about, a colleague's goes out; what is asked about goes out afterwards."""
    waiting = stage.broadcast(stage.alice, "first")
    stage.config(confirm={"above": 100})
    stage.broadcast(stage.alice, "second")
    stage.press(waiting, "Send")
    stage.settled()
    for space in places(stage):
        assert [copy.text.split("\n")[1] for copy in stage.copies(space)] == ["second", "first"]


# Guards


def test_the_same_once_more_is_asked_about(make_stage: Callable[..., Stage]) -> None:
    """Within `guard.same_within_minutes`; another text, another sender, or later: no question."""
    stage = make_stage()
    stage.config(guard={"same_within_minutes": 10})
    stage.open().broadcast(stage.alice, "hello")
    again = stage.broadcast(stage.alice, "hello")
    assert is_asked(stage, again)
    assert re.search(r"You sent the same within the last minutes: \d", stage.told(again)[-1])
    for sender, text in ((stage.alice, "hello!"), (stage.colleague(), "hello")):
        assert stage.outcome(stage.broadcast(sender, text))
    stage.clock.leap(700)
    assert stage.outcome(stage.broadcast(stage.alice, "hello"))


def test_the_same_file_once_more_is_asked_about(make_stage: Callable[..., Stage]) -> None:
    """Another file under the same words is not the same."""
    stage = make_stage(pace=5)
    stage.config(guard={"same_within_minutes": 60})
    stage.open().broadcast(stage.alice, "look", files=[SimFile("x.bin", b"one")])
    assert is_asked(stage, stage.broadcast(stage.alice, "look", files=[SimFile("x.bin", b"one")]))
    assert stage.outcome(stage.broadcast(stage.alice, "look", files=[SimFile("x.bin", b"another")]))


def test_too_many_within_an_hour_are_asked_about(make_stage: Callable[..., Stage]) -> None:
    """The third of two that are allowed; other people's do not count; an hour later it goes out unasked."""
    stage = make_stage()
    stage.config(guard={"most_per_hour": 2})
    stage.open()
    carl = stage.colleague()
    for sender, text in ((stage.alice, "one"), (carl, "two"), (stage.alice, "three")):
        assert stage.outcome(stage.broadcast(sender, text))
    fourth = stage.broadcast(stage.alice, "four")
    assert is_asked(stage, fourth)
    assert "You sent 2 broadcasts within the last hour." in stage.told(fourth)[-1]
    stage.clock.leap(3700)
    assert stage.outcome(stage.broadcast(stage.alice, "five"))


def test_by_default_nothing_is_asked(make_stage: Callable[..., Stage]) -> None:
    """The same three times in a minute, to many spaces: it goes out three times."""
    stage = make_stage(pace=5)
    stage.spaces(20)
    stage.open()
    for _ in range(3):
        stage.broadcast(stage.alice, "hello")
    assert {len(stage.copies(space)) for space in places(stage)} == {3}


# A kill


def test_a_question_survives_a_kill(make_stage: Callable[..., Stage], start: Callable[..., Process]) -> None:
    """Killed while it is asked, and once more right after Send: it goes out, to nobody twice."""
    stage = make_stage(pace=20)
    stage.config(confirm={"above": 2})
    stage.spaces(20)
    bot = start(stage, *FAST)
    message = stage.says(stage.alice, "hello")
    eventually(lambda: is_asked(stage, message))
    bot.kill()
    bot = start(stage, *FAST, is_set_up=False)
    stage.press(message, "Send")
    stage.webex.hooks.wait_idle()
    pressed = stage.webex.hooks.deliveries[-1]
    assert (pressed.status, bot.post(pressed.body, pressed.headers)) == (None, 200)
    eventually(lambda: stage.ledger.broadcast_of(message.id))
    bot.kill()
    start(stage, *FAST, is_called=False)
    stage.settled()
    assert max(len(stage.copies(space)) for space in places(stage)) == 1
    assert set(stage.states()) <= {State.SENT, State.UNKNOWN}
    assert sum(stage.states().values()) == 21
