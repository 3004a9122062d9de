"""How the things of a world look in JSON, in Webex's words. Knows no rules and opens no sockets."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from webexsim.ids import bare
from webexsim.model import Action, Event, Membership, Message, Org, Person, Space, Webhook

Json = dict[str, Any]


def when(seconds: float) -> str:
    """Return a time as Webex writes it: UTC, milliseconds, Z."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def organization(org: Org) -> Json:
    """An organization."""
    return {"id": org.id, "displayName": org.name, "created": when(org.created)}


def person(someone: Person, viewer: Person) -> Json:
    """A person or a bot; presence is for the same organization only."""
    shown: Json = {
        "id": someone.id,
        "emails": [someone.email],
        "displayName": someone.display_name,
        "nickName": someone.first_name,
        "orgId": someone.org.id,
        "created": when(someone.created),
        "type": someone.type,
    }
    if someone.avatar:
        shown["avatar"] = someone.avatar
    if not someone.is_bot:
        shown["firstName"], _, shown["lastName"] = someone.display_name.partition(" ")
        if someone.org.id == viewer.org.id:
            shown["status"] = "active"
    return shown


def room(space: Space, viewer: Person | None, *, listed: bool = False) -> Json:
    """A room; the title of a direct one is the other person's name. A list may hide who owns it."""
    shown: Json = {
        "id": space.id,
        "title": _title(space, viewer),
        "type": space.type,
        "isLocked": space.locked,
        "lastActivity": when(space.last_activity),
        "creatorId": space.creator_id,
        "created": when(space.created),
        "ownerId": space.owner.id,
        "isPublic": False,
        "isReadOnly": space.read_only,
        "isAnnouncementOnly": space.announcement_only,
    }
    if listed and space.owner_id_hidden:
        del shown["ownerId"]
    return shown


def _title(space: Space, viewer: Person | None) -> str:
    if space.pair is None or viewer is None:
        return space.title
    one, other = space.pair
    return other.display_name if viewer.id == one.id else one.display_name


def membership(member: Membership) -> Json:
    """A membership."""
    return {
        "id": member.id,
        "roomId": member.room_id,
        "roomType": member.room_type,
        "personId": member.person.id,
        "personEmail": member.person.email,
        "personDisplayName": member.person.display_name,
        "personOrgId": member.person.org.id,
        "isModerator": member.is_moderator,
        "isMonitor": False,
        "isRoomHidden": False,
        "created": when(member.created),
    }


def message(said: Message, base: str) -> Json:
    """A message; `base` is the API's root with its slash, for the URLs of files."""
    shown: Json = {"id": said.id, "roomId": said.room_id, "roomType": said.room_type}
    shown |= {"text": said.text} if said.text else {}
    shown |= {"markdown": said.markdown} if said.markdown else {}
    shown |= {"html": said.html} if said.html else {}
    shown |= {"parentId": said.parent_id} if said.parent_id else {}
    shown |= {"attachments": list(said.attachments)} if said.attachments else {}
    shown |= {"updated": when(said.updated)} if said.updated else {}
    return shown | _author(said) | _extras(said, base)


def _author(said: Message) -> Json:
    return {"personId": said.person_id, "personEmail": said.person_email, "created": when(said.created)}


def _extras(said: Message, base: str) -> Json:
    shown: Json = {}
    if said.files:
        shown["files"] = [f"{base}contents/{file.id}" for file in said.files]
    if said.mentioned_people:
        shown["mentionedPeople"] = list(said.mentioned_people)
    if said.mentioned_groups:
        shown["mentionedGroups"] = list(said.mentioned_groups)
    return shown


def action(pressed: Action) -> Json:
    """A card's button that was pressed, with what was filled in."""
    return _pressed(pressed) | {"inputs": dict(pressed.inputs)}


def _pressed(pressed: Action) -> Json:
    return {
        "id": pressed.id,
        "type": "submit",
        "messageId": pressed.message_id,
        "personId": pressed.person.id,
        "roomId": pressed.room_id,
        "created": when(pressed.created),
    }


def webhook(hook: Webhook) -> Json:
    """A webhook, its secret included, as the API shows it to its owner."""
    shown: Json = {
        "id": hook.id,
        "name": hook.name,
        "targetUrl": hook.target_url,
        "resource": hook.resource,
        "event": hook.event,
        "orgId": bare(hook.owner.org.id),
        "createdBy": hook.owner.id,
        "appId": hook.owner.id,
        "ownedBy": "creator",
        "status": hook.status,
        "created": when(hook.created),
    }
    shown |= {"filter": hook.filter} if hook.filter else {}
    return shown | ({"secret": hook.secret} if hook.secret else {})


def envelope(hook: Webhook, event: Event, base: str) -> Json:
    """The body that a webhook's target is sent; a firehose webhook names what really happened."""
    shown = webhook(hook) | {"resource": event.resource, "event": event.event, "actorId": event.actor_id}
    shown.pop("secret", None)
    return shown | {"data": _data(event.subject, base)}


def _data(subject: Message | Membership | Space | Action, base: str) -> Json:
    if isinstance(subject, Message):
        ids = {"id": subject.id, "roomId": subject.room_id, "roomType": subject.room_type}
        return ids | _author(subject) | _extras(subject, base)
    if isinstance(subject, Membership):
        return membership(subject)
    return room(subject, None) if isinstance(subject, Space) else _pressed(subject)


def error(message_text: str, details: tuple[str, ...], tracking_id: str) -> Json:
    """The body of a refusal."""
    errors: list[Mapping[str, str]] = [{"description": detail} for detail in details]
    return {"message": message_text, "errors": errors, "trackingId": tracking_id}
