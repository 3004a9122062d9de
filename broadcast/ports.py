"""What the bot needs from the world, as Protocols: the clock, the log, Webex, the ledger, the doorbell.

Adapters fill them in (`webex.py`, `ledger/`, `queues/`); tests hold every backend to the same contract.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from threading import Event as Flag
from typing import Protocol

from broadcast.model import (
    Backlog,
    Broadcast,
    Change,
    Content,
    Delivery,
    Destination,
    Draft,
    Event,
    Form,
    Membership,
    Message,
    PendingEvent,
    Person,
    Press,
    Reply,
    Space,
    State,
    StoredFile,
    Tally,
    Webhook,
    Why,
)
from broadcast.outcomes import Claim, Outcome


class Clock(Protocol):
    """The only source of time."""

    def now(self) -> float:
        """Return seconds since the epoch."""

    def monotonic(self) -> float:
        """Return seconds that never jump."""

    def wait(self, flag: Flag, seconds: float) -> bool:
        """Wait until the flag is set, `seconds` at most; say whether it is set."""


class Log(Protocol):
    """What is told to the operator: an event and its fields."""

    def __call__(self, event: str, **fields: object) -> None:
        """Tell it."""


class Gateway(Protocol):
    """Webex. Every failure leaves it as a `WebexError`; a 429 has closed the gate for everybody before it does."""

    token_refused: bool
    """Whether Webex's last word about the token was 401."""

    stopping: Flag
    """Set to end every wait."""

    def post_only_while(self, holds: Callable[[], bool]) -> None:
        """Have this thread write no message when `holds` says no: a frozen process must not wake and send."""

    def me(self) -> Person:
        """Return the owner of the token."""

    def person(self, person_id: str) -> Person:
        """Return a person."""

    def person_by_email(self, email: str) -> Person | None:
        """Return the person with an address; Webex shows a bot those of its own org only."""

    def organization_name(self, org_id: str) -> str:
        """Return an organization's display name; a bot may be refused that of a foreign one."""

    def message(self, message_id: str) -> Message:
        """Return a message the bot may read."""

    def space(self, space_id: str) -> Space:
        """Return one space."""

    def spaces(self) -> Iterator[Space]:
        """Yield every space the bot is in, page by page; a lying list may name one twice."""

    def memberships(self) -> Iterator[Membership]:
        """Yield the bot's own memberships, page by page."""

    def membership(self, membership_id: str) -> Membership:
        """Return one membership."""

    def members(self, space_id: str) -> tuple[Membership, ...]:
        """Return the members of one space."""

    def fetch_file(self, url: str, folder: Path, *, allow_unscannable: bool = False) -> StoredFile:
        """Download a file of a message into `folder`; `FileRefused` where it cannot be had."""

    def file_name(self, url: str) -> str:
        """Return the name of a file of a message, without fetching it."""

    def post(
        self, space_id: str, markdown: str, *, parent_id: str | None = None, content: Content | None = None
    ) -> str:
        """Post a message, with the content's file or card where one is given, and return its id."""

    def post_to_person(self, person_id: str, markdown: str) -> str:
        """Post a 1-1 message and return its id."""

    def edit(self, message_id: str, space_id: str, markdown: str) -> None:
        """Replace the text of a message of the bot's own; Webex takes ten edits, and none with a file or card."""

    def delete(self, message_id: str) -> None:
        """Delete a message of the bot's own; a 404 means that it is gone, or the bot is no more in its space."""

    def press(self, action_id: str) -> Press:
        """Return what somebody pressed in a card."""

    def own_messages_since(self, space_id: str, since: float) -> tuple[Message, ...]:
        """Return the bot's own messages in a 1-1 since a time of Webex's clock."""

    def leave(self, membership_id: str) -> None:
        """End a membership of the bot's own."""

    def webhooks(self) -> tuple[Webhook, ...]:
        """Return every webhook of the token."""

    def create_webhook(self, webhook: Webhook) -> None:
        """Register a webhook."""

    def update_webhook(self, webhook: Webhook) -> None:
        """Change name, target and secret of a webhook and make it active."""

    def delete_webhook(self, webhook_id: str) -> None:
        """Remove a webhook."""

    def time_at_webex(self) -> float:
        """Return the present by Webex's clock, as learnt from its answers."""


