"""What is promised is kept: over kill -9, SIGTERM, restarts, two servers at once, and in order."""

from collections.abc import Callable
from functools import partial

import pytest

from broadcast.model import State
from broadcast.services import HANDS
from tests.story.process import Process
from tests.story.stage import SimFile, Stage, eventually
from webexsim import Message, Space

FAST = ("-m", "tests.story.fastbot")
GUNICORN = ("-m", "gunicorn", "{app}", "--workers", "2", "--bind", "127.0.0.1:{{port}}")
Start = Callable[..., Process]


def gunicorn(app: str) -> list[str]:
    """Return the command that serves an application with two workers."""
    return [word.format(app=app) for word in GUNICORN]


def arrived(spaces: list[Space], stage: Stage) -> list[int]:
    """Return how many copies each space has."""
    return [len(stage.copies(space)) for space in spaces]


def has_begun(stage: Stage, goal: int) -> bool:
    """Say whether so many deliveries do not wait any more."""
    return sum(count for state, count in stage.states().items() if state is not State.WAITING) >= goal


def has_heard(stage: Stage, space: Space, text: str) -> bool:
    """Say whether a text has arrived in a space."""
    return any(text in copy.text for copy in stage.copies(space))


def is_telling(stage: Stage, message: Message, *, was_posted: bool) -> bool:
    """Say whether the outcome is being posted at this moment, and is there already or not."""
    saying = "SELECT 1 FROM replies WHERE state = 'sending' AND key LIKE 'outcome:%'"
    is_saying = stage.ledger.connection.execute(saying).fetchone() is not None
    return is_saying and bool(stage.outcomes(message)) == was_posted


def check_books(stage: Stage, spaces: list[Space]) -> None:
    """See that the ledger's states add up and agree with what is in the spaces."""
    counts = arrived([*spaces, stage.dm], stage)
    states = stage.states()
    assert sum(states.values()) == len(counts)
    assert set(states) <= {State.SENT, State.UNKNOWN}
    assert set(counts) <= {0, 1}
    assert states[State.SENT] <= sum(counts) <= len(counts)
    assert counts.count(0) <= states.get(State.UNKNOWN, 0)


def test_a_kill_in_the_middle_loses_nothing_and_doubles_nothing(make_stage: Callable[..., Stage], start: Start) -> None:
    """`python bot.py` under kill -9 with hundreds on their way, then again: it goes on; what is unsure is few."""
    stage = make_stage(pace=1)
    spaces = stage.spaces(300)
    bot = start(stage)
    stage.hold(after=100, times=None)
    message = stage.says(stage.alice, "hello")
    stage.holds(HANDS)
    bot.kill()
    stage.let_go()
    assert stage.states().get(State.WAITING)
    start(stage, is_called=False)
    stage.settled()
    check_books(stage, spaces)
    assert stage.states().get(State.UNKNOWN, 0) <= HANDS
    assert stage.outcome(message)


@pytest.mark.parametrize("goals", [(1,), (10, 50, 90, 130)])
def test_a_kill_at_whatever_moment_is_no_worse(empty_stage: Stage, start: Start, goals: tuple[int, ...]) -> None:
    """Killed right at the start, or again and again: no space has it twice, and where it is missing it is unknown."""
    stage, spaces = empty_stage, empty_stage.spaces(200)
    bot = start(stage, *FAST)
    stage.webex.latency = 0.05 * stage.clock.pace
    stage.says(stage.alice, "hello")
    for goal in goals:
        eventually(partial(has_begun, stage, goal))
        bot.kill()
        bot = start(stage, *FAST, is_called=False)
    stage.settled()
    check_books(stage, spaces)


def test_a_kill_right_after_the_answer_loses_no_message(empty_stage: Stage, start: Start) -> None:
    """The event was answered 200 and no message could be read yet: the restarted bot broadcasts it."""
    stage, lobby = empty_stage, empty_stage.space()
    bot = start(stage, *FAST)
    stage.fault("status", "GET", "/messages", status=502, times=None)
    stage.says(stage.alice, "hello")
    stage.webex.hooks.wait_idle()
    bot.kill()
    assert {delivery.status for delivery in stage.webex.hooks.deliveries} == {200}
    stage.webex.faults.clear()
    start(stage, *FAST, is_called=False)
    stage.settled()
    assert stage.body(lobby) == "hello"


def test_a_kill_while_a_file_goes_out_sends_it_whole(empty_stage: Stage, start: Start) -> None:
    """The restarted bot still has the file: every copy has all its bytes, and it was downloaded once."""
    stage, spaces, content = empty_stage, empty_stage.spaces(60), bytes(range(256)) * 100
    bot = start(stage, *FAST)
    stage.webex.latency = 0.05 * stage.clock.pace
    stage.says(stage.alice, "look", files=[SimFile("x.bin", content)])
    eventually(lambda: stage.states().get(State.SENT, 0) >= 5)
    bot.kill()
    start(stage, *FAST, is_called=False)
    stage.settled()
    check_books(stage, spaces)
    assert {copy.files[0].content for space in spaces for copy in stage.copies(space)} == {content}
    assert stage.calls("GET", "/contents") == 1


def test_sigterm_finishes_what_is_in_flight_and_leaves_nothing_in_doubt(
    make_stage: Callable[..., Stage], start: Start
) -> None:
    """`python bot.py`, asked to end in the middle, ends with no attempt open; the next one goes on, all is certain."""
    stage = make_stage(pace=1)
    spaces = stage.spaces(300)
    bot = start(stage)
    stage.hold(after=20, times=None)
    stage.says(stage.alice, "hello")
    stage.holds(HANDS)
    bot.ask_to_end()
    stage.let_go()
    assert bot.ended() == 0
    assert set(stage.states()) == {State.SENT, State.WAITING}
    start(stage, is_called=False)
    stage.settled()
    assert stage.states() == {State.SENT: 301}
    assert arrived(spaces, stage) == [1] * 300


