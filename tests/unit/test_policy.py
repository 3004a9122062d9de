"""Who may send, which spaces get a broadcast, where the bot stays."""

from base64 import b64encode
from dataclasses import replace

import pytest

from broadcast.config import DestinationRules, MembershipRules, SourceRules
from broadcast.model import Person, Space, SpaceKind, Why
from broadcast.policy import Other, Verdict, may_join, may_receive, may_send, needs_owner


def org_id(number: int, *, bare: bool = False) -> str:
    """Return an organization's id in one of the two forms that Webex uses."""
    uuid = f"00000000-0000-4000-8000-{number:012}"
    return b64encode((uuid if bare else f"ciscospark://us/ORGANIZATION/{uuid}").encode()).decode().rstrip("=")


ACME, GLOBEX = org_id(1), org_id(2)
ACME_IN_OTHER_WORDS = org_id(1, bare=True)
BOT = Person(id="bot", name="Bot", org_id=ACME, is_bot=True)
EVA = Person(id="eva", name="Eva", emails=("eva@acme.example", "Eva.Nova@Acme.example"), org_id=ACME)
GROUP = Space(id="g", title="Group", kind=SpaceKind.GROUP, owner_id=ACME)
DIRECT = Space(id="d", title="Eva", kind=SpaceKind.DIRECT, owner_id=GLOBEX)
EVA_HERSELF = Other(known=True, org_id=ACME)
YES = Verdict(allowed=True)
EVERYTHING = DestinationRules(bots_own_org=False, senders_own_org=False)


def no(why: Why) -> Verdict:
    """Return the verdict that refuses for a reason."""
    return Verdict(allowed=False, why=why)


def receives(
    space: Space,
    rules: DestinationRules = EVERYTHING,
    *,
    sender_org: str | None = ACME,
    moderator: bool = False,
    other: Other = EVA_HERSELF,
    me: Person = BOT,
) -> Verdict:
    """Ask for a space, by default on behalf of Eva and with nothing filtered."""
    return may_receive(space, me=me, sender_org=sender_org, moderator=moderator, other=other, rules=rules)


@pytest.mark.parametrize(
    ("sender_org", "bots_org", "verdict"),
    [
        (ACME, ACME, YES),
        (ACME_IN_OTHER_WORDS, ACME, YES),
        (GLOBEX, ACME, no(Why.SENDER_OTHER_ORG)),
        (None, ACME, no(Why.SENDER_OTHER_ORG)),
        (ACME, None, no(Why.SENDER_OTHER_ORG)),
        (None, None, no(Why.SENDER_OTHER_ORG)),
        ("", "", no(Why.SENDER_OTHER_ORG)),
    ],
)
def test_a_sender_is_of_the_bots_organization(sender_org: str | None, bots_org: str | None, verdict: Verdict) -> None:
    """Orgs are compared by what they mean; an unknown one is nobody's."""
    sender, me = replace(EVA, org_id=sender_org), replace(BOT, org_id=bots_org)
    assert may_send(sender, me, SourceRules(bots_own_org=True)) == verdict


@pytest.mark.parametrize(
    ("listed", "verdict"),
    [
        ({"eva@acme.example": "Eva"}, YES),
        (["EVA@ACME.EXAMPLE"], YES),
        (["eva.nova@acme.example"], YES),
        (["adam@acme.example", "eva@acme.example.org"], no(Why.SENDER_NOT_LISTED)),
        ([], no(Why.SENDER_NOT_LISTED)),
    ],
)
def test_a_sender_is_on_the_list(listed: object, verdict: Verdict) -> None:
    """Any of the sender's addresses counts, whatever its case; an empty list lets nobody in."""
    rules = SourceRules.model_validate({"bots_own_org": False, "from_sender_list": True, "sender_list": listed})
    assert may_send(EVA, BOT, rules) == verdict


def test_a_sender_without_an_address_is_on_no_list() -> None:
    """Who shows no e-mail cannot be listed."""
    rules = SourceRules.model_validate({"from_sender_list": True, "sender_list": ["eva@acme.example"]})
    assert may_send(replace(EVA, emails=()), BOT, rules) == no(Why.SENDER_NOT_LISTED)


def test_all_sender_checks_that_are_on_must_hold() -> None:
    """Being on the list is no help to somebody of another organization while both checks are on."""
    rules = SourceRules.model_validate({"from_sender_list": True, "sender_list": ["eva@acme.example"]})
    assert may_send(replace(EVA, org_id=GLOBEX), BOT, rules) == no(Why.SENDER_OTHER_ORG)
    assert may_send(EVA, BOT, rules) == YES


def test_with_all_checks_off_anybody_may_send() -> None:
    """A list that is off is not looked at."""
    assert may_send(replace(EVA, org_id=None), BOT, SourceRules(bots_own_org=False)) == YES


def test_another_bot_may_never_send() -> None:
    """Two broadcast bots in one space do not answer each other for ever."""
    assert may_send(replace(EVA, is_bot=True), BOT, SourceRules(bots_own_org=False)) == no(Why.SENDER_IS_BOT)


