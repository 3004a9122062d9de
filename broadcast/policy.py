"""The rules: who may send, which spaces get a broadcast, where the bot stays. Pure: every fact is handed in."""

from dataclasses import dataclass

from broadcast.config import DestinationRules, MembershipRules, SourceRules
from broadcast.links import same
from broadcast.model import Person, Space, SpaceKind, Why


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A check's answer, with the reason where it is no."""

    allowed: bool
    why: Why = Why.NONE


YES = Verdict(allowed=True)


@dataclass(frozen=True, kw_only=True)
class Other:
    """What is known of the other person of a 1-1: whether anything is, and if so, whether they left, or their org."""

    known: bool = False
    gone: bool = False
    org_id: str | None = None


def may_send(sender: Person, me: Person, source: SourceRules) -> Verdict:
    """Say whether a person may broadcast. All checks that are on must hold; another bot never may: two would loop."""
    if sender.is_bot:
        return _no(Why.SENDER_IS_BOT)
    if source.bots_own_org and not same(sender.org_id, me.org_id):
        return _no(Why.SENDER_OTHER_ORG)
    if source.from_sender_list and not _is_listed(sender, source):
        return _no(Why.SENDER_NOT_LISTED)
    return YES


def may_steer(person: Person, sender_id: str, source: SourceRules) -> bool:
    """Say whether a person may steer a broadcast: who sent it, and the administrators."""
    return same(person.id, sender_id) or any(email.casefold() in source.admins for email in person.emails)


def may_receive(
    space: Space, *, me: Person, sender_org: str | None, moderator: bool, other: Other, rules: DestinationRules
) -> Verdict:
    """Say whether a space gets a broadcast; `moderator` is the bot's own role there, `other` counts in a 1-1 only.

    What Webex is known to refuse comes first, then the rules. While a rule asks for the owner, an unknown one gets
    nothing.
    """
    refusal = _known_refusal(space, moderator=moderator, other=other)
    if refusal is not Why.NONE:
        return _no(refusal)
    owner = _owner(space, other)
    if needs_owner(rules) and not owner:
        return _no(Why.OWNER_UNKNOWN)
    if rules.bots_own_org and not same(owner, me.org_id):
        return _no(Why.OTHER_ORG)
    if rules.senders_own_org and not same(owner, sender_org):
        return _no(Why.NOT_SENDERS_ORG)
    return YES


def needs_owner(rules: DestinationRules) -> bool:
    """Say whether the owner of a space matters; if not, nobody needs to ask Webex for it."""
    return rules.bots_own_org or rules.senders_own_org


def may_join(owner_id: str | None, me: Person, membership: MembershipRules) -> Verdict:
    """Say whether the bot may stay in a space it was added to.

    A space whose owner is unknown is kept: leaving cannot be undone by the bot, and what goes out there is decided by
    `may_receive` anyway.
    """
    if membership.bots_own_org and owner_id and not same(owner_id, me.org_id):
        return _no(Why.OTHER_ORG)
    return YES


def _no(why: Why) -> Verdict:
    return Verdict(allowed=False, why=why)


def _is_listed(sender: Person, source: SourceRules) -> bool:
    return any(email.strip().casefold() in source.sender_list for email in sender.emails)


def _known_refusal(space: Space, *, moderator: bool, other: Other) -> Why:
    is_direct = space.kind is SpaceKind.DIRECT
    if space.announcement_only and not moderator:
        return Why.ANNOUNCEMENT_ONLY
    if is_direct and space.read_only:
        return Why.READ_ONLY
    if is_direct and other.known and other.gone:
        return Why.PERSON_GONE
    return Why.NONE


def _owner(space: Space, other: Other) -> str | None:
    """Return the owning org. A 1-1's `ownerId` does not say it: each org owns its own person's part there.

    Source: Webex developer guide "Compliance", on the ownership of spaces.
    """
    if space.kind is SpaceKind.GROUP:
        return space.owner_id
    return other.org_id if other.known else None
