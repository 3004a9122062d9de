"""A ledger, a clock and a gate with the lanes of work around them, and a record of what they did."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from broadcast.config import Config
from broadcast.jobs import EventLane, ReplyLane, ReportLane
from broadcast.ledger.sqlite import SqliteLedger
from broadcast.model import (
    Broadcast,
    Content,
    Destination,
    Draft,
    Event,
    Form,
    Job,
    PendingEvent,
    Person,
    Reply,
    SpaceKind,
    State,
    StoredFile,
    Tally,
    Why,
)
from broadcast.outcomes import GaveUp, PartSent
from broadcast.pacing import Gate
from tests.unit.fakes import FakeClock
from tests.unit.town import Town

HOUR = 3600.0
NextEvent = Callable[[float], PendingEvent | None]
SENDER = Person(id="alice", name="Alice")


@dataclass
class Desk:
    """Where the lanes of work are tried; `fails` says which events' handler raises what."""

    folder: Path
    clock: FakeClock = field(default_factory=FakeClock)
    config: Config = field(default_factory=Config)
    handled: list[Job] = field(default_factory=list)
    given_up: list[tuple[str, Exception]] = field(default_factory=list)
    logged: list[str] = field(default_factory=list)
    fails: dict[str, BaseException] = field(default_factory=dict)
    said: int = 0
    is_lent: bool = False

    def __post_init__(self) -> None:
        self.ledger = SqliteLedger(self.folder / "ledger.db")
        self.gate = Gate(self.clock)
        self.files = self.folder / "files"
        self.telling = Lock()

    def record(self, *keys: str) -> None:
        """Have events come in."""
        for key in keys:
            event = Event(key=key, resource="messages", action="created", id=key, asked_at=float(len(key)))
            self.ledger.record(event, self.clock.now())

    def handle(self, job: Job) -> str:
        """Handle an event as the test wants it to end."""
        self.handled.append(job)
        if error := self.fails.get(job.event.key):
            raise error
        return "done"

    def events(self, next_event: NextEvent | None = None, *, hold_off: float = 0.0) -> EventLane:
        """Return the lane of messages, or of what else is next."""
        return EventLane(
            next_event or self.ledger.next_message,
            self.handle,
            ledger=self.ledger,
            gate=self.gate,
            clock=self.clock,
            config=lambda: self.config,
            log=lambda event, **_: self.logged.append(event),
            give_up=lambda job, error: self.given_up.append((job.event.key, error)),
            hold_off=hold_off,
        )

    def replies(self, town: Town) -> ReplyLane:
        """Return the lane of replies, on the town's clock."""
        return ReplyLane(
            ledger=self.ledger,
            gateway=town.webex,
            gate=town.gate,
            clock=town.clock,
            log=lambda event, **_: self.logged.append(event),
        )

    def reports(self) -> ReportLane:
        """Return the lane of reports."""
        return ReportLane(
            ledger=self.ledger,
            clock=self.clock,
            config=lambda: self.config,
            words=self,
            telling=self.telling,
            log=lambda event, **_: self.logged.append(event),
            said=self.note_said,
            folder=self.files,
            is_lent=self.is_lent,
            gate=self.gate,
        )

    def opened(self, broadcast: Broadcast, _: list[Tally]) -> Reply:
        """Return what is said first of all."""
        return Reply(key=f"opened:{broadcast.source_id}", markdown="opened", space_id="home", parent_id="thread")

    def outcome(self, broadcast: Broadcast, tallies: list[Tally]) -> tuple[str, str | None]:
        """Return the outcome."""
        return f"{broadcast.counts.sent} sent, {len(tallies)} tallies", "a card"

    def pause(self, until: float) -> str:
        """Return that there is a pause."""
        return f"paused until {until:.0f}"

    def note_said(self) -> None:
        """Note that somebody rang for the replies."""
        self.said += 1

    def file(self, name: str = "m1") -> StoredFile:
        """Return a file that was fetched for a message."""
        path = self.files / name / "content"
        path.parent.mkdir(parents=True)
        path.write_text("x")
        return StoredFile(path=path, name="a", content_type="text/plain", size=1)

    def broadcast(self, source: str = "m1", outcome: str = "sent", file: StoredFile | None = None) -> Broadcast | None:
        """Send a broadcast to one space, with that outcome, or leave it "waiting"."""
        token = self.ledger.take_lease("me", self.clock.now(), HOUR, holder_is_dead=lambda _: True) or 0
        content = Content(group_parts=("x",), direct_parts=("x",), form=Form.FILE if file else Form.TEXT, file=file)
        place = Destination(space_id="a", kind=SpaceKind.GROUP, title="A")
        draft = Draft(
            source_id=source, space_id="home", thread_id="thread", sender=SENDER, content=content, asked_at=0.0
        )
        number = self.ledger.open_broadcast(token, draft, [place], self.clock.now()) or 0
        if outcome != "waiting":
            result = PartSent(message_id="x") if outcome == "sent" else GaveUp(state=State(outcome), why=Why.OTHER)
            claims = self.ledger.claim(token, limit=1, now=self.clock.now(), webex_time=0.0)
            self.ledger.settle([(claim, result) for claim in claims], self.clock.now())
            self.ledger.finish_broadcasts(token, self.clock.now())
        return self.ledger.broadcast(number)

    @property
    def keys(self) -> list[str]:
        """Which events were handled, in order."""
        return [job.event.key for job in self.handled]

    def replies_waiting(self) -> list[Reply]:
        """Return what is to be said, and take it."""
        return list(iter(lambda: self.ledger.next_reply(self.clock.now()), None))
