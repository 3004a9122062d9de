"""The contract of the local queue: who works, when it is called, what happens when it crashes, stops or is replaced."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from sqlite3 import OperationalError

import pytest

from broadcast.errors import ConfigError, LeaseLost
from broadcast.ledger.sqlite import SqliteLedger
from broadcast.queues.crew import CRASH_PAUSE, CRASHES_IN_A_ROW, LEASE_SECONDS, RENEW_SECONDS, Crew, Lease
from broadcast.queues.local import LONGEST_WAIT, STOP_SECONDS, TRY_SECONDS, holder_is_dead
from tests.contract.shop import LONG, STUCK_AFTER, Shop
from tests.unit.fakes import FakeClock

HOST = socket.gethostname()
MakeShop = Callable[..., Shop]


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock that stands still."""
    return FakeClock()


@pytest.fixture
def ledger(tmp_path: Path) -> SqliteLedger:
    """Return an empty ledger."""
    return SqliteLedger(tmp_path / "ledger.db")


@pytest.fixture
def make_shop(ledger: SqliteLedger, clock: FakeClock) -> Iterator[MakeShop]:
    """Return a way to make shops on one ledger; they are closed in the end."""
    made: list[Shop] = []

    def make(ledger: SqliteLedger = ledger, crew: Callable[[Lease], Crew] | None = None) -> Shop:
        made.append(Shop(ledger, clock, crew))
        return made[-1]

    yield make
    for shop in made:
        shop.queue.stop()


@pytest.fixture
def shop(make_shop: MakeShop) -> Shop:
    """Return a shop that is open."""
    return make_shop().open()


# being called


def test_a_ring_wakes_its_lane_at_once(shop: Shop) -> None:
    """No time passes, and no other lane is woken."""
    shop.queue.ring("replies")
    assert shop.replies.stepped()
    assert (shop.replies.count, shop.sending.count, shop.clock.monotonic()) == (2, 1, 0.0)


def test_a_ring_for_all_wakes_every_lane(shop: Shop) -> None:
    """Who does not know whom to call calls all."""
    shop.queue.ring()
    assert shop.replies.stepped()
    assert shop.sending.stepped()


@pytest.mark.parametrize("lane", ["no such lane", "Replies"])
def test_a_ring_for_nobody_is_no_fault(shop: Shop, lane: str) -> None:
    """A hint is a hint."""
    shop.queue.ring(lane)
    assert (shop.replies.count, shop.sending.count) == (1, 1)


def test_a_ring_before_the_start_is_no_fault(make_shop: MakeShop) -> None:
    """The ledger knows what there is to do."""
    shop = make_shop()
    shop.queue.ring("replies")
    shop.open()
    assert shop.replies.count == 1


def test_a_ring_during_a_step_is_not_lost(make_shop: MakeShop) -> None:
    """What came in while the lane was looking is looked at in its next step."""
    shop = make_shop()
    step = shop.replies.step

    def ring_and_step() -> float:
        if shop.replies.count == 0:
            shop.queue.ring("replies")
        return step()

    shop.replies.step = ring_and_step  # type: ignore[method-assign]
    shop.open()
    assert shop.replies.stepped()


def test_without_a_ring_a_lane_looks_again_after_its_pause(shop: Shop) -> None:
    """A lost ring is no disaster."""
    shop.replies.plan.append(7.0)
    shop.queue.ring("replies")
    assert shop.replies.stepped()
    shop.clock.until_somebody_waits(7.0)
    shop.clock.advance(7.0)
    assert shop.replies.stepped()


def test_a_lane_with_more_to_do_goes_on_without_a_pause(make_shop: MakeShop) -> None:
    """Ten pieces of work are done one after the other while the clock stands still."""
    shop = make_shop()
    shop.replies.plan += [0.0] * 10
    shop.open()
    assert all(shop.replies.stepped() for _ in range(10))
    assert shop.clock.monotonic() == 0.0


# crashing


@pytest.mark.parametrize("error", [ValueError("a bug"), OSError("disk full"), ConfigError("bad")])
def test_the_work_goes_on_after_a_crash(shop: Shop, error: Exception) -> None:
    """The lane is tried again after a moment; the other one has not noticed."""
    shop.replies.plan.append(error)
    shop.queue.ring("replies")
    assert shop.log.told("lane.crashed")
    shop.clock.until_somebody_waits(CRASH_PAUSE)
    shop.queue.ring("sending")
    assert shop.replies.stepped()
    assert shop.sending.stepped()
    shop.clock.advance(CRASH_PAUSE)
    assert shop.replies.stepped()


def test_a_lane_that_crashes_again_and_again_is_a_fault(shop: Shop) -> None:
    """Until it gets through once: a monitor learns of it, and which lane it is."""
    for _ in range(CRASHES_IN_A_ROW):
        assert shop.queue.fault == ""
        shop.replies.plan.append(ValueError("a bug"))
        shop.queue.ring("replies")
        assert shop.replies.stepped()
        shop.clock.until_somebody_waits(CRASH_PAUSE)
    assert "again and again: replies" in shop.queue.fault
    shop.clock.advance(CRASH_PAUSE)
    assert shop.replies.stepped()
    shop.clock.until_somebody_waits(LONG)
    assert shop.queue.fault == ""


