"""What the contract tests hand to a ledger, and a worker that uses one under a lease. Data and shorthand only."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Barrier
from typing import Any, TypeVar

from broadcast.model import (
    Broadcast,
    Change,
    Content,
    Counts,
    Destination,
    Draft,
    Event,
    Form,
    Kind,
    Person,
    SpaceKind,
    State,
    Why,
)
from broadcast.outcomes import Changed, Claim, GaveUp, InDoubt, Outcome, PartSent, RetryAt
from broadcast.ports import Ledger

START = 1000.0
LEASE = 15.0
WEBEX_AHEAD = 0.5
SENDER = Person(id="sender", name="Alice Nováková", emails=("alice@acme.example",), org_id="acme")
FAILED = GaveUp(state=State.FAILED, why=Why.FORBIDDEN, detail="403 no")
UNKNOWN = GaveUp(state=State.UNKNOWN, why=Why.NO_ANSWER)
Answer = TypeVar("Answer")


def message_event(key: str, *, asked_at: float = 0.0, **rest: Any) -> Event:
    """Return the event of a message to the bot."""
    return Event(key=key, resource="messages", action="created", id=f"id-{key}", asked_at=asked_at, **rest)


def duty_event(key: str, *, asked_at: float = 0.0) -> Event:
    """Return an event of another kind."""
    return Event(key=key, resource="memberships", action="created", id=f"id-{key}", asked_at=asked_at)


def place(name: str, *, kind: SpaceKind = SpaceKind.GROUP, why: Why = Why.NONE) -> Destination:
    """Return a destination."""
    return Destination(space_id=name, kind=kind, title=f"Title of {name}", why=why)


def text(*parts: str, form: Form = Form.TEXT, **rest: Any) -> Content:
    """Return a content that is the same for every kind of space."""
    shown = parts or ("hello",)
    return Content(group_parts=shown, direct_parts=shown, form=form, **rest)


def draft(source: str = "m1", content: Content | None = None) -> Draft:
    """Return a broadcast to be opened."""
    return Draft(
        source_id=source,
        space_id="home",
        thread_id=f"thread-{source}",
        sender=SENDER,
        content=content or text(),
        asked_at=START,
    )


def sent(message_id: str = "x") -> PartSent:
    """Return the outcome of a message that Webex took."""
    return PartSent(message_id=message_id)


def changed(*copies: str, is_done: bool = True) -> Changed:
    """Return the outcome of a step of an edit or a recall: these copies are there now."""
    return Changed(copies=copies, is_done=is_done)


def edit_of(root: int, *parts: str, key: str = "e1") -> Change:
    """Return an edit to be opened."""
    return Change(key=key, kind=Kind.EDIT, root=root, content=text(*(parts or ("new",))), asked_at=START)


def recall_of(root: int, *, key: str = "r1") -> Change:
    """Return a recall to be opened."""
    return Change(key=key, kind=Kind.RECALL, root=root, asked_at=START)


def retry(at: float = 0.0, *, counts: bool = True) -> RetryAt:
    """Return the outcome of an attempt to be repeated."""
    return RetryAt(at=at, why=Why.OTHER, detail="503 busy", counts=counts)


def in_doubt(look_at: float = 0.0, *, repeat: bool = False) -> InDoubt:
    """Return the outcome of an attempt without an answer."""
    return InDoubt(look_at=look_at, detail="no answer", repeat=repeat)


@dataclass
class Worker:
    """A process that holds the lease; its clock stands where it is put."""

    ledger: Ledger
    token: int
    now: float = START
    numbers: list[int] = field(default_factory=list)

    def open(self, *places: str | Destination, content: Content | None = None, source: str = "") -> int:
        """Open a broadcast of its own to these spaces and return its number."""
        source = source or f"m{len(self.numbers) + 1}"
        plan = [place(each) if isinstance(each, str) else each for each in places]
        number = self.ledger.open_broadcast(self.token, draft(source, content), plan, self.now)
        assert number is not None
        self.numbers.append(number)
        return number

    def change(self, change: Change) -> int:
        """Open an edit or a recall and return its number."""
        number = self.ledger.open_change(self.token, change, self.now)
        assert number is not None
        return number

    def edit(self, root: int, *parts: str, key: str = "e1") -> int:
        """Open an edit that brings these parts."""
        return self.change(edit_of(root, *parts, key=key))

    def recall(self, root: int, *, key: str = "r1") -> int:
        """Open a recall."""
        return self.change(recall_of(root, key=key))

    def claim(self, limit: int = 100) -> list[Claim]:
        """Claim what is due."""
        return self.ledger.claim(self.token, limit=limit, now=self.now, webex_time=self.now + WEBEX_AHEAD)

    def claim_one(self) -> Claim:
        """Claim exactly one delivery."""
        [claim] = self.claim(1)
        return claim

    def settle(self, claim: Claim, outcome: Outcome) -> None:
        """Write down what became of a claim."""
        self.ledger.settle([(claim, outcome)], self.now)

    def settle_all(self, outcome: Outcome) -> None:
        """Claim and settle all that is due."""
        self.ledger.settle([(claim, outcome) for claim in self.claim()], self.now)

    def settle_in(self, outcomes: Mapping[str, Outcome]) -> None:
        """Claim all that is due and settle it as is said for its space; what is not said stays in flight."""
        claims = [claim for claim in self.claim() if claim.space_id in outcomes]
        self.ledger.settle([(claim, outcomes[claim.space_id]) for claim in claims], self.now)

    def finish(self) -> list[int]:
        """Finish what can be finished and return the numbers."""
        return [broadcast.number for broadcast in self.ledger.finish_broadcasts(self.token, self.now)]

    def states(self, number: int) -> dict[str, str]:
        """Return where each space of a broadcast stands."""
        return {delivery.space_id: delivery.state.value for delivery in self.ledger.deliveries(number)}

    def whys(self, number: int) -> dict[str, tuple[str, str]]:
        """Return where each space of a broadcast stands, and why."""
        return {row.space_id: (row.state.value, row.why.value) for row in self.ledger.deliveries(number)}

    def copies(self, number: int) -> dict[str, tuple[str, ...]]:
        """Return the messages that a broadcast has in each space."""
        return {delivery.space_id: delivery.message_ids for delivery in self.ledger.deliveries(number)}

    def counts(self, number: int) -> Counts:
        """Return how many of a broadcast's deliveries stand where."""
        return self.found(number).counts

    def found(self, number: int) -> Broadcast:
        """Return a broadcast."""
        found = self.ledger.broadcast(number)
        assert found
        return found


def hire(ledger: Ledger, now: float = START, *, owner: str = "somebody") -> Worker:
    """Return a worker with a new lease, whoever held it before."""
    token = ledger.take_lease(owner, now, LEASE, holder_is_dead=lambda _: True)
    assert token is not None
    return Worker(ledger, token, now)


def spaces(claims: Iterable[Claim]) -> list[str]:
    """Return the spaces of claims, in order."""
    return [claim.space_id for claim in claims]


def all_at_once(*tasks: Callable[[], Answer]) -> list[Answer]:
    """Run tasks in threads that begin at the same moment; return their answers in the order of the tasks."""
    barrier = Barrier(len(tasks))

    def run(task: Callable[[], Answer]) -> Answer:
        barrier.wait(30)
        return task()

    with ThreadPoolExecutor(len(tasks)) as pool:
        return list(pool.map(run, tasks))
