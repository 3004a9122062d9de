"""The lane of events: each in its order, put off where it must be, given up where it cannot be."""

from contextlib import suppress

import pytest

from broadcast.config import Config, DeliveryRules
from broadcast.errors import LeaseLost, NoAnswer, NoLease, NotSent, Refused, TryLater
from broadcast.jobs import IDLE_SECONDS
from broadcast.model import Event
from tests.unit.desk import HOUR, Desk


def refused(status: int) -> Refused:
    """Return an error status of Webex."""
    return Refused("no", call="GET messages", status=status)


def test_events_are_handled_one_after_the_other(desk: Desk) -> None:
    """In their order, each once; then there is nothing to do for a while."""
    desk.record("aa", "b", "ccc")
    lane = desk.events()
    assert [lane.step() for _ in range(4)] == [0.0, 0.0, 0.0, IDLE_SECONDS]
    assert desk.keys == ["b", "aa", "ccc"]


def test_while_the_gate_is_closed_nothing_is_handled(desk: Desk) -> None:
    """The lane waits as long as the gate is closed, and no patience is used up."""
    desk.record("a")
    desk.gate.close(4.0)
    lane = desk.events()
    assert (lane.step(), desk.handled) == (4.0, [])
    desk.clock.advance(4.0)
    lane.step()
    assert [(job.attempts, job.is_last_try) for job in desk.handled] == [(0, False)]


def test_an_order_is_carried_out_while_the_gate_is_closed(desk: Desk) -> None:
    """Who wants to stop a broadcast need not wait until Webex takes messages again."""
    desk.ledger.record(Event(key="k", resource="orders", action="cancel", id="1"), desk.clock.now())
    desk.gate.close(600.0)
    desk.events(desk.ledger.next_duty).step()
    assert [job.event.action for job in desk.handled] == ["cancel"]


