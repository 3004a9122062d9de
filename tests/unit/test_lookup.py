"""What is found out about an attempt without an answer, by asking the simulated Webex, and what follows from it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from broadcast.config import DeliveryRules
from broadcast.ledger.sqlite import SqliteLedger
from broadcast.lookup import CLOCK_MARGIN, Lookup
from broadcast.model import Content, Destination, Draft, Person, SpaceKind, State, Why
from broadcast.outcomes import Claim, GaveUp, InDoubt, Outcome, PartSent, RetryAt
from tests.unit.town import START, Town
from webexsim import Fault, Space

TEXT = "**Message** from Alice:\n\nhello"
RESEND = DeliveryRules(when_unknown="resend")
SENDER = Person(id="alice", name="Alice")
CONTENT = Content(group_parts=(TEXT, TEXT), direct_parts=(TEXT, TEXT))
HOUR = 3600.0


@dataclass
class Desk:
    """Somebody who looks attempts up."""

    town: Town
    ledger: SqliteLedger
    rules: DeliveryRules = field(default_factory=DeliveryRules)

    def claim(self, space: Space, **rest: Any) -> Claim:
        """Return the claim of an attempt that was made just now."""
        now = self.town.webex.time_at_webex()
        fields: dict[str, Any] = {"part": 0, "repeat": False, "webex_time": now, "first_tried": None, **rest}
        kind = SpaceKind(space.type)
        return Claim(broadcast=1, space_id=space.id, kind=kind, token=1, attempt=1, tried_at=now, **fields)

    def look(self, claim: Claim) -> Outcome:
        """Return what is found out."""
        return Lookup(self.town.webex, self.ledger, self.town.clock, lambda: self.rules).decide(claim, CONTENT)

    def note_sent(self, space: Space, message_id: str) -> None:
        """Have the ledger know a message as one that the broadcast brought to a space."""
        place = Destination(space_id=space.id, kind=SpaceKind(space.type), title="x")
        draft = Draft(source_id="m", space_id="s", thread_id="m", sender=SENDER, content=CONTENT, asked_at=0.0)
        token = self.ledger.take_lease("me", 0.0, 1e10, holder_is_dead=lambda _: True) or 0
        self.ledger.open_broadcast(token, draft, [place], 0.0)
        [claim] = self.ledger.claim(token, limit=1, now=1.0, webex_time=0.0)
        self.ledger.settle([(claim, PartSent(message_id=message_id))], 1.0)


@pytest.fixture
def desk(town: Town, tmp_path: Path) -> Desk:
    """Return somebody who looks attempts up; Webex's clock is known to them."""
    town.webex.me()
    return Desk(town, SqliteLedger(tmp_path / "ledger.db"))


def is_not_sent(outcome: Outcome) -> bool:
    """Whether it is known that nothing arrived, so that it may go out again at once."""
    return isinstance(outcome, RetryAt) and outcome.at == 0.0


def is_unknown(outcome: Outcome) -> bool:
    """Whether nobody knows."""
    return isinstance(outcome, GaveUp) and (outcome.state, outcome.why) == (State.UNKNOWN, Why.NO_ANSWER)


# 1-1s are read back


def test_a_message_that_is_there_was_sent(desk: Desk) -> None:
    """It is found by its text, and its id is known from then on."""
    claim = desk.claim(desk.town.dm)
    message_id = desk.town.webex.post(desk.town.dm.id, TEXT)
    assert desk.look(claim) == PartSent(message_id=message_id)


def test_a_message_that_is_not_there_was_not_sent(desk: Desk) -> None:
    """What else was said there, by others or by the bot, is something else."""
    claim = desk.claim(desk.town.dm)
    desk.town.world.say(desk.town.alice, desk.town.dm, TEXT, markdown=TEXT)
    desk.town.webex.post(desk.town.dm.id, "another message")
    assert is_not_sent(desk.look(claim))


