"""The sender's message is the handle: who edits it edits every copy, who deletes it takes every copy back."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from broadcast.model import Kind, State
from tests.story.stage import SimFile, Stage, eventually
from webexsim import Message, Space

CARD = {"type": "AdaptiveCard", "version": "1.2", "body": [{"type": "TextBlock", "text": "Lunch?"}]}
LONG = " ".join(f"word{number}" for number in range(1800))
LONGER = " ".join(f"ward{number}" for number in range(3600))
COPY = r"Message from |w[oa]rd\d"
COUNT = 6


@pytest.fixture
def stage(make_stage: Callable[..., Stage]) -> Stage:
    """Return a world that runs faster than elsewhere, in which Webex tells bots about edits."""
    return make_stage(pace=30, tells_edits=True).open()


def places(stage: Stage) -> list[Space]:
    """Return every space the bot is in."""
    return list(stage.world.directory.spaces_of(stage.bot))


def edit(stage: Stage, message: Message, text: str) -> None:
    """Edit a message, and wait until all is said and done."""
    stage.world.edit(message, text)
    stage.settled()


def delete(stage: Stage, message: Message) -> None:
    """Delete a message, and wait until all is said and done."""
    stage.world.delete(message)
    stage.settled()


def words(stage: Stage, space: Space) -> list[str]:
    """Return the words of all that the bot wrote into a space, without the identity."""
    return " ".join(copy.markdown or "" for copy in stage.copies(space)).partition("\n\n")[2].split()


def nothing_is_left(stage: Stage) -> bool:
    """Say whether no space has a copy of anything; what the bot says to the sender outside of a thread is none."""
    left = (copy.text for space in places(stage) for copy in stage.copies(space))
    return not any(re.match(COPY, text) for text in left)


def adds_up(stage: Stage) -> bool:
    """Say whether every broadcast, edit and recall is over and its rows agree with its counts."""
    for one in stage.ledger.broadcasts(limit=100):
        found = [delivery.state for delivery in stage.ledger.deliveries(one.number)]
        counts = {state: getattr(one.counts, state) for state in State}
        if one.finished_at is None or counts != {state: found.count(state) for state in State}:
            return False
    return True


class Half:
    """A broadcast that one half of the spaces has; the other half refuses it until `on` is called."""

    def __init__(self, stage: Stage, text: str = "one") -> None:
        self.stage = stage
        self.spaces = stage.spaces(COUNT)
        for space in self.spaces[COUNT // 2 :]:
            stage.fault("status", status=503, room=space, times=None)
        self.message = stage.says(stage.alice, text)
        eventually(lambda: stage.states().get(State.SENT, 0) > COUNT // 2, "the others have it")

    def on(self) -> None:
        """Have all spaces take messages again."""
        self.stage.webex.faults.clear()
        self.stage.settled()


def changes(stage: Stage, kind: Kind, count: int = 1) -> None:
    """Wait until the first broadcast has had so many edits or recalls."""
    eventually(lambda: sum(one.kind is kind for one in stage.ledger.changes_of(1)) == count, f"{count} × {kind}")


# Edits


def test_an_edit_edits_every_copy(stage: Stage) -> None:
    """The same messages as before with the new text, the sender's name above it; and he is told."""
    stage.spaces(COUNT)
    message = stage.broadcast(stage.alice, "lunch at 11")
    before = [stage.copy(space).id for space in places(stage)]
    edit(stage, message, "lunch at **12**")
    assert stage.is_once_everywhere("lunch at \\*\\*12\\*\\*")
    assert [stage.copy(space).id for space in places(stage)] == before
    assert any(said.startswith(f"Changing every copy: {COUNT + 1}.") for said in stage.answers(message))
    assert stage.outcomes(message)[-1].startswith(f"Edited: {COUNT + 1}")
    assert adds_up(stage)


def test_formatting_in_an_edit_survives(stage: Stage) -> None:
    """What Webex makes of the copy is the html of the edited message; the sender's mention stays."""
    lobby = stage.space()
    message = stage.broadcast(stage.alice, "lunch")
    stage.world.edit(message, "", html="<p>lunch at <strong>12</strong></p>")
    stage.settled()
    assert (stage.copy(lobby).html or "").endswith("<p>lunch at <strong>12</strong></p>")
    assert stage.copy(lobby).mentioned_people == (stage.alice.id,)


