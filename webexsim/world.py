"""A whole Webex world one constructs, and what people do in it. State and rules only: no HTTP, no threads.

What it leaves out: teams, meetings, calling, retention, encryption, typing and read marks; making, renaming and
removing rooms through the API. It is a stand-in for tests and demos: it remembers nothing after the process has ended.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from webexsim import markup
from webexsim.board import Board
from webexsim.directory import Directory
from webexsim.ids import Ids
from webexsim.model import Action, Draft, Event, Ground, Message, Org, Person, Space
from webexsim.scans import Scans
from webexsim.storage import SimFile
from webexsim.subscriptions import Subscriptions


class World:
    """People, spaces and messages; the same seed gives the same ids.

    `cluster` is the region in the ids of rooms, messages and the like; people and organizations are always in `us`.
    `clock` gives seconds since the epoch. `tells_edits` says whether messages:updated is told to webhooks at all,
    `refuse_updated_webhooks` whether making such a webhook is a 400; neither is documented for bots.
    """

    def __init__(
        self,
        seed: int = 1,
        *,
        cluster: str = "us",
        clock: Callable[[], float] = time.time,
        tells_edits: bool = False,
        refuse_updated_webhooks: bool = False,
    ) -> None:
        self.ground = Ground(clock=clock, ids=Ids(seed, cluster), emit=self._emit)
        self.directory = Directory(self.ground)
        self.board = Board(self.ground, self.directory)
        self.webhooks = Subscriptions(self.ground, tells_edits=tells_edits, refuse_updated=refuse_updated_webhooks)
        self.scans = Scans()
        self.foreign_orgs_readable = True  # whether a bot may read another organization's name: not documented

    def _emit(self, event: Event) -> None:
        self.webhooks.tell(event)

    # who there is

    def org(self, name: str) -> Org:
        """Found an organization."""
        return self.directory.add_org(name)

    def person(self, name: str, email: str, org: Org, *, role: str = "", avatar: str | None = None) -> Person:
        """Hire a person; they have a token of their own."""
        return self.directory.add_person(name, email, org, kind="person", role=role, avatar=avatar)

    def bot(self, name: str, org: Org, *, email: str = "", role: str = "", avatar: str | None = None) -> Person:
        """Make a bot; its address is made of its name unless given."""
        address = email or f"{'.'.join(name.lower().split())}@webex.bot"
        return self.directory.add_person(name, address, org, kind="bot", role=role, avatar=avatar)

    # where they are

    def space(
        self,
        title: str,
        owner: Org,
        members: Sequence[Person] = (),
        *,
        moderators: Sequence[Person] = (),
        creator: Person | None = None,
        announcement_only: bool = False,
        locked: bool = False,
        read_only: bool = False,
        owner_id_hidden: bool = False,
    ) -> Space:
        """Open a group space. Moderators are members, and lock it; so does announcement-only."""
        now = self.ground.clock()
        people = [*members, *(person for person in moderators if person not in members)]
        by = creator or next((person for person in people if not person.is_bot), people[0] if people else None)
        space = Space(
            id=self.ground.ids.new("ROOM"),
            title=title,
            type="group",
            owner=owner,
            creator_id=by.id if by else "",
            created=now,
            last_activity=now,
            announcement_only=announcement_only,
            locked=locked or announcement_only or bool(moderators),
            read_only=read_only,
            owner_id_hidden=owner_id_hidden,
        )
        self.directory.add_space(space)
        for person in people:
            self.directory.join(space, person, by or person, moderator=person in moderators)
        self.directory.tell_room("created", space, space.creator_id)
        return space

    def direct(self, one: Person, other: Person, *, read_only: bool = False) -> Space:
        """Return the 1-1 of two people, opening it if they have none."""
        return self.directory.direct(one, other) or self.board.open_direct(one, other, read_only=read_only)

    def join(self, person: Person, space: Space, by: Person | None = None, *, moderator: bool = False) -> None:
        """Put somebody into a space; `by` is who the webhook's `actorId` names."""
        self.directory.join(space, person, by or person, moderator)

    def leave(self, person: Person, space: Space, by: Person | None = None) -> None:
        """Take somebody out; a direct space stays in the other one's list."""
        self.directory.leave(space, person, by or person)

    def set_moderator(self, person: Person, space: Space, moderator: bool, by: Person | None = None) -> None:
        """Make a member a moderator, or an ordinary member again."""
        self.directory.set_moderator(space, person, moderator, by or person)

    def set_announcement_only(self, space: Space, announcement_only: bool) -> None:
        """Let only moderators post, or everybody again."""
        self.directory.change_flags(space, space.creator_id, announcement_only=announcement_only)

    def migrate(self, space: Space) -> Space:
        """Move a space to another region: it gets a new id, and rooms:migrated is told."""
        with self.ground.lock:
            self.directory.migrate(space, space.creator_id)
            self.board.follow(space)
        return space

    # what they say

    def say(
        self,
        person: Person,
        room: Space,
        text: str = "",
        *,
        html: str | None = None,
        markdown: str | None = None,
        mention: Sequence[Person] = (),
        mention_all: bool = False,
        files: Sequence[SimFile] = (),
        attachments: Sequence[Mapping[str, Any]] = (),
        parent: Message | None = None,
    ) -> Message:
        """Post as somebody does in the app: several files may go in one message, mentions make the html.

        `markdown` stays in the message, as it does for one posted through the API. Raises the API's refusals.
        """
        body = html or (markup.typed(text, mention, mention_all) if mention or mention_all else "")
        draft = Draft(
            room_id=room.id,
            parent_id=parent.id if parent else "",
            text=markup.plain(body) if body and (not html or not text) else text,
            markdown=markdown or "",
            html=body,
            files=tuple(files),
            attachments=tuple(attachments),
            mentioned_people=tuple(someone.id for someone in mention),
            mentioned_groups=("all",) if mention_all else (),
        )
        return self.board.say(person, draft)

    def edit(self, message: Message, text: str, *, html: str | None = None) -> Message:
        """Change a message's text as its author does in the app; its mentions stay."""
        draft = Draft(
            text=text,
            html=html or "",
            mentioned_people=message.mentioned_people,
            mentioned_groups=message.mentioned_groups,
        )
        return self.board.rewrite(message, draft)

    def delete(self, message: Message) -> None:
        """Remove a message as its author does in the app."""
        self.board.delete(self.directory.person(message.person_id), message.id)

    def submit(self, person: Person, message: Message, inputs: Mapping[str, Any]) -> Action:
        """Press the button of a card."""
        return self.board.submit(person, message.id, inputs)

    def messages(self, room: Space | None = None, by: Person | None = None) -> list[Message]:
        """Return the messages of a space, of a person, or both, oldest first."""
        return self.board.select(room, by)

    def on_message(self, listener: Callable[[Message], None]) -> None:
        """Have `listener` called with every new message, by the thread that posts it."""
        self.board.on_message(listener)
