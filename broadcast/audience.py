"""Who gets a broadcast: every space the bot is in, each with the reason where it is left out.

Two paged lists decide, never a call a space; the one exception is the other person of a 1-1, who is asked for once and
remembered while an org filter is on. Sends nothing.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from broadcast.config import DestinationRules
from broadcast.errors import Refused
from broadcast.links import same
from broadcast.model import Delivery, Destination, Membership, Person, Space, SpaceKind, State, Tally, Why
from broadcast.policy import Other, may_receive, needs_owner
from broadcast.ports import Clock, Gateway, Ledger

GONE_IS_TRUE_FOR = 24 * 3600.0
SAMPLE = 5
MOST_ASKED = 20
"""How many spaces that the list lacks are asked for by themselves; more would mean that Webex's lists disagree."""

KNOWN_NOBODY = Other(known=False, gone=False, org_id=None)


class Audience:
    """Finds the destinations of one message after another; holds no list of them."""

    def __init__(self, gateway: Gateway, ledger: Ledger, clock: Clock) -> None:
        self._gateway = gateway
        self._ledger = ledger
        self._clock = clock

    def of(self, sender: Person, me: Person, rules: DestinationRules) -> Iterator[Destination]:
        """Yield every space with the reason where it is left out, page by page as Webex lists them.

        The spaces come first; those where the bot's role matters wait for the memberships, which also bring what the
        list of spaces may lack.
        """
        listed: set[int] = set()
        may_ask = MOST_ASKED
        role_matters: dict[str, Space] = {}
        for space in self._gateway.spaces():
            listed.add(hash(space.id))
            if space.announcement_only:
                role_matters[space.id] = space
            else:
                yield self._judge(space, sender, me, rules, is_moderator=False)
        for membership in self._gateway.memberships():
            space_or_none = role_matters.pop(membership.space_id, None)
            if space_or_none is None and hash(membership.space_id) not in listed:
                space_or_none = self._unlisted(membership, is_asked=may_ask > 0)
                may_ask -= 1
            if space_or_none:
                yield self._judge(space_or_none, sender, me, rules, is_moderator=membership.moderator)
        for space in role_matters.values():
            yield self._judge(space, sender, me, rules, is_moderator=False)

    def _unlisted(self, membership: Membership, *, is_asked: bool) -> Space:
        """Return a space that the list has lacked, because it changed between two pages."""
        if is_asked:
            try:
                return self._gateway.space(membership.space_id)
            except Refused as error:
                if error.status not in (403, 404):
                    raise
        return Space(id=membership.space_id, title="", kind=membership.space_kind)

    def _judge(
        self, space: Space, sender: Person, me: Person, rules: DestinationRules, *, is_moderator: bool
    ) -> Destination:
        other = KNOWN_NOBODY
        if space.kind is SpaceKind.DIRECT:
            other = self._other(space.id, me, is_asked=needs_owner(rules))
        verdict = may_receive(space, me=me, sender_org=sender.org_id, moderator=is_moderator, other=other, rules=rules)
        return Destination(
            space_id=space.id, kind=space.kind, title=space.title, why=verdict.why, last_activity=space.last_activity
        )

    def _other(self, space_id: str, me: Person, *, is_asked: bool) -> Other:
        known = self._ledger.known_person(space_id)
        if known is not None:
            org_id, learnt_at = known
            if org_id is not None or self._clock.now() - learnt_at < GONE_IS_TRUE_FOR:
                return Other(known=True, gone=org_id is None, org_id=org_id)
        if not is_asked:
            return KNOWN_NOBODY
        other = self._ask(space_id, me)
        if other.known:
            self._ledger.remember_person(space_id, other.org_id, self._clock.now())
        return other

    def _ask(self, space_id: str, me: Person) -> Other:
        try:
            members = self._gateway.members(space_id)
        except Refused as error:
            if error.status in (403, 404):
                return KNOWN_NOBODY
            raise
        others = [member for member in members if not same(member.person_id, me.id)]
        if not others:
            return Other(known=True, gone=True, org_id=None)
        org_id = others[0].person_org_id
        return Other(known=org_id is not None, gone=False, org_id=org_id)


def tallies_of(destinations: Iterable[Destination]) -> list[Tally]:
    """Return how many destinations of each kind are included, or left out and why, with a few of them."""
    found: dict[tuple[Why, SpaceKind], Tally] = {}
    for place in destinations:
        state = State.SKIPPED if place.why else State.WAITING
        fresh = Tally(state=state, why=place.why, kind=place.kind, count=0, examples=())
        tally = found.get((place.why, place.kind), fresh)
        one = Delivery(space_id=place.space_id, kind=place.kind, title=place.title, state=state, why=place.why)
        examples = (*tally.examples, one)[:SAMPLE]
        found[place.why, place.kind] = replace(tally, count=tally.count + 1, examples=examples)
    return list(found.values())
