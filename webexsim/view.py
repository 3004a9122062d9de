"""What the page is shown of a world: people, spaces, messages since last time. Changes nothing."""

from typing import Any

from webexsim import wire
from webexsim.model import Message, Person, Space
from webexsim.storage import SimFile
from webexsim.world import World

Json = dict[str, Any]
MOST_MESSAGES = 20_000


def person(someone: Person) -> Json:
    """A person for the page."""
    return {
        "id": someone.id,
        "name": someone.display_name,
        "email": someone.email,
        "org": someone.org.name,
        "role": someone.role,
    }


def space(room: Space) -> Json:
    """A space for the page; `members` are person ids, `messages` is how many it holds."""
    return {
        "id": room.id,
        "title": " – ".join(it.display_name for it in room.pair) if room.pair else room.title,
        "type": room.type,
        "owner": room.owner.name,
        "announcement_only": room.announcement_only,
        "read_only": room.read_only,
        "members": list(room.members),
        "messages": len(room.message_ids),
    }


def news(world: World, since: int) -> Json:
    """Return what was said or changed after entry `since` of the journal, each message once as it now is.

    At most the newest 20 000 entries are looked at; `gone` are the messages removed since.
    """
    first = max(0, since, len(world.board.journal) - MOST_MESSAGES)
    latest = {entry.message_id: (seq, entry, said) for seq, entry, said in world.board.since(first)}
    return {
        "messages": [_message(world, seq, said) for seq, _, said in latest.values() if said],
        "gone": [_gone(seq, entry.gone) for seq, entry, _ in latest.values() if entry.gone],
    }


def _gone(seq: int, was: Message) -> Json:
    return {
        "seq": seq,
        "id": was.id,
        "room_id": was.room_id,
        "from_id": was.person_id,
        "parent_id": was.parent_id,
        "created": wire.when(was.created),
    }


def _message(world: World, seq: int, said: Message) -> Json:
    return {
        "seq": seq,
        "id": said.id,
        "room_id": said.room_id,
        "from": world.directory.people[said.person_id].display_name,
        "from_id": said.person_id,
        "text": said.text,
        "markdown": said.markdown,
        "html": said.html,
        "parent_id": said.parent_id,
        "files": [_file(file) for file in said.files],
        "card": next((it.get("content") for it in said.attachments), None),
        "created": wire.when(said.created),
        "updated": wire.when(said.updated) if said.updated else None,
    }


def _file(file: SimFile) -> Json:
    return {"name": file.name, "type": file.content_type, "size": file.size}


def run(world: World, bot: Person | None, first: int) -> Json:
    """Count the spaces the bot is in, and those it has written to since journal entry `first` (answers not counted)."""
    if bot is None:
        return {"total": 0, "arrived": 0}
    said = (message for _, _, message in world.board.since(first) if message)
    reached = {message.room_id for message in said if message.person_id == bot.id and not message.parent_id}
    return {"total": len(world.directory.spaces_of(bot)), "arrived": len(reached)}
