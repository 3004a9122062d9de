"""Where the bot is a member: looking, and leaving with a word. The rules are in `policy.py`."""

from broadcast.errors import Refused, WebexError
from broadcast.markup import inline
from broadcast.model import Event, Person
from broadcast.services import Services


def leave(bot: Services, event: Event, me: Person) -> str:
    """Say why, once, and leave a space; leave even if the word cannot be posted."""
    if bot.ledger.once(f"farewell:{event.key}", bot.clock.now()):
        try:
            bot.gateway.post(event.space_id, _farewell(bot, me))
        except WebexError as error:
            bot.log.warning("farewell.failed", room_id=event.space_id, error=str(error))
    bot.gateway.leave(event.id)
    return "left"


def _farewell(bot: Services, me: Person) -> str:
    try:
        return bot.texts.say("outside_org", org=inline(bot.gateway.organization_name(me.org_id or "")))
    except WebexError:
        return bot.texts.say("outside_org_unnamed")


def is_member(bot: Services, membership_id: str) -> bool:
    """Whether a membership of the bot is there."""
    try:
        bot.gateway.membership(membership_id)
    except Refused as error:
        if error.status in (403, 404):
            return False
        raise
    return True
