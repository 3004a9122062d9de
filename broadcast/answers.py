"""What Webex's JSON means: each function turns one item of an answer into a record of ours.

What may be missing or null may be; an item without an id, or with a part of an odd type, raises LookupError, TypeError,
ValueError or AttributeError. No I/O.
"""

from typing import Any

from broadcast.escapes import without_halves
from broadcast.events import iso_time
from broadcast.model import Membership, Message, Person, Press, Space, SpaceKind, Webhook

Json = dict[str, Any]


def clean(value: Any) -> Any:
    """Return JSON with half characters (lone surrogates) replaced: no database and no request takes them."""
    if isinstance(value, str):
        return without_halves(value)
    if isinstance(value, dict):
        return {name: clean(one) for name, one in value.items()}
    return [clean(one) for one in value] if isinstance(value, list) else value


def id_in(item: Json) -> str:
    """Return the id of whatever Webex describes."""
    if not isinstance(item["id"], str):
        raise TypeError("the id is no text")
    return item["id"]


def person(item: Json) -> Person:
    """Return a person or a bot."""
    emails = tuple(str(email) for email in item.get("emails") or ())
    return Person(
        id=id_in(item),
        name=str(item.get("displayName") or item.get("nickName") or (emails[0] if emails else "")),
        emails=emails,
        org_id=item.get("orgId"),
        is_bot=item.get("type") == "bot",
        is_person=item.get("type") == "person",
        avatar=item.get("avatar"),
    )


def space(item: Json) -> Space:
    """Return a space."""
    return Space(
        id=id_in(item),
        title="" if _has_no_key(item, "title") else str(item.get("title") or ""),
        kind=_kind(item.get("type")),
        owner_id=item.get("ownerId"),
        announcement_only=item.get("isAnnouncementOnly") is True,
        read_only=item.get("isReadOnly") is True,
        last_activity=iso_time(item.get("lastActivity") or ""),
    )


def membership(item: Json) -> Membership:
    """Return a membership."""
    return Membership(
        id=id_in(item),
        space_id=str(item["roomId"]),
        person_id=str(item["personId"]),
        person_org_id=item.get("personOrgId"),
        moderator=item.get("isModerator") is True,
        space_kind=_kind(item.get("roomType")),
    )


def message(item: Json) -> Message:
    """Return a message; `space_kind` is None where Webex does not say."""
    return Message(
        id=id_in(item),
        space_id=str(item["roomId"]),
        space_kind=_kind(item["roomType"]) if item.get("roomType") else None,
        person_id=str(item["personId"]),
        text=str(item.get("text") or ""),
        html=str(item.get("html") or ""),
        markdown=str(item.get("markdown") or ""),
        file_urls=tuple(str(url) for url in item.get("files") or ()),
        mentioned_people=tuple(str(person) for person in item.get("mentionedPeople") or ()),
        parent_id=item.get("parentId"),
        created=iso_time(item.get("created") or ""),
    )


def press(item: Json) -> Press:
    """Return the press of a button."""
    inputs = item.get("inputs") or {}
    return Press(
        id=id_in(item),
        message_id=str(item["messageId"]),
        space_id=str(item.get("roomId") or ""),
        person_id=str(item["personId"]),
        inputs={name: value for name, value in inputs.items() if isinstance(value, str)},
    )


def webhook(item: Json) -> Webhook:
    """Return a webhook."""
    return Webhook(
        id=id_in(item),
        name=str(item.get("name") or ""),
        resource=str(item["resource"]),
        event=str(item["event"]),
        target_url=str(item["targetUrl"]),
        filter=item.get("filter"),
        secret=item.get("secret"),
        status=str(item.get("status") or "active"),
    )


def _has_no_key(item: Json, name: str) -> bool:
    """Whether Webex shows a field as ciphertext, because its key cannot be had just now."""
    errors = item.get("errors")
    return isinstance(errors, dict) and name in errors


def _kind(text: object) -> SpaceKind:
    return SpaceKind.DIRECT if text == SpaceKind.DIRECT else SpaceKind.GROUP
