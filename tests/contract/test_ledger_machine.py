"""The ledger under everything at once: claims, crashes, late answers, skips, edits, recalls, several broadcasts.

Hypothesis makes up the story, in any order; Webex is a list of what is really there, so that a lost or doubled message
is seen, an old text over a new one, and a copy that a recall has left behind.
"""

import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import cast

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from broadcast.changes import Changes
from broadcast.errors import LeaseLost, TryLater, WebexError
from broadcast.model import Broadcast, Change, Content, Delivery, Destination, Form, Kind, State, Why
from broadcast.outcomes import Claim, InDoubt, Outcome, PartSent, RetryAt
from broadcast.ports import Gateway
from broadcast.retry import GRACE, Patience, judge
from tests.contract.backends import BACKENDS
from tests.contract.corner import FATES, Corner
from tests.contract.records import START, UNKNOWN, Worker, draft, edit_of, hire, place, recall_of, text

NAMES = ("a", "b", "c")
PARTS = ("one", "two")
FINAL = {State.SENT, State.FAILED, State.SKIPPED, State.UNKNOWN}
MOST_SENDS = 3
OFTEN = ("done", "done", *FATES)
VERDICTS = ("true", "true", "nobody knows", "later")
Place = tuple[int, str]


class LedgerMachine(RuleBasedStateMachine):
    """One bot, one ledger, as many workers one after the other as it takes.

    `corners` is what Webex has, by broadcast (edits and recalls work in that of their root) and space; `flying` are
    attempts whose outcome is not written down yet; `made` are the messages that attempts brought.
    """

    backend = staticmethod(BACKENDS["sqlite"])

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.open_ledger = self.backend(Path(self.folder.name))
        self.now = START
        self.worker = hire(self.open_ledger(), self.now)
        self.former: list[Worker] = []
        self.corners: dict[Place, Corner] = {}
        self.plans: dict[int, dict[str, bool]] = {}
        self.roots: dict[int, int] = {}
        self.flying: list[tuple[Claim, Outcome]] = []
        self.made: dict[tuple[int, str, int], str] = {}
        self.over: dict[Place, State] = {}

    def teardown(self) -> None:
        """Throw the file away."""
        self.folder.cleanup()

    @initialize(out=st.sampled_from(NAMES), fates=st.lists(st.sampled_from(OFTEN), max_size=9))
    def begin(self, out: str, fates: list[str]) -> None:
        """One space is left out of the first broadcast, which may have come far; a second one waits."""
        self.open_one(out, 2, Form.TEXT)
        self.send(fates)
        self.finish()
        self.open_one("", 1, Form.UNTRIED)

    # what people do

    @precondition(lambda self: len(self.sends()) < MOST_SENDS)
    @rule(out=st.sampled_from((*NAMES, "")), count=st.integers(1, 2), form=st.sampled_from([Form.TEXT, Form.UNTRIED]))
    def open_one(self, out: str, count: int, form: Form) -> None:
        """Somebody broadcasts; a space may be left out."""
        places = [place(name, why=Why.READ_ONLY if name == out else Why.NONE) for name in NAMES]
        number = self.worker.open(*places, content=text(*PARTS[:count], form=form), source=f"m{len(self.plans)}")
        self.plans[number], self.roots[number] = {name: name != out for name in NAMES}, number
        self.corners.update({(number, name): Corner(f"{number}-{name}") for name in NAMES})

    @rule(data=st.data(), count=st.integers(1, 3))
    def edit(self, data: st.DataObject, count: int) -> None:
        """Somebody edits what was broadcast."""
        key = f"e{len(self.plans)}"
        parts = [f"{key} {part}" for part in range(count)]
        self.change(edit_of(self.draw_root(data), *parts, key=key))

    @rule(data=st.data())
    def recall(self, data: st.DataObject) -> None:
        """Somebody takes a broadcast back."""
        self.change(recall_of(self.draw_root(data), key=f"r{len(self.plans)}"))

    def draw_root(self, data: st.DataObject) -> int:
        """Choose one of the broadcasts that can be changed."""
        return data.draw(st.sampled_from(self.sends()))

    def sends(self) -> list[int]:
        """Return the broadcasts that are no changes."""
        return [number for number, root in self.roots.items() if number == root]

    def change(self, change: Change) -> None:
        """Open a change: it goes where a copy is or may be, and nowhere else."""
        rows = list(self.worker.ledger.deliveries(change.root))
        may_be = (State.SENT, State.SENDING, State.UNKNOWN)
        expected = [row.space_id for row in rows if row.state in may_be or row.message_ids]
        number = self.worker.change(change)
        self.plans[number], self.roots[number] = dict.fromkeys(expected, True), change.root
        assert self.worker.ledger.open_change(self.worker.token, change, self.now) is None

    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        """Somebody stops what is not sent yet."""
        number = self.draw_root(data)
        before = self.found(number)
        told = self.worker.ledger.cancel(number, self.now)
        assert told == (0 if before.finished_at else before.counts.waiting)

    @rule(data=st.data())
    def send_again(self, data: st.DataObject) -> None:
        """The sender wants what was refused to be tried once more; only what is finished can be."""
        self.finish()
        number = data.draw(st.sampled_from(sorted(self.plans)))
        ended = [key for key, state in self.over.items() if key[0] == number and state is State.FAILED]
        if self.worker.ledger.send_again(number, [State.FAILED]):
            for key in ended:
                del self.over[key]

    # what the worker does

    @rule(fates=st.lists(st.sampled_from(OFTEN), min_size=1, max_size=8))
    def send(self, fates: list[str]) -> None:
        """Claim, attempt, and write down at once what came of it, one after the other."""
        for fate in fates:
            for claim, outcome in self.attempts(1, fate):
                self.settle(claim, outcome)

    @rule(limit=st.integers(1, 6), fate=st.sampled_from(OFTEN))
    def send_only(self, limit: int, fate: str) -> None:
        """Claim and attempt; the outcome is on its way."""
        self.flying += self.attempts(limit, fate)

    def attempts(self, limit: int, fate: str) -> list[tuple[Claim, Outcome]]:
        """Claim, and attempt what was claimed."""
        claims = self.worker.claim(limit)
        for claim in claims:
            self.check(claim)
        return [(claim, self.attempt(claim, fate)) for claim in claims]

    def attempt(self, claim: Claim, fate: str) -> Outcome:
        """Do what Webex does, and return what the worker comes to know of it."""
        corner = self.corner(claim)
        corner.fate, before = fate, len(corner.ever)
        content = self.worker.ledger.content(claim.broadcast)
        work = self.send_part if claim.work is Kind.SEND else self.make_step
        outcome = work(claim, content)
        if len(corner.ever) > before:
            self.made[claim.broadcast, claim.space_id, claim.attempt] = corner.ever[-1]
        return outcome

    def send_part(self, claim: Claim, content: Content) -> Outcome:
        """Post the next part, if the text still has one."""
        parts = content.parts(claim.kind)
        if claim.part >= len(parts):
            return RetryAt(at=0.0, why=Why.NONE, counts=False)
        try:
            return PartSent(message_id=self.corner(claim).post(claim.space_id, parts[claim.part]))
        except WebexError as error:
            return judge(error, self.patience())

    def make_step(self, claim: Claim, content: Content) -> Outcome:
        """Make the next step of an edit or a recall."""
        changes = self.changes(claim)
        try:
            return changes.attempt(claim, content)
        except WebexError as error:
            return changes.failed(claim, content, error, self.patience())

    def changes(self, claim: Claim, found: Outcome = UNKNOWN) -> Changes:
        """Return what makes the steps in a space; a look for a posted part finds just this."""
        return Changes(cast(Gateway, self.corner(claim)), lambda _claim, _content: found)

    def corner(self, claim: Claim) -> Corner:
        """Return where an attempt takes place."""
        return self.corners[claim.root, claim.space_id]

    def patience(self) -> Patience:
        """Return a patience without end; what is in doubt may be looked at straight away."""
        return Patience(now=self.now - GRACE, first_tried=None, give_up_after=1e9)

    def check(self, claim: Claim) -> None:
        """No attempt at what was left out, is done with, or must wait for what came before."""
        assert self.plans[claim.broadcast][claim.space_id]
        assert (claim.broadcast, claim.space_id) not in self.over
        family = [number for number in self.plans if self.roots[number] == claim.root]
        before = self.sends() if claim.work is Kind.SEND else family
        places = [(number, claim.space_id) for number in before if number < claim.broadcast]
        assert all(key in self.over for key in places if key[1] in self.plans[key[0]]), "overtaken"
        rows = [self.rows(number).get(claim.space_id) for number in family if number != claim.broadcast]
        assert not [row for row in rows if row and row.state is State.SENDING], "two at once"
        if claim.work is Kind.SEND:
            known = self.rows(claim.broadcast)[claim.space_id].message_ids
            assert claim.part == len(known), "sent twice, or never"

    def settle(self, claim: Claim, outcome: Outcome) -> None:
        """Write down what became of an attempt."""
        self.worker.ledger.settle([(claim, outcome)], self.now)
        self.counts_add_up()

    @precondition(lambda self: self.flying)
    @rule(data=st.data(), times=st.integers(1, 2))
    def settle_late(self, data: st.DataObject, times: int) -> None:
        """An outcome is written down late, maybe after the crash of its worker, maybe twice, maybe once more later."""
        index = data.draw(st.integers(0, len(self.flying) - 1))
        for _ in range(times):
            self.settle(*self.flying[index])

    @rule(verdict=st.sampled_from(VERDICTS))
    def look(self, verdict: str) -> None:
        """Look up what is in doubt."""
        for claim in self.worker.ledger.doubts(self.now):
            message_id = self.made.get((claim.broadcast, claim.space_id, claim.attempt))
            truth = PartSent(message_id=message_id) if message_id else RetryAt(at=0.0, why=Why.NONE)
            later = InDoubt(look_at=self.now + 10)
            found: Outcome = {"true": truth, "nobody knows": UNKNOWN, "later": later}[verdict]
            if claim.work is not Kind.SEND:
                found = self.changes(claim, found).decide(claim, self.worker.ledger.content(claim.broadcast))
            self.settle(claim, found)

    @rule(is_orderly=st.booleans())
    def change_workers(self, is_orderly: bool) -> None:
        """The worker ends, is killed, or its lease runs out while it sleeps; another one takes over."""
        self.former.append(self.worker)
        self.pass_time()
        if is_orderly:
            self.worker.ledger.drop_lease(self.worker.token)
        self.worker = hire(self.open_ledger(), self.now)
        self.worker.ledger.doubt_orphans(self.worker.token, self.now)

    # what happens

    def pass_time(self) -> None:
        """Let time pass."""
        self.now += 11
        self.worker.now = self.now

    def finish(self) -> None:
        """What is over is finished."""
        finished = self.worker.ledger.finish_broadcasts(self.worker.token, self.now)
        assert all(one.counts.unsettled == 0 for one in finished)

    @rule(what=st.sampled_from(["time passes", "finish", "a card is taken", "a card is refused", *NAMES]))
    def go_on(self, what: str) -> None:
        """Time passes, Webex says what it thinks of the cards, the bot is removed from a space and added again."""
        if what == "time passes":
            self.pass_time()
        elif what == "finish":
            self.finish()
        elif what in NAMES:
            self.worker.ledger.skip_space(what, Why.BOT_REMOVED, self.now)
        for number in self.sends() if "card" in what else ():
            self.worker.ledger.settle_form(number, Form.CARD if what.endswith("taken") else Form.FILE)

    @rule(what=st.sampled_from(["open again", "open half", "wake up"]), names=st.lists(st.sampled_from(NAMES)))
    def disturb(self, what: str, names: list[str]) -> None:
        """Something happens that must not change a thing."""
        ledger, token = self.worker.ledger, self.worker.token
        if what == "open again":
            assert ledger.open_broadcast(token, draft("m0"), map(place, names), self.now) is None
        elif what == "open half":
            with suppress(TryLater):
                ledger.open_broadcast(token, draft(f"m{len(self.plans)}"), stopped_after(names), self.now)
        elif self.former:
            with pytest.raises(LeaseLost):
                self.former[-1].claim()

    # what must hold

    def found(self, number: int) -> Broadcast:
        """Return a broadcast."""
        return self.worker.found(number)

    def rows(self, number: int) -> dict[str, Delivery]:
        """Return the rows of a broadcast by space."""
        return {row.space_id: row for row in self.worker.ledger.deliveries(number)}

    @invariant()
    def counts_add_up(self) -> None:
        """Planned is the sum of the states; what is final stays; nothing waits of what was cancelled."""
        for number, plan in self.plans.items():
            found, rows = self.found(number), self.rows(number)
            assert found.counts.planned == len(plan)
            assert list(rows) == list(plan)
            assert not (found.cancelled_at and not found.finished_at and found.counts.waiting)
            for name, row in rows.items():
                assert self.over.get((number, name), row.state) is row.state
                if row.state in FINAL:
                    self.over[number, name] = row.state

    @invariant()
    def nothing_is_lost_and_nothing_is_twice(self) -> None:
        """Each row agrees with its past and with what Webex has."""
        rows = {number: self.rows(number) for number in self.plans}
        for (root, name), corner in self.corners.items():
            numbers = [number for number in self.plans if self.roots[number] == root and name in rows[number]]
            family = {number: rows[number][name] for number in numbers}
            if any(number != root for number, of in self.roots.items() if of == root):
                self.check_changed(root, corner, family)
            else:
                self.check_sent(rows[root][name], corner, len(self.worker.ledger.content(root).group_parts))
            self.check_recalled(root, name, corner, family)

    def check_sent(self, row: Delivery, corner: Corner, parts: int) -> None:
        """What is called sent is there, what is called not sent is not."""
        posted = list(corner.messages)
        assert list(row.message_ids) == posted[: len(row.message_ids)]
        assert len(posted) <= parts
        if row.state in (State.FAILED, State.SKIPPED, State.WAITING):
            assert len(posted) == len(row.message_ids)
        if row.state is State.SENT:
            assert len(row.message_ids) == parts

    def check_changed(self, root: int, corner: Corner, family: dict[int, Delivery]) -> None:
        """Every message is known unless something is open or unknown; the last edit decides what it says."""
        known, there = family[root].message_ids, corner.messages
        states = {row.state for row in family.values()}
        assert set(known) <= set(corner.ever)
        assert len(known) == len(set(known))
        if State.UNKNOWN not in states:
            assert len(set(there.values())) == len(there), "doubled"
        if states <= FINAL - {State.UNKNOWN}:
            assert set(there) <= set(known), "forgotten"
        if states <= FINAL - {State.UNKNOWN, State.FAILED} and {family[root].state, self.newest(family)} == {
            State.SENT
        }:
            self.check_text(root, [there[message_id] for message_id in known])

    def newest(self, family: dict[int, Delivery]) -> State:
        """Return where the newest change of a copy stands, or the broadcast itself where there is none."""
        return family[max(family)].state

    def check_text(self, root: int, said: list[str]) -> None:
        """What is there is the text as it was edited last, unless it was recalled."""
        is_recalled = any(one.kind is Kind.RECALL for one in self.worker.ledger.changes_of(root))
        assert is_recalled or said == list(self.worker.ledger.content(root).group_parts), "old text"

    def check_recalled(self, root: int, name: str, corner: Corner, family: dict[int, Delivery]) -> None:
        """No copy is left but where the recall failed, is unknown or open, or the bot was removed meanwhile."""
        for one in self.worker.ledger.changes_of(root):
            row = family.get(one.number)
            is_done = row is None or row.state is State.SENT or row.why is Why.NO_COPY
            if one.kind is Kind.RECALL and is_done:
                assert (corner.messages, family[root].message_ids) == ({}, ()), f"left in {name}"

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
DynamoMachine.TestCase.settings = settings(max_examples=4, stateful_step_count=20, deadline=None)
TestDynamoLedger = DynamoMachine.TestCase