def test_a_message_from_before_the_attempt_is_another_one(desk: Desk) -> None:
    """The same words an hour ago were an earlier broadcast."""
    desk.town.webex.post(desk.town.dm.id, TEXT)
    assert is_not_sent(desk.look(desk.claim(desk.town.dm, webex_time=START + HOUR)))


def test_a_message_that_is_accounted_for_is_another_one(desk: Desk) -> None:
    """Two parts with the same words: that the first arrived says nothing about the second."""
    desk.note_sent(desk.town.dm, desk.town.webex.post(desk.town.dm.id, TEXT))
    claim = desk.claim(desk.town.dm, part=1)
    assert is_not_sent(desk.look(claim))
    second = desk.town.webex.post(desk.town.dm.id, TEXT)
    assert desk.look(claim) == PartSent(message_id=second)


def test_a_reply_in_a_thread_is_another_one(desk: Desk) -> None:
    """Broadcasts are no replies."""
    claim = desk.claim(desk.town.dm)
    question = desk.town.world.say(desk.town.alice, desk.town.dm, "?")
    desk.town.webex.post(desk.town.dm.id, TEXT, parent_id=question.id)
    assert is_not_sent(desk.look(claim))


def test_a_message_that_shows_no_text_leaves_it_open(desk: Desk) -> None:
    """Where Webex does not give the markdown back, nobody can tell it from others."""
    claim = desk.claim(desk.town.dm)
    item = f'{{"id": "x", "roomId": "{desk.town.dm.id}", "personId": "{desk.town.bot.id}"}}'
    desk.town.server.faults.add(Fault(kind="status", path="/messages", status=200, body=f'{{"items": [{item}]}}'))
    assert is_unknown(desk.look(claim))


@pytest.mark.parametrize("shown", [f"\n {TEXT}\n\n", TEXT.replace(":\n\n", ":  \n\n")])
def test_spaces_make_no_difference(desk: Desk, shown: str) -> None:
    """Webex may trim them, around the text and at the ends of its lines."""
    claim = desk.claim(desk.town.dm)
    message_id = desk.town.webex.post(desk.town.dm.id, shown)
    assert desk.look(claim) == PartSent(message_id=message_id)


# group spaces show their last activity


def test_a_space_that_was_quiet_since_did_not_get_it(desk: Desk) -> None:
    """Its last activity is older than the attempt."""
    assert is_not_sent(desk.look(desk.claim(desk.town.room, webex_time=START + HOUR)))


@pytest.mark.parametrize("seconds", [0.0, CLOCK_MARGIN / 2, -60.0])
def test_a_space_with_activity_since_may_have_got_it(desk: Desk, seconds: float) -> None:
    """Whose it was cannot be seen; about the same moment counts as since, because clocks are not that exact."""
    desk.town.webex.post(desk.town.room.id, "something")
    at = desk.town.webex.space(desk.town.room.id).last_activity or 0.0
    assert is_unknown(desk.look(desk.claim(desk.town.room, webex_time=at + seconds)))


@pytest.mark.parametrize("repeat", [True, False])
def test_a_space_that_does_not_show_its_activity_may_have_got_it(desk: Desk, repeat: bool) -> None:
    """Nothing known is nothing excluded, even where Webex said that it had failed."""
    desk.town.server.faults.add(
        Fault(kind="status", path="/rooms", status=200, body=f'{{"id": "{desk.town.room.id}", "type": "group"}}')
    )
    assert is_unknown(desk.look(desk.claim(desk.town.room, webex_time=START + HOUR, repeat=repeat)))


# what follows where it stays open


def test_what_is_open_goes_out_again_where_that_is_wanted(desk: Desk) -> None:
    """The operator prefers a message twice to a message lost."""
    desk.rules = RESEND
    desk.town.webex.post(desk.town.room.id, "something")
    outcome = desk.look(desk.claim(desk.town.room))
    assert isinstance(outcome, RetryAt)
    assert outcome.counts


