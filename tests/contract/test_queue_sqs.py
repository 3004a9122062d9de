"""The contract of the queue on SQS: what a message does, when a worker leaves, and that no message is lost over it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from broadcast.errors import ConfigError, LeaseLost, Refused
from broadcast.queues.crew import LEASE_SECONDS, Crew, Lease
from broadcast.queues.sqs import LINGER_SECONDS, LONGEST_MARGIN, LOOK_SECONDS, SWEEP_SECONDS, WORTH_A_WAIT
from tests.contract.bellhouse import OTHER, TIME, Bellhouse, ended, open_bellhouse

GONE, AT_ONCE, HIDDEN = (0, 0), (1, 0), (0, 1)
SOON, LATE = 19.0, 3600.0
LINGER = int(LINGER_SECONDS / LOOK_SECONDS) + 1


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Bellhouse]:
    """Return a queue of one's own with its worker."""
    with open_bellhouse(tmp_path) as house:
        yield house


# ringing


def test_a_ring_is_a_message(house: Bellhouse) -> None:
    """It says nothing but that there is something to do."""
    house.queue.ring()
    house.queue.ring("replies")
    assert house.messages() == (2, 0)


def test_a_ring_that_fails_is_noted_and_harms_nobody(house: Bellhouse) -> None:
    """The event is in the ledger by then; the log and the health page say which queue it is."""
    house.sqs.delete_queue(QueueUrl=house.url)
    house.queue.ring()
    assert house.log.lines == ["queue.ring_failed"]
    assert house.url in house.queue.fault
    house.sqs.create_queue(QueueName=house.url.rpartition("/")[2])
    house.queue.ring()
    assert house.queue.fault == ""


def test_a_ring_that_failed_is_no_fault_for_ever(house: Bellhouse) -> None:
    """Where nobody rings in this process again, the sweeper has rung since."""
    house.sqs.delete_queue(QueueUrl=house.url)
    house.queue.ring()
    house.clock.advance(SWEEP_SECONDS)
    assert house.queue.fault == ""


def test_a_ring_of_a_worker_wakes_its_own_lanes(house: Bellhouse) -> None:
    """At once, and without a message."""
    house.ask()
    house.begin()
    house.queue.ring("replies")
    assert house.replies.stepped()
    assert (house.sending.count, house.messages()) == (1, HIDDEN)


# whether to work


def test_where_nothing_is_left_the_message_is_done_with(house: Bellhouse) -> None:
    """Nobody even makes up a crew."""
    assert ended(house.serve())
    assert house.leases == []


def test_where_somebody_is_at_work_the_message_is_done_with(house: Bellhouse) -> None:
    """That one will look once more before it leaves."""
    house.ask()
    house.lease_taken_by(OTHER)
    assert ended(house.serve())
    assert house.leases == []


def test_a_message_that_comes_back_takes_over_from_its_own_dead_worker(house: Bellhouse) -> None:
    """The queue would not show it while that worker lived; so nobody waits for the lease to run out."""
    house.ask()
    call = house.rung()
    assert house.lease_taken_by(f"sqs/{call.id}")
    house.begin(call)
    assert len(house.leases) == 1


# when to leave


def test_a_worker_leaves_when_nothing_is_left(house: Bellhouse) -> None:
    """The message is done with, and the lease is free."""
    house.ask()
    answer = house.begin()
    house.finish()
    house.look_again(LINGER)
    assert ended(answer)
    assert house.is_lease_free()


def test_a_worker_stays_for_what_comes_in_right_after(house: Bellhouse) -> None:
    """People write more than one message; each would call a worker of its own otherwise."""
    house.ask()
    answer = house.begin()
    house.finish()
    house.look_again(LINGER - 1)
    house.ask("b")
    house.look_again(LINGER)
    assert not answer.done()


