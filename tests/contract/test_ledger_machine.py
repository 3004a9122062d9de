"""The ledger under everything at once: claims, crashes, late answers, skips, several broadcasts, in any order.

Hypothesis makes up the story; Webex is a list of what was really posted, so that a lost or doubled message is seen.
"""

import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from broadcast.errors import LeaseLost, TryLater
from broadcast.model import Claim, Destination, Form, InDoubt, Outcome, PartSent, RetryAt, State, Why
from tests.contract.backends import BACKENDS
from tests.contract.records import FAILED, START, UNKNOWN, Worker, draft, hire, place, text

NAMES = ("a", "b", "c")
PARTS = ("one", "two")
FINAL = {State.SENT, State.FAILED, State.SKIPPED, State.UNKNOWN}
FATES = ("sent", "sent without an answer", "lost without an answer", "busy", "refused")
Place = tuple[int, str]


class LedgerMachine(RuleBasedStateMachine):
    """One bot, one ledger, as many workers one after the other as it takes.

    `posted` is what Webex has; `flying` are attempts whose outcome is not written down yet.
    """

    backend = staticmethod(BACKENDS["sqlite"])

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.open_ledger = self.backend(Path(self.folder.name))
        self.now = START
        self.worker = hire(self.open_ledger(), self.now)
        self.former: list[Worker] = []
        self.posted: dict[Place, list[str]] = {}
        self.plans: dict[int, dict[str, bool]] = {}
        self.parts: dict[int, int] = {}
        self.flying: list[tuple[Claim, Outcome]] = []
        self.over: dict[Place, tuple[State, tuple[str, ...]]] = {}

    def teardown(self) -> None:
        """Throw the file away."""
        self.folder.cleanup()

    @initialize(out=st.sampled_from(NAMES))
    def begin(self, out: str) -> None:
        """Two broadcasts are waiting from the start, and one space is left out of the first."""
        self.open_one(out, 2, Form.TEXT)
        self.open_one("", 1, Form.UNTRIED)

    @rule(out=st.sampled_from((*NAMES, "")), count=st.integers(1, 2), form=st.sampled_from([Form.TEXT, Form.UNTRIED]))
    def open_one(self, out: str, count: int, form: Form) -> None:
        """Somebody broadcasts; a space may be left out."""
        places = [place(name, why=Why.READ_ONLY if name == out else Why.NONE) for name in NAMES]
        number = self.worker.open(*places, content=text(*PARTS[:count], form=form), source=f"m{len(self.plans)}")
        self.plans[number], self.parts[number] = {name: name != out for name in NAMES}, count

    @rule(limit=st.integers(1, 3), fate=st.sampled_from(FATES))
    def send(self, limit: int, fate: str) -> None:
        """Claim, attempt, and write down at once what came of it."""
        for claim in self.worker.claim(limit):
            self.settle(claim, self.attempt(claim, fate))

    @rule(limit=st.integers(1, 3), fate=st.sampled_from(FATES))
    def send_only(self, limit: int, fate: str) -> None:
        """Claim and attempt; the outcome is on its way."""
        self.flying += [(claim, self.attempt(claim, fate)) for claim in self.worker.claim(limit)]

    def attempt(self, claim: Claim, fate: str) -> Outcome:
        """Do what Webex does, and return what the worker comes to know of it."""
        self.check(claim)
        message_id = f"{claim.broadcast}-{claim.space_id}-{claim.part}"
        if fate.startswith("sent"):
            self.posted[claim.broadcast, claim.space_id].append(message_id)
        if fate.endswith("without an answer"):
            return InDoubt(look_at=self.now)
        if fate == "busy":
            return RetryAt(at=self.now + 5, why=Why.OTHER)
        return PartSent(message_id=message_id) if fate == "sent" else FAILED

    def check(self, claim: Claim) -> None:
        """No attempt at what was left out, is done with, or must wait for an earlier broadcast."""
        assert self.plans[claim.broadcast][claim.space_id]
        assert (claim.broadcast, claim.space_id) not in self.over
        assert claim.part == len(self.posted.setdefault((claim.broadcast, claim.space_id), [])), "sent twice, or never"
        earlier = [number for number in self.plans if number < claim.broadcast]
        assert all((number, claim.space_id) in self.over for number in earlier)

    def settle(self, claim: Claim, outcome: Outcome) -> None:
        """Write down what became of an attempt."""
        self.worker.ledger.settle([(claim, outcome)], self.now)

    @precondition(lambda self: self.flying)
    @rule(data=st.data(), times=st.integers(1, 2))
    def settle_late(self, data: st.DataObject, times: int) -> None:
        """An outcome is written down late, maybe after the crash of its worker, maybe twice, maybe once more later."""
        index = data.draw(st.integers(0, len(self.flying) - 1))
        for _ in range(times):
            self.settle(*self.flying[index])

    @rule(verdict=st.sampled_from(["true", "true", "nobody knows", "later"]))
    def look(self, verdict: str) -> None:
        """Look up what is in doubt."""
        for claim in self.worker.ledger.doubts(self.now):
            done = self.posted[claim.broadcast, claim.space_id]
            found = PartSent(message_id=done[claim.part]) if len(done) > claim.part else RetryAt(at=0.0, why=Why.NONE)
            later = InDoubt(look_at=self.now + 10)
            self.settle(claim, {"true": found, "nobody knows": UNKNOWN, "later": later}[verdict])

    @rule(is_orderly=st.booleans())
    def change_workers(self, is_orderly: bool) -> None:
        """The worker ends, is killed, or its lease runs out while it sleeps; another one takes over."""
        self.former.append(self.worker)
        self.pass_time()
        if is_orderly:
            self.worker.ledger.drop_lease(self.worker.token)
        self.worker = hire(self.open_ledger(), self.now)
        self.worker.ledger.doubt_orphans(self.worker.token, self.now)

    @rule()
    def pass_time(self) -> None:
        """Let time pass."""
        self.now += 11
        self.worker.now = self.now

    @rule(name=st.sampled_from(NAMES))
    def remove_from(self, name: str) -> None:
        """The bot is removed from a space and added again."""
        self.worker.ledger.skip_space(name, Why.BOT_REMOVED, self.now)

    @rule(form=st.sampled_from([Form.CARD, Form.FILE]))
    def try_card(self, form: Form) -> None:
        """Webex says what it thinks of the cards."""
        for number in self.plans:
            self.worker.ledger.settle_form(number, form)

    @rule(data=st.data())
    def send_again(self, data: st.DataObject) -> None:
        """The sender wants what was refused to be tried once more; only a finished broadcast can be."""
        number = data.draw(st.sampled_from(sorted(self.plans)))
        ended = [key for key, (state, _) in self.over.items() if key[0] == number and state is State.FAILED]
        if self.worker.ledger.send_again(number, [State.FAILED]):
            for key in ended:
                del self.over[key]

    @rule(
        what=st.sampled_from(["open again", "open half", "wake up", "finish"]),
        names=st.lists(st.sampled_from(NAMES), max_size=3),
    )
    def disturb(self, what: str, names: list[str]) -> None:
        """Something happens that must not change a thing."""
        ledger, token = self.worker.ledger, self.worker.token
        if what == "open again":
            assert ledger.open_broadcast(token, draft("m0"), map(place, names), self.now) is None
        elif what == "open half":
            with suppress(TryLater):
                ledger.open_broadcast(token, draft(f"m{len(self.plans)}"), stopped_after(names), self.now)
        elif what == "wake up" and self.former:
            with pytest.raises(LeaseLost):
                self.former[-1].claim()
        else:
            assert all(one.counts.unsettled == 0 for one in ledger.finish_broadcasts(token, self.now))

    @invariant()
    def nothing_is_lost_and_nothing_is_twice(self) -> None:
        """Planned is the sum of the states; each row agrees with its past and with what Webex has."""
        for number, plan in self.plans.items():
            found = self.worker.ledger.broadcast(number)
            assert found
            assert found.counts.planned == len(plan)
            rows = list(self.worker.ledger.deliveries(number))
            assert [row.space_id for row in rows] == list(plan)
            for row in rows:
                self.check_row((number, row.space_id), row.state, row.message_ids)

    def check_row(self, key: Place, state: State, ids: tuple[str, ...]) -> None:
        """What is final never changes; what is called sent is there, what is called not sent is not."""
        posted = self.posted.get(key, [])
        assert list(ids) == posted[: len(ids)]
        assert len(posted) == len(set(posted)) <= self.parts[key[0]]
        assert key not in self.over or self.over[key] == (state, ids)
        if state in FINAL:
            self.over[key] = (state, ids)
        if state in (State.FAILED, State.SKIPPED, State.WAITING):
            assert len(posted) == len(ids)
        if state is State.SENT:
            assert len(ids) == self.parts[key[0]]

    @invariant()
    def nothing_is_forgotten(self) -> None:
        """As long as something waits or is in doubt, the worker is told when to look again."""
        waiting = any(broadcast.counts.waiting for broadcast in self.worker.ledger.broadcasts(limit=99))
        is_open = waiting or self.worker.ledger.doubts(self.now + 1e6)
        assert (self.worker.ledger.next_due() is not None) == bool(is_open)


def stopped_after(names: list[str]) -> Iterator[Destination]:
    """Yield some of a plan, then find Webex away."""
    yield from map(place, names)
    raise TryLater("Webex is away")


class DynamoMachine(LedgerMachine):
    """The same on DynamoDB."""

    backend = staticmethod(BACKENDS["dynamodb"])


LedgerMachine.TestCase.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
TestLedger = LedgerMachine.TestCase
DynamoMachine.TestCase.settings = settings(max_examples=10, stateful_step_count=30, deadline=None)
TestDynamoLedger = DynamoMachine.TestCase
