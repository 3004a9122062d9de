"""Reading the message that an event is about, as it is now."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from broadcast.errors import Refused, TryLater
from broadcast.model import Job, Message, Press
from broadcast.services import Services

TRIES_FOR_A_MISSING_MESSAGE = 5
LOOKS_AGAIN = 2
Item = TypeVar("Item")


def fetch(bot: Services, job: Job) -> Message | None:
    """Return the message of an event; None if it is gone, `TryLater` while it may still come."""

    def read() -> Message:
        found = bot.gateway.message(job.event.id)
        return found if found.space_kind else replace(found, space_kind=bot.gateway.space(found.space_id).kind)

    message = _expected(job, read, "Webex does not know the message")
    if message is None:
        bot.log.warning("message.gone", message_id=job.event.id)
    return message


def fetch_press(bot: Services, job: Job) -> Press | None:
    """Return the press of a button that an event is about; None if it is gone, `TryLater` while it may still come."""
    return _expected(job, lambda: bot.gateway.press(job.event.id), "Webex does not know the press")


def _expected(job: Job, read: Callable[[], Item], fault: str) -> Item | None:
    """Return what is read; right after its event Webex may not know it yet (WebexPythonSDK issues 70 and 83)."""
    try:
        return read()
    except Refused as error:
        if error.status != 404:
            raise
        if job.attempts < TRIES_FOR_A_MISSING_MESSAGE:
            raise TryLater(fault, seconds=2**job.attempts, holds=False) from error
        return None


def look_again(job: Job, what: str) -> None:
    """Raise `TryLater` at first: Webex may show for a moment what was before the event."""
    if job.attempts < LOOKS_AGAIN:
        raise TryLater(what, seconds=2**job.attempts, holds=False)


def fetch_again(bot: Services, message_id: str) -> Message | None:
    """Return a message as it is now, None if it is gone or no longer for the bot to read."""
    try:
        return bot.gateway.message(message_id)
    except Refused as error:
        if error.status not in (403, 404):
            raise
        return None