def test_an_edit_of_a_mention_in_a_group_space(stage: Stage) -> None:
    """The mention of the bot is taken out of the new text as it was out of the old one."""
    lobby = stage.space()
    message = stage.broadcast(stage.alice, "lunch at 11", room=lobby)
    mention = (message.html or "").partition("</spark-mention>")[0] + "</spark-mention>"
    stage.world.edit(message, "", html=f"{mention} lunch at 12</p>")
    stage.settled()
    assert stage.is_once_everywhere("lunch at 12")


def test_an_edit_in_the_middle_reaches_those_that_have_it_and_those_that_have_not(stage: Stage) -> None:
    """Half of the spaces are edited, the others get the new text as their first; everybody has one copy."""
    half = Half(stage)
    stage.world.edit(half.message, "two")
    changes(stage, Kind.EDIT)
    half.on()
    assert stage.is_once_everywhere("two")
    assert adds_up(stage)


def test_an_edit_does_not_overtake_a_copy_that_is_being_posted(stage: Stage) -> None:
    """Webex takes many seconds for every post of the old text: the new one comes after it, everywhere."""
    for space in stage.spaces(COUNT):
        stage.hold(room=space)
    message = stage.says(stage.alice, "one")
    stage.holds(COUNT)
    stage.world.edit(message, "two")
    changes(stage, Kind.EDIT)
    stage.let_go()
    stage.settled()
    assert stage.is_once_everywhere("two")
    assert adds_up(stage)


def test_many_edits_in_a_row_end_with_the_last(stage: Stage) -> None:
    """Five edits within a moment, while half of it waits: every copy shows the last one."""
    half = Half(stage)
    for number in range(5):
        stage.world.edit(half.message, f"edit {number}")
    eventually(lambda: stage.ledger.changes_of(1))
    half.on()
    assert stage.is_once_everywhere("edit 4")
    assert adds_up(stage)


@pytest.mark.parametrize(("before", "after"), [("one", LONG), (LONG, "one"), (LONG, LONGER), (LONGER, LONG)])
def test_an_edit_may_need_more_messages_or_fewer(stage: Stage, before: str, after: str) -> None:
    """Parts are added behind the others or deleted: each space has the new words in order, and no others."""
    stage.spaces(2)
    message = stage.broadcast(stage.alice, before)
    edit(stage, message, after)
    assert [words(stage, space) for space in places(stage)] == [after.split()] * 3
    assert adds_up(stage)
    delete(stage, message)
    assert nothing_is_left(stage)


@pytest.mark.parametrize(("before", "after"), [("one", LONGER), (LONGER, "one")])
def test_an_edit_in_the_middle_may_change_the_number_of_messages(stage: Stage, before: str, after: str) -> None:
    """Also where the first part was sent and the second was not."""
    torn = stage.space("Torn")
    stage.fault("status", status=503, room=torn, times=None, after=1)
    half = Half(stage, before)
    eventually(lambda: stage.copies(torn))
    stage.world.edit(half.message, after)
    changes(stage, Kind.EDIT)
    half.on()
    assert [words(stage, space) for space in places(stage)] == [after.split()] * (COUNT + 2)
    assert adds_up(stage)


@pytest.mark.parametrize("name", ["plan.txt", "card.json"])
def test_a_file_or_a_card_cannot_be_edited_and_the_sender_learns_what_can_be_done(stage: Stage, name: str) -> None:
    """However often he edits it he is told once; the copies stay, and no edit is tried."""
    lobby = stage.space()
    message = stage.broadcast(stage.alice, "look", files=[SimFile(name, json.dumps(CARD).encode())])
    for text in ("look here", "look there"):
        edit(stage, message, text)
    told = [said for said in stage.answers(message) if said.startswith("Webex cannot change a message with a file")]
    assert len(told) == 1
    assert "`recall`" in told[0]
    assert stage.body(lobby) == "look"
    assert stage.calls("PUT", "/messages/") == sum(said.edits for said in stage.thread(message))


def test_ten_edits_are_passed_on_and_the_eleventh_is_not(stage: Stage) -> None:
    """Webex takes no more: the sender learns what he can do instead, and the copies keep the tenth."""
    lobby = stage.space()
    message = stage.broadcast(stage.alice, "edit 0")
    for number in range(1, 12):
        edit(stage, message, f"edit {number}")
    assert stage.body(lobby) == stage.body(stage.dm) == "edit 10"
    assert stage.told(message)[-1].startswith("Webex takes no more than ten edits of a message.")
    delete(stage, message)
    assert nothing_is_left(stage)