@pytest.mark.parametrize("was_posted", [True, False])
def test_a_kill_while_the_outcome_is_posted_tells_it_once(empty_stage: Stage, start: Start, was_posted: bool) -> None:
    """Nobody has heard whether it was posted when the process is killed: the next one looks in the 1-1."""
    stage = empty_stage
    bot = start(stage, *FAST)
    stage.fault("hang", after=2, seconds=40, effect=was_posted)
    message = stage.says(stage.alice, "hello")
    eventually(partial(is_telling, stage, message, was_posted=was_posted))
    bot.kill()
    start(stage, *FAST, is_called=False)
    stage.settled()
    assert stage.outcome(message)


@pytest.mark.parametrize("kind", ["cut_after", "cut_before"])
def test_an_outcome_that_gets_no_answer_is_told_once(stage: Stage, kind: str) -> None:
    """In the 1-1 it is found, or said again where it is not there."""
    stage.settled()
    stage.fault(kind, after=2)
    message = stage.broadcast(stage.alice, "hello")
    assert stage.outcome(message)


def test_two_workers_share_one_ledger(make_stage: Callable[..., Stage], start: Start) -> None:
    """`gunicorn bot:app` with two workers, and every event four times: each space has one copy."""
    stage = make_stage(pace=1)
    spaces = stage.spaces(40)
    start(stage, *gunicorn("bot:app"))
    stage.webex.hooks.duplicate = 3
    stage.broadcast(stage.alice, "hello")
    assert arrived(spaces, stage) == [1] * 40
    assert stage.states() == {State.SENT: 41}


def test_a_killed_gunicorn_loses_nothing(empty_stage: Stage, start: Start) -> None:
    """Master and workers are killed with hundreds on their way, and started again."""
    stage, spaces = empty_stage, empty_stage.spaces(200)
    server = start(stage, *gunicorn("tests.story.fastbot:app"))
    stage.webex.latency = 0.05 * stage.clock.pace
    stage.says(stage.alice, "hello")
    eventually(lambda: stage.states().get(State.SENT, 0) >= 30)
    server.kill()
    start(stage, *gunicorn("tests.story.fastbot:app"), is_set_up=False)
    stage.settled()
    check_books(stage, spaces)


def test_two_servers_hear_of_a_message_and_one_sends_it(empty_stage: Stage, start: Start) -> None:
    """Two bots on one machine and one ledger, both told: one copy each; when the one is killed the other takes over."""
    stage, spaces = empty_stage, empty_stage.spaces(120)
    first, second = start(stage, *FAST), start(stage, *FAST, is_set_up=False)
    stage.webex.latency = 0.05 * stage.clock.pace
    stage.says(stage.alice, "hello")
    eventually(lambda: stage.states().get(State.SENT, 0) >= 10)
    for delivery in list(stage.webex.hooks.deliveries):
        assert second.post(delivery.body, delivery.headers) == 200
    first.kill()
    stage.settled()
    check_books(stage, spaces)
    assert "worker.started" in second.log


def test_a_restart_in_one_process_takes_up_what_waits(stage: Stage) -> None:
    """Stopped while a space refuses: after the start it is sent, and nothing else is sent again."""
    spaces = stage.spaces(5)
    stage.fault("status", status=503, room=spaces[2], times=None)
    message = stage.says(stage.alice, "hello")
    eventually(lambda: stage.states() == {State.SENT: 5, State.WAITING: 1})
    stage.shut()
    stage.webex.faults.clear()
    stage.open().settled()
    assert arrived(spaces, stage) == [1] * 5
    assert stage.outcome(message).startswith("Sent: 6 (group spaces: 5, 1-1s: 1)\n")


def test_no_later_broadcast_overtakes_one_that_is_being_retried(stage: Stage) -> None:
    """One space refuses for a while: there the second broadcast waits for the first, elsewhere it does not."""
    slow, quick = stage.spaces(2)
    stage.fault("status", status=503, room=slow, times=4)
    for text in ("one", "two", "three"):
        stage.says(stage.alice, text)
        eventually(partial(has_heard, stage, quick, text))
    assert stage.copies(slow) == []
    stage.settled()
    assert [copy.text[-5:].split()[-1] for copy in stage.copies(slow)] == ["one", "two", "three"]


def test_many_broadcasts_at_once_go_out_in_order(stage: Stage) -> None:
    """Ten messages, one after another, to twenty spaces: everywhere in the order they were written."""
    spaces = stage.spaces(20)
    stage.settled()
    for number in range(10):
        stage.says(stage.alice, f"number {number}")
        eventually(partial(stage.ledger.broadcast, number + 1))
    stage.settled()
    for space in spaces:
        assert [copy.text[-1] for copy in stage.copies(space)] == list("0123456789")


def test_another_bots_ledger_is_refused(empty_stage: Stage) -> None:
    """A second bot with the first one's STORE does not send the first one's messages: it says whose ledger it is."""
    stage = empty_stage.open()
    stage.shut()
    stage.bot = stage.world.bot("Second Bot", stage.acme)
    stage.open(is_set_up=False)
    assert "belongs to another bot" in stage.get("/").text


def test_the_ledger_makes_its_own_folders(empty_stage: Stage) -> None:
    """STORE names a file in folders that do not exist yet."""
    path = empty_stage.folder / "a" / "b" / "ledger.db"
    stage = empty_stage.open(STORE=f"sqlite:///{path}")
    stage.says(stage.alice, "hello")
    eventually(lambda: stage.copies(stage.dm))
    assert path.exists()
