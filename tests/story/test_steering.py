"""Steering a broadcast by words in its thread and by buttons: who may, what happens, and what it costs."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from broadcast.buttons import FIELD, Seal
from broadcast.commands import Order
from broadcast.model import State
from tests.story.stage import SECRET, SimFile, Stage, eventually
from webexsim import Person, Space

ADMINS = ["carl@acme.example", "dana@acme.example"]
COUNT = 8


class Half:
    """A broadcast of which some spaces refuse for the moment, so that it stays where it is until `on` is called."""

    def __init__(self, stage: Stage, closed: int) -> None:
        self.stage = stage
        self.spaces = stage.spaces(COUNT)
        for space in self.spaces[COUNT - closed :]:
            stage.fault("status", status=503, room=space, times=None)
        self.message = stage.says(stage.alice, "hello")
        eventually(lambda: stage.states().get(State.SENT) == COUNT + 1 - closed, "the others have it")

    def on(self) -> None:
        """Have all spaces take messages again."""
        self.stage.webex.faults.clear()
        self.stage.settled()

    def arrived(self) -> int:
        """Count the copies."""
        return sum(len(self.stage.copies(space)) for space in (*self.spaces, self.stage.dm))


@pytest.fixture
def stage(make_stage: Callable[..., Stage]) -> Stage:
    """Return a world that runs faster than elsewhere, with two administrators who may not send."""
    stage = make_stage(pace=30)
    stage.config(source={"admins": ADMINS, "from_sender_list": True, "sender_list": ["alice@acme.example"]})
    return stage.open()


@pytest.fixture
def carl(stage: Stage) -> Person:
    """Return one of the administrators."""
    return stage.colleague("Carl Dee")


@pytest.fixture
def lobby(stage: Stage, carl: Person) -> Space:
    """Return a space in which Alice, an administrator and a stranger meet."""
    return stage.space(members=[stage.bot, stage.alice, stage.bob, carl])


def deletions(stage: Stage) -> int:
    """Count the copies that were deleted, and the attempts to."""
    return stage.calls("DELETE", "/messages/")


# Looking


def test_status_of_what_is_over_is_its_outcome(stage: Stage) -> None:
    """Counts, reasons and the page, as often as one likes."""
    message = stage.broadcast(stage.alice, "hello")
    assert stage.steer(message, "status").startswith("Sent: 1 (group spaces: 0, 1-1s: 1)")
    assert "[Details](" in stage.steer(message, "status")


def test_status_of_what_runs_is_how_far_it_is(stage: Stage) -> None:
    """So many of so many, with buttons to stop it."""
    half = Half(stage, closed=4)
    stage.replies(half.message, "Status?")
    eventually(lambda: any(said.startswith("Sent: 5 of 9 (56 %)") for said in stage.answers(half.message)))
    assert stage.button(half.message, "Cancel")
    half.on()


@pytest.mark.parametrize("words", ["help", "Help!", " HELP ", "help."])
def test_help_lists_the_words(stage: Stage, words: str) -> None:
    """However it is written."""
    said = stage.steer(stage.broadcast(stage.alice, "hello"), words)
    for word in ("status", "cancel", "recall", "retry", "retry unknown", "edit: new text", "report", "help"):
        assert f"`{word}`" in said


def test_a_report_is_a_file_that_says_what_the_ledger_says(stage: Stage) -> None:
    """One row for each destination, with state and reason, as a CSV file in the thread."""
    vault = stage.space("=Vault; \"the\" 'best', ü")
    stage.fault("status", status=403, room=vault, times=None)
    message = stage.broadcast(stage.alice, "hello")
    stage.steer(message, "report")
    file = stage.thread(message)[-1].files[0]
    rows = csv.DictReader(io.StringIO(file.content.decode("utf-8-sig")))
    found = {(row["space_id"], row["state"], row["reason_code"], row["message_ids"]) for row in rows}
    assert found == {(d.space_id, d.state, d.why, " ".join(d.message_ids)) for d in stage.ledger.deliveries(1)}
    assert file.name == "broadcast-1.csv"


# Stopping


def test_cancel_at_0_percent(stage: Stage) -> None:
    """Nothing has gone out: nothing does, whatever opens up later; the outcome says that it was cancelled."""
    for space in (*stage.spaces(3), stage.dm):
        stage.fault("status", status=503, room=space, times=12)
    message = stage.says(stage.alice, "hello")
    eventually(lambda: stage.states() == {State.WAITING: 4})
    stage.replies(message, "cancel")
    stage.settled()
    assert stage.states() == {State.SKIPPED: 4}
    assert "This broadcast was cancelled." in stage.outcome(message)
    assert "4 × the broadcast was cancelled" in stage.outcome(message)
    assert not any(stage.copies(space) for space in stage.world.directory.spaces_of(stage.bot))


def test_cancel_in_the_middle(stage: Stage) -> None:
    """What has gone out stays, and can be taken back; what has not never does; the counts add up."""
    half = Half(stage, closed=4)
    stage.replies(half.message, "cancel")
    stage.settled()
    assert stage.states() == {State.SENT: 5, State.SKIPPED: 4}
    assert any(
        re.match(r"Cancelled: [1-4] will not go out\. Sent already, or on its way: [5-8]\.", said)
        for said in stage.answers(half.message)
    )
    assert "Left out: 4\n- 4 × the broadcast was cancelled" in stage.outcome(half.message)
    half.on()
    assert half.arrived() == 5
    stage.press(half.message, "Take back")
    stage.settled()
    assert half.arrived() == 0


def test_cancel_at_100_percent(stage: Stage) -> None:
    """There is nothing left to stop: that is said, with the way to take it back; nothing changes."""
    message = stage.broadcast(stage.alice, "hello")
    said = stage.steer(message, "cancel")
    assert said.startswith("Nothing of it waits any more: sent 1, failed 0, uncertain 0.")
    assert "Reply `recall` to take back what has gone out." in said
    assert stage.states() == {State.SENT: 1}
    assert stage.is_once_everywhere()


def test_cancel_stops_one_broadcast_and_no_other(stage: Stage) -> None:
    """The message behind it goes out everywhere."""
    half = Half(stage, closed=4)
    stage.says(stage.alice, "second")
    stage.replies(half.message, "cancel")
    eventually(lambda: not stage.ledger.broadcast(1).counts.unsettled)  # type: ignore[union-attr]
    half.on()
    assert [stage.copies(space)[-1].text.split("\n")[1] for space in half.spaces] == ["second"] * COUNT
    assert half.arrived() == 5 + 9


# Taking back


def test_recall_takes_every_copy_back_and_costs_hardly_more_than_the_deletions(stage: Stage) -> None:
    """As many deletions as copies, the reply and who wrote it are read, and the thread has a few words."""
    stage.spaces(COUNT)
    message = stage.broadcast(stage.alice, "hello")
    before = len(stage.thread(message))
    stage.webex.clear_calls()
    said = stage.steer(message, "recall")
    assert said.startswith(f"Taking it back: {COUNT + 1} copies. Not sent any more: 0.\nTaken back: {COUNT + 1}\n")
    assert deletions(stage) == COUNT + 1
    besides = len(stage.webex.calls) - deletions(stage) - stage.calls("PUT", "/messages/")
    assert besides <= 2 + len(stage.thread(message)) - before
    assert not any(stage.copies(space) for space in stage.world.directory.spaces_of(stage.bot))


def test_recall_in_the_middle_takes_back_what_is_there_and_sends_no_more(stage: Stage) -> None:
    """Five had it and four had not: none has it, now or later."""
    half = Half(stage, closed=4)
    stage.replies(half.message, "recall")
    stage.settled()
    half.on()
    assert half.arrived() == 0
    assert stage.states()[State.SENT] == 5
    assert any("This broadcast was cancelled." in said for said in stage.outcomes(half.message))


def test_recall_of_what_is_being_posted_waits_for_it(stage: Stage) -> None:
    """Webex takes many seconds for every post: the copies that arrive after the recall are taken back, too."""
    spaces = stage.spaces(COUNT)
    for space in spaces:
        stage.hold(room=space)
    message = stage.says(stage.alice, "hello")
    stage.holds(COUNT)
    stage.replies(message, "recall")
    eventually(lambda: stage.ledger.changes_of(1), "the recall is open")
    stage.let_go()
    stage.settled()
    assert [stage.copies(space) for space in (*spaces, stage.dm)] == [[]] * (COUNT + 1)
    assert stage.states() == {State.SENT: COUNT + 1}


def test_recall_takes_back_files_cards_and_every_part_of_a_long_text(stage: Stage) -> None:
    """Each copy may be several messages: all of them go."""
    lobby = stage.space()
    message = stage.broadcast(stage.alice, "word " * 5000, files=[SimFile("plan.txt", b"the plan")])
    assert len(stage.copies(lobby)) > 2
    stage.steer(message, "recall")
    assert stage.copies(lobby) == stage.copies(stage.dm) == []


def test_a_recall_that_failed_can_be_said_again(stage: Stage) -> None:
    """Where Webex refuses, the copy is listed as still there; the second `recall` goes there only."""
    stage.space("Vault")
    message = stage.broadcast(stage.alice, "hello")
    stage.fault("status", "DELETE", "/messages/", status=403)
    said = stage.steer(message, "recall")
    assert "Taken back: 1" in said
    assert "Still there: 1" in said
    assert stage.steer(message, "recall").startswith("Trying again to take it back: 1.\nTaken back: 2")
    assert deletions(stage) == 3
    assert stage.steer(message, "recall") == "It has been taken back already."


def test_a_recall_asked_for_twice_at_the_same_moment_says_what_happens(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page was faster by an instant than the reply: the reply is told of the recall that runs, not of none."""
    stage.spaces(COUNT)
    message = stage.broadcast(stage.alice, "hello")
    assert stage.services is not None
    open_change = stage.services.open_change
    monkeypatch.setattr(stage.services, "open_change", lambda change: (open_change(change), open_change(change))[1])
    said = stage.steer(message, "recall")
    assert "0 copies" not in said
    assert said.startswith(("It is being taken back already.", "It has been taken back already."))
    assert deletions(stage) == COUNT + 1


