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
from broadcast.model import Broadcast, Content, Counts, Draft, Form, StoredFile

HEADERS = "broadcasts"
TO_DO = "open"


@dataclass(frozen=True, kw_only=True)
class Header:
    """A broadcast without its deliveries and texts.

    `counts` are those of its end; `planned` and `left_out` are numbers of the plan, `texts_kept` False after the report
    where nothing can be sent again.
    """

    number: int
    source_id: str
    space_id: str
    thread_id: str
    sender_name: str
    sender_email: str
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

    @property
    def is_open(self) -> bool:
        """Whether it counts."""
        return self.opened_at is not None and not self.is_dropped

    @property
    def runs(self) -> bool:
        """Whether its deliveries are claimed."""
        return self.is_open and self.finished_at is None

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


def staged(number: int, draft: Draft) -> dict[str, Value]:
    """Return the attributes of a header that does not count yet."""
    return {
        "number": number,
        "source_id": draft.source_id,
        "space_id": draft.space_id,
        "thread_id": draft.thread_id,
        "sender_id": draft.sender.id,
        "sender_name": draft.sender.name,
        "sender_email": draft.sender.email,
        "form": draft.content.form.value,
        "has_card": draft.content.card is not None,
        "texts_kept": True,
        "file": _file_to_json(draft.content.file),
        "asked_at": draft.asked_at,
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
    )


def texts_to_json(content: Content) -> str:
    """Return what a broadcast says as one text."""
    return as_json([content.group_parts, content.direct_parts, content.card])


def content_of(header: Header, texts: str) -> Content:
    """Return what goes out."""
    group, direct, card = json.loads(texts) if texts else ((), (), None)
    return Content(group_parts=tuple(group), direct_parts=tuple(direct), form=header.form, card=card, file=header.file)


def _file_to_json(file: StoredFile | None) -> str | None:
    return None if file is None else as_json({**asdict(file), "path": str(file.path)})


def _file_of(text: str) -> StoredFile | None:
    if not text:
        return None
    values: dict[str, Any] = json.loads(text)
    return StoredFile(**{**values, "path": Path(values["path"])})
