"""The doctor on what Webex says: whose the token is, what time it is there, what organization the bot belongs to."""

from collections.abc import Iterator

from broadcast.doctor.addresses import shown
from broadcast.doctor.findings import Finding, fault, mind, ok, unseen, wrong
from broadcast.errors import Refused, WebexError
from broadcast.model import Person
from broadcast.services import Services

MOST_SECONDS_APART = 60


def ask(bot: Services) -> tuple[Person | None, list[Finding]]:
    """Return the owner of the token, None if Webex does not say, and what was learnt of token and clock."""
    if not bot.settings.token:
        remedy = "Make a bot at https://developer.webex.com/my-apps/new/bot and put its token into .env."
        return None, [wrong("token", "WEBEX_TEAMS_ACCESS_TOKEN is not set.", remedy), *_unasked("account", "clock")]
    try:
        me = bot.gateway.me()
    except Refused as error:
        # Even a refusal tells what time it is at Webex.
        return None, [_refusal(error), _clock(bot), *_unasked("account")]
    except WebexError as error:
        remedy = f"See that this machine may open {shown(bot.settings.api_base_url)}: firewall, proxy, name server."
        return None, [wrong("token", f"Webex does not answer: {fault(error)}.", remedy), *_unasked("account", "clock")]
    return me, [ok("token", "Webex accepts it."), _clock(bot)]


def _unasked(*subjects: str) -> Iterator[Finding]:
    for subject in (*subjects, "webhooks"):
        yield unseen(subject, "Not looked at, because Webex did not answer with the bot's account.")


def _refusal(error: Refused) -> Finding:
    if error.status == 401:
        remedy = "Renew it at https://developer.webex.com/my-apps and put it into WEBEX_TEAMS_ACCESS_TOKEN."
        return wrong("token", "Webex does not accept it.", remedy)
    return wrong("token", f"Webex does not say whose it is: {fault(error)}.", "Try again in a few minutes.")


def _clock(bot: Services) -> Finding:
    behind = bot.gateway.time_at_webex() - bot.clock.now()
    if abs(behind) <= MOST_SECONDS_APART:
        return ok("clock", "This machine and Webex agree on the time.")
    where = "behind" if behind > 0 else "ahead of"
    says = f"This machine's clock is {abs(behind):.0f} seconds {where} Webex's."
    return wrong("clock", says, "Let it be set by NTP, for example: timedatectl set-ntp true")


def account(bot: Services, me: Person) -> Iterator[Finding]:
    """Yield what kind of account the token belongs to, and its organization."""
    name = f"{me.name} ({me.email})"
    if me.is_person:
        yield wrong("account", f"{name} is a person, not a bot.", "Put a bot's token into WEBEX_TEAMS_ACCESS_TOKEN.")
    elif me.is_bot:
        yield ok("account", f"{name} is a bot.")
    else:
        yield mind("account", f"{name} is neither a bot nor a person.", "Put a bot's token there.")
    yield _org(bot, me)


def _org(bot: Services, me: Person) -> Finding:
    if not me.org_id:
        return mind("org", "Webex does not show it, so no check of organizations lets anything pass.")
    try:
        return ok("org", f"{bot.gateway.organization_name(me.org_id)}.")
    except WebexError:
        return ok("org", f"{me.org_id} (Webex does not show the bot its name).")