def test_a_reply_may_stand_in_a_group_space(stage: Stage, lobby: Space) -> None:
    """With a mention of the bot, as everything that is said to it there."""
    message = stage.broadcast(stage.alice, "hello", room=lobby)
    stage.steer(message, "recall")
    assert stage.copies(lobby) == []


# Sending again


def test_retry_sends_what_failed_and_nothing_else(stage: Stage) -> None:
    """The space that has refused gets it, the others have it once, and the new outcome is told."""
    vault, *_ = stage.spaces(3)
    stage.fault("status", status=403, room=vault, times=2)
    message = stage.broadcast(stage.alice, "hello")
    assert stage.steer(message, "retry").startswith("Sending again: 1.\nSent: 3")
    said = stage.steer(message, "retry")
    assert said.startswith("Sending again: 1.\nSent: 4 (group spaces: 3, 1-1s: 1)")
    assert stage.is_once_everywhere()
    assert stage.steer(message, "retry") == "Nothing failed."


def test_the_uncertain_is_sent_again_only_when_it_is_named(stage: Stage) -> None:
    """`retry` says how to ask for it; `retry unknown` sends it, and it may be there twice."""
    lobby = stage.space()
    stage.fault("cut_after", room=lobby)
    message = stage.broadcast(stage.alice, "hello")
    assert stage.steer(message, "retry") == (
        "Nothing failed.\n\nUncertain: 1. Reply `retry unknown` to send it there again; it may arrive twice."
    )
    assert len(stage.copies(lobby)) == 1
    assert stage.steer(message, "Retry unknown!").startswith("Sending again: 1.")
    assert (len(stage.copies(lobby)), len(stage.copies(stage.dm))) == (2, 1)
    assert stage.steer(message, "retry unknown") == "Nothing is uncertain."


