"""The limits of one posted message, as the API reference for POST /messages gives them. Asks nothing about the room."""

from webexsim import cards, refusals
from webexsim.model import Draft

TEXT_BYTES = 7439
FILE_BYTES = 100 * 1024 * 1024
EDITS = 10


def check(draft: Draft) -> None:
    """Raise the 400 that fits a message no room would take."""
    if sum(map(bool, (draft.room_id, draft.to_person_id, draft.to_person_email))) != 1:
        raise refusals.one_destination()
    if not (draft.text or draft.markdown or draft.files or draft.attachments):
        raise refusals.nothing_to_say()
    check_length(draft.text, draft.markdown)
    if len(draft.files) > 1:
        raise refusals.one_file()
    if any(file.size > FILE_BYTES for file in draft.files):
        raise refusals.file_too_large()
    cards.check(draft.attachments)


def check_length(text: str, markdown: str) -> None:
    """Raise the 400 for a text or a markdown of more than 7439 bytes of UTF-8 each."""
    if max(len(text.encode()), len(markdown.encode())) > TEXT_BYTES:
        raise refusals.too_long()
