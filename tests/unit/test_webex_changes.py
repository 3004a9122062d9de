"""The gateway to Webex where messages are changed, removed and answered, and where a card is pressed."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest

from broadcast.errors import NoAnswer, NoLease, NotSent, Refused, WebexError
from broadcast.model import Content, Form
from broadcast.webex import WebexGateway
from tests.unit.town import Town, answering, with_file
from webexsim import Fault

CARD = (
    '{"contentType": "application/vnd.microsoft.card.adaptive", "content": {"type": "AdaptiveCard", "version": "1.3"}}'
)
WITH_CARD = Content(group_parts=("x",), direct_parts=("x",), form=Form.CARD, card=CARD)
ODD_IDS = ["../people/me", "..", ".", "x?y=1", "x#y", "a/b", "%2e%2e"]


def edit(town: Town, message_id: str, text: str = "**new**") -> None:
    """Edit a message of the group space."""
    town.webex.edit(message_id, town.room.id, text)


Act = Callable[[Town, str], None]
ACTS: list[Act] = [edit, lambda town, message_id: town.webex.delete(message_id)]


# editing


def test_an_edited_message_has_the_new_text(town: Town) -> None:
    """Under its old id, as markdown; others stay as they are."""
    first, second = town.post(), town.post()
    edit(town, first)
    messages = town.world.messages(room=town.room)
    assert [(message.id, message.markdown) for message in messages] == [(first, "**new**"), (second, "**hello**")]
    assert "<strong>new</strong>" in (messages[0].html or "")


def test_an_eleventh_edit_is_refused(town: Town) -> None:
    """Webex takes ten of them."""
    message_id = town.post()
    for number in range(10):
        edit(town, message_id, f"edit {number}")
    with pytest.raises(Refused) as caught:
        edit(town, message_id, "one more")
    assert (caught.value.status, town.said()) == (400, ["edit 9"])


@pytest.mark.parametrize("form", [Form.FILE, Form.CARD])
def test_what_has_a_file_or_a_card_cannot_be_edited(town: Town, tmp_path: Path, form: Form) -> None:
    """Webex says so, and the message stays as it is."""
    message_id = town.post(with_file(tmp_path) if form is Form.FILE else WITH_CARD)
    with pytest.raises(Refused) as caught:
        edit(town, message_id)
    assert (caught.value.status, town.said()) == (400, ["**hello**"])


def test_a_message_that_is_gone_cannot_be_edited(town: Town) -> None:
    """It was removed meanwhile, or it is in another space."""
    message_id, elsewhere = town.post(), town.webex.post(town.dm.id, "hi")
    town.webex.delete(message_id)
    for gone in (message_id, elsewhere):
        with pytest.raises(Refused) as caught:
            edit(town, gone)
        assert caught.value.status == 404


@pytest.mark.parametrize("act", ACTS)
def test_other_peoples_messages_are_not_touched(town: Town, act: Act) -> None:
    """Webex refuses it."""
    said = town.world.say(town.alice, town.room, "hi", mention=[town.bot])
    with pytest.raises(Refused) as caught:
        act(town, said.id)
    assert caught.value.status == 403
    assert [message.text for message in town.world.messages(room=town.room)] == [said.text]


@pytest.mark.parametrize(("status", "body"), [(200, '{"id": "x"}'), (201, '{"id": "x"}'), (202, '{"id": "x"}')])
def test_every_success_of_an_edit_is_one(town: Town, status: int, body: str) -> None:
    """Whether Webex says done, created or accepted."""
    town.server.faults.add(answering(body, status))
    edit(town, "x")
    assert [(call.method, call.path, call.status) for call in town.server.calls] == [("PUT", "/messages/x", status)]


# deleting


def test_a_deleted_message_is_gone(town: Town, tmp_path: Path) -> None:
    """Whatever was in it; others stay."""
    gone = [town.post(), town.post(with_file(tmp_path)), town.post(WITH_CARD)]
    stays = town.post()
    for message_id in gone:
        town.webex.delete(message_id)
    assert [message.id for message in town.world.messages(by=town.bot)] == [stays]


def test_what_is_gone_already_is_said_to_be(town: Town) -> None:
    """Deleted before, by the bot or by somebody else, or never there."""
    message_id = town.post()
    town.webex.delete(message_id)
    for gone in (message_id, "never-there"):
        with pytest.raises(Refused, match="404"):
            town.webex.delete(gone)


@pytest.mark.parametrize("status", [200, 202, 204])
def test_every_success_of_a_deletion_is_one(town: Town, status: int) -> None:
    """With a body or without."""
    town.server.faults.add(answering("", status))
    town.webex.delete("x")
    assert [(call.method, call.path) for call in town.server.calls] == [("DELETE", "/messages/x")]


# what goes wrong


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("status", [400, 401, 403, 409, 423, 429, 500, 502, 503, 504])
def test_a_refused_change_is_a_refusal(town: Town, act: Act, status: int) -> None:
    """With its number and Webex's wish, and nothing done."""
    message_id = town.post()
    town.server.faults.add(Fault(kind="status", status=status, headers={"Retry-After": "7"}))
    with pytest.raises(Refused) as caught:
        act(town, message_id)
    assert (caught.value.status, caught.value.retry_after, town.said()) == (status, 7.0, ["**hello**"])


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize(("kind", "is_done"), [("cut_before", False), ("cut_after", True), ("hang", True)])
def test_a_change_without_an_answer_may_be_done(town: Town, act: Act, kind: str, is_done: bool) -> None:
    """It is tried once; to do it again does no harm."""
    message_id = town.post()
    town.server.faults.add(Fault(kind=kind, seconds=60, effect=is_done))  # type: ignore[arg-type]
    with pytest.raises(NoAnswer):
        act(town, message_id)
    assert ((town.said() != ["**hello**"]), len(town.server.calls)) == (is_done, 2)
    with suppress(Refused):
        act(town, message_id)
    assert town.said() in ([], ["**new**"])


