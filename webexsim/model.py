"""The things a Webex world is made of. Data only: no rules, no HTTP.

Times are seconds since the epoch. Records do not change; a `Space` alone is live, so that who holds one sees its
present state (members, flags, even its id after a migration).
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from webexsim.ids import Ids
from webexsim.storage import SimFile

PersonType = Literal["person", "bot"]
SpaceType = Literal["group", "direct"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Org:
    """An organization."""

    id: str
    name: str
    created: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """A person or a bot, with the access token it calls the API with; `role` is a word for the page only."""

    id: str
    display_name: str
    email: str
    org: Org
    type: PersonType
    token: str = field(repr=False)
    created: float
    avatar: str | None = None
    role: str = ""

    @property
    def first_name(self) -> str:
        """The first word of the name: all that a mention of a bot shows in a message's text."""
        return self.display_name.split(" ")[0]

    @property
    def is_bot(self) -> bool:
        """Whether this is a bot."""
        return self.type == "bot"


@dataclass(frozen=True, kw_only=True, slots=True)
class Membership:
    """One person's membership of one space."""

    id: str
    room_id: str
    room_type: SpaceType
    person: Person
    is_moderator: bool
    created: float


@dataclass(kw_only=True, slots=True, eq=False)
class Space:
    """A room, live. `members` is keyed by person id; `pair` is the two of a direct space, also after one has gone."""

    id: str
    title: str
    type: SpaceType
    owner: Org
    creator_id: str
    created: float
    last_activity: float
    announcement_only: bool = False
    locked: bool = False
    read_only: bool = False
    owner_id_hidden: bool = False
    pair: tuple[Person, Person] | None = None
    members: dict[str, Membership] = field(default_factory=dict)
    message_ids: dict[str, None] = field(default_factory=dict)  # a dict for its order and its quick removal


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """A message as it stands; an edit makes a new record under the same id."""

    id: str
    room_id: str
    room_type: SpaceType
    person_id: str
    person_email: str
    parent_id: str | None
    text: str
    markdown: str | None
    html: str | None
    files: tuple[SimFile, ...]
    attachments: tuple[Mapping[str, Any], ...]
    mentioned_people: tuple[str, ...]
    mentioned_groups: tuple[str, ...]
    created: float
    updated: float | None = None
    edits: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """What somebody asks to be posted, before any rule was asked."""

    room_id: str = ""
    to_person_id: str = ""
    to_person_email: str = ""
    parent_id: str = ""
    text: str = ""
    markdown: str = ""
    html: str = ""
    files: tuple[SimFile, ...] = ()
    attachments: tuple[Mapping[str, Any], ...] = ()
    mentioned_people: tuple[str, ...] = ()
    mentioned_groups: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Action:
    """Somebody pressed a card's button."""

    id: str
    message_id: str
    room_id: str
    person: Person
    inputs: Mapping[str, Any]
    created: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Webhook:
    """A subscription as it stands."""

    id: str
    owner: Person
    name: str
    target_url: str
    resource: str
    event: str
    filter: str
    secret: str
    status: Literal["active", "inactive"]
    created: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """Something happened. Webhook filters are compared with `facts`; `visible` says who may be told."""

    resource: str
    event: str
    actor_id: str
    subject: "Message | Membership | Space | Action"
    facts: Mapping[str, str | frozenset[str]]
    visible: Callable[[Person], bool]


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A line of the world's journal: something was said, changed or removed; `gone` is what was removed."""

    message_id: str
    room_id: str
    gone: Message | None = None


@dataclass(kw_only=True, slots=True)
class Ground:
    """What all parts of one world stand on: one clock, one source of ids, one lock, one place events go to."""

    clock: Callable[[], float]
    ids: Ids
    emit: Callable[[Event], None]
    lock: threading.RLock = field(default_factory=threading.RLock)
