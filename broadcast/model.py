"""The records the bot speaks in. Data only: no I/O, no clock, no rules.

Times are seconds since the epoch (UTC); ids are Webex's opaque ids unless a field says otherwise.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


class SpaceKind(StrEnum):
    """What kind of room a space is."""

    GROUP = "group"
    DIRECT = "direct"


class Kind(StrEnum):
    """What a broadcast does in each of its spaces: brings a message there, or changes the copy that is there."""

    SEND = "send"
    EDIT = "edit"
    RECALL = "recall"


class Form(StrEnum):
    """How a broadcast goes out; a card is UNTRIED until Webex has taken or refused it once."""

    TEXT = "text"
    FILE = "file"
    CARD = "card"
    UNTRIED = "card-untried"


class State(StrEnum):
    """Where a delivery stands. The number planned is the sum over all six, always."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"


class Why(StrEnum):
    """Why a message was refused, or a space left out; each has a sentence in the texts (`why_…`)."""

    NONE = ""
    SENDER_IS_BOT = "sender_is_bot"
    SENDER_OTHER_ORG = "sender_other_org"
    SENDER_NOT_LISTED = "sender_not_listed"
    OTHER_ORG = "other_org"
    NOT_SENDERS_ORG = "not_senders_org"
    OWNER_UNKNOWN = "owner_unknown"
    ANNOUNCEMENT_ONLY = "announcement_only"
    READ_ONLY = "read_only"
    PERSON_GONE = "person_gone"
    BOT_REMOVED = "bot_removed"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    NO_COPY = "no_copy"
    EDIT_REFUSED = "edit_refused"
    NOT_FOUND = "not_found"
    FORBIDDEN = "forbidden"
    INVALID = "invalid"
    TOO_LARGE = "too_large"
    GAVE_UP = "gave_up"
    NO_ANSWER = "no_answer"
    FILE_GONE = "file_gone"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True)
class Person:
    """A person or bot as Webex knows it. Neither `is_bot` nor `is_person`: another kind of account, or unknown."""

    id: str
    name: str
    emails: tuple[str, ...] = ()
    org_id: str | None = None
    is_bot: bool = False
    is_person: bool = False
    avatar: str | None = None

    @property
    def email(self) -> str:
        """The first address, or nothing where Webex shows none."""
        return self.emails[0] if self.emails else ""


@dataclass(frozen=True, kw_only=True)
class Space:
    """A room the bot is in. `owner_id` is an org id; `last_activity` by Webex's clock."""

    id: str
    title: str
    kind: SpaceKind
    owner_id: str | None = None
    announcement_only: bool = False
    read_only: bool = False
    last_activity: float | None = None


@dataclass(frozen=True, kw_only=True)
class Membership:
    """One person's membership in one space."""

    id: str
    space_id: str
    person_id: str
    person_org_id: str | None = None
    moderator: bool = False
    space_kind: SpaceKind = SpaceKind.GROUP


@dataclass(frozen=True, kw_only=True)
class Message:
    """A message as read from Webex. `created` by Webex's clock; `file_urls` need the bot's token.

    `space_kind` is None where Webex did not say.
    """

    id: str
    space_id: str
    space_kind: SpaceKind | None
    person_id: str
    text: str = ""
    html: str = ""
    markdown: str = ""
    file_urls: tuple[str, ...] = ()
    mentioned_people: tuple[str, ...] = ()
    parent_id: str | None = None
    created: float | None = None

    @property
    def thread_id(self) -> str:
        """The message a reply must name as its parent: Webex refuses a reply to a reply."""
        return self.parent_id or self.id


@dataclass(frozen=True, kw_only=True)
class Press:
    """A button of a card that somebody pressed; `inputs` are what the card sends along, as Webex tells it."""

    id: str
    message_id: str
    space_id: str
    person_id: str
    inputs: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class StoredFile:
    """A file on this machine's disk, with the name and type it had at Webex. `size` in bytes.

    `url`: where it came from, and can be fetched again by a machine whose disk does not have it; may be unknown.
    """

    path: Path
    name: str
    content_type: str
    size: int
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """A webhook registered at Webex. `status` is "active" or "inactive"."""

    resource: str
    event: str
    target_url: str
    name: str = ""
    filter: str | None = None
    id: str = ""
    secret: str | None = None
    status: str = "active"


@dataclass(frozen=True, kw_only=True)
class Event:
    """A verified webhook event, cut down to what the bot uses.

    `key` is the same for every repetition of the event; `asked_at` orders events as people caused them.
    """

    key: str
    resource: str
    action: str
    id: str
    space_id: str = ""
    space_kind: SpaceKind | None = None
    person_id: str = ""
    actor_id: str = ""
    asked_at: float = 0.0


WHAT_PEOPLE_DO = ("messages", "attachmentActions")
"""Resources whose events are handled in the order in which people caused them: words and buttons mean one another."""


@dataclass(frozen=True, kw_only=True)
class PendingEvent:
    """An event that waits in the ledger. `number` is its row; `first_tried` is None until it failed once."""

    number: int
    event: Event
    received_at: float
    attempts: int = 0
    first_tried: float | None = None


