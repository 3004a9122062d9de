"""What goes out: a message as read from Webex becomes the texts, the card or the file of a broadcast.

Fetches the first file, once. Posts nothing: what the sender must be told comes back as notes.
"""

import hashlib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from broadcast.cards import MAX_CARD_BYTES, attachment, find_card, looks_like_json
from broadcast.compose import letter
from broadcast.errors import FileRefused, Refused, TryLater, WebexError
from broadcast.files import fetch
from broadcast.links import same
from broadcast.markup import from_markdown, from_text, inline, mentions, strip_name, to_markdown
from broadcast.model import Content, Form, Message, Person, SpaceKind, StoredFile
from broadcast.ports import Gateway
from broadcast.retry import is_permanent
from broadcast.texts import Texts

LARGEST_FILE_MB = 100


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """What a message amounts to: `content` None where nothing is left to send; `notes` are texts for the sender."""

    content: Content | None
    notes: tuple[str, ...] = ()


def is_visible(text: str) -> bool:
    """Whether there is anything to see: blanks and invisible characters are nothing."""
    return any(not (char.isspace() or unicodedata.category(char) == "Cf") for char in text)


def is_for_me(message: Message, me: Person) -> bool:
    """Whether the bot is spoken to: always in a 1-1, by a mention of its own in a group space (@all is none)."""
    if message.space_kind is SpaceKind.DIRECT:
        return True
    mentioned = (*message.mentioned_people, *mentions(message.html))
    return any(same(person_id, me.id) for person_id in mentioned)


def body_of(message: Message, me: Person, *, allow_all: bool) -> str:
    """Return the message as markdown, without the mention of the bot."""
    if message.html:
        body = to_markdown(message.html, is_me=lambda person_id: same(person_id, me.id), allow_all=allow_all)
        # Html that shows nothing, and is not the mention alone, is made up for by the text.
        if is_visible(body) or mentions(message.html):
            return body
    if message.markdown:
        return from_markdown(message.markdown, allow_all=allow_all).strip()
    is_mentioned = message.space_kind is SpaceKind.GROUP
    text = strip_name(message.text, [me.name, *me.name.split()[:1]]) if is_mentioned else message.text
    return from_text(text, allow_all=allow_all)


class Intake:
    """Takes messages in. `folder` is where files are kept until their broadcast ends."""

    def __init__(self, gateway: Gateway, folder: Path) -> None:
        self._gateway = gateway
        self._folder = folder

    def take(
        self, message: Message, sender: Person, me: Person, *, texts: Texts, allow_all: bool, is_last_try: bool
    ) -> Parcel:
        """Return what is to be sent; raise `TryLater` or a `WebexError` while the file may still come."""
        notes: list[str] = []
        body = body_of(message, me, allow_all=allow_all)
        file = self._first_file(message, texts, notes, is_last_try=is_last_try)
        if not is_visible(body) and file is None:
            notes.append(texts.say("nothing_left" if message.file_urls else "hint_empty"))
            return Parcel(content=None, notes=tuple(notes))
        if len(message.file_urls) > 1:
            notes.append(self._left_out(message.file_urls[1:], texts))
        return Parcel(content=content_of(body, sender, file, texts), notes=tuple(notes))

    def _first_file(self, message: Message, texts: Texts, notes: list[str], *, is_last_try: bool) -> StoredFile | None:
        if not message.file_urls:
            return None
        place = self._folder / hashlib.sha256(message.id.encode()).hexdigest()[:32]
        try:
            return self._fetch(message.file_urls[0], place, texts, notes)
        except FileRefused as error:
            notes.append(texts.say(error.code, name=inline(error.name), limit_mb=LARGEST_FILE_MB))
        except WebexError as error:
            is_scanned = isinstance(error, Refused) and error.status == 423
            if not (is_last_try or is_permanent(error)):
                raise (_scanning(error) if is_scanned else error) from error
            key = "file_scan_timeout" if is_scanned else "file_failed"
            notes.append(texts.say(key, name="", reason=inline(error.fault)))
        return None

    def _fetch(self, url: str, place: Path, texts: Texts, notes: list[str]) -> StoredFile:
        file, is_scanned = fetch(self._gateway, url, place)
        if not is_scanned:
            notes.append(texts.say("file_unscannable", name=inline(file.name)))
        return file

    def _left_out(self, urls: Sequence[str], texts: Texts) -> str:
        names = [self._name_of(url) for url in urls]
        if not any(names):
            return texts.say("files_left_out", count=len(urls))
        return texts.say("files_left_out_names", names=", ".join(inline(name) or "…" for name in names))

    def _name_of(self, url: str) -> str:
        """Return the name of a file, nothing where Webex does not tell."""
        try:
            return self._gateway.file_name(url)
        except (FileRefused, WebexError):
            return ""


def content_of(body: str, sender: Person, file: StoredFile | None, texts: Texts) -> Content:
    """Return the letter for every kind of space, with the card or file."""
    name, email = inline(sender.name or sender.email), inline(sender.email)
    direct_key = "identity_direct" if email else "identity_direct_no_email"
    group_parts, direct_parts = letter(
        body,
        group_identity=texts.say("identity_group", id=sender.id, name=name),
        direct_identity=texts.say(direct_key, name=name, email=email),
    )
    card = _card_in(file)
    form = Form.UNTRIED if card else Form.FILE if file else Form.TEXT
    return Content(group_parts=group_parts, direct_parts=direct_parts, form=form, card=card, file=file)


def _scanning(error: WebexError) -> TryLater:
    return TryLater("Webex is still scanning the file", seconds=getattr(error, "retry_after", None))


def _card_in(file: StoredFile | None) -> str | None:
    is_candidate = file and looks_like_json(file.content_type, file.name) and file.size <= MAX_CARD_BYTES
    card = find_card(file.path.read_bytes()) if file and is_candidate else None
    return attachment(card) if card else None
