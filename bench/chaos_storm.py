"""The trouble of a chaos run, from its seed: faults and limits at Webex, odd webhooks, blows to the bot; then the calm.

The plan follows from the seed alone; what each step meets does not, because real processes run at their own pace.
Judges nothing.
"""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from random import Random
from time import monotonic, sleep, time

from bench.chaos_bots import Fleet
from bench.chaos_stage import Asked, Event, Stage, kinds_of
from webexsim import Delivery, Fault

CALM_SECONDS = 120.0
"""How long the bot may take after the storm until nothing waits."""

FREEZE_SECONDS = ((16.5, 19.0), (27.0, 30.0))
"""Longer than the bot's lease, so that another process takes over; and longer than lease and grace together."""

FIRST_SECONDS = 10.0
"""How long the storm waits for the first message, so that it finds the bot sending."""

PROMISE_SECONDS = 2.0
HOOK_SECONDS = 1.0
HITS = 3
"""So many blows must have found something in flight before the storm ends, unless it has become three times as long."""

WEIGHTS = {
    "ask": 5,
    "kill": 5,
    "kill_while_starting": 2,
    "kill_after_promise": 2,
    "stop": 1,
    "freeze": 2,
    "take_over": 1,
    "repeat": 3,
    "hold_back": 2,
    "weather": 3,
    "remove": 1,
    "intrude": 1,
    "edit": 4,
    "recall": 2,
}
RETRY_AFTER_503 = ("1", "rand(30),add(30)")
RETRY_AFTER = ("seconds", "date", "float", "rubbish", "absent", "0", "2")


@dataclass(frozen=True, kw_only=True)
class Step:
    """One piece of trouble: it falls after so many messages more, `seconds` at the latest. `luck` seeds its choices."""

    arrivals: int
    seconds: float
    act: str
    luck: float


def plan(seed: int) -> Iterator[Step]:
    """Yield the steps of a seed, without an end."""
    random = Random(f"{seed}/plan")
    while True:
        act = random.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        longest = 4.0 if act == "kill" else 1.5  # a kill is worth most while the bot sends
        yield Step(
            arrivals=random.choice((1, 3, 10, 30, 100)),
            seconds=random.uniform(0.2, longest),
            act=act,
            luck=random.random(),
        )


def faults(random: Random) -> Iterator[Fault]:
    """Yield the faults of one kind of weather."""
    scale = random.choice((0.5, 1.0, 2.0))
    post = partial(Fault, method="POST", path="/messages", times=None)
    get = partial(Fault, method="GET", times=None, probability=scale * 0.003)
    hang = partial(post, kind="hang", probability=scale * 0.005)
    yield post(kind="status", status=503, probability=scale * 0.015)
    yield post(
        kind="status", status=503, probability=scale * 0.01, headers={"Retry-After": random.choice(RETRY_AFTER_503)}
    )
    yield post(kind="status", status=500, probability=scale * 0.005)
    yield post(kind="status", status=504, probability=scale * 0.005)
    yield post(kind="html", status=502, probability=scale * 0.01)
    yield post(kind="cut_before", probability=scale * 0.015)
    yield post(kind="cut_after", probability=scale * 0.015)
    yield post(kind="slow", probability=scale * 0.02, seconds=random.uniform(0.2, 2.5))
    yield hang(seconds=random.uniform(2.0, 8.0), effect=True)
    yield hang(seconds=random.uniform(2.0, 8.0), effect=False)
    yield post(kind="empty", probability=scale * 0.01)
    yield post(kind="broken", probability=scale * 0.01)
    yield from (fault for method in ("PUT", "DELETE") for fault in _faults_of_changes(method, scale * 0.02, random))
    yield get(kind="status", status=503)
    yield get(kind="slow", seconds=0.5)
    yield from (get(kind=kind) for kind in ("cut_before", "empty", "broken"))


def _faults_of_changes(method: str, probability: float, random: Random) -> Iterator[Fault]:
    change = partial(Fault, method=method, path="/messages/", times=None, probability=probability)
    yield change(kind="status", status=random.choice((500, 502, 503, 504)))
    yield change(kind="slow", seconds=random.uniform(0.2, 2.5))
    yield change(kind="hang", seconds=random.uniform(2.0, 8.0), effect=random.random() < 0.5)
    yield from (change(kind=kind) for kind in ("cut_before", "cut_after", "empty", "broken"))


