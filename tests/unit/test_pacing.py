"""How fast the bot sends: as fast as Webex takes it, as careful as it must be, and for how long it keeps still.

Webex is a token bucket here and time is made of events, so that minutes of sending are simulated in milliseconds.
"""

import heapq
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.pacing import DEFAULT_PAUSE, LONGEST_OUTAGE_PAUSE, LONGEST_PAUSE, TOP_RATE, Gate, Pace
from tests.unit.fakes import FakeClock

HANDS = 64
LATENCY = 0.1
IDLE, BUSY = 0.5, 0.02


@dataclass
class Bucket:
    """Webex's limit: `rate` a second on top of `burst` at once; from `changes_at` (seconds) on `later_rate`."""

    rate: float
    burst: float
    later_rate: float | None = None
    changes_at: float = float("inf")
    tokens: float = field(init=False)
    filled_at: float = 0.0

    def __post_init__(self) -> None:
        self.tokens = self.burst

    def takes(self, now: float) -> bool:
        """Take a request, or refuse it at no cost."""
        if now >= self.changes_at and self.later_rate is not None:
            self.rate, self.later_rate = self.later_rate, None
        self.tokens = min(self.burst, self.tokens + (now - self.filled_at) * self.rate)
        self.filled_at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True

    @property
    def asks_to_wait(self) -> float:
        """Whole seconds, at least one, as Webex writes them."""
        return max(1.0, float(-(-(1 - self.tokens) // self.rate)))


@dataclass
class Run:
    """One broadcast as the fan-out sends it: 64 hands, answers after 100 ms, idle for no longer than it would be."""

    clock: FakeClock
    gate: Gate
    bucket: Bucket | None
    sent: int = 0
    refused: int = 0
    _answers: list[tuple[float, int, float | None]] = field(default_factory=list)

    def send(self, count: int) -> float:
        """Send `count` messages and return how many seconds that took."""
        started, waiting, number = self.clock.monotonic(), count, 0
        while waiting or self._answers:
            waiting += self._take_answers()
            for _ in range(self.gate.take(min(HANDS - len(self._answers), waiting))):
                waiting, number = waiting - 1, number + 1
                heapq.heappush(self._answers, (self.clock.monotonic() + LATENCY, number, self._ask()))
            self._wait(is_wanted=waiting > 0)
        return self.clock.monotonic() - started

    def _ask(self) -> float | None:
        is_taken = self.bucket is None or self.bucket.takes(self.clock.monotonic() + LATENCY / 2)
        return None if is_taken or self.bucket is None else self.bucket.asks_to_wait

    def _take_answers(self) -> int:
        back = 0
        while self._answers and self._answers[0][0] <= self.clock.monotonic() + 1e-9:
            retry_after = heapq.heappop(self._answers)[2]
            if retry_after is None:
                self.gate.accepted()
                self.sent += 1
            else:
                self.gate.refused(retry_after)
                self.refused, back = self.refused + 1, back + 1
        return back

    def _wait(self, *, is_wanted: bool) -> None:
        pause = min(IDLE, max(BUSY, self.gate.wait_for_next())) if is_wanted else IDLE
        if self._answers:
            pause = min(pause, max(0.0, self._answers[0][0] - self.clock.monotonic()))
        self.clock.advance(max(pause, 1e-4))


def ideal(count: int, rate: float, burst: float) -> float:
    """Return the seconds that somebody needs who knows the limit and meets it exactly."""
    return max(0.0, count - burst) / rate + LATENCY


def begin(bucket: Bucket | None, pace: Pace | None = None) -> Run:
    """Return a run that has sent nothing yet."""
    clock = FakeClock()
    return Run(clock=clock, gate=Gate(clock, pace), bucket=bucket)


LIMITS = [(20.0, 40.0), (5.0, 5.0), (50.0, 200.0), (10.0, 10.0)]
COUNT = 1500


def share(run: Run, count: int = COUNT) -> tuple[float, float]:
    """Send so many; return how much of the possible speed was reached, and how many of the requests were refused."""
    assert run.bucket
    refused = run.refused
    seconds = run.send(count)
    return ideal(count, run.bucket.rate, run.bucket.burst) / seconds, (run.refused - refused) / count


# speed


@pytest.mark.parametrize(("rate", "burst"), [*LIMITS[:2], *LIMITS[3:]])
def test_the_first_broadcast_finds_the_limit(rate: float, burst: float) -> None:
    """Without knowing it, nine tenths of the possible speed are reached and under 3 % of the requests refused."""
    speed, refused = share(begin(Bucket(rate, burst)))
    assert speed >= 0.9
    assert refused < 0.03


def test_five_hundred_spaces_are_enough_to_find_it() -> None:
    """A short broadcast pays the same price for the lesson, and it is still small."""
    speed, refused = share(begin(Bucket(20.0, 40.0)), 500)
    assert speed >= 0.9
    assert refused < 0.03


@pytest.mark.parametrize("is_restarted", [False, True])
@pytest.mark.parametrize(("rate", "burst"), LIMITS)
def test_the_next_broadcasts_meet_the_limit(rate: float, burst: float, is_restarted: bool) -> None:
    """Ten minutes later, in the same process or in a new one, 97 % are reached, every time."""
    run = begin(Bucket(rate, burst))
    run.send(COUNT)
    for _ in range(3):
        run.clock.advance(600)
        if is_restarted:
            run.gate.begin(Pace.from_text(run.gate.pace.to_text()))
        speed, refused = share(run, 2 * COUNT)
        assert speed >= 0.97
        assert refused < 0.03


@pytest.mark.parametrize(("rate", "burst"), [(100.0, 2.0), (100.0, 5.0), (100.0, 10.0), (20.0, 2.0), (5.0, 1.0)])
def test_a_small_burst_does_not_bring_the_bot_to_its_knees(rate: float, burst: float) -> None:
    """A limit that takes next to nothing at once is the hardest to meet; half of the speed is reached even there."""
    run = begin(Bucket(rate, burst))
    for _ in range(4):
        speed, refused = share(run)
        assert speed >= 0.5
        assert refused < 0.05
        run.clock.advance(600)


def test_one_broadcast_right_behind_another_keeps_the_pace() -> None:
    """Without a rest between them the burst is used up, and the rate alone is met."""
    run = begin(Bucket(20.0, 40.0))
    run.send(COUNT)
    assert COUNT / 20.0 / run.send(COUNT) >= 0.97


def test_without_a_limit_only_the_careful_start_takes_time() -> None:
    """The hands are the limit then; the first broadcast loses three seconds at most, the next ones nothing."""
    run, seconds = begin(None), 5000 / HANDS * LATENCY
    assert run.send(5000) < seconds + 3
    run.clock.advance(600)
    assert run.send(5000) < seconds * 1.03 + 1


@pytest.mark.parametrize(("later_rate", "least"), [(10.0, 0.95), (40.0, 0.85)])
def test_a_limit_that_changes_is_followed(later_rate: float, least: float) -> None:
    """When Webex halves or doubles the limit in the middle, the bot goes along, without many refusals."""
    run = begin(Bucket(20.0, 40.0, later_rate=later_rate, changes_at=50.0))
    count = int(50 * 20 + 100 * later_rate)
    assert 150 / run.send(count) >= least
    assert run.refused / count < 0.03


def test_the_very_first_second_is_careful() -> None:
    """Before anything is known, no more than a few dozen requests go out in a second."""
    run = begin(None)
    run.send(20)
    assert 0.5 < run.clock.monotonic() < 2


# what Webex asks for


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        (None, DEFAULT_PAUSE),
        (3.0, 3.0),
        (0.0, 0.5),
        (-7.0, 0.5),
        (1e12, LONGEST_PAUSE),
        (float("inf"), LONGEST_PAUSE),
        (float("nan"), 0.5),
    ],
)
def test_the_gate_closes_for_as_long_as_webex_says(retry_after: float | None, seconds: float) -> None:
    """Rubbish closes it for a moment, the absurd for hours but not for ever; then it opens by itself."""
    run = begin(None)
    run.gate.refused(retry_after)
    assert run.gate.closed_for() == run.gate.wait_for_next() == seconds
    assert run.gate.take(1) == 0
    run.clock.advance(seconds + 2)
    assert (run.gate.closed_for(), run.gate.take(1)) == (0, 1)


def test_a_shorter_wish_does_not_open_the_gate_earlier() -> None:
    """Of several 429s of the same moment the longest pause holds."""
    run = begin(None)
    for retry_after in (2.0, 9.0, 1.0):
        run.gate.refused(retry_after)
    assert run.gate.closed_for() == 9.0


def test_the_refusals_of_one_moment_are_one_lesson() -> None:
    """Sixty-four hands that are refused together slow the bot down as much as one."""
    one, many = begin(None), begin(None)
    one.gate.refused(1.0)
    for _ in range(HANDS):
        many.gate.refused(1.0)
    assert many.gate.pace == one.gate.pace


def test_refusals_in_a_row_leave_a_rate_one_can_live_with() -> None:
    """Even ten 429s with nothing accepted in between do not make it slower than one message in two seconds."""
    run = begin(None)
    for _ in range(10):
        run.gate.refused(1.0)
        run.clock.advance(1.0)
    assert run.gate.pace.rate >= 0.5
    assert run.send(5) < 12


@pytest.mark.parametrize("seconds", [1e12, float("inf")])
def test_no_reason_closes_for_longer_than_six_hours(seconds: float) -> None:
    """However long a pause an odd answer to a read asks for."""
    run = begin(None)
    run.gate.close(seconds)
    assert run.gate.closed_for() == LONGEST_PAUSE


def test_closing_for_another_reason_teaches_nothing() -> None:
    """A refused token or a limit on other calls closes the gate and leaves the pace as it is."""
    run = begin(None)
    before = run.gate.pace
    run.gate.close(30.0)
    assert (run.gate.closed_for(), run.gate.take(5), run.gate.pace) == (30.0, 0, before)


# trouble at Webex


def test_pauses_grow_while_webex_is_in_trouble() -> None:
    """After some failures without one success, longer and longer pauses follow, a minute at most."""
    run, pauses = begin(None), []
    for _ in range(30):
        run.gate.failed()
        pauses.append(run.gate.closed_for())
        run.clock.advance(pauses[-1])
    assert pauses[:7] == [0.0] * 7
    assert pauses[7:] == sorted(pauses[7:])
    assert (pauses[7] < 1, pauses[-1]) == (True, LONGEST_OUTAGE_PAUSE)


def test_the_failures_of_one_moment_make_one_pause() -> None:
    """Sixty-four hands that fail together do not close the gate for a minute."""
    run = begin(None)
    for _ in range(HANDS):
        run.gate.failed()
    assert 0 < run.gate.closed_for() < 1


def test_one_success_ends_the_trouble() -> None:
    """After it, single failures close nothing again."""
    run = begin(None)
    for _ in range(20):
        run.gate.failed()
        run.clock.advance(run.gate.closed_for())
    run.gate.accepted()
    run.gate.failed()
    assert run.gate.closed_for() == 0


# rights to send


@given(st.lists(st.tuples(st.integers(0, 50), st.floats(0, 5)), max_size=30), st.floats(0.5, 500), st.floats(0, 300))
def test_no_more_rights_are_given_than_wanted_and_earned(
    steps: list[tuple[int, float]], rate: float, burst: float
) -> None:
    """However it is asked, what is given stays under the burst and what rate and growth bring in the time passed."""
    run = begin(None, Pace(rate=rate, burst=burst, is_known=True))
    given_out = rests = 0
    for wanted, pause in steps:
        taken = run.gate.take(wanted)
        assert 0 <= taken <= wanted
        given_out, rests = given_out + taken, rests + (pause > 2)
        run.clock.advance(pause)
    passed = run.clock.monotonic()
    assert given_out <= (rests + 1) * max(1.0, burst, rate * 0.2) + passed * rate * 1.05 ** max(1.0, passed) + 1


@given(st.floats(0.5, 500), st.integers(0, 40))
def test_after_the_announced_wait_there_is_something(rate: float, taken: int) -> None:
    """Who waits as long as the gate says gets at least one right."""
    run = begin(None, Pace(rate=rate, burst=10.0, is_known=True))
    run.gate.take(taken)
    run.clock.advance(run.gate.wait_for_next() + 1e-6)
    assert run.gate.take(1) == 1


def test_rights_that_were_not_used_can_be_given_back() -> None:
    """They are there for the next one who asks."""
    run = begin(None, Pace(rate=10.0, burst=20.0, is_known=True))
    taken = run.gate.take(100)
    run.gate.give_back(taken)
    assert run.gate.take(100) == taken > 1


# what is remembered


@given(st.floats(0.5, TOP_RATE), st.floats(0, TOP_RATE), st.booleans())
def test_what_was_learnt_survives_being_written_down(rate: float, burst: float, is_known: bool) -> None:
    """The pace read back is the pace."""
    pace = Pace(rate=rate, burst=burst, is_known=is_known)
    assert Pace.from_text(pace.to_text()) == pace


@pytest.mark.parametrize(
    "text",
    [None, "", "null", "[]", "{}", "rubbish", '{"rate": 20}', "{", '"x"', "7", "\ud800"]
    + [
        f'{{"rate": {rate}, "burst": 1, "is_known": true}}'
        for rate in ("NaN", '"fast"', "null", "[1]", "1" + "0" * 400)
    ],
)
def test_without_a_readable_pace_the_start_is_careful(text: str | None) -> None:
    """Rubbish in the ledger is as good as nothing."""
    assert Pace.from_text(text) == Pace()


@given(st.text() | st.recursive(st.none() | st.floats() | st.text(), st.lists).map(str))
def test_no_text_is_too_odd_to_begin_with(text: str) -> None:
    """Whatever is found, the pace is one the gate can use."""
    assert 0 < Pace.from_text(text).rate <= TOP_RATE