def test_a_crew_that_cannot_be_made_says_why_and_is_tried_again(make_shop: MakeShop, clock: FakeClock) -> None:
    """At growing distances; meanwhile the lease is free for somebody who can."""

    def fail(_: Lease) -> Crew:
        raise ConfigError("The token is not a bot's.")

    shop = make_shop(crew=fail)
    shop.queue.start()
    for times, pause in enumerate((2.0, 4.0, 8.0, LONGEST_WAIT, LONGEST_WAIT), start=1):
        assert shop.log.told("worker.waits", times)
        clock.until_somebody_waits(pause, 1 + (times == 5))
        assert shop.queue.fault == "The token is not a bot's."
        if times < 5:
            clock.advance(pause)
    assert shop.is_lease_free()


def test_a_fault_is_forgotten_when_the_work_begins(make_shop: MakeShop, clock: FakeClock) -> None:
    """An error of the setting, then a bug, then it works."""
    faults: list[Exception] = [ConfigError("not yet"), ValueError("a bug")]

    def crew(lease: Lease) -> Crew:
        if faults:
            raise faults.pop(0)
        return here.crew(lease)

    here = shop = make_shop(crew=crew)
    shop.queue.start()
    for told, pause in (("worker.waits", 2 * TRY_SECONDS), ("worker.failed", 4 * TRY_SECONDS)):
        assert shop.log.told(told)
        clock.until_somebody_waits(pause)
        clock.advance(pause)
    assert (shop.sending.stepped(), shop.queue.fault) == (True, "")


# stopping


def test_stopping_lets_what_is_in_flight_come_home(shop: Shop) -> None:
    """Within ten seconds; then the lease is free at once."""
    shop.queue.stop()
    [seconds] = shop.drained
    assert 0 < seconds <= STOP_SECONDS
    assert shop.is_lease_free()


def test_after_the_stop_nothing_is_done(shop: Shop) -> None:
    """A late ring finds nobody."""
    shop.queue.stop()
    shop.queue.ring()
    shop.clock.advance(10_000.0)
    assert (shop.sending.count, shop.replies.count) == (1, 1)


def test_stopping_before_the_start_is_no_fault(make_shop: MakeShop) -> None:
    """Nothing has to end."""
    make_shop().queue.stop()


# one at a time


def test_a_working_process_keeps_its_lease(shop: Shop) -> None:
    """However long it works, nobody else gets it."""
    for times in range(1, 11):
        shop.clock.until_somebody_waits(RENEW_SECONDS, times)
        shop.clock.advance(RENEW_SECONDS)
        assert not shop.is_lease_free()


def test_only_one_of_two_works_and_the_other_takes_over(make_shop: MakeShop, clock: FakeClock) -> None:
    """The second looks now and then; when the first has stopped it goes on."""
    first, second = make_shop().open(), make_shop()
    second.queue.start()
    clock.until_somebody_waits(TRY_SECONDS)
    assert second.sending.count == 0
    first.queue.stop()
    clock.advance(TRY_SECONDS)
    assert second.sending.stepped()


def test_a_lost_lease_ends_the_lanes(shop: Shop) -> None:
    """Another process works now: this one brings home what is in flight and keeps out of its way."""
    shop.ledger.take_lease("other/1", shop.clock.now(), 60.0, holder_is_dead=lambda _: True)
    shop.clock.advance(RENEW_SECONDS)
    assert shop.log.told("worker.stopped")
    assert (shop.log.lines.count("worker.lease_lost"), len(shop.drained), shop.leases[0].is_over) == (1, 1, True)
    assert not shop.is_lease_free()


def test_a_lane_that_finds_the_lease_lost_ends_the_others(shop: Shop) -> None:
    """At the next look of the keeper everything has ended; afterwards it tries to work again."""
    shop.sending.plan.append(LeaseLost("taken over"))
    shop.queue.ring("sending")
    assert shop.sending.stepped()
    shop.clock.advance(RENEW_SECONDS)
    assert shop.log.told("worker.stopped")
    shop.clock.until_somebody_waits(TRY_SECONDS)
    shop.clock.advance(TRY_SECONDS)
    assert shop.replies.stepped()
    assert len(shop.leases) == 2


class FailingLedger(SqliteLedger):
    """A ledger whose disk fails while the lease is renewed."""

    def renew_lease(self, token: int, until: float) -> None:
        """Fail as SQLite does."""
        raise OperationalError(f"database is locked ({token}, {until})")


def test_a_ledger_that_fails_still_lets_what_is_in_flight_come_home(make_shop: MakeShop, ledger: SqliteLedger) -> None:
    """The work ends in order and is begun again later."""
    shop = make_shop(FailingLedger(ledger.path))
    shop.queue.start()
    assert shop.log.told("worker.failed")
    assert (len(shop.drained), shop.leases[0].is_over, shop.is_lease_free()) == (1, True, True)