def test_an_edit_that_changes_nothing_costs_nothing(stage: Stage) -> None:
    """Nobody knows what else makes Webex say that a message was updated: no copy is touched, nothing is said."""
    message = stage.broadcast(stage.alice, "hello")
    before = stage.told(message)
    edit(stage, message, "hello")
    assert stage.calls("PUT", "/messages/") == sum(said.edits for said in stage.thread(message))
    assert stage.told(message) == before


def test_an_edit_by_reply(stage: Stage) -> None:
    """`edit: …` with several lines and formatting does what an edit of the message does."""
    lobby = stage.space()
    message = stage.broadcast(stage.alice, "lunch at 11")
    stage.webex.hooks.duplicate = 2
    said = stage.steer(message, "Edit: lunch at 12\n\nnot at 11")
    assert said.startswith("Changing every copy: 2.")
    assert (stage.body(lobby), stage.copy(lobby).edits) == ("lunch at 12\n\nnot at 11", 1)
    assert stage.steer(message, "edit:") == "Write the new text behind `edit:`."
    assert stage.steer(message, "edit: lunch at 12\n\nnot at 11").startswith("The text is the same as before")


@pytest.mark.parametrize("words", ["retry", "edit: two"])
def test_an_edit_that_was_refused_somewhere_can_be_completed(stage: Stage, words: str) -> None:
    """By `retry` or by the same text once more: only the copy that is old is edited."""
    lobby, vault = stage.space(), stage.space()
    message = stage.broadcast(stage.alice, "one")
    stage.fault("status", "PUT", f"/messages/{stage.copy(vault).id}", status=403)
    stage.steer(message, "edit: two")
    assert (stage.body(lobby), stage.body(vault)) == ("two", "one")
    said = stage.steer(message, words)
    assert said.startswith("Editing again where the new text did not arrive: 1 copies.")
    assert (stage.body(lobby), stage.body(vault), stage.copy(lobby).edits) == ("two", "two", 1)


