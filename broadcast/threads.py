"""Words in a thread of which no broadcast is known: not yet, not any more, or because it is none of the bot's."""

from broadcast.errors import TryLater
from broadcast.links import same
from broadcast.model import Job, Message, Person, Reply, SpaceKind
from broadcast.reading import fetch_again
from broadcast.services import Services

TRIES_FOR_A_WORD = 4
TRIES_ELSEWHERE = 2
"""Fewer where people may be talking among themselves: what they say must not wait for long."""


def on_stray_word(bot: Services, job: Job, message: Message, sender: Person) -> str:
    """Keep a word of steering from being passed on; return the outcome, or nothing where it is a message.

    `TryLater` at first: it may have come before the message that it is about could be read.
    """
    is_own = _is_own_thread(bot, message, sender)
    if is_own is False:
        return ""
    if job.attempts < (TRIES_FOR_A_WORD if is_own else TRIES_ELSEWHERE):
        raise TryLater("no broadcast is known in this thread yet", seconds=2**job.attempts, holds=False)
    if is_own is None:
        return ""
    text = bot.texts.say("steer_unknown")
    bot.say(Reply(key=f"word:{message.id}", markdown=text, space_id=message.space_id, parent_id=message.thread_id))
    return "no broadcast in this thread"


def _is_own_thread(bot: Services, message: Message, sender: Person) -> bool | None:
    """Whether a reply stands under a message of its writer's or the bot's; None where nobody can tell in a group space.

    In a 1-1 what cannot be read was one of theirs.
    """
    above = fetch_again(bot, message.parent_id) if message.parent_id else None
    if above is None:
        return True if message.space_kind is SpaceKind.DIRECT else None
    return same(above.person_id, sender.id) or same(above.person_id, bot.me().id)