@pytest.mark.parametrize(
    ("bots_own_org", "senders_own_org", "owner", "verdict"),
    [
        (False, False, None, YES),
        (False, False, GLOBEX, YES),
        (True, False, ACME, YES),
        (True, False, ACME_IN_OTHER_WORDS, YES),
        (True, False, GLOBEX, no(Why.OTHER_ORG)),
        (True, False, None, no(Why.OWNER_UNKNOWN)),
        (False, True, GLOBEX, YES),
        (False, True, ACME, no(Why.NOT_SENDERS_ORG)),
        (False, True, None, no(Why.OWNER_UNKNOWN)),
        (True, True, ACME, no(Why.NOT_SENDERS_ORG)),
        (True, True, GLOBEX, no(Why.OTHER_ORG)),
    ],
)
def test_a_space_is_a_destination_by_its_owner(
    bots_own_org: bool, senders_own_org: bool, owner: str | None, verdict: Verdict
) -> None:
    """A sender of Globex reaches the spaces that the rules allow; a 1-1 counts by the other person's org."""
    rules = DestinationRules(bots_own_org=bots_own_org, senders_own_org=senders_own_org)
    assert receives(replace(GROUP, owner_id=owner), rules, sender_org=GLOBEX) == verdict
    assert receives(DIRECT, rules, sender_org=GLOBEX, other=Other(known=True, org_id=owner)) == verdict


def test_both_filters_let_through_what_both_allow() -> None:
    """A sender of the bot's own org reaches that org's spaces."""
    assert receives(GROUP, DestinationRules(bots_own_org=True, senders_own_org=True)) == YES


@pytest.mark.parametrize("sender_org", [None, ""])
def test_a_sender_of_no_known_org_owns_no_space(sender_org: str | None) -> None:
    """An unknown org of the sender opens nothing."""
    assert receives(GROUP, DestinationRules(), sender_org=sender_org) == no(Why.NOT_SENDERS_ORG)


def test_a_bot_of_no_known_org_owns_no_space() -> None:
    """An unknown org of the bot opens nothing."""
    rules = DestinationRules(bots_own_org=True, senders_own_org=False)
    assert receives(GROUP, rules, me=replace(BOT, org_id=None)) == no(Why.OTHER_ORG)


def test_the_owner_of_a_direct_space_is_not_its_owner_id() -> None:
    """Nothing known of the other person means nothing known of the owner."""
    assert receives(replace(DIRECT, owner_id=ACME), DestinationRules(), other=Other()) == no(Why.OWNER_UNKNOWN)


@pytest.mark.parametrize(
    ("space", "other", "why"),
    [
        (replace(GROUP, announcement_only=True), Other(), Why.ANNOUNCEMENT_ONLY),
        (replace(DIRECT, read_only=True), EVA_HERSELF, Why.READ_ONLY),
        (replace(DIRECT, read_only=True), Other(known=True, gone=True), Why.READ_ONLY),
        (DIRECT, Other(known=True, gone=True), Why.PERSON_GONE),
    ],
)
@pytest.mark.parametrize("rules", [EVERYTHING, DestinationRules(bots_own_org=True)])
def test_a_known_refusal_is_named_before_the_rules(
    space: Space, other: Other, why: Why, rules: DestinationRules
) -> None:
    """What Webex is known to refuse is not tried, whatever the rules say."""
    assert receives(space, rules, other=other) == no(why)


def test_a_moderator_reaches_an_announcement_only_space() -> None:
    """As a moderator the bot posts there like anywhere else."""
    assert receives(replace(GROUP, announcement_only=True), moderator=True) == YES


def test_nothing_known_of_the_other_person_is_no_refusal() -> None:
    """Without a filter a 1-1 that nobody asked about gets the message."""
    assert receives(DIRECT, other=Other(known=False, gone=True)) == YES


def test_a_group_is_not_kept_out_by_what_concerns_direct_spaces() -> None:
    """Read-only and a person who left are matters of a 1-1."""
    assert receives(replace(GROUP, read_only=True), other=Other(known=True, gone=True)) == YES


@pytest.mark.parametrize(
    ("bots_own_org", "senders_own_org", "needed"),
    [(False, False, False), (True, False, True), (False, True, True), (True, True, True)],
)
def test_owners_are_asked_for_only_while_a_filter_is_on(
    bots_own_org: bool, senders_own_org: bool, needed: bool
) -> None:
    """Both filters off save the question."""
    assert needs_owner(DestinationRules(bots_own_org=bots_own_org, senders_own_org=senders_own_org)) is needed


@pytest.mark.parametrize(
    ("rule", "owner", "verdict"),
    [
        (True, ACME, YES),
        (True, ACME_IN_OTHER_WORDS, YES),
        (True, GLOBEX, no(Why.OTHER_ORG)),
        (True, None, YES),
        (True, "", YES),
        (False, GLOBEX, YES),
    ],
)
def test_the_bot_leaves_only_what_surely_belongs_to_others(rule: bool, owner: str | None, verdict: Verdict) -> None:
    """With the rule on it leaves other orgs' spaces, and does not leave on a guess."""
    assert may_join(owner, BOT, MembershipRules(bots_own_org=rule)) == verdict