def test_retry_waits_until_the_broadcast_is_over(stage: Stage) -> None:
    """While it runs, it says so, and sends nothing twice."""
    half = Half(stage, closed=4)
    stage.replies(half.message, "retry")
    eventually(lambda: any("It is still being sent" in said for said in stage.answers(half.message)))
    half.on()
    assert stage.is_once_everywhere()


def test_what_was_taken_back_is_not_sent_again(stage: Stage) -> None:
    """A space refused it, the others had it taken back: `retry` brings it nowhere."""
    vault = stage.space()
    stage.fault("status", status=403, room=vault)
    message = stage.broadcast(stage.alice, "hello")
    stage.steer(message, "recall")
    assert stage.steer(message, "retry") == "It was taken back, so this is not possible any more."
    assert stage.copies(vault) == stage.copies(stage.dm) == []


def breaks_off(stage: Stage, monkeypatch: pytest.MonkeyPatch, method: str) -> Iterator[bool]:
    """Have the bot break off once, right after the ledger has done something; return what is used up by then."""
    assert stage.services is not None
    ledger = stage.services.ledger
    done, breaks = getattr(ledger, method), iter([True])

    def do_and_break(*given: object, **named: object) -> object:
        result = done(*given, **named)
        if next(breaks, False):
            raise RuntimeError("staged")
        return result

    monkeypatch.setattr(ledger, method, do_and_break)
    return breaks


