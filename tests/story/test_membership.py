"""The bot is added to spaces and removed from them: it stays or leaves, asks for promotion, skips what waits."""

from collections.abc import Callable
from typing import Any

import pytest

from bot import on_left
from broadcast.errors import Refused
from broadcast.model import Event, Job, SpaceKind, State
from tests.story.stage import Stage, eventually
from webexsim import Fault, Space

OWN_ORG_ONLY = {"bots_own_org": True}


def join(stage: Stage, **rest: Any) -> Space:
    """Have Bob add the bot to a space, and wait until that is dealt with."""
    space = stage.space(**{"members": [stage.bob], **rest})
    stage.world.join(stage.bot, space, by=stage.bob)
    stage.settled()
    return space


@pytest.mark.parametrize(("rule", "is_foreign"), [(False, True), (True, False), (False, False)])
def test_the_bot_accepts_silently(empty_stage: Stage, rule: bool, is_foreign: bool) -> None:
    """In a space of its own org, or in any while the rule is off, it stays and says nothing."""
    empty_stage.config(membership={"bots_own_org": rule})
    stage = empty_stage.open()
    space = join(stage, owner=stage.globex if is_foreign else stage.acme)
    assert stage.bot.id in space.members
    assert stage.world.messages(by=stage.bot) == []


def test_the_bot_leaves_a_foreign_space_and_says_why(empty_stage: Stage) -> None:
    """With the rule on it names its own org once, and leaves."""
    empty_stage.config(membership=OWN_ORG_ONLY)
    stage = empty_stage.open()
    stage.webex.hooks.duplicate = 3
    space = join(stage, owner=stage.globex)
    assert stage.copy(space).text == (
        "I may only take part in spaces of Acme, and this is not one of them. I am leaving now."
    )
    assert stage.bot.id not in space.members
    assert stage.bob.id in space.members


def test_the_bot_leaves_without_its_orgs_name_where_that_cannot_be_read(empty_stage: Stage) -> None:
    """Webex does not show a bot every organization: the sentence then does without the name."""
    empty_stage.config(membership=OWN_ORG_ONLY)
    stage = empty_stage.open()
    stage.fault("status", "GET", "/organizations", status=403, times=None)
    space = join(stage, owner=stage.globex)
    assert stage.copy(space).text.startswith("I may only take part in spaces of my own organization")
    assert stage.bot.id not in space.members


@pytest.mark.parametrize("kind", ["status", "cut_before", "cut_after", "broken"])
def test_the_bot_leaves_even_if_it_cannot_say_so(empty_stage: Stage, kind: str) -> None:
    """Its farewell is refused, or nobody knows what became of it: it leaves, and says nothing twice."""
    empty_stage.config(membership=OWN_ORG_ONLY)
    stage = empty_stage.open()
    stage.fault(kind, status=403, times=None)
    space = join(stage, owner=stage.globex)
    assert stage.bot.id not in space.members
    assert len(stage.copies(space)) <= 1


def test_leaving_is_tried_again_where_it_fails(empty_stage: Stage) -> None:
    """Two failures of DELETE later it has left; the farewell stands there once."""
    empty_stage.config(membership=OWN_ORG_ONLY)
    stage = empty_stage.open()
    stage.fault("status", "DELETE", "/memberships", status=502, times=2)
    space = join(stage, owner=stage.globex)
    assert stage.bot.id not in space.members
    assert len(stage.copies(space)) == 1


def test_a_space_it_was_removed_from_at_once_is_no_trouble(empty_stage: Stage) -> None:
    """Added and removed before the event is read: nothing is said, nothing goes on waiting."""
    empty_stage.config(membership=OWN_ORG_ONLY)
    stage = empty_stage.open()
    stage.webex.hooks.hold()
    space = stage.space(owner=stage.globex, members=[stage.bob])
    stage.world.join(stage.bot, space, by=stage.bob)
    stage.world.leave(stage.bot, space, by=stage.bob)
    stage.webex.hooks.release()
    stage.settled()
    assert stage.world.messages(by=stage.bot) == []


def test_in_an_announcement_space_it_asks_who_added_it_for_promotion(stage: Stage) -> None:
    """Bob gets one 1-1 message with a link that opens the space; the space itself sees nothing."""
    stage.webex.hooks.duplicate = 3
    news = join(stage, title="All [news]", moderators=[stage.bob], announcement_only=True)
    asked = stage.copy(stage.world.direct(stage.bot, stage.bob))
    assert "please make me a moderator" in asked.text
    assert "All [news]" in asked.text
    assert 'href="webexteams://im?space=' in (asked.html or "") or "(webexteams://im?space=" in (asked.markdown or "")
    assert stage.copies(news) == []


def test_a_moderator_does_not_ask_for_promotion(stage: Stage) -> None:
    """Added as a moderator, the bot has what it needs."""
    news = stage.space("News", members=[stage.bob], moderators=[stage.bob], announcement_only=True)
    stage.world.join(stage.bot, news, by=stage.bob, moderator=True)
    stage.settled()
    assert stage.world.messages(by=stage.bot) == []