@dataclass(frozen=True, kw_only=True)
class Destination:
    """One space of a plan; `why` says why it is left out, NONE if it is not. `last_activity` by Webex's clock."""

    space_id: str
    kind: SpaceKind
    title: str
    why: Why = Why.NONE
    last_activity: float | None = None


@dataclass(frozen=True, kw_only=True)
class Content:
    """What goes out: the parts of the text per kind of space (identity in front of the first), a file or a card.

    A file or card goes with the first part. `card` is the attachment's JSON text; a card keeps its file beside it,
    because Webex may refuse the card. `revision` counts the edits of the text.
    """

    group_parts: tuple[str, ...]
    direct_parts: tuple[str, ...]
    form: Form = Form.TEXT
    card: str | None = None
    file: StoredFile | None = None
    revision: int = 0

    def parts(self, kind: SpaceKind) -> tuple[str, ...]:
        """Return the texts for one kind of space, in order."""
        return self.group_parts if kind is SpaceKind.GROUP else self.direct_parts

    @property
    def digest(self) -> str:
        """What tells this content from another one: 32 hex digits."""
        file = (self.file.name, self.file.size) if self.file else None
        whole = json.dumps((self.group_parts, self.direct_parts, self.card, file))
        return hashlib.sha256(whole.encode()).hexdigest()[:32]


NOTHING = Content(group_parts=(), direct_parts=())
"""What a recall brings."""


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A broadcast before it is opened. `source_id` is the sender's message, and the broadcast's identity.

    `is_private`: it was asked for in a 1-1, so nobody else reads the thread.
    """

    source_id: str
    space_id: str
    thread_id: str
    sender: Person
    content: Content
    asked_at: float
    is_private: bool = False


@dataclass(frozen=True, kw_only=True)
class Change:
    """An edit or a recall before it is opened: a broadcast of its own, to the spaces that have or may have a copy.

    `key` is its identity, `root` the broadcast whose copies it changes; a recall has no content.
    """

    key: str
    kind: Kind
    root: int
    content: Content = NOTHING
    asked_at: float


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How many deliveries stand where."""

    waiting: int = 0
    sending: int = 0
    sent: int = 0
    failed: int = 0
    skipped: int = 0
    unknown: int = 0

    @property
    def planned(self) -> int:
        """All destinations of the broadcast."""
        return self.waiting + self.sending + self.sent + self.failed + self.skipped + self.unknown

    @property
    def unsettled(self) -> int:
        """Those the broadcast still has to do something about."""
        return self.waiting + self.sending


@dataclass(frozen=True, kw_only=True)
class Broadcast:
    """A broadcast as the ledger knows it; `finished_at` is None while it runs.

    `root` is the number of the broadcast whose copies an edit or a recall changes, and the own one otherwise;
    `cancelled_at` says since when nothing more goes out. `digest` tells what it was opened with from others.
    `card_refused`: Webex did not take its card, so it went out as a file.
    `is_private`: it was asked for in a 1-1, so nobody else reads the thread.
    """

    number: int
    source_id: str
    space_id: str
    thread_id: str
    sender_name: str
    sender_email: str
    opened_at: float
    finished_at: float | None
    counts: Counts = field(default_factory=Counts)
    card_refused: bool = False
    kind: Kind = Kind.SEND
    root: int = 0
    sender_id: str = ""
    form: Form = Form.TEXT
    digest: str = ""
    cancelled_at: float | None = None
    is_private: bool = False


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One destination of one broadcast, for reports."""

    space_id: str
    kind: SpaceKind
    title: str
    state: State
    why: Why = Why.NONE
    detail: str = ""
    message_ids: tuple[str, ...] = ()
    settled_at: float | None = None


@dataclass(frozen=True, kw_only=True)
class Tally:
    """How many deliveries to one kind of space share a state and a reason, with a few of them."""

    state: State
    why: Why
    kind: SpaceKind
    count: int
    examples: tuple[Delivery, ...]


@dataclass(frozen=True, kw_only=True)
class Job:
    """An event to be handled; `attempts` counts those before. `is_last_try`: what cannot be had now is done without."""

    event: Event
    attempts: int = 0
    is_last_try: bool = False


@dataclass(frozen=True, kw_only=True)
class Reply:
    """Something the bot says to one person or space, once per `key`: into a thread, or 1-1 where `person_id` is set.

    `card` is the JSON text of an attachment that is shown in place of the text where cards are.
    `first_tried` is None until it is claimed; `in_doubt`: it may have been said, and nobody knows.
    """

    key: str
    markdown: str
    space_id: str = ""
    parent_id: str | None = None
    person_id: str = ""
    card: str | None = None
    first_tried: float | None = None
    in_doubt: bool = False


@dataclass(frozen=True, kw_only=True)
class Backlog:
    """What waits. Ages in seconds, None where nothing waits."""

    events: int = 0
    deliveries: int = 0
    oldest_event_age: float | None = None
