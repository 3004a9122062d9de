"""The header of a broadcast in DynamoDB: who asked for it, where it stands. No I/O.

broadcasts  NUMBER   the header; it counts when `opened_at` is set, and as long as `dropped` is not
open        NUMBER   there is something to do about this broadcast, perhaps: it runs or was not reported
SOURCE      =ID      the number of the newest broadcast of a message
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from broadcast.ledger.dynamo_items import Item, Key, Value, in_order
from broadcast.ledger.dynamo_store import as_json, named
from broadcast.model import Broadcast, Change, Content, Counts, Draft, Form, Kind, SpaceKind, State, StoredFile

HEADERS = "broadcasts"
TO_DO = "open"


@dataclass(frozen=True, kw_only=True)
class Header:
    """A broadcast without its deliveries and texts.

    `counts` are those of its end; `planned` and `left_out` are numbers of the plan, `texts_kept` False after the report
    where nothing can be sent again. `texts_of` is the number of the edit, or its own, under which its texts are kept;
    `group_parts` and `direct_parts` say how many messages they are. `edited_by` is the key of the last edit.
    `reopened` counts how often it was sent again, `again` says which of its deliveries wait since the last time.
    """

    number: int
    source_id: str
    space_id: str
    thread_id: str
    sender_name: str
    sender_email: str
    is_private: bool
    form: Form
    has_card: bool
    texts_kept: bool
    file: StoredFile | None
    opened_at: float | None
    finished_at: float | None
    reported_at: float | None
    planned: int
    left_out: int
    counts: Counts | None
    is_dropped: bool
    kind: Kind
    root: int
    sender_id: str
    asked_at: float
    digest: str
    revision: int
    edited_by: str
    texts_of: int
    group_parts: int
    direct_parts: int
    cancelled_at: float | None
    reopened: int
    again: tuple[State, ...]

    @property
    def is_open(self) -> bool:
        """Whether it counts."""
        return self.opened_at is not None and not self.is_dropped

    @property
    def runs(self) -> bool:
        """Whether its deliveries are claimed."""
        return self.is_open and self.finished_at is None

    @property
    def is_cancelled(self) -> bool:
        """Whether what waits is to be skipped."""
        return self.cancelled_at is not None and self.finished_at is None

    def parts(self, kind: SpaceKind) -> int:
        """Return how many messages a space of a kind gets; 0 for a change, which takes as many steps as it takes."""
        if self.kind is not Kind.SEND:
            return 0
        return self.group_parts if kind is SpaceKind.GROUP else self.direct_parts

    @property
    def is_unreported(self) -> bool:
        """Whether its end is still to be told."""
        return self.is_open and self.finished_at is not None and self.reported_at is None


def header_key(number: int) -> Key:
    """Return where the header of a broadcast is."""
    return Key(HEADERS, in_order(number))


def to_do_key(number: int) -> Key:
    """Return where it says that there is something to do about a broadcast."""
    return Key(TO_DO, in_order(number))


def source_key(source_id: str) -> Key:
    """Return where the number of a message's broadcast is."""
    return Key("source", named(source_id))


def listed(header: Header) -> tuple[Key, ...]:
    """Return where it says of whom or of what a broadcast is."""
    if header.kind is not Kind.SEND:
        return (Key(changes_of(header.root), in_order(header.number)),)
    return (
        Key(in_thread(header.thread_id), in_order(header.number)),
        Key(by_sender(header.sender_id), in_order(header.number)),
    )


def changes_of(root: int) -> str:
    """Return the partition of the changes of a broadcast."""
    return f"changes#{root}"


def in_thread(thread_id: str) -> str:
    """Return the partition of the broadcasts of a thread."""
    return f"thread{named(thread_id)}"


def by_sender(sender_id: str) -> str:
    """Return the partition of the broadcasts of a sender."""
    return f"sender{named(sender_id)}"


def staged(number: int, draft: Draft) -> dict[str, Value]:
    """Return the attributes of a header that does not count yet."""
    return {
        **_of_content(number, draft.content),
        "kind": Kind.SEND.value,
        "root": number,
        "source_id": draft.source_id,
        "space_id": draft.space_id,
        "thread_id": draft.thread_id,
        "sender_id": draft.sender.id,
        "sender_name": draft.sender.name,
        "sender_email": draft.sender.email,
        "is_private": draft.is_private,
        "asked_at": draft.asked_at,
    }