def test_after_its_promotion_the_space_gets_broadcasts(stage: Stage) -> None:
    """Left out before, a destination afterwards, without a restart."""
    news = join(stage, title="News", moderators=[stage.bob], announcement_only=True)
    stage.broadcast(stage.alice, "one")
    stage.world.set_moderator(stage.bot, news, True)
    stage.broadcast(stage.alice, "two")
    assert stage.body(news) == "two"


def test_what_waits_for_a_space_it_was_removed_from_is_skipped(stage: Stage) -> None:
    """A space that refuses for the moment, then throws the bot out: skipped, and the sender learns why."""
    lobby = stage.space()
    stage.fault("status", status=503, headers={"Retry-After": "300"}, room=lobby)
    message = stage.says(stage.alice, "hello")
    eventually(lambda: any(one.detail and one.state is State.WAITING for one in stage.ledger.deliveries(1)))
    stage.world.leave(stage.bot, lobby, by=stage.alice)
    stage.settled()
    assert stage.states() == {State.SKIPPED: 1, State.SENT: 1}
    assert "I was removed from the space" in stage.outcome(message)


def test_somebody_elses_removal_skips_nothing(stage: Stage) -> None:
    """Only the bot's own membership counts."""
    lobby = stage.space(members=[stage.bot, stage.alice, stage.bob])
    stage.fault("status", status=503, room=lobby, times=2)
    stage.says(stage.alice, "hello")
    stage.world.leave(stage.bob, lobby)
    stage.settled()
    assert stage.body(lobby) == "hello"


def test_what_waits_for_spaces_it_was_removed_from_in_a_pause_is_skipped(make_stage: Callable[..., Stage]) -> None:
    """Webex asks for a pause, the bot is removed from three spaces meanwhile: skipped with that reason, not failed."""
    stage = make_stage(pace=5)
    spaces = stage.spaces(3)
    stage.open().fault("status", status=429, headers={"Retry-After": "60"}, times=None)
    message = stage.says(stage.alice, "hello")
    eventually(lambda: stage.services and stage.services.gate.closed_for() > 5)
    eventually(lambda: stage.states() == {State.WAITING: 4}, "what was on its way has come home")
    for space in spaces:
        stage.world.leave(stage.bot, space, by=stage.alice)
    stage.webex.hooks.wait_idle()
    stage.webex.faults.clear()
    stage.clock.hurry(20)
    eventually(lambda: stage.services and stage.services.gate.closed_for() < 10, "the pause is nearly over")
    stage.clock.hurry(1)
    stage.settled()
    assert stage.states() == {State.SKIPPED: 3, State.SENT: 1}
    assert "3 × I was removed from the space" in stage.outcome(message)


def test_removed_and_added_again_it_gets_the_next_broadcast(stage: Stage) -> None:
    """The space is a destination like any other again, and a farewell rule is asked anew."""
    lobby = stage.space()
    stage.world.leave(stage.bot, lobby)
    stage.world.join(stage.bot, lobby, by=stage.alice)
    stage.settled()
    stage.broadcast(stage.alice, "hello")
    assert stage.body(lobby) == "hello"


def test_leaving_works_each_time_it_is_added(empty_stage: Stage) -> None:
    """Added to the same foreign space twice, it says so and leaves twice."""
    empty_stage.config(membership=OWN_ORG_ONLY)
    stage = empty_stage.open()
    space = join(stage, owner=stage.globex)
    stage.world.join(stage.bot, space, by=stage.bob)
    stage.settled()
    assert stage.bot.id not in space.members
    assert len(stage.copies(space)) == 2


def test_a_space_that_moved_to_another_region_is_still_reached(stage: Stage) -> None:
    """Its id has changed; the next broadcast arrives once."""
    lobby = stage.space()
    stage.broadcast(stage.alice, "one")
    stage.world.migrate(lobby)
    stage.broadcast(stage.alice, "two")
    assert (stage.copies(lobby)[-1].markdown or "").endswith("two")
    assert len(stage.copies(lobby)) == 2


def test_a_removal_is_believed_only_when_webex_confirms_it(stage: Stage) -> None:
    """A late event while the bot is in the space again: trouble at Webex is asked again, not taken for a yes."""
    stage.space(members=[stage.bot, stage.alice])
    assert stage.services
    own = next(one for one in stage.services.gateway.memberships() if one.space_kind is SpaceKind.GROUP)
    event = Event(key="late", resource="memberships", action="deleted", id=own.id, person_id=stage.bot.id)
    late = Job(event=event)
    stage.webex.faults.add(Fault(method="GET", path="/memberships/", kind="status", status=503))
    with pytest.raises(Refused):
        on_left(stage.services, late)
    assert on_left(stage.services, late) == "back again"