def test_an_edit_that_was_cancelled_can_be_said_again(stage: Stage) -> None:
    """Half of the copies had the new text by then: the same words bring it to the others."""
    spaces = stage.spaces(COUNT)
    message = stage.broadcast(stage.alice, "one")
    for space in spaces[COUNT // 2 :]:
        stage.fault("status", "PUT", f"/messages/{stage.copy(space).id}", status=503, times=None)
    stage.replies(message, "edit: two")
    changes(stage, Kind.EDIT)
    eventually(lambda: stage.states().get(State.SENT, 0) > COUNT // 2)
    stage.steer(message, "cancel")
    stage.webex.faults.clear()
    assert {stage.body(space) for space in spaces} == {"one", "two"}
    stage.steer(message, "edit: two")
    assert {stage.body(space) for space in spaces} == {"two"}


@pytest.mark.parametrize(("text", "shown"), [("two", "two"), ("three", "three")])
def test_an_edit_that_breaks_off_is_told_and_a_later_one_is_not_lost(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, text: str, shown: str
) -> None:
    """Something breaks when the edit is opened; when it goes on the message says the same, or something else."""
    message = stage.broadcast(stage.alice, "one")
    assert stage.services is not None
    open_change, breaks = stage.services.ledger.open_change, iter([True])

    def open_and_break(*given: Any) -> int | None:
        number = open_change(*given)
        if next(breaks, False):
            stage.world.edit(message, text)
            raise RuntimeError("staged")
        return number

    monkeypatch.setattr(stage.services.ledger, "open_change", open_and_break)
    edit(stage, message, "two")
    assert stage.is_once_everywhere(shown)
    assert any(said.startswith("Changing every copy: 1.") for said in stage.answers(message))


@pytest.mark.parametrize("method", ["open_change", "queue_reply"])
def test_a_deletion_that_breaks_off_is_told(stage: Stage, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    """Something breaks before the sender was told, or right after it: he reads once that it was his deletion."""
    message = stage.broadcast(stage.alice, "one")
    assert stage.services is not None
    done, breaks = getattr(stage.services.ledger, method), iter([True])

    def do_and_break(*given: Any) -> Any:
        result = done(*given)
        if next(breaks, False):
            raise RuntimeError("staged")
        return result

    monkeypatch.setattr(stage.services.ledger, method, do_and_break)
    delete(stage, message)
    assert next(breaks, None) is None
    assert nothing_is_left(stage)
    assert sum("so I take it back: 1 copies. Not sent: 0." in said.text for said in stage.copies(stage.dm)) == 1


def test_a_change_that_webex_shows_late_is_not_lost(stage: Stage) -> None:
    """For a moment Webex still shows the text from before the edit, and the message that was deleted."""
    message = stage.broadcast(stage.alice, "one")
    shown = {
        "id": message.id,
        "roomId": message.room_id,
        "roomType": "direct",
        "personId": stage.alice.id,
        "text": "one",
    }
    for change in (lambda: stage.world.edit(message, "two"), lambda: stage.world.delete(message)):
        stage.fault("status", "GET", f"/messages/{message.id}", status=200, body=json.dumps(shown))
        change()
        stage.settled()
        shown["text"] = "two"
    assert [one.kind for one in stage.ledger.changes_of(1)] == [Kind.EDIT, Kind.RECALL]
    assert nothing_is_left(stage)


def test_an_edit_that_webex_does_not_tell_can_be_said(make_stage: Callable[..., Stage]) -> None:
    """There is no event, as it may be for bots: the copies stay; a reply does the same then."""
    stage = make_stage(tells_edits=False).open()
    lobby = stage.space()
    message = stage.broadcast(stage.alice, "one")
    edit(stage, message, "two")
    assert stage.body(lobby) == "one"
    stage.steer(message, "edit: two")
    assert stage.is_once_everywhere("two")


def test_an_edit_that_is_told_again_and_again_is_made_once(stage: Stage) -> None:
    """The event comes five times at once, and once more later."""
    stage.spaces(COUNT)
    message = stage.broadcast(stage.alice, "one")
    stage.webex.hooks.duplicate = 4
    edit(stage, message, "two")
    stage.webex.hooks.replay(stage.webex.hooks.deliveries[-1])
    stage.settled()
    assert {stage.copy(space).edits for space in places(stage)} == {1}
    assert len(stage.outcomes(message)) == 2


def test_a_late_word_about_an_older_edit_does_not_undo_a_newer_one(stage: Stage) -> None:
    """The message was edited, then a reply brought another text, then the event of the edit comes once more."""
    stage.spaces(2)
    message = stage.broadcast(stage.alice, "one")
    edit(stage, message, "two")
    stage.steer(message, "edit: three")
    stage.post_event("messages", "updated", id=message.id, roomId=message.room_id)
    stage.settled()
    assert stage.is_once_everywhere("three")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_events_out_of_order_end_with_the_newest_text(stage: Stage, seed: int) -> None:
    """The message and three edits of it are told in any order: the copies show what the message says at last."""
    stage.spaces(2)
    stage.webex.hooks.hold()
    stage.webex.hooks.shuffle(seed)
    message = stage.says(stage.alice, "one")
    for text in ("two", "three", "four"):
        stage.world.edit(message, text)
    stage.webex.hooks.release()
    stage.settled()
    assert stage.is_once_everywhere("four")
    assert adds_up(stage)


def test_who_may_not_send_any_more_may_not_edit(stage: Stage) -> None:
    """The list of senders has changed meanwhile: the edit is refused with the reason, the copies stay."""
    lobby = stage.space()
    message = stage.broadcast(stage.alice, "one")
    stage.config(source={"from_sender_list": True, "sender_list": ["dana@acme.example"]})
    edit(stage, message, "two")
    assert stage.body(lobby) == "one"
    assert "The edit was not passed on: you are not on the list" in stage.told(message)[-1]


# Deletions


def test_a_deletion_takes_every_copy_back(stage: Stage) -> None:
    """One call a copy and, progress aside, hardly any besides; the sender is told, though his message is gone."""
    stage.spaces(COUNT)
    message = stage.broadcast(stage.alice, "hello")
    stage.webex.clear_calls()
    delete(stage, message)
    assert nothing_is_left(stage)
    assert stage.calls("DELETE", "/messages/") == COUNT + 1
    assert sum(call.method in ("GET", "POST") for call in stage.webex.calls) <= 7
    assert any("so I take it back: 7 copies. Not sent: 0." in said.text for said in stage.copies(stage.dm))
    assert adds_up(stage)


def test_a_deletion_in_the_middle_cancels_what_waits(stage: Stage) -> None:
    """Half of the spaces had it, half waited: none has it, now or later."""
    half = Half(stage)
    stage.world.delete(half.message)
    stage.settled()
    half.on()
    assert nothing_is_left(stage)
    assert [stage.ledger.broadcast(1).counts.skipped] == [COUNT // 2]  # type: ignore[union-attr]
    assert adds_up(stage)


def test_a_deletion_tells_what_it_held_back(stage: Stage) -> None:
    """Not what waited when the word of it came: meanwhile the rest has gone out, and is taken back too."""
    half = Half(stage)
    stage.hold("GET", "/messages/", times=None)
    stage.world.delete(half.message)
    stage.holds()
    stage.webex.faults.clear()
    eventually(lambda: stage.states() == {State.SENT: COUNT + 1})
    stage.let_go()
    stage.settled()
    assert nothing_is_left(stage)
    assert any(f"take it back: {COUNT + 1} copies. Not sent: 0." in said.text for said in stage.copies(stage.dm))


def test_a_deletion_before_the_message_was_read_sends_nothing(stage: Stage) -> None:
    """Told together, in whichever order: nobody gets anything, and nothing is said."""
    stage.webex.hooks.hold()
    stage.world.delete(stage.says(stage.alice, "hello"))
    stage.webex.hooks.release()
    stage.settled()
    assert stage.world.messages(by=stage.bot) == []


def test_a_deletion_that_is_told_again_is_made_once(stage: Stage) -> None:
    """The event comes four times: as many calls as copies, and one answer."""
    stage.spaces(COUNT)
    message = stage.broadcast(stage.alice, "hello")
    stage.webex.hooks.duplicate = 3
    delete(stage, message)
    assert stage.calls("DELETE", "/messages/") == COUNT + 1
    assert len([said for said in stage.copies(stage.dm) if "take it back" in said.text]) == 1


@pytest.mark.parametrize("is_admin", [False, True])
def test_a_deletion_by_somebody_else_takes_nothing_back(empty_stage: Stage, is_admin: bool) -> None:
    """A moderator cleans up: the copies stay, and the sender has a button; an administrator's word counts."""
    stage, carl = empty_stage, empty_stage.colleague("Carl Dee")
    stage.config(source={"admins": [carl.email] if is_admin else []})
    lobby = stage.space(members=[stage.bot, stage.alice], moderators=[carl])
    message = stage.open().broadcast(stage.alice, "hello", room=lobby)
    stage.world.board.delete(carl, message.id)
    stage.settled()
    said = [one for one in stage.copies(lobby) if "was deleted, but not by you" in one.text]
    assert (len(stage.copies(stage.dm)), len(said)) == ((0, 0) if is_admin else (1, 1))
    for one in said:
        [button] = one.attachments[0]["content"]["actions"]
        stage.world.submit(stage.alice, one, button["data"])
    stage.settled()
    assert stage.copies(stage.dm) == []


def test_a_deletion_that_did_not_happen_is_not_believed(stage: Stage) -> None:
    """A well-signed event says so, Webex shows the message: nothing is taken back."""
    lobby = stage.space()
    message = stage.broadcast(stage.alice, "hello")
    stage.post_event("messages", "deleted", id=message.id, roomId=message.room_id)
    stage.settled()
    assert stage.body(lobby) == "hello"


def test_an_edit_and_then_a_deletion_in_a_moment(stage: Stage) -> None:
    """The edit is on its way when the message goes: no copy stays, whatever its text."""
    half = Half(stage)
    stage.world.edit(half.message, LONGER)
    changes(stage, Kind.EDIT)
    stage.world.delete(half.message)
    changes(stage, Kind.RECALL)
    half.on()
    assert nothing_is_left(stage)
    assert adds_up(stage)


def test_an_edit_after_a_recall_does_nothing(stage: Stage) -> None:
    """There is nothing to edit any more: the sender is told."""
    message = stage.broadcast(stage.alice, "one")
    stage.steer(message, "recall")
    edit(stage, message, "two")
    assert nothing_is_left(stage)
    assert stage.told(message)[-1] == "It was taken back, so this is not possible any more."


# Copies that are not what they were


def test_what_is_uncertain_stays_uncertain(stage: Stage) -> None:
    """Nobody knows whether the message is there: after edit and recall it is listed, and nothing is posted."""
    lobby = stage.space()
    stage.fault("cut_after", room=lobby)
    message = stage.broadcast(stage.alice, "one")
    edit(stage, message, "two")
    assert "Edited: 1\n\nUncertain: 1." in stage.outcomes(message)[-1]
    said = stage.steer(message, "recall")
    assert "Taken back: 1\n\nUncertain: 1. It is not known whether the message ever came there." in said
    assert "[Lobby]" in said
    assert (len(stage.copies(lobby)), stage.copies(stage.dm)) == (1, [])
    assert adds_up(stage)


def test_a_copy_that_a_moderator_has_deleted_is_no_obstacle(stage: Stage) -> None:
    """The edit says that there is no copy, the recall that nothing is left; no message appears again."""
    lobby = stage.space()
    message = stage.broadcast(stage.alice, "one")
    stage.world.delete(stage.copy(lobby))
    edit(stage, message, "two")
    assert "Edited: 1\n\nLeft out: 1\n- 1 × there is no copy of the message" in stage.outcomes(message)[-1]
    stage.steer(message, "recall")
    assert nothing_is_left(stage)
    assert adds_up(stage)


def test_a_space_the_bot_was_removed_from_is_listed(stage: Stage) -> None:
    """Its copy is out of reach and still there: neither edit nor recall claims to have changed it."""
    lobby = stage.space("Fortress")
    message = stage.broadcast(stage.alice, "one")
    stage.world.leave(stage.bot, lobby, by=stage.alice)
    stage.settled()
    edit(stage, message, "two")
    assert stage.outcomes(message)[-1].startswith("Edited: 1\n")
    assert "[Fortress]" in stage.outcomes(message)[-1]
    said = stage.steer(message, "recall")
    assert "Taken back: 1\n" in said
    assert "[Fortress]" in said
    assert stage.copy(lobby).text.endswith("one")


def test_a_copy_that_webex_refuses_to_delete_is_listed(stage: Stage) -> None:
    """All others are taken back; this one is named as still there."""
    for space in stage.spaces(2):
        space.title = "Vault"
    message = stage.broadcast(stage.alice, "one")
    stage.fault("status", "DELETE", "/messages/", status=403)
    said = stage.steer(message, "recall")
    assert "Taken back: 2\n\nStill there: 1\n- 1 × Webex does not let me post there: [" in said
    assert sum(len(stage.copies(space)) for space in places(stage)) == 1
    assert adds_up(stage)


TROUBLE = [
    ("status", {"status": 429, "headers": {"Retry-After": "3"}}),
    ("status", {"status": 500}),
    ("html", {"status": 503}),
    ("cut_before", {}),
    ("cut_after", {}),
    ("empty", {}),
    ("broken", {}),
    ("hang", {"seconds": 30, "effect": True}),
]


@pytest.mark.parametrize(("kind", "how"), TROUBLE)
def test_trouble_at_webex_keeps_no_copy_from_its_edit(stage: Stage, kind: str, how: dict[str, Any]) -> None:
    """Every third call fails at first: in the end all copies show the new text, each once, and all is certain."""
    stage.spaces(COUNT)
    message = stage.broadcast(stage.alice, "one")
    stage.fault(kind, "PUT", "/messages/", times=3, after=2, **how)
    edit(stage, message, "two")
    assert stage.is_once_everywhere("two")
    assert stage.outcomes(message)[-1].startswith(f"Edited: {COUNT + 1}\n\nDuration")


@pytest.mark.parametrize(("kind", "how"), TROUBLE)
def test_trouble_at_webex_keeps_no_copy_from_being_taken_back(stage: Stage, kind: str, how: dict[str, Any]) -> None:
    """Every third call fails at first: in the end no copy is left, and all is certain."""
    stage.spaces(COUNT)
    message = stage.broadcast(stage.alice, "one")
    stage.fault(kind, "DELETE", "/messages/", times=3, after=2, **how)
    assert f"Taken back: {COUNT + 1}\n\nDuration" in stage.steer(message, "recall")
    assert nothing_is_left(stage)


def test_edits_and_recalls_keep_to_the_limit(make_stage: Callable[..., Stage]) -> None:
    """Webex takes twenty a second: all copies are edited, then taken back, and few calls of 120 are refused."""
    stage = make_stage(pace=5, tells_edits=True)
    stage.spaces(40)
    stage.webex.rate_limit(20, burst=20, paths="/messages")
    message = stage.open().broadcast(stage.alice, "one")
    edit(stage, message, "two")
    assert stage.is_once_everywhere("two")
    delete(stage, message)
    assert nothing_is_left(stage)
    assert sum(call.status == 429 for call in stage.webex.calls) <= 20
