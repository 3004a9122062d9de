"""Messages and card actions: who may post, read, edit and remove what. No HTTP.

Rules from the Webex API reference (messages, attachment actions) and the guide on bots.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from webexsim import limits, markup, refusals
from webexsim.directory import Directory
from webexsim.model import Action, Draft, Entry, Event, Ground, Message, Person, Space
from webexsim.storage import Shelf, SimFile


class Board:
    """All messages of a world; indexed by room and by author. Safe to use from any thread."""

    def __init__(self, ground: Ground, directory: Directory) -> None:
        self._ground = ground
        self._directory = directory
        self._messages: dict[str, Message] = {}
        self._by_person: dict[str, dict[str, None]] = {}
        self._by_content: dict[str, str] = {}
        self._actions: dict[str, tuple[Action, str]] = {}
        self._listeners: list[Callable[[Message], None]] = []
        self.shelf = Shelf()
        self.journal: list[Entry] = []
        self.all_mentions_bots = False  # whether @all counts as mentioning a bot: not documented

    def on_message(self, listener: Callable[[Message], None]) -> None:
        """Have `listener` called with every new message, by the thread that posts it."""
        self._listeners.append(listener)

    def __len__(self) -> int:
        return len(self._messages)

    # posting

    def post(self, actor: Person, draft: Draft) -> Message:
        """Post through the API: its limits first, then what the app is bound by, too."""
        limits.check(draft)
        return self.say(actor, draft)

    def say(self, actor: Person, draft: Draft) -> Message:
        """Post as the app does: any number of files, any length; 403 and 404 as everywhere."""
        if draft.markdown:
            draft = self._rendered(draft)
        with self._ground.lock:
            space = self._destination(actor, draft)
            self._check_may_post(actor, space)
            self._check_parent(space, draft.parent_id)
            message = self._place(actor, space, draft)
        for listener in self._listeners:
            listener(message)
        return message

    def _rendered(self, draft: Draft) -> Draft:
        done = markup.render(draft.markdown, self._directory.find)
        return replace(
            draft,
            html=done.html,
            text=draft.text or done.text,
            mentioned_people=done.people,
            mentioned_groups=done.groups,
        )

    def _destination(self, actor: Person, draft: Draft) -> Space:
        if draft.room_id:
            return self._directory.space_for(actor, draft.room_id)
        other = self._directory.named(draft.to_person_id, draft.to_person_email)
        return self._directory.direct(actor, other) or self.open_direct(actor, other)

    def open_direct(self, one: Person, other: Person, *, read_only: bool = False) -> Space:
        """Open the 1-1 of two people."""
        now = self._ground.clock()
        space = Space(
            id=self._ground.ids.new("ROOM"),
            title=other.display_name,
            type="direct",
            owner=(other if one.is_bot else one).org,
            creator_id=one.id,
            created=now,
            last_activity=now,
            read_only=read_only,
            pair=(one, other),
        )
        self._directory.add_space(space)
        for person in (one, other):
            self._directory.join(space, person, by=one)
        self._directory.tell_room("created", space, one.id)
        return space

    def _check_may_post(self, actor: Person, space: Space) -> None:
        if space.read_only:
            raise refusals.read_only()
        if space.pair and len(space.members) < len(space.pair):
            raise refusals.other_is_gone()
        if space.announcement_only and not space.members[actor.id].is_moderator:
            raise refusals.announcement_only()

    def _check_parent(self, space: Space, parent_id: str) -> None:
        if not parent_id:
            return
        parent = self._messages.get(parent_id)
        if parent is None or parent.room_id != space.id:
            raise refusals.no_parent()
        if parent.parent_id:
            raise refusals.reply_to_reply()

    def _place(self, actor: Person, space: Space, draft: Draft) -> Message:
        message_id = self._ground.ids.new("MESSAGE")
        ids = self._ground.ids
        files = [self.shelf.keep(file, ids.content(message_id, n)) for n, file in enumerate(draft.files)]
        message = Message(
            id=message_id,
            room_id=space.id,
            room_type=space.type,
            person_id=actor.id,
            person_email=actor.email,
            parent_id=draft.parent_id or None,
            text=draft.text,
            markdown=draft.markdown or None,
            html=draft.html or None,
            files=tuple(files),
            attachments=draft.attachments,
            mentioned_people=draft.mentioned_people,
            mentioned_groups=draft.mentioned_groups,
            created=self._ground.clock(),
        )
        self._by_person.setdefault(actor.id, {})[message_id] = None
        self._by_content |= {file.id: message_id for file in files}
        space.message_ids[message_id] = None
        space.last_activity = message.created
        self._keep(message)
        self._tell("created", space, message, actor.id)
        return message

    def _keep(self, message: Message) -> None:
        self._messages[message.id] = message
        self.journal.append(Entry(message_id=message.id, room_id=message.room_id))

    # reading

    def readable(self, person: Person, message: Message, space: Space) -> bool:
        """Say whether somebody may read a message: a bot in a group only its own and those that mention it."""
        if person.id not in space.members:
            return False
        if not person.is_bot or space.type == "direct" or message.person_id == person.id:
            return True
        everybody = self.all_mentions_bots and "all" in message.mentioned_groups
        return everybody or person.id in message.mentioned_people

    def get(self, actor: Person, message_id: str) -> Message:
        """Return a message somebody may read, or raise 404."""
        message = self._messages.get(message_id)
        if message is None or not self.readable(actor, message, self._directory.spaces[message.room_id]):
            raise refusals.no_message()
        return message

    def file(self, actor: Person, content_id: str) -> SimFile:
        """Return a file of a message somebody may read, or raise 404."""
        message = self.get(actor, self._by_content.get(content_id, ""))
        return next(file for file in message.files if file.id == content_id)

    def history(self, space: Space) -> Iterable[Message]:
        """Return a space's messages, newest first."""
        with self._ground.lock:
            return [self._messages[message_id] for message_id in reversed(space.message_ids)]

    def since(self, first: int) -> list[tuple[int, Entry, Message | None]]:
        """Return the journal from entry `first` (0-based) on, each with its number and the message as it now is."""
        with self._ground.lock:
            entries = enumerate(self.journal[first:], start=first + 1)
            return [(seq, entry, self._messages.get(entry.message_id)) for seq, entry in entries]

    def select(self, space: Space | None, by: Person | None) -> list[Message]:
        """Return the messages in a space, by a person, or both, oldest first."""
        with self._ground.lock:
            if by is not None:
                mine = [self._messages[message_id] for message_id in self._by_person.get(by.id, {})]
                return [message for message in mine if space is None or message.room_id == space.id]
            if space is not None:
                return [self._messages[message_id] for message_id in space.message_ids]
            return list(self._messages.values())

    # changing

    def edit(self, actor: Person, message_id: str, room_id: str, *, text: str, markdown: str) -> Message:
        """Change one's own message through the API: ten times at most, none with a file or a card."""
        if not (text or markdown):
            raise refusals.nothing_to_say()
        limits.check_length(text, markdown)
        done = self._rendered(Draft(text=text, markdown=markdown)) if markdown else Draft(text=text)
        with self._ground.lock:
            message = self._own(actor, message_id)
            if message.room_id != room_id:
                raise refusals.no_message()
            if message.files or message.attachments:
                raise refusals.edit_not_supported()
            if message.edits >= limits.EDITS:
                raise refusals.too_many_edits()
            return self.rewrite(message, done)

    def revise(self, actor: Person, message_id: str, draft: Draft) -> Message:
        """Change one's own message as the app does: as often as one likes, and its files stay."""
        with self._ground.lock:
            return self.rewrite(self._own(actor, message_id), draft)

    def rewrite(self, message: Message, draft: Draft) -> Message:
        """Put a new text under an old id, whoever asks."""
        with self._ground.lock:
            changed = replace(
                message,
                text=draft.text,
                markdown=draft.markdown or None,
                html=draft.html or None,
                mentioned_people=draft.mentioned_people,
                mentioned_groups=draft.mentioned_groups,
                updated=self._ground.clock(),
                edits=message.edits + 1,
            )
            self._keep(changed)
            self._tell("updated", self._directory.spaces[message.room_id], changed, message.person_id)
            return changed

    def _own(self, actor: Person, message_id: str) -> Message:
        message = self.get(actor, message_id)
        if message.person_id != actor.id:
            raise refusals.not_your_message()
        return message

    def delete(self, actor: Person, message_id: str) -> None:
        """Remove a message: one's own, or anybody's where one is a moderator."""
        with self._ground.lock:
            message = self.get(actor, message_id)
            space = self._directory.spaces[message.room_id]
            if message.person_id != actor.id and not space.members[actor.id].is_moderator:
                raise refusals.not_your_message()
            self._remove(message, space)
            self._tell("deleted", space, message, actor.id)

    def _remove(self, message: Message, space: Space) -> None:
        del self._messages[message.id]
        space.message_ids.pop(message.id, None)
        self._by_person[message.person_id].pop(message.id, None)
        for file in message.files:
            self._by_content.pop(file.id, None)
        self.journal.append(Entry(message_id=message.id, room_id=message.room_id, gone=message))

    def clear(self) -> None:
        """Forget every message and action, and begin the journal anew; nobody is told by webhook."""
        with self._ground.lock:
            for message in list(self._messages.values()):
                self._remove(message, self._directory.spaces[message.room_id])
            self._actions.clear()
            self.journal.clear()

    def follow(self, space: Space) -> None:
        """Write a migrated space's new id into its messages."""
        with self._ground.lock:
            for message_id in space.message_ids:
                self._messages[message_id] = replace(self._messages[message_id], room_id=space.id)

    # cards

    def submit(self, actor: Person, message_id: str, inputs: Mapping[str, Any]) -> Action:
        """Press a card's button; the card's author is told."""
        with self._ground.lock:
            message = self.get(actor, message_id)
            if not message.attachments:
                raise refusals.no_message()
            action = Action(
                id=self._ground.ids.new("ATTACHMENT_ACTION"),
                message_id=message_id,
                room_id=message.room_id,
                person=actor,
                inputs=dict(inputs),
                created=self._ground.clock(),
            )
            self._actions[action.id] = (action, message.person_id)
            self._tell_action(action, message.person_id)
            return action

    def action(self, actor: Person, action_id: str) -> Action:
        """Return an action to the card's author or to who pressed, else raise 404."""
        action, author_id = self._actions.get(action_id, (None, ""))
        if action is None or actor.id not in (author_id, action.person.id):
            raise refusals.no_action()
        return action

    # telling

    def _tell(self, event: str, space: Space, message: Message, actor_id: str) -> None:
        facts: dict[str, str | frozenset[str]] = {
            "roomId": space.id,
            "roomType": space.type,
            "personId": message.person_id,
            "personEmail": message.person_email.lower(),
            "mentionedPeople": frozenset(message.mentioned_people),
            "hasFiles": str(bool(message.files)).lower(),
            "hasAttachments": str(bool(message.attachments)).lower(),
        }
        self._ground.emit(
            Event(
                resource="messages",
                event=event,
                actor_id=actor_id,
                subject=message,
                facts=facts,
                visible=lambda owner: self.readable(owner, message, space),
            )
        )

    def _tell_action(self, action: Action, author_id: str) -> None:
        facts: dict[str, str | frozenset[str]] = {
            "messageId": action.message_id,
            "personId": action.person.id,
            "roomId": action.room_id,
        }
        self._ground.emit(
            Event(
                resource="attachmentActions",
                event="created",
                actor_id=action.person.id,
                subject=action,
                facts=facts,
                visible=lambda owner: owner.id == author_id,
            )
        )