EDITING = "Changing every copy: 1. What has not gone out yet goes out in the new form."
RECALLING = "Taking it back: 1 copies. Not sent any more: 0."


@pytest.mark.parametrize(
    ("words", "method", "answer"),
    [
        ("retry", "queue_reply", "Sending again: 1."),
        ("retry", "send_again", "Sending again: 1."),
        ("edit: two", "open_change", EDITING),
        ("edit: two", "queue_reply", EDITING),
        ("recall", "open_change", RECALLING),
        ("recall", "queue_reply", RECALLING),
    ],
)
def test_an_order_that_breaks_off_is_finished_and_answered_all_the_same(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, words: str, method: str, answer: str
) -> None:
    """In the middle of it something breaks; it is taken up again, done once, and the answer is the one to the order."""
    stage.fault("status", status=403, room=stage.space(), times=None)
    message = stage.broadcast(stage.alice, "hello")
    breaks = breaks_off(stage, monkeypatch, method)
    said = stage.steer(message, words)
    assert next(breaks, None) is None
    assert answer in said.split("\n")
    assert said.count("Duration: ") == 1
    assert stage.attempts(message) == (3 if words == "retry" else 2)


def test_a_cancellation_that_breaks_off_still_knows_how_many(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """What will not go out was noted, and the word about it was not said: it is, with the right number."""
    for space in stage.spaces(4):
        stage.fault("status", status=503, headers={"Retry-After": "3000"}, room=space)
    message = stage.says(stage.alice, "hello")
    eventually(lambda: sum(one.detail != "" for one in stage.ledger.deliveries(1)) == 4, "four were put off")
    breaks = breaks_off(stage, monkeypatch, "cancel")
    said = stage.steer(message, "cancel")
    assert next(breaks, None) is None
    assert "Cancelled: 4 will not go out. Sent already, or on its way: 1." in said


# What is a word, and what is a message


@pytest.mark.parametrize("words", ["statsu", "Recal", "cancle!", "repotr"])
def test_nearly_a_word_is_asked_about_and_not_passed_on(stage: Stage, words: str) -> None:
    """A slip does not go to everybody, and does nothing."""
    message = stage.broadcast(stage.alice, "hello")
    assert stage.steer(message, words).startswith("Did you mean `")
    assert stage.is_once_everywhere()
    assert stage.ledger.broadcast(2) is None


@pytest.mark.parametrize("words", [", recall", ": recall", "- Recall!", "**recall**", "`recall`", "– recall …"])
def test_signs_around_a_word_do_not_make_it_a_message(stage: Stage, words: str) -> None:
    """People write a comma behind a mention, and copy a word together with its formatting."""
    lobby = stage.space()
    message = stage.broadcast(stage.alice, "hello", room=lobby)
    stage.steer(message, words)
    assert stage.copies(lobby) == stage.copies(stage.dm) == []


def test_a_word_below_a_copy_goes_to_nobody(stage: Stage) -> None:
    """In one's own 1-1 the copy stands right below one's message: the word is not passed on, and there is an answer."""
    stage.broadcast(stage.alice, "hello")
    said = stage.steer(stage.copy(stage.dm), "recall", by=stage.alice)
    assert said == "I know of no broadcast in this thread, so there is nothing to steer."
    assert stage.is_once_everywhere()


def test_a_question_with_a_slash_is_answered_in_a_thread_too(stage: Stage) -> None:
    """`/help` is not taken for a slip of `help`."""
    message = stage.broadcast(stage.alice, "hello")
    assert "/spaces" in stage.steer(message, "/help")


@pytest.mark.parametrize("words", ["status", "recall", "cancel", "help", "report", "retry unknown", "edit: x"])
def test_outside_a_thread_a_word_is_a_message(stage: Stage, words: str) -> None:
    """It goes to every space, and does nothing to the broadcast before."""
    stage.broadcast(stage.alice, "hello")
    stage.broadcast(stage.alice, words)
    assert [copy.text.split("\n", 1)[1] for copy in stage.copies(stage.dm)] == ["hello", words]


def test_in_a_thread_that_is_none_of_the_bots_a_word_is_a_message(stage: Stage, lobby: Space) -> None:
    """People talk among themselves and mention the bot there: it is broadcast."""
    root = stage.world.say(stage.alice, lobby, "How far are we?")
    stage.broadcast(stage.alice, "status", room=lobby, parent=root)
    assert stage.body(lobby) == "status"


@pytest.mark.parametrize("word", ["cancel", "recall", "status"])
def test_a_word_that_comes_before_its_message_could_be_read_is_not_passed_on(stage: Stage, word: str) -> None:
    """Webex does not know the message at first, and the sender is quick: the word waits for the message."""
    message = stage.says(stage.alice, "hello")
    stage.fault("status", "GET", f"/messages/{message.id}", status=404, times=2)
    stage.replies(message, word)
    stage.settled()
    assert {copy.text.partition("\n")[2] for copy in stage.copies(stage.dm)} <= {"hello"}
    assert stage.ledger.broadcast(2) is None or stage.ledger.broadcast(2).root == 1  # type: ignore[union-attr]


@pytest.mark.parametrize("word", ["cancel", "recall", "status"])
def test_a_word_in_a_group_space_waits_for_its_message_too(stage: Stage, lobby: Space, word: str) -> None:
    """The mention is there, and Webex does not know the message at first."""
    message = stage.says(stage.alice, "hello", room=lobby)
    stage.fault("status", "GET", f"/messages/{message.id}", status=404, times=3)
    stage.replies(message, word)
    stage.settled()
    assert {copy.text.partition("\n")[2] for copy in stage.copies(stage.dm)} <= {"hello"}
    assert stage.ledger.broadcast(2) is None or stage.ledger.broadcast(2).root == 1  # type: ignore[union-attr]


def test_a_press_that_webex_does_not_know_at_first_is_not_lost(stage: Stage) -> None:
    """Two answers of 404, then it is there: every copy is taken back."""
    lobby = stage.space()
    message = stage.broadcast(stage.alice, "hello")
    stage.fault("status", "GET", "/attachment/actions", status=404, times=2)
    stage.press(message, "Take back")
    stage.settled()
    assert stage.copies(lobby) == stage.copies(stage.dm) == []


def test_a_word_said_during_a_long_pause_comes_before_what_waits(make_stage: Callable[..., Stage]) -> None:
    """Webex asked for a minute; `cancel` was said meanwhile: when it is over, nothing more goes out."""
    stage = make_stage(pace=10)
    stage.spaces(20)
    stage.open().fault("status", status=429, headers={"Retry-After": "60"}, after=4)
    message = stage.says(stage.alice, "hello")
    eventually(lambda: stage.services and stage.services.gate.closed_for() > 30)
    eventually(lambda: State.SENDING not in stage.states(), "what was on its way has come home")
    before = len(stage.world.messages(by=stage.bot))
    stage.replies(message, "cancel")
    stage.settled()
    sent = [one for one in stage.world.messages(by=stage.bot)[before:] if not one.parent_id]
    assert sent == []
    assert stage.states()[State.SKIPPED] > 10


@pytest.mark.parametrize("words", ["Thanks a lot", "recall the old flyers, please", "cancel that\nor not"])
def test_a_reply_that_is_no_word_is_a_message(stage: Stage, words: str) -> None:
    """Further news in the same thread goes out like any other message."""
    message = stage.broadcast(stage.alice, "hello")
    stage.steer(message, words)
    assert [copy.text.split("\n", 1)[1] for copy in stage.copies(stage.dm)] == ["hello", words]


# Who may


@pytest.mark.parametrize("word", ["status", "cancel", "recall", "retry", "report", "help", "edit: mine now"])
def test_somebody_else_may_not_steer(stage: Stage, lobby: Space, word: str) -> None:
    """A stranger in the space is told whose broadcast it is; nothing happens to it."""
    message = stage.broadcast(stage.alice, "hello", room=lobby)
    said = stage.steer(message, word, by=stage.bob)
    assert said == "Only Alice Novak, who sent it, and administrators may steer this broadcast."
    assert stage.body(lobby) == "hello"


def test_an_administrator_may_steer_though_he_may_not_send(stage: Stage, lobby: Space, carl: Person) -> None:
    """`source.admins` is about other people's broadcasts only."""
    message = stage.broadcast(stage.alice, "hello", room=lobby)
    assert stage.steer(message, "recall", by=carl).startswith("Taking it back: 2 copies.")
    assert stage.copies(lobby) == []
    stage.broadcast(carl, "mine", room=lobby)
    assert stage.copies(lobby) == []


@pytest.mark.parametrize("words", [("recall", "recall"), ("cancel", "recall"), ("recall", "retry")])
def test_two_administrators_at_once(stage: Stage, lobby: Space, carl: Person, words: tuple[str, str]) -> None:
    """Both are answered, every copy is deleted once, and nothing is left or comes back."""
    dana = stage.colleague("Dana Fox")
    stage.world.join(dana, lobby)
    message = stage.broadcast(stage.alice, "hello", room=lobby)
    before = len(stage.told(message))
    stage.webex.hooks.hold()
    for person, word in zip((carl, dana), words, strict=True):
        stage.replies(message, word, by=person)
    stage.webex.hooks.release()
    stage.settled()
    assert stage.copies(lobby) == stage.copies(stage.dm) == []
    assert deletions(stage) == 2
    assert len(stage.told(message)) - before == 3


def test_two_administrators_press_at_once(stage: Stage, lobby: Space, carl: Person) -> None:
    """The same button under the same card, in one moment, told twice: every copy is deleted once."""
    dana = stage.colleague("Dana Fox")
    stage.world.join(dana, lobby)
    message = stage.broadcast(stage.alice, "hello", room=lobby)
    stage.webex.hooks.hold()
    stage.webex.hooks.duplicate = 1
    for person in (carl, dana):
        stage.press(message, "Take back", by=person)
    stage.webex.hooks.release()
    stage.settled()
    assert stage.copies(lobby) == stage.copies(stage.dm) == []
    assert deletions(stage) == 2


# Buttons


def test_the_buttons_do_what_the_words_do(stage: Stage) -> None:
    """Send again, list, take back: each pressed in the card under the outcome."""
    vault = stage.space()
    stage.fault("status", status=403, room=vault)
    message = stage.broadcast(stage.alice, "hello")
    stage.press(message, "List as a file")
    stage.settled()
    assert stage.thread(message)[-1].files[0].name == "broadcast-1.csv"
    stage.press(message, "Send the failed again")
    stage.settled()
    assert stage.is_once_everywhere()
    stage.press(message, "Take back")
    stage.settled()
    assert stage.copies(vault) == stage.copies(stage.dm) == []


def test_the_buttons_of_the_first_card_steer_what_runs(stage: Stage) -> None:
    """Status, then Cancel, while half of it waits."""
    half = Half(stage, closed=4)
    stage.press(half.message, "Status")
    eventually(lambda: any(said.startswith("Sent: 5 of 9") for said in stage.answers(half.message)))
    stage.press(half.message, "Cancel")
    stage.settled()
    assert stage.states() == {State.SENT: 5, State.SKIPPED: 4}


def test_a_button_pressed_again_and_again_takes_back_once(stage: Stage) -> None:
    """Three presses at once and one later: as many deletions as copies."""
    stage.spaces(3)
    message = stage.broadcast(stage.alice, "hello")
    for _ in range(3):
        stage.press(message, "Take back")
    stage.settled()
    stage.press(message, "Take back")
    stage.settled()
    assert deletions(stage) == 4
    assert stage.told(message)[-1] == "It has been taken back already."


def test_a_press_that_is_told_again_counts_once(stage: Stage) -> None:
    """The event of the press comes five times."""
    message = stage.broadcast(stage.alice, "hello")
    stage.webex.hooks.duplicate = 4
    before = len(stage.told(message))
    stage.press(message, "Take back")
    stage.settled()
    assert len(stage.told(message)) - before == 2


def test_somebody_else_may_not_press(stage: Stage, lobby: Space, carl: Person) -> None:
    """A stranger in the space is refused, an administrator is not."""
    message = stage.broadcast(stage.alice, "hello", room=lobby)
    stage.press(message, "Take back", by=stage.bob)
    stage.settled()
    assert stage.told(message)[-1].startswith("Only Alice Novak")
    assert stage.body(lobby) == "hello"
    stage.press(message, "Take back", by=carl)
    stage.settled()
    assert stage.copies(lobby) == []


def _forged(inputs: dict[str, str]) -> list[dict[str, object]]:
    """Return what somebody could have a card send along instead of the data of a true button."""
    sealed = inputs[FIELD]
    return [
        {},
        {FIELD: ""},
        {FIELD: "recall:1"},
        {FIELD: sealed[:-1] + ("a" if sealed[-1] != "a" else "b")},
        {FIELD: sealed.replace(".", "", 1)},
        {FIELD: [sealed]},
        {FIELD: {"order": "recall"}},
        {"order": "recall", "number": "1"},
        Seal("another secret").inputs(Order.RECALL, "1"),
    ]


def test_what_was_not_made_here_is_no_button(stage: Stage) -> None:
    """Forged, cut, foreign or odd data of a card do nothing and are answered by nothing; the bot goes on working."""
    message = stage.broadcast(stage.alice, "hello")
    card, inputs = stage.button(message, "Take back")
    for forged in _forged(inputs):
        stage.world.submit(stage.alice, card, forged)
    stage.settled()
    assert stage.is_once_everywhere()
    assert len(stage.told(message)) == 2


@pytest.mark.parametrize("subject", ["7", "-1"])
def test_a_button_about_nothing_does_nothing(stage: Stage, subject: str) -> None:
    """The broadcast is not kept any more, or never was: no answer, no trouble, and the next message goes out."""
    message = stage.broadcast(stage.alice, "hello")
    card, _ = stage.button(message, "Take back")
    stage.world.submit(stage.alice, card, Seal(SECRET).inputs(Order.RECALL, subject))
    stage.broadcast(stage.alice, "and on")
    assert len(stage.copies(stage.dm)) == 2


def test_a_stolen_button_obeys_only_who_may_press_it(stage: Stage, lobby: Space) -> None:
    """A stranger puts the true data of a button into a card of his own, and presses that: nothing is taken back."""
    message = stage.broadcast(stage.alice, "hello")
    _, inputs = stage.button(message, "Take back")
    shown = partial(stage.world.say, stage.bot, lobby, attachments=stage.thread(message)[-1].attachments)
    stage.world.submit(stage.bob, shown(), inputs)
    stage.settled()
    assert deletions(stage) == 0


def test_a_thread_with_two_broadcasts_steers_the_newest(stage: Stage) -> None:
    """A reply that was a message of its own is what a word then means."""
    first = stage.broadcast(stage.alice, "one")
    stage.replies(first, "two and more")
    stage.settled()
    stage.steer(first, "recall")
    assert stage.body(stage.dm) == "one"