def test_a_paused_holder_knows_that_it_must_not_send(clock: FakeClock) -> None:
    """A process that slept through its lease finds it run out by a clock that does not stop."""
    lease = Lease(7, clock)
    clock.advance(LEASE_SECONDS - 0.1)
    assert lease.holds()
    clock.advance(0.1)
    assert (lease.token, lease.holds(), lease.is_over) == (7, False, False)


def test_who_has_lost_the_lease_sends_nothing_more(clock: FakeClock) -> None:
    """Not for the seconds either that it would still have run, nor when a renewal is answered late."""
    lease = Lease(7, clock)
    lease.lose()
    lease.renewed(clock.monotonic())
    assert (lease.holds(), lease.is_over) == (False, True)


def test_a_renewal_counts_from_when_it_was_asked_for(clock: FakeClock) -> None:
    """The ledger may have written it down long before the answer came."""
    lease = Lease(1, clock)
    asked_at = clock.monotonic()
    clock.advance(6.0)
    lease.renewed(asked_at)
    clock.advance(LEASE_SECONDS - 6.1)
    assert lease.holds()
    clock.advance(0.2)
    assert not lease.holds()


class SlowLedger(SqliteLedger):
    """A ledger that takes six seconds for its first renewal, and does not come back from the second before `go`."""

    clock: FakeClock
    renewals = 0
    go = threading.Event()

    def renew_lease(self, token: int, until: float) -> None:
        """Renew, and be slow about it."""
        self.renewals += 1
        if self.renewals == 2:
            self.go.wait(STUCK_AFTER)
        super().renew_lease(token, until)
        self.clock.advance(6.0 if self.renewals == 1 else 0.0)


def test_a_slow_renewal_does_not_lengthen_the_lease(
    make_shop: MakeShop, ledger: SqliteLedger, clock: FakeClock
) -> None:
    """Who may take over counts from what was written down, so the holder must, too."""
    slow = SlowLedger(ledger.path)
    slow.clock = clock
    shop = make_shop(slow).open()
    clock.advance(LEASE_SECONDS - 6.1)
    assert shop.leases[0].holds()
    clock.advance(0.2)
    assert not shop.leases[0].holds()
    slow.go.set()


def test_after_the_stop_nothing_that_was_begun_goes_out(shop: Shop) -> None:
    """Somebody else may hold the lease now; a hand that was late must not send."""
    assert shop.leases[0].holds()
    shop.queue.stop()
    assert not shop.leases[0].holds()


# dead holders


@pytest.fixture
def ended() -> int:
    """Return the number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.fixture
def zombie() -> Iterator[int]:
    """Return the number of a process that has ended and that nobody has asked about."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    yield process.pid
    process.wait()


def test_a_process_that_has_ended_is_dead(ended: int, zombie: int) -> None:
    """Also one whose parent has not noticed yet; and a former one of this very number."""
    assert holder_is_dead(f"{HOST}/{ended}/a1")
    assert holder_is_dead(f"{HOST}/{zombie}/a1")
    assert holder_is_dead(f"{HOST}/{os.getpid()}/former")


@pytest.mark.parametrize(
    "owner", [f"{HOST}/{os.getppid()}/a1", f"{HOST}/1/a1", "elsewhere/999999/a1", f"{HOST}/x/a1", HOST, "", "///"]
)
def test_a_process_that_runs_or_is_not_known_is_not_dead(owner: str) -> None:
    """Nobody is declared dead on suspicion: of another machine nothing can be known."""
    assert not holder_is_dead(owner)


def test_the_lease_of_a_dead_holder_is_taken_at_once(make_shop: MakeShop, ledger: SqliteLedger, ended: int) -> None:
    """A restart after a kill does not wait for the lease to run out."""
    shop = make_shop()
    ledger.take_lease(f"{HOST}/{ended}/a1", shop.clock.now(), LEASE_SECONDS, holder_is_dead=lambda _: False)
    shop.open()
    assert shop.clock.monotonic() == 0.0


def test_the_lease_of_a_living_holder_is_waited_for(make_shop: MakeShop, ledger: SqliteLedger) -> None:
    """It is taken when it has run out."""
    shop = make_shop()
    owner = f"{HOST}/{os.getppid()}/a1"
    ledger.take_lease(owner, shop.clock.now(), LEASE_SECONDS, holder_is_dead=lambda _: False)
    shop.queue.start()
    shop.clock.until_somebody_waits(TRY_SECONDS)
    assert shop.sending.count == 0
    shop.clock.advance(LEASE_SECONDS)
    assert shop.sending.stepped()


def test_two_queues_of_one_process_are_two_holders(make_shop: MakeShop, clock: FakeClock) -> None:
    """The second does not take the first for its own dead predecessor."""
    make_shop().open()
    second = make_shop()
    second.queue.start()
    clock.until_somebody_waits(TRY_SECONDS)
    assert second.sending.count == 0