def test_a_worker_hands_over_before_its_time_is_over(house: Bellhouse) -> None:
    """The message is there again at once, and the lease is free for whoever it calls."""
    house.ask()
    answer = house.begin()
    house.clock.advance(TIME - LONGEST_MARGIN)
    assert not ended(answer)
    assert (house.messages(), house.is_lease_free()) == (AT_ONCE, True)


def test_what_is_in_flight_at_the_hand_over_comes_home(house: Bellhouse) -> None:
    """In time for the lease to be given back before Lambda ends the call by force."""
    house.ask()
    answer = house.begin()
    house.clock.advance(TIME - LONGEST_MARGIN)
    ended(answer)
    [seconds] = house.drained
    assert 0 < seconds < LONGEST_MARGIN


def test_a_worker_with_little_time_begins_nothing_in_the_last_part_of_it(house: Bellhouse) -> None:
    """Of three seconds it works less than two."""
    house.ask()
    call = house.rung()
    answer = house.pool.submit(house.queue.serve, call, 3.0)
    house.clock.until_somebody_waits(LOOK_SECONDS)
    house.clock.advance(1.9)
    assert not ended(answer)
    assert house.messages() == AT_ONCE


def test_after_the_hand_over_nothing_that_was_begun_goes_out(house: Bellhouse) -> None:
    """A process that is frozen and woken again must not send what somebody else sends now."""
    house.ask()
    answer = house.begin()
    assert house.leases[0].holds()
    house.clock.advance(TIME - LONGEST_MARGIN)
    ended(answer)
    assert not house.leases[0].holds()


def test_a_worker_waits_for_what_is_due_soon(house: Bellhouse) -> None:
    """To be called again would take as long."""
    house.ask()
    house.defer(SOON)
    answer = house.begin()
    house.look_again(LINGER + 1)
    assert not answer.done()


def test_a_worker_does_not_wait_for_what_is_due_late(house: Bellhouse) -> None:
    """The message is hidden until then; the lanes have had time for a word about the pause."""
    house.ask()
    house.defer(LATE)
    answer = house.begin()
    house.look_again(LINGER - 1)
    assert not ended(answer)
    assert (house.messages(), house.is_lease_free()) == (HIDDEN, True)
    assert house.hidden_for() == pytest.approx(LATE, abs=5)


def test_a_worker_does_not_wait_while_nothing_can_go_out(house: Bellhouse) -> None:
    """A Retry-After of an hour is waited out by the message, not by a function that is paid for."""
    house.ask()
    house.held_up = LATE
    answer = house.begin()
    house.look_again(LINGER - 1)
    assert not ended(answer)
    assert house.hidden_for() == pytest.approx(LATE, abs=5)


def test_a_message_is_never_hidden_for_longer_than_sqs_allows(house: Bellhouse) -> None:
    """Twelve hours from when it came; after that it is put off again."""
    house.ask()
    house.defer(7 * 24 * 3600.0)
    answer = house.begin()
    house.look_again(LINGER - 1)
    assert not ended(answer)
    assert 10 * 3600 < house.hidden_for() < 12 * 3600 - TIME


def test_a_long_pause_that_ends_early_keeps_the_worker(house: Bellhouse) -> None:
    """It counts the time without work anew."""
    house.ask()
    house.held_up = LATE
    answer = house.begin()
    house.look_again()
    house.held_up = 0.0
    house.look_again()
    house.held_up = WORTH_A_WAIT
    house.look_again()
    assert not answer.done()


# nothing is lost