@pytest.mark.parametrize("act", ACTS)
def test_a_change_that_nobody_heard_was_not_made(town: Town, act: Act) -> None:
    """Nobody listens."""
    town.server.stop()
    with pytest.raises(NotSent):
        act(town, "x")


@pytest.mark.parametrize("body", ["", "[]", "null", "{}", '{"id": 7}', "<html>"])
def test_an_edit_answered_with_nonsense_has_no_answer(town: Town, body: str) -> None:
    """A success that says nothing may be one or not."""
    town.server.faults.add(answering(body))
    with pytest.raises(NoAnswer):
        edit(town, "x")


@pytest.mark.parametrize("act", ACTS)
def test_a_limit_on_changes_teaches_the_pace(town: Town, act: Act) -> None:
    """They count as messages: the gate closes, and the pace of sending is lowered."""
    before = town.gate.pace
    town.server.faults.add(Fault(kind="status", status=429, headers={"Retry-After": "9"}))
    with pytest.raises(Refused):
        act(town, "x")
    assert town.gate.closed_for() == 9.0
    assert town.gate.pace != before


@pytest.mark.parametrize("act", ACTS)
def test_nothing_is_changed_without_the_lease(town: Town, act: Act) -> None:
    """It is looked at last of all; reading goes on."""
    message_id = town.post()
    town.webex.post_only_while(lambda: False)
    with pytest.raises(NotSent, match="lease"):
        act(town, message_id)
    assert (town.webex.message(message_id).markdown, town.statuses("/messages/")) == ("**hello**", [200])


def test_the_lease_is_that_of_the_thread(town: Town) -> None:
    """On Lambda a thread of an earlier call may wake beside those of the next one, in the same process."""
    town.webex.post_only_while(lambda: False)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(town.webex.post_only_while, lambda: True).result()
        pool.submit(town.post).result()
    with pytest.raises(NotSent, match="lease"):
        town.post()
    assert town.said() == ["**hello**"]


@pytest.mark.parametrize("last", range(12))
def test_an_upload_breaks_off_when_the_lease_runs_out(town: Town, tmp_path: Path, last: int) -> None:
    """At whatever piece: Webex has got less than all, and that is no message, or all, and then it counts as sent."""
    looks, is_sent = count(), True
    town.webex.post_only_while(lambda: next(looks) < last)
    try:
        town.post(with_file(tmp_path, size=100_000))
    except NoLease:
        is_sent = False
    assert (len(town.said()), next(looks) > last) == (int(is_sent), not is_sent)


@pytest.mark.parametrize("odd", ODD_IDS)
@pytest.mark.parametrize("act", [*ACTS, lambda town, odd: town.webex.press(odd)])
def test_an_id_is_never_a_way_to_another_resource(town: Town, act: Act, odd: str) -> None:
    """What stands in an event as an id goes into the path as one name, whatever is in it."""
    with suppress(Refused):
        act(town, odd)
    assert [call.path.removeprefix("/attachment").count("/") for call in town.server.calls] == [2]


