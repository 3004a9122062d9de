"""Where the bot is a member: looking, and leaving with a word, asking for a role. The rules are in `policy.py`."""

from broadcast.errors import Refused, WebexError
from broadcast.links import space_link
from broadcast.markup import inline
from broadcast.model import Event, Person, Reply, Space
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


def ask_for_promotion(bot: Services, event: Event, space: Space) -> str:
    """Ask who added the bot to be made a moderator, in a 1-1."""
    text = bot.texts.say("make_moderator", space=inline(space.title), link=space_link(space.id))
    bot.say(Reply(key=f"moderator:{event.key}", markdown=text, person_id=event.actor_id))
    return "asked for promotion"


def is_member(bot: Services, membership_id: str) -> bool:
    """Whether a membership of the bot is there."""
    try:
        bot.gateway.membership(membership_id)
    except Refused as error:
        if error.status in (403, 404):
            return False
        raise
    return True