def test_a_failure_that_may_have_been_a_success_is_not_repeated(desk: Desk) -> None:
    """Webex said that it had failed, but something has come to the space since: it may be the very message."""
    desk.town.webex.post(desk.town.room.id, "something")
    assert is_unknown(desk.look(desk.claim(desk.town.room, repeat=True)))


def test_a_space_that_stands_as_it_was_planned_did_not_get_it(desk: Desk) -> None:
    """However lately something was said there: nothing has come since."""
    desk.town.webex.post(desk.town.room.id, "something")
    activity = desk.town.webex.space(desk.town.room.id).last_activity
    assert isinstance(desk.look(desk.claim(desk.town.room, activity=activity)), RetryAt)


@pytest.mark.parametrize("repeat", [True, False])
def test_nothing_goes_out_again_and_again(desk: Desk, repeat: bool) -> None:
    """When patience is spent, what is open stays unknown, whatever is wanted."""
    desk.rules = RESEND
    desk.town.webex.post(desk.town.room.id, "something")
    assert is_unknown(desk.look(desk.claim(desk.town.room, repeat=repeat, first_tried=desk.town.clock.now() - HOUR)))


@pytest.mark.parametrize("place", [lambda town: town.room, lambda town: town.dm], ids=["group", "1-1"])
def test_what_never_arrives_is_given_up_in_the_end(desk: Desk, place: Callable[[Town], Space]) -> None:
    """Attempt after attempt without an answer and without a trace: failed, not tried for ever."""
    times = {"webex_time": START + 2 * HOUR, "first_tried": desk.town.clock.now() - HOUR}
    outcome = desk.look(desk.claim(place(desk.town), **times))
    assert isinstance(outcome, GaveUp)
    assert (outcome.state, outcome.why) == (State.FAILED, Why.GAVE_UP)


@pytest.mark.parametrize("status", [403, 404])
@pytest.mark.parametrize("repeat", [True, False])
@pytest.mark.parametrize("place", [lambda town: town.room, lambda town: town.dm], ids=["group", "1-1"])
def test_where_the_bot_may_not_look_it_stays_open(
    desk: Desk, place: Callable[[Town], Space], status: int, repeat: bool
) -> None:
    """It has been removed meanwhile, for example."""
    desk.town.server.faults.add(Fault(kind="status", method="GET", status=status, times=None))
    assert is_unknown(desk.look(desk.claim(place(desk.town), repeat=repeat)))


@pytest.mark.parametrize("fault", [Fault(kind="status", status=503), Fault(kind="cut_before"), Fault(kind="broken")])
@pytest.mark.parametrize("repeat", [True, False])
def test_where_webex_does_not_answer_it_is_looked_up_later(desk: Desk, fault: Fault, repeat: bool) -> None:
    """It stays in doubt, and what Webex said about it is kept."""
    claim = desk.claim(desk.town.room, repeat=repeat)
    desk.town.server.faults.add(fault)
    outcome = desk.look(claim)
    assert isinstance(outcome, InDoubt)
    assert (outcome.look_at > desk.town.clock.now(), outcome.repeat) == (True, repeat)


def test_a_rate_limit_puts_the_look_off(desk: Desk) -> None:
    """For as long as Webex says."""
    claim = desk.claim(desk.town.room)
    desk.town.server.faults.add(Fault(kind="status", status=429, headers={"Retry-After": "33"}))
    outcome = desk.look(claim)
    assert isinstance(outcome, InDoubt)
    assert outcome.look_at == desk.town.clock.now() + 33


def test_looking_ends_when_patience_is_spent(desk: Desk) -> None:
    """A Webex that never answers leaves it unknown."""
    claim = desk.claim(desk.town.room, first_tried=desk.town.clock.now() - HOUR)
    desk.town.server.faults.add(Fault(kind="status", status=503))
    assert is_unknown(desk.look(claim))


def test_looking_sends_nothing(desk: Desk) -> None:
    """Whatever is found out."""
    for space in (desk.town.room, desk.town.dm):
        desk.look(desk.claim(space))
    assert {call.method for call in desk.town.server.calls} == {"GET"}