class Ledger(Protocol):
    """The truth about events, broadcasts and deliveries. Every method is atomic and durable when it returns.

    Work is done under a lease, so that one process at a time works for a bot; `token` grows with each new lease, and
    methods that take one raise `LeaseLost` when it is no longer the newest.
    """

    def record(self, event: Event, now: float) -> bool:
        """Write an event down; False if it was there before."""

    def finish_event(self, event: PendingEvent, outcome: str, now: float) -> None:
        """Note that nothing is left to do about an event."""

    def defer_event(self, event: PendingEvent, *, until: float, now: float, counts: bool, holds: bool = True) -> None:
        """Put an event off. `counts` starts the count of its patience, or goes on with it.

        `holds`: those behind it wait, so that messages keep their order.
        """

    def next_message(self, now: float) -> PendingEvent | None:
        """Return the message event that was asked for first, unless it is put off: messages keep their order."""

    def next_duty(self, now: float) -> PendingEvent | None:
        """Return the first event of another kind that is due."""

    def forget_events(self, prefix: str) -> None:
        """Forget finished events whose key begins so: what happens again is news then."""

    def once(self, key: str, now: float) -> bool:
        """Claim something that must be done at most once; False if somebody did before."""

    def queue_reply(self, reply: Reply) -> bool:
        """Write down something to say; False if that was done before."""

    def next_reply(self, now: float) -> Reply | None:
        """Claim the oldest reply that is due. One that is not settled under this lease is in doubt under the next."""

    def replies_waiting(self) -> int:
        """Return how many replies are not said yet."""

    def settle_reply(self, reply: Reply, *, try_at: float | None, now: float, in_doubt: bool = False) -> None:
        """Note that a reply is done with, or when to try again. `in_doubt`: it may have been said all the same."""

    def is_open(self, source_id: str) -> bool:
        """Whether a broadcast of this message was opened before."""

    def has_sent(self, broadcast: int, space_id: str, message_id: str) -> bool:
        """Whether a message is known as what this or one of the broadcasts just before brought to a space."""

    def take_lease(
        self, owner: str, now: float, seconds: float, *, holder_is_dead: Callable[[str], bool]
    ) -> int | None:
        """Return a new token if nobody holds the lease, it has run out, or its holder is dead; None otherwise."""

    def renew_lease(self, token: int, until: float) -> None:
        """Hold the lease longer."""

    def drop_lease(self, token: int) -> None:
        """Give the lease back, if it is still held."""

    def open_broadcast(self, token: int, draft: Draft, destinations: Iterable[Destination], now: float) -> int | None:
        """Write a broadcast and all its destinations down in one step; None if it was opened before."""

    def open_change(self, token: int, change: Change, now: float) -> int | None:
        """Open an edit or a recall for every space that has, or may have, a copy; None if it was opened before.

        A change is known by its key, which stands for one text. An edit replaces the text of what still waits, and
        takes the place of earlier edits that still wait. A recall cancels what still waits. LookupError where there is
        no such broadcast.
        """

    def cancel(self, number: int, now: float) -> int:
        """Skip what waits of a broadcast and of its edits, now and later; return how many of its own that were."""

    def claim(self, token: int, *, limit: int, now: float, webex_time: float) -> list[Claim]:
        """Claim up to `limit` deliveries that are due, in order; in no space before an earlier broadcast is settled.

        Edits and recalls come first, and wait in a space only for the broadcast they change and its other changes.
        While a broadcast's card is untried, only one of its deliveries is claimed at a time.
        """

    def settle(self, outcomes: Sequence[tuple[Claim, Outcome]], now: float) -> None:
        """Write down what became of claims. One that is not the newest claim of its delivery changes nothing."""

    def settle_form(self, broadcast: int, form: Form) -> None:
        """Note whether a card goes out as a card or as a file."""

    def doubt_orphans(self, token: int, look_at: float) -> int:
        """Put what is in flight in doubt, to be looked at then; return how many. For when nothing can be, any more."""

    def doubts(self, now: float) -> list[Claim]:
        """Return the claims in doubt that are due to be looked at."""

    def next_due(self) -> float | None:
        """Return when the next waiting delivery or doubt is due; None if there is none."""

    def work_left(self, now: float) -> float | None:
        """Return the seconds until there is something to do, 0 if there is now; None if nothing is left at all.

        Whatever is unfinished counts: events, deliveries, doubts, replies, broadcasts not finished or not reported.
        Too early an answer is a little waste; one that is too late keeps people waiting.
        """

    def content(self, broadcast: int) -> Content:
        """Return what goes out."""

    def finish_broadcasts(self, token: int, now: float) -> list[Broadcast]:
        """Close the broadcasts of which nothing waits and nothing is being sent, and return them."""

    def files_in_use(self) -> frozenset[Path]:
        """Return the files that a broadcast may still need."""

    def running(self) -> int:
        """Return how many broadcasts are not finished."""

    def unreported(self) -> list[Broadcast]:
        """Return finished broadcasts whose outcome was not told to the sender yet."""

    def mark_reported(self, broadcast: int, now: float) -> None:
        """Note that the sender is told, and drop the texts, unless something may be sent once more."""

    def send_again(self, broadcast: int, states: Sequence[State]) -> int:
        """Let a finished broadcast's deliveries in these states wait once more; return how many that are.

        None are, where its texts are not kept any more.
        """

    def skip_space(self, space_id: str, why: Why, now: float) -> int:
        """Skip what waits for a space; return how many deliveries that were.

        An edit or a recall has failed there, because a copy stays as it was.
        """

    def broadcasts(self, *, limit: int) -> list[Broadcast]:
        """Return the newest broadcasts, newest first."""

    def broadcast(self, number: int) -> Broadcast | None:
        """Return one broadcast."""

    def broadcast_of(self, source_id: str) -> Broadcast | None:
        """Return the broadcast of a message, or the change of a key."""

    def broadcast_in_thread(self, thread_id: str) -> Broadcast | None:
        """Return the newest broadcast, changes aside, that was asked for in a thread."""

    def broadcasts_of(self, sender_id: str, *, limit: int) -> list[Broadcast]:
        """Return a sender's newest broadcasts, changes aside, newest first."""

    def changes_of(self, root: int) -> list[Broadcast]:
        """Return the edits and recalls of a broadcast, oldest first."""

    def unfinished(self) -> list[Broadcast]:
        """Return what runs, oldest first."""

    def deliveries(self, number: int) -> Iterator[Delivery]:
        """Yield a broadcast's deliveries in order."""

    def tallies(self, number: int, *, examples: int) -> list[Tally]:
        """Return how many deliveries of each kind of space stand where and why, each with a few examples."""

    def recall(self, key: str) -> str | None:
        """Return a remembered value."""

    def remember(self, key: str, value: str, *, noted_at: float | None = None) -> None:
        """Remember a value: for ever or, where it was noted at a time, until what is older than that is purged."""

    def known_person(self, space_id: str) -> tuple[str | None, float] | None:
        """Return the org id of the other person of a 1-1 (None: gone) and when that was learnt, if it is known."""

    def remember_person(self, space_id: str, org_id: str | None, now: float) -> None:
        """Remember the org of the other person of a 1-1 (None: gone)."""

    def forget_person(self, space_id: str) -> None:
        """Forget who is in a 1-1, so that it is asked again."""

    def purge(self, before: float) -> int:
        """Drop finished broadcasts and events older than a time; return how many broadcasts."""

    def backlog(self, now: float) -> Backlog:
        """Return what waits."""


class Queue(Protocol):
    """The doorbell: a hint that there is work. A lost or repeated ring is no disaster."""

    @property
    def fault(self) -> str:
        """What keeps the work from being done, in words; empty where nothing does."""

    def ring(self, lane: str = "") -> None:
        """Say that there is work, for one lane or for all."""

    def start(self) -> None:
        """Begin to work in the background, where the work is done here."""

    def stop(self) -> None:
        """Finish what is in flight, within ten seconds."""