# threads


def test_a_file_can_be_an_answer(town: Town, tmp_path: Path) -> None:
    """In the thread of a message, with its text."""
    message_id = town.post()
    reply_id = town.webex.post(town.room.id, "report", parent_id=message_id, content=with_file(tmp_path))
    reply = town.world.messages(by=town.bot)[1]
    [file] = reply.files
    assert (reply.id, reply.parent_id, reply.markdown) == (reply_id, message_id, "report")
    assert (file.name, file.content_type, file.content) == ("plan.pdf", "application/pdf", b"%PDF")


def test_a_card_can_be_an_answer(town: Town) -> None:
    """In the thread of a message."""
    message_id = town.post()
    town.webex.post(town.room.id, "choose", parent_id=message_id, content=WITH_CARD)
    reply = town.world.messages(by=town.bot)[1]
    assert (reply.parent_id, len(reply.attachments)) == (message_id, 1)


def test_a_file_without_a_thread_begins_one(town: Town, tmp_path: Path) -> None:
    """No parent is named."""
    town.post(with_file(tmp_path))
    assert [message.parent_id for message in town.world.messages(by=town.bot)] == [None]


@pytest.mark.parametrize("has_file", [True, False])
def test_an_answer_to_an_answer_is_refused(town: Town, tmp_path: Path, has_file: bool) -> None:
    """Webex knows one level of threads."""
    reply_id = town.webex.post(town.room.id, "reply", parent_id=town.post())
    content = with_file(tmp_path) if has_file else None
    with pytest.raises(Refused) as caught:
        town.webex.post(town.room.id, "again", parent_id=reply_id, content=content)
    assert caught.value.status == 400


# cards


def test_a_press_tells_who_pressed_what(town: Town) -> None:
    """The card's message, its space, the person and what the card sends along."""
    message_id = town.post(WITH_CARD)
    card = town.world.messages(by=town.bot)[0]
    action = town.world.submit(town.alice, card, {"do": "recall", "broadcast": "7", "š": "ž"})
    press = town.webex.press(action.id)
    assert (press.id, press.message_id, press.space_id, press.person_id) == (
        action.id,
        message_id,
        town.room.id,
        town.alice.id,
    )
    assert press.inputs == {"do": "recall", "broadcast": "7", "š": "ž"}


def test_inputs_that_are_no_text_are_left_out(town: Town) -> None:
    """Whatever else a client makes up."""
    town.post(WITH_CARD)
    card = town.world.messages(by=town.bot)[0]
    action = town.world.submit(town.alice, card, {"do": "x", "n": 7, "none": None, "list": ["a"], "deep": {"a": "b"}})
    assert town.webex.press(action.id).inputs == {"do": "x"}


def test_a_press_that_is_not_there_is_refused(town: Town) -> None:
    """By its id."""
    with pytest.raises(Refused) as caught:
        town.webex.press("none")
    assert caught.value.status == 404


@pytest.mark.parametrize(
    "inputs", ['"inputs": null', '"inputs": {}', '"inputs": []', '"inputs": ""', '"type": "submit"']
)
def test_a_press_without_inputs_has_none(town: Town, inputs: str) -> None:
    """A button that sends nothing along."""
    town.server.faults.add(answering(f'{{"id": "p", "messageId": "m", "personId": "a", "roomId": "r", {inputs}}}'))
    assert town.webex.press("p").inputs == {}


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "{}",
        '{"id": "p"}',
        '{"id": "p", "messageId": "m"}',
        '{"id": "p", "messageId": "m", "personId": "a", "inputs": "do"}',
        '{"id": "p", "messageId": "m", "personId": "a", "inputs": ["do"]}',
    ],
)
def test_a_press_that_cannot_be_read_has_no_answer(town: Town, body: str) -> None:
    """Half of it is none."""
    town.server.faults.add(answering(body))
    with pytest.raises(NoAnswer):
        town.webex.press("p")


@pytest.mark.parametrize("kind", ["status", "cut_before", "empty", "broken", "html"])
@pytest.mark.parametrize("ask", [lambda webex: webex.edit("m", "s", "x"), lambda webex: webex.press("p")])
def test_every_failure_is_one_of_the_bots_own(town: Town, ask: Callable[[WebexGateway], object], kind: str) -> None:
    """Whatever goes wrong, a `WebexError` comes out and nothing else."""
    town.server.faults.add(Fault(kind=kind, times=None))  # type: ignore[arg-type]
    with pytest.raises(WebexError):
        ask(town.webex)
