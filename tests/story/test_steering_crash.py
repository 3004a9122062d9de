"""Steering keeps its word over kill -9: what was begun is finished after the restart, and nothing is done twice."""

from collections.abc import Callable
from functools import partial

import pytest

from broadcast.model import Kind, State
from tests.story.process import Process
from tests.story.stage import Stage, eventually
from webexsim import Message, Space

FAST = ("-m", "tests.story.fastbot")
COUNT = 40
Start = Callable[..., Process]


@pytest.fixture
def stage(make_stage: Callable[..., Stage]) -> Stage:
    """Return a world with many spaces, in which Webex tells bots about edits."""
    stage = make_stage(tells_edits=True)
    stage.spaces(COUNT)
    return stage


def places(stage: Stage) -> list[Space]:
    """Return every space the bot is in."""
    return list(stage.world.directory.spaces_of(stage.bot))


def texts(stage: Stage) -> list[list[str]]:
    """Return what each space shows of the broadcast."""
    return [[copy.text.split("\n", 1)[-1] for copy in stage.copies(space)] for space in places(stage)]


def done(stage: Stage, kind: Kind) -> int:
    """Count the spaces in which the newest edit or recall is done."""
    newest = stage.ledger.broadcasts(limit=1)
    return sum(one.counts.sent for one in newest if one.kind is kind)


def sent_slowly(stage: Stage, text: str = "one") -> Message:
    """Have a message broadcast, and every further call take its time."""
    message = stage.broadcast(stage.alice, text)
    stage.webex.latency = 0.05 * stage.clock.pace
    return message


def kill_again_and_again(stage: Stage, start: Start, bot: Process, kind: Kind) -> None:
    """Kill the bot when a few of the spaces are done, and when half of them are; start it again each time."""
    for goal in (3, COUNT // 2):
        eventually(partial(lambda wanted: done(stage, kind) >= wanted, goal), f"{goal} are done")
        bot.kill()
        bot = start(stage, *FAST, is_called=False)
    stage.settled()


def test_a_recall_under_kills_leaves_no_copy(stage: Stage, start: Start) -> None:
    """However often it is killed: all copies are gone, each was deleted, and the outcome is told once."""
    bot = start(stage, *FAST)
    message = sent_slowly(stage)
    stage.replies(message, "recall")
    kill_again_and_again(stage, start, bot, Kind.RECALL)
    assert texts(stage) == [[]] * (COUNT + 1)
    assert stage.states() == {State.SENT: COUNT + 1}
    assert len(stage.outcomes(message)) == 2


def test_an_edit_under_kills_reaches_every_copy(stage: Stage, start: Start) -> None:
    """However often it is killed: every copy shows the new text, and there is no other message."""
    bot = start(stage, *FAST)
    message = sent_slowly(stage)
    stage.world.edit(message, "two")
    kill_again_and_again(stage, start, bot, Kind.EDIT)
    assert texts(stage) == [["two"]] * (COUNT + 1)
    assert stage.states() == {State.SENT: COUNT + 1}
    assert len(stage.outcomes(message)) == 2


def test_an_edit_that_adds_a_message_under_kills_doubles_none(stage: Stage, start: Start) -> None:
    """A part that may have been posted is not posted again: where it is missing or not known, the edit is uncertain."""
    bot, longer = start(stage, *FAST), " ".join(f"word{number}" for number in range(1800))
    message = sent_slowly(stage)
    stage.world.edit(message, longer)
    eventually(lambda: done(stage, Kind.EDIT) >= 3)
    bot.kill()
    start(stage, *FAST, is_called=False)
    stage.settled()
    shown = [" ".join(" ".join(parts).split()) for parts in texts(stage)]
    unknown = stage.states().get(State.UNKNOWN, 0)
    assert unknown < COUNT
    assert set(stage.states()) <= {State.SENT, State.UNKNOWN}
    assert all(longer.startswith(text) for text in shown)
    assert sum(text != longer for text in shown) <= unknown


def test_a_kill_while_it_is_sent_and_then_recalled_leaves_no_copy_but_those_listed(stage: Stage, start: Start) -> None:
    """Killed in the middle of sending, recalled by the next, which is killed, too: what is left is called uncertain."""
    bot = start(stage, *FAST)
    stage.webex.latency = 0.05 * stage.clock.pace
    message = stage.says(stage.alice, "one")
    eventually(lambda: stage.states().get(State.SENT, 0) > COUNT // 2)
    stage.webex.hooks.hold()
    order = stage.replies(message, "recall")
    bot.kill()
    stage.webex.hooks.release()
    stage.webex.hooks.wait_idle()
    bot = start(stage, *FAST, is_set_up=False)
    [lost] = [event for event in stage.webex.hooks.deliveries if order.id in event.body.decode()]
    assert bot.post(lost.body, lost.headers) == 200
    eventually(lambda: done(stage, Kind.RECALL) >= 3)
    bot.kill()
    start(stage, *FAST, is_called=False)
    stage.settled()
    listed = {one.space_id for one in stage.ledger.deliveries(2) if one.state is State.UNKNOWN}
    assert {space.id for space in places(stage) if stage.copies(space)} <= listed
    assert len(listed) < COUNT // 2


@pytest.mark.parametrize("after", [0, COUNT // 3])
def test_a_cancelled_broadcast_stays_cancelled_after_a_kill(stage: Stage, start: Start, after: int) -> None:
    """Killed right after the order was taken: the restarted bot sends no more, and says what became of it."""
    for space in places(stage)[after:]:
        stage.fault("status", status=503, room=space, times=None)
    bot = start(stage, *FAST)
    message = stage.says(stage.alice, "one")
    eventually(lambda: stage.states().get(State.SENT, 0) >= after and stage.states().get(State.WAITING))
    stage.replies(message, "cancel")
    stage.webex.hooks.wait_idle()
    bot.kill()
    waiting = stage.states().get(State.WAITING, 0)
    start(stage, *FAST, is_called=False)
    eventually(lambda: stage.ledger.broadcast(1).finished_at)  # type: ignore[union-attr]
    stage.webex.faults.clear()
    stage.settled()
    assert stage.states().get(State.SKIPPED, 0) >= waiting
    assert sum(map(len, texts(stage))) == stage.states().get(State.SENT, 0)
    assert "This broadcast was cancelled." in "\n".join(said.text for said in stage.world.messages(by=stage.bot))


def test_an_order_that_was_answered_200_is_carried_out_after_a_kill(stage: Stage, start: Start) -> None:
    """The bot cannot read the reply, is killed, and reads it after the restart: everything is taken back."""
    bot = start(stage, *FAST)
    message = stage.broadcast(stage.alice, "one")
    stage.fault("status", "GET", "/messages", status=502, times=None)
    stage.replies(message, "recall")
    stage.webex.hooks.wait_idle()
    bot.kill()
    stage.webex.faults.clear()
    start(stage, *FAST, is_called=False)
    stage.settled()
    assert texts(stage) == [[]] * (COUNT + 1)
