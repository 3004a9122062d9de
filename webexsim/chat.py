"""What a person does at the page: write, reply in a thread, edit, delete, press a card's button. No HTTP, no settings.

A reply in a group space mentions the bot by itself, and so does an edit of a message that mentioned it: the page has
no list of names to choose from, and without the mention the bot would hear nothing.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from webexsim import markup, refusals
from webexsim.model import Draft, Message, Person, Space
from webexsim.storage import SimFile
from webexsim.world import World

Asked = Mapping[str, Any]
COMMAND = "/"  # what begins with it is a question to the bot, not a message to pass on


class Chat:
    """The page's hands in a world; the bot it speaks of is the world's first.

    `typed` is what was written, before it became html, by the message's id: it is what one edits.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self.typed: dict[str, str] = {}

    @property
    def bot(self) -> Person | None:
        """The bot one writes to."""
        return next((person for person in list(self._world.directory.people.values()) if person.is_bot), None)

    def asks_for_a_broadcast(self, asked: Asked) -> bool:
        """Say whether the bot would pass this on: meant for it, no reply, no command."""
        if asked.get("parent_id") or str(asked.get("text", "")).startswith(COMMAND) or self.bot is None:
            return False
        space = self._space(asked)
        return bool(asked.get("mention_bot")) or (space.type == "direct" and self.bot.id in space.members)

    def say(self, asked: Asked) -> Message:
        """Write into a space, or under the message `parent_id`; raise the API's refusals."""
        person, space, text = self._person(asked), self._space(asked), str(asked.get("text", ""))
        is_reply_in_group = bool(asked.get("parent_id")) and space.type == "group"
        draft = self._draft(text, mention_bot=bool(asked.get("mention_bot")) or is_reply_in_group)
        message = self._world.say(
            person,
            space,
            draft.text,
            html=draft.html,
            mention=[self._world.directory.people[person_id] for person_id in draft.mentioned_people],
            mention_all=bool(draft.mentioned_groups),
            files=_files(asked.get("file")),
            parent=self._world.board.get(person, str(asked["parent_id"])) if asked.get("parent_id") else None,
        )
        self.typed[message.id] = text
        return message

    def edit(self, asked: Asked) -> Message:
        """Put new words into one's own message; its files stay."""
        person, text = self._person(asked), str(asked.get("text", "")).strip()
        if not text:
            raise refusals.nothing_to_say()
        before = self._world.board.get(person, _message_id(asked))
        mentioned = self.bot is not None and self.bot.id in before.mentioned_people
        message = self._world.board.revise(person, before.id, self._draft(text, mention_bot=mentioned))
        self.typed[message.id] = text
        return message

    def delete(self, asked: Asked) -> None:
        """Remove one's own message."""
        self._world.board.delete(self._person(asked), _message_id(asked))

    def press(self, asked: Asked) -> str:
        """Press the button of a card with what is filled in; return the action's id."""
        inputs = asked.get("inputs")
        if not isinstance(inputs, dict):
            raise refusals.bad_field("inputs")
        return self._world.board.submit(self._person(asked), _message_id(asked), inputs).id

    def _person(self, asked: Asked) -> Person:
        return self._world.directory.person(str(asked.get("person_id", "")))

    def _space(self, asked: Asked) -> Space:
        space = self._world.directory.spaces.get(str(asked.get("room_id", "")))
        if space is None:
            raise refusals.no_room()
        return space

    def _draft(self, text: str, *, mention_bot: bool) -> Draft:
        bot = self.bot if mention_bot else None
        start = f"<@personId:{bot.id}|{bot.first_name}> " if bot else ""
        done = markup.render(start + text, self._world.directory.find)
        return Draft(text=done.text, html=done.html, mentioned_people=done.people, mentioned_groups=done.groups)


def _message_id(asked: Asked) -> str:
    return str(asked.get("message_id", ""))


def _files(asked: Any) -> list[SimFile]:
    if not asked:
        return []
    if not isinstance(asked, dict):
        raise refusals.bad_field("file")
    try:
        content = base64.b64decode(str(asked.get("base64", "")), validate=True)
    except binascii.Error:
        raise refusals.bad_field("file") from None
    kind = str(asked.get("type") or "application/octet-stream")
    return [SimFile(str(asked.get("name") or "file"), content, kind)]