def test_what_comes_in_while_a_worker_leaves_is_seen(house: Bellhouse) -> None:
    """Its ring found somebody at work and is gone; so the one who leaves keeps its own message."""
    house.ask()
    answer = house.begin()

    def another_asks_and_rings() -> None:
        house.ask("b")
        assert house.queue.serve(house.rung(), TIME)

    house.at_drain = another_asks_and_rings
    house.finish()
    house.look_again(LINGER)
    assert not ended(answer)
    assert house.messages()[0] == 1


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (ConfigError("The token is not a bot's."), 60),
        (ValueError("a bug"), 60),
        (Refused("slow down", call="GET people/me", status=429, retry_after=500), 500),
    ],
)
def test_a_crew_that_cannot_be_made_is_tried_again_later(house: Bellhouse, error: Exception, seconds: int) -> None:
    """The message comes back, sooner than after a crash; meanwhile the lease is free."""

    def fail(_: Lease) -> Crew:
        raise error

    house.ask()
    house.make_crew = fail
    assert not ended(house.serve())
    assert house.hidden_for() == pytest.approx(seconds, abs=5)
    assert house.is_lease_free()


def test_a_worker_that_loses_its_lease_leaves_its_message_alone(house: Bellhouse) -> None:
    """It may be the very message that the new holder works on: to show it now would call a third one."""
    house.ask()
    answer = house.begin()
    house.sending.plan.append(LeaseLost("taken over"))
    house.queue.ring("sending")
    house.look_again()
    assert not ended(answer)
    assert house.hidden_for() == pytest.approx(330, abs=5)


def test_a_message_that_cannot_be_put_off_still_comes_back(house: Bellhouse) -> None:
    """When the time as a hidden message is over."""
    house.ask()
    answer = house.begin()
    house.sqs.delete_queue(QueueUrl=house.url)
    house.clock.advance(TIME - LONGEST_MARGIN)
    assert not ended(answer)
    assert house.log.told("queue.put_off_failed")


def test_a_worker_that_is_told_to_stop_hands_over(house: Bellhouse) -> None:
    """At once, and without losing its message."""
    house.ask()
    answer = house.begin()
    house.queue.stop()
    assert not ended(answer)
    assert (house.messages(), house.is_lease_free()) == (AT_ONCE, True)


# sweeping


def test_the_sweeper_rings_for_what_nobody_sees_to(house: Bellhouse) -> None:
    """A lost message is no disaster."""
    house.ask()
    assert house.queue.sweep()
    assert (house.messages(), house.is_lease_free()) == (AT_ONCE, True)


def test_the_sweeper_does_not_ring_for_nothing(house: Bellhouse) -> None:
    """An idle bot costs nothing."""
    assert not house.queue.sweep()
    assert house.messages() == GONE


def test_the_sweeper_does_not_ring_where_somebody_is_at_work(house: Bellhouse) -> None:
    """Until the lease has run out."""
    house.ask()
    house.lease_taken_by(OTHER)
    assert not house.queue.sweep()
    house.clock.advance(60.0 + LEASE_SECONDS)
    assert house.queue.sweep()


@pytest.mark.parametrize("is_hidden", [False, True])
def test_the_sweeper_does_not_ring_where_a_message_is_under_way(house: Bellhouse, is_hidden: bool) -> None:
    """One that waits in the queue, or one that was put off until something is due: they would only pile up."""
    house.ask()
    house.queue.ring()
    if is_hidden:
        house.defer(SWEEP_SECONDS - 1)
        house.sqs.receive_message(QueueUrl=house.url)
    assert not house.queue.sweep()
    assert sum(house.messages()) == 1


def test_the_sweeper_rings_for_what_came_after_a_message_was_put_off(house: Bellhouse) -> None:
    """Whose own ring was lost: the one that was put off may come back in hours only. Two would pile up."""
    house.queue.ring()
    house.sqs.receive_message(QueueUrl=house.url)
    house.ask()
    assert house.queue.sweep()
    assert house.messages() == (1, 1)
    house.sqs.receive_message(QueueUrl=house.url)
    assert not house.queue.sweep()


def test_the_sweeper_leaves_to_a_later_one_what_is_due_later(house: Bellhouse) -> None:
    """It comes every five minutes."""
    house.ask()
    house.defer(SWEEP_SECONDS + 1)
    assert not house.queue.sweep()
    house.clock.advance(2.0)
    assert house.queue.sweep()