def test_an_event_that_kills_the_process_is_not_the_first_thing_to_happen_next_time(desk: Desk) -> None:
    """It was put off before it was begun."""
    desk.record("a")
    desk.fails["a"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        desk.events().step()
    assert desk.events().step() == IDLE_SECONDS
    desk.clock.advance(2.0)
    desk.fails.clear()
    desk.events().step()
    assert [job.attempts for job in desk.handled] == [0, 1]


@pytest.mark.parametrize("error", [refused(503), NotSent("x", call="c"), NoAnswer("x", call="c"), TryLater("later")])
def test_what_may_succeed_later_is_tried_later(desk: Desk, error: Exception) -> None:
    """A moment later, and the message behind it waits."""
    desk.record("a", "bb")
    desk.fails["a"] = error
    lane = desk.events()
    assert [lane.step(), lane.step()] == [0.0, IDLE_SECONDS]
    desk.fails.clear()
    desk.clock.advance(2.0)
    lane.step()
    lane.step()
    assert (desk.keys, desk.given_up) == (["a", "a", "bb"], [])


def test_a_wish_of_the_handler_is_heeded(desk: Desk) -> None:
    """An event comes again after the seconds it asked for, and not before."""
    desk.record("a")
    desk.fails["a"] = TryLater("scanning", seconds=30.0)
    lane = desk.events()
    lane.step()
    desk.clock.advance(29.0)
    lane.step()
    desk.clock.advance(1.5)
    lane.step()
    assert len(desk.handled) == 2


def test_an_event_that_does_not_hold_lets_others_by(desk: Desk) -> None:
    """Until it is due itself."""
    desk.record("a", "bb")
    desk.fails["a"] = TryLater("somebody else first", seconds=30.0, holds=False)
    lane = desk.events()
    lane.step()
    lane.step()
    assert desk.keys == ["a", "bb"]


def test_an_event_in_trouble_does_not_hold_up_the_others_for_ever(desk: Desk) -> None:
    """For the order's sake they wait, but two minutes at most."""
    desk.record("a", "bb")
    desk.fails["a"] = refused(503)
    lane = desk.events()
    came = {}
    for seconds in range(0, 300, 5):
        lane.step()
        came.setdefault(desk.keys[-1], seconds)
        desk.clock.advance(5.0)
    assert 100 < came["bb"] < 260


def test_patience_ends_with_a_last_try_and_a_word_to_the_sender(desk: Desk) -> None:
    """The last try is known as such; after it the event is over and the next one comes."""
    desk.record("a", "bb")
    desk.fails["a"] = refused(503)
    lane = desk.events()
    for _ in range(70):
        lane.step()
        desk.clock.advance(60.0)
    tries = [job.is_last_try for job in desk.handled if job.event.key == "a"]
    assert (tries[-1], any(tries[:-1])) == (True, False)
    assert [key for key, _ in desk.given_up] == ["a"]
    assert desk.keys[-1] == "bb"


def test_patience_is_configured(desk: Desk) -> None:
    """With two minutes of it, an event is over after two minutes."""
    desk.config = Config(delivery=DeliveryRules(give_up_after_minutes=2))
    desk.record("a")
    desk.fails["a"] = refused(503)
    lane = desk.events()
    for _ in range(5):
        lane.step()
        desk.clock.advance(45.0)
    assert [key for key, _ in desk.given_up] == ["a"]


@pytest.mark.parametrize("status", [401, 429])
def test_waiting_for_a_rate_limit_or_a_token_uses_no_patience(desk: Desk, status: int) -> None:
    """Hours of it do not lose an event."""
    desk.record("a")
    desk.fails["a"] = refused(status)
    lane = desk.events()
    for _ in range(20):
        lane.step()
        desk.clock.advance(HOUR)
    assert (desk.given_up, len(desk.handled), desk.handled[-1].is_last_try) == ([], 20, False)


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_no_for_good_is_told_at_once(desk: Desk, status: int) -> None:
    """Nothing is tried again, and the next event comes."""
    desk.record("a", "bb")
    desk.fails["a"] = refused(status)
    lane = desk.events()
    lane.step()
    lane.step()
    assert ([key for key, _ in desk.given_up], desk.keys) == (["a"], ["a", "bb"])


@pytest.mark.parametrize("error", [NoLease("run out", call="messages"), LeaseLost("taken over")])
def test_who_has_lost_the_lease_gives_no_event_up(desk: Desk, error: Exception) -> None:
    """However long it was tried: another one is at it now, and may well get through."""
    desk.record("a")
    lane = desk.events()
    for failure in (refused(503), refused(503), error):
        desk.fails["a"] = failure
        desk.clock.advance(HOUR - 60)
        with suppress(NoLease, LeaseLost):
            lane.step()
    assert (desk.given_up, desk.ledger.backlog(desk.clock.now()).events) == ([], 1)


def test_an_event_that_no_handler_gets_through_does_not_block_the_others_for_ever(desk: Desk) -> None:
    """The crash is the runner's to log; in the end the event is over, its sender is told, and the next one comes."""
    desk.record("a", "bb")
    desk.fails["a"] = IndexError("a bug")
    lane = desk.events()
    while "bb" not in desk.keys and len(desk.handled) < 200:
        try:
            lane.step()
        except IndexError:
            desk.clock.advance(60.0)
    assert ([key for key, _ in desk.given_up], desk.keys[-1]) == (["a"], "bb")


def test_an_event_that_no_handler_gets_through_holds_the_others_up_for_two_minutes(desk: Desk) -> None:
    """It is tried further, while those behind it are handled."""
    desk.record("a", "bb")
    desk.fails["a"] = IndexError("a bug")
    lane, began = desk.events(), desk.clock.now()
    while "bb" not in desk.keys:
        with suppress(IndexError):
            lane.step()
        desk.clock.advance(10.0)
        assert desk.clock.now() - began < 4 * 60
    assert desk.given_up == []


def test_a_young_event_waits_for_one_that_was_sent_before_it(desk: Desk) -> None:
    """Events may overtake each other on their way; a moment's patience puts them in order."""
    lane = desk.events(hold_off=0.2)
    desk.record("bb")
    assert lane.step() == pytest.approx(0.2)
    desk.clock.advance(0.1)
    desk.record("a")
    desk.clock.advance(0.2)
    lane.step()
    lane.step()
    assert desk.keys == ["a", "bb"]


def test_a_clock_that_was_set_back_does_not_stop_the_events(desk: Desk) -> None:
    """An event from the future is handled now."""
    desk.record("a")
    desk.clock.jump(-HOUR)
    desk.events(hold_off=0.2).step()
    assert desk.keys == ["a"]