def staged_change(number: int, change: Change, root: Header) -> dict[str, Value]:
    """Return the attributes of the header of an edit or a recall that does not count yet."""
    return {
        **_of_content(number, change.content),
        "kind": change.kind.value,
        "root": root.number,
        "source_id": change.key,
        "space_id": root.space_id,
        "thread_id": root.thread_id,
        "sender_id": root.sender_id,
        "sender_name": root.sender_name,
        "sender_email": root.sender_email,
        "is_private": root.is_private,
        "asked_at": change.asked_at,
    }


def _of_content(number: int, content: Content) -> dict[str, Value]:
    return {
        "number": number,
        "form": content.form.value,
        "has_card": content.card is not None,
        "texts_kept": bool(content.group_parts),
        "file": _file_to_json(content.file),
        "digest": content.digest,
        "revision": 0,
        "texts_of": number,
        "group_parts": len(content.group_parts),
        "direct_parts": len(content.direct_parts),
    }


def header_of(item: Item) -> Header:
    """Return the header of an item."""
    return Header(
        number=item.number("number"),
        source_id=item.text("source_id"),
        space_id=item.text("space_id"),
        thread_id=item.text("thread_id"),
        sender_name=item.text("sender_name"),
        sender_email=item.text("sender_email"),
        is_private=item.flag("is_private"),
        form=Form(item.text("form")),
        has_card=item.flag("has_card"),
        texts_kept=item.flag("texts_kept"),
        file=_file_of(item.text("file", "")),
        opened_at=item.time_if_any("opened_at"),
        finished_at=item.time_if_any("finished_at"),
        reported_at=item.time_if_any("reported_at"),
        planned=item.number("planned", 0),
        left_out=item.number("left_out", 0),
        counts=Counts(**json.loads(item.text("counts"))) if "counts" in item else None,
        is_dropped=item.flag("dropped"),
        kind=Kind(item.text("kind")),
        root=item.number("root"),
        sender_id=item.text("sender_id"),
        asked_at=item.time("asked_at"),
        digest=item.text("digest"),
        revision=item.number("revision"),
        edited_by=item.text("edited_by", ""),
        texts_of=item.number("texts_of"),
        group_parts=item.number("group_parts"),
        direct_parts=item.number("direct_parts"),
        cancelled_at=item.time_if_any("cancelled_at"),
        reopened=item.number("reopened", 0),
        again=tuple(map(State, item.text("again", "").split())),
    )


def broadcast_of(header: Header, counts: Counts) -> Broadcast:
    """Return a broadcast that counts."""
    return Broadcast(
        number=header.number,
        source_id=header.source_id,
        space_id=header.space_id,
        thread_id=header.thread_id,
        sender_name=header.sender_name,
        sender_email=header.sender_email,
        opened_at=header.opened_at or 0.0,
        finished_at=header.finished_at,
        card_refused=header.has_card and header.form is Form.FILE,
        counts=counts,
        kind=header.kind,
        root=header.root,
        sender_id=header.sender_id,
        form=header.form,
        digest=header.digest,
        cancelled_at=header.cancelled_at,
        is_private=header.is_private,
    )


def texts_to_json(content: Content) -> str:
    """Return what a broadcast says as one text."""
    return as_json([content.group_parts, content.direct_parts, content.card])


def content_of(header: Header, texts: str) -> Content:
    """Return what goes out."""
    group, direct, card = json.loads(texts) if texts else ((), (), None)
    return Content(
        group_parts=tuple(group),
        direct_parts=tuple(direct),
        form=header.form,
        card=card,
        file=header.file,
        revision=header.revision,
    )


def _file_to_json(file: StoredFile | None) -> str | None:
    return None if file is None else as_json({**asdict(file), "path": str(file.path)})


def _file_of(text: str) -> StoredFile | None:
    if not text:
        return None
    values: dict[str, Any] = json.loads(text)
    return StoredFile(**{**values, "path": Path(values["path"])})
