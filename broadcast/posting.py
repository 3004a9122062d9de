"""Posting what the bot itself has to say: into a thread, plainer or outside it where Webex does not take it."""

from collections.abc import Mapping, Sequence

from broadcast.buttons import card
from broadcast.errors import Refused
from broadcast.model import Broadcast, Content, Reply
from broadcast.ports import Gateway

REFUSED_FORMS = (400, 404, 413, 415)
"""What Webex answers where a card or a file is not taken, or the thread's first message is gone."""


def reply_about(
    broadcast: Broadcast, key: str, text: str, buttons: Sequence[tuple[str, Mapping[str, str]]] = ()
) -> Reply:
    """Return something to say in a broadcast's thread, as a card where there are buttons."""
    return Reply(
        key=key,
        markdown=text,
        space_id=broadcast.space_id,
        parent_id=broadcast.thread_id,
        card=card(text, buttons) if buttons else None,
    )


def post_in_thread(
    gateway: Gateway, space_id: str, text: str, *, thread_id: str | None, forms: Sequence[Content | None] = (None,)
) -> str:
    """Post a text with the first of the forms that is taken, in the thread if there is one; return the message's id."""
    *tries, last = [(parent, form) for parent in dict.fromkeys((thread_id, None)) for form in forms]
    for parent, form in tries:
        try:
            return gateway.post(space_id, text, parent_id=parent, content=form)
        except Refused as error:
            if error.status not in REFUSED_FORMS:
                raise
    return gateway.post(space_id, text, parent_id=last[0], content=last[1])