class Storm:
    """One run of trouble over a stage and a fleet that is set up."""

    def __init__(self, seed: int, stage: Stage, fleet: Fleet, *, seconds: float, has_long_freeze: bool) -> None:
        self._stage = stage
        self._fleet = fleet
        self._seconds = seconds
        self._has_long_freeze = has_long_freeze
        self._plan = plan(seed)
        self._random = Random(f"{seed}/storm")
        self._kinds = list(kinds_of(Random(f"{seed}/kinds")))
        self._promised: set[Event] = set()
        self._deliveries_read = 0
        self._told_once: set[Event] = set()
        self._wishes: list[Event] = []
        self._over = threading.Event()

    def run(self) -> None:
        """Rage for a while; what has not been asked for by then is asked for at its end."""
        acts: dict[str, Callable[[Random], None]] = {name: getattr(self, f"_{name}") for name in WEIGHTS}
        chatter = threading.Thread(target=self._chat, daemon=True)
        chatter.start()
        self._stage.webex.hooks.timeout = HOOK_SECONDS
        self._ask(self._random)
        self._stage.wait_for_arrivals(1, FIRST_SECONDS)
        self._weather(self._random)
        started = monotonic()
        for step in self._plan:
            self._stage.wait_for_arrivals(step.arrivals, step.seconds)
            acts[step.act](Random(step.luck))
            if self._has_had_its_fill(monotonic() - started):
                break
        while self._kinds:
            self._ask(self._random)
        self._edit(self._random)
        self._recall(self._random)
        if self._has_long_freeze:
            self._outlive(self._random)
        self._over.set()
        chatter.join()

    def calm(self) -> None:
        """Take the trouble away, and wait until nothing waits; TimeoutError if that takes too long."""
        webex, fleet = self._stage.webex, self._fleet
        webex.faults.clear()
        webex.rate_limit(None)
        webex.latency = 0.0
        webex.hooks.shuffle(None)
        webex.hooks.duplicate, webex.hooks.delay = 0, 0.0
        webex.hooks.release()
        fleet.restart(fleet.first)
        fleet.set_up()
        self._wait(self._is_all_promised, "the bot did not take every event")
        self._wait(self._is_quiet, "something still waits")

    def repeat_all(self) -> None:
        """Send every event of a broadcast once more, and wait: nothing may come of it."""
        for event in self._events():
            self._fleet.tell(event)
        self._wait(self._is_quiet, "something still waits")

    def _has_had_its_fill(self, seconds: float) -> bool:
        hits = sum(1 for blow in self._fleet.blows if blow.in_flight and blow.is_lost)
        return seconds > self._seconds * 3 or (seconds > self._seconds and hits >= HITS)

    # the acts

    def _ask(self, _: Random) -> None:
        if self._kinds:
            after = frozenset(asked.number for asked in self._stage.asked if self._is_read(asked))
            self._stage.ask(self._kinds.pop(), after)

    def _kill(self, random: Random) -> None:
        self._fleet.kill(random.choice(self._fleet.running or [self._fleet.first]))
        sleep(random.choice((0.0, 0.0, random.uniform(0.0, 0.7))))
        self._fleet.restart(self._fleet.first)

    def _kill_while_starting(self, random: Random) -> None:
        self._kill(random)
        sleep(random.uniform(0.02, 1.5))
        self._kill(random)

    def _kill_after_promise(self, random: Random) -> None:
        """Ask for a broadcast, and kill the bot the moment it has promised to see to it; it is told only once."""
        if not self._kinds:
            self._kill(random)
            return
        hooks = self._stage.webex.hooks
        hooks.duplicate, repeated = 0, hooks.duplicate
        self._ask(random)
        event = _event_of(self._stage.asked[-1])
        self._told_once.add(event)
        deadline = monotonic() + PROMISE_SECONDS
        while not self._is_promised(event) and monotonic() < deadline:
            sleep(0.001)
        self._kill(random)
        hooks.duplicate = repeated

    def _stop(self, random: Random) -> None:
        self._fleet.stop(random.choice(self._fleet.running or [self._fleet.first]))
        self._fleet.restart(self._fleet.first)

    def _freeze(self, random: Random) -> None:
        self._fleet.freeze(self._fleet.first)
        sleep(random.uniform(0.1, 2.0))
        self._fleet.thaw(self._fleet.first)

    def _take_over(self, random: Random) -> None:
        self._fleet.restart(self._fleet.second)
        sleep(random.uniform(0.5, 1.5))
        self._fleet.kill(self._fleet.first)
        sleep(random.uniform(0.5, 1.5))
        self._fleet.restart(self._fleet.first)

    def _outlive(self, random: Random) -> None:
        """Freeze the first process for so long that the second one takes over, and have it wake up then."""
        fleet, limit = self._fleet, random.uniform(*random.choice(FREEZE_SECONDS))
        fleet.kill(fleet.second)
        fleet.restart(fleet.first)
        self._stage.wait_for_arrivals(5, 5.0)
        fleet.restart(fleet.second)
        self._stage.wait_for_arrivals(random.randint(1, 50), 3.0)
        fleet.freeze(fleet.first)
        sleep(limit)
        fleet.thaw(fleet.first)
        self._stage.wait_for_arrivals(20, 2.0)

    def _repeat(self, random: Random) -> None:
        hooks = self._stage.webex.hooks
        known = [delivery for delivery in list(hooks.deliveries) if subject(delivery) not in self._told_once]
        for delivery in random.sample(known, min(len(known), 20)):
            hooks.replay(delivery)

    def _hold_back(self, random: Random) -> None:
        self._stage.webex.hooks.hold()
        self._ask(random)
        sleep(random.uniform(0.1, 1.0))
        self._stage.webex.hooks.release()

    def _weather(self, random: Random) -> None:
        webex = self._stage.webex
        webex.faults.clear()
        for fault in faults(random):
            webex.faults.add(fault)
        webex.latency = random.choice((0.0, 0.02, 0.1))
        webex.hooks.duplicate = random.choice((0, 0, 1, 3))
        webex.hooks.shuffle(random.choice((None, 1)))
        webex.hooks.delay = random.choice((0.0, 0.0, 0.05))
        if random.random() < 0.2:
            webex.rate_limit(None)
            return
        webex.rate_limit(
            random.choice((40, 80, 150)),
            burst=random.choice((5, 20, 60)),
            retry_after=random.choice(RETRY_AFTER),
            paths="/messages",
        )

    def _remove(self, random: Random) -> None:
        self._stage.remove_bot(random)

    def _intrude(self, _: Random) -> None:
        self._stage.intrude()

    def _edit(self, random: Random) -> None:
        self._wish(self._stage.edit(random, self._is_read))

    def _recall(self, random: Random) -> None:
        self._wish(self._stage.recall(random, self._is_read))

    def _wish(self, event: Event | None) -> None:
        if event:
            self._wishes.append(event)

    def _is_read(self, asked: Asked) -> bool:
        """Whether the bot has promised to see to a message: only then is a reply in its thread one to a broadcast."""
        return self._is_promised(_event_of(asked))

    def _chat(self) -> None:
        random = Random(self._random.random())
        while not self._over.wait(0.1):
            self._stage.chat(random)

    # the calm

    def _wait(self, is_true: Callable[[], bool], complaint: str) -> None:
        deadline = monotonic() + CALM_SECONDS
        while not is_true():
            if monotonic() > deadline:
                raise TimeoutError(f"{complaint} {CALM_SECONDS:.0f} s after the storm: {self._waiting()}")
            sleep(0.1)

    def _waiting(self) -> str:
        backlog = self._fleet.ledger.backlog(time())
        return f"{backlog.events} events, {backlog.deliveries} deliveries, {self._fleet.ledger.running()} broadcasts"

    def _is_all_promised(self) -> bool:
        """Send the events that the bot never said OK to once more, as Webex does not; say whether none is left.

        Of several edits of a message each has an event of its own, and no event says which edit it tells of.
        """
        missing = [event for event in self._events() if event.name == "updated" or not self._is_promised(event)]
        told = {event for event in missing if self._fleet.tell(event)}
        self._promised |= told
        return told >= set(missing)

    def _events(self) -> list[Event]:
        return [*map(_event_of, self._stage.asked), *self._wishes]

    def _is_promised(self, event: Event) -> bool:
        deliveries = self._stage.webex.hooks.deliveries
        new = deliveries[self._deliveries_read : len(deliveries)]
        self._deliveries_read += len(new)
        told = (subject(delivery) for delivery in new if delivery.status == 200)
        self._promised.update(event for event in told if event)
        return event in self._promised

    def _is_quiet(self) -> bool:
        self._stage.webex.hooks.wait_idle(CALM_SECONDS)
        ledger = self._fleet.ledger
        is_working = ledger.backlog(time()).events or ledger.running() or ledger.unreported()
        return not is_working and not ledger.replies_waiting()


def subject(delivery: Delivery) -> Event | None:
    """Return what a delivery tells about a message; None for another kind of event."""
    body = json.loads(delivery.body)
    is_about_message = body["resource"] == "messages"
    return Event(name=body["event"], message_id=body["data"]["id"]) if is_about_message else None


def _event_of(asked: Asked) -> Event:
    return Event(name="created", message_id=asked.message.id)
