"""Webex in trouble: rate limits, outages, refusals, a token that does not work. Nothing lost, nothing twice."""

from collections.abc import Callable

import pytest

from broadcast.model import State
from tests.story.stage import Stage, eventually


@pytest.fixture
def stage(make_stage: Callable[..., Stage]) -> Stage:
    """Return a world that runs faster than elsewhere: there is much waiting here."""
    return make_stage(pace=60).open()


# Rate limits


@pytest.mark.parametrize("form", ["seconds", "date", "float", "rubbish", "absent", "0", "-5", "NaN", "1e3000"])
def test_a_rate_limit_in_whatever_words_loses_nothing(make_stage: Callable[..., Stage], form: str) -> None:
    """Retry-After as seconds, a date, a fraction, rubbish, or not at all: forty spaces have one copy each."""
    stage = make_stage(pace=60)
    stage.spaces(40)
    stage.open()
    stage.webex.rate_limit(10, burst=10, retry_after=form, paths="/messages")
    stage.broadcast(stage.alice, "hello")
    assert stage.is_once_everywhere()


def test_a_rate_limit_on_every_call_loses_nothing(make_stage: Callable[..., Stage]) -> None:
    """Lists, people, messages and files share the limit: the message waits, and arrives everywhere."""
    stage = make_stage(pace=60)
    stage.spaces(20)
    stage.open()
    stage.webex.rate_limit(2, burst=2)
    stage.broadcast(stage.alice, "hello")
    assert stage.is_once_everywhere()


@pytest.mark.parametrize("seconds", [5, 60])
def test_a_read_that_is_told_to_wait_waits(make_stage: Callable[..., Stage], seconds: int) -> None:
    """Every read of the plan is answered 429 once, for a short or a long while: the message goes out afterwards."""
    stage = make_stage(pace=1000)
    lobby = stage.space()
    stage.open()
    for path in ("/messages", "/people", "/rooms", "/memberships"):
        stage.fault("status", "GET", path, status=429, headers={"Retry-After": str(seconds)})
    stage.broadcast(stage.alice, "hello")
    assert stage.body(lobby) == "hello"


def test_a_long_pause_is_told_to_the_sender_while_it_lasts(make_stage: Callable[..., Stage]) -> None:
    """Webex asks for ten minutes in the middle of a broadcast: the sender hears so at once, the rest comes later."""
    stage = make_stage()
    stage.spaces(20)
    stage.open().fault("status", status=429, headers={"Retry-After": "600"}, after=3)
    message = stage.says(stage.alice, "hello")
    eventually(lambda: any("Webex asks me to slow down" in answer for answer in stage.answers(message)))
    assert stage.states().get(State.WAITING)
    stage.clock.hurry(300)
    stage.settled()
    assert stage.is_once_everywhere()


def test_a_limit_is_found_and_kept_to(make_stage: Callable[..., Stage]) -> None:
    """Of a broadcast to 150 spaces at 20 a second hardly a tenth of the posts are refused."""
    stage = make_stage(pace=2)
    stage.spaces(150)
    stage.open()
    stage.webex.rate_limit(20, burst=20, paths="/messages")
    stage.broadcast(stage.alice, "hello")
    refused = [call for call in stage.webex.calls if call.status == 429]
    assert len(refused) <= 15
    assert stage.is_once_everywhere()


# Failures that certainly did nothing


@pytest.mark.parametrize("status", [408, 423, 425, 429, 500, 502, 503, 504, 599])
@pytest.mark.parametrize("kind", ["status", "html"])
def test_a_failure_that_passes_is_waited_for(stage: Stage, status: int, kind: str) -> None:
    """Two posts fail, with a JSON or an html body: both spaces have their copy a little later, once."""
    stage.spaces(6)
    stage.fault(kind, status=status, times=2, after=1)
    message = stage.broadcast(stage.alice, "hello")
    assert stage.is_once_everywhere()
    assert stage.outcome(message).startswith("Sent: 7 (group spaces: 6, 1-1s: 1)\n")


def test_a_connection_cut_before_anything_happened_is_no_loss(stage: Stage) -> None:
    """Webex's own record of the space shows that nothing arrived: sent again, and there once."""
    stage.spaces(6)
    stage.fault("cut_before", times=3)
    stage.broadcast(stage.alice, "hello")
    assert stage.is_once_everywhere()


def test_an_unreachable_webex_is_waited_for(stage: Stage) -> None:
    """In the middle of a broadcast nobody answers at Webex's address; when it is back, nothing is missing or twice."""
    spaces = stage.spaces(60)
    for space in spaces[30:]:
        stage.fault("status", status=503, room=space, times=None)
    stage.says(stage.alice, "hello")
    eventually(lambda: stage.states().get(State.SENT, 0) > 5)
    stage.webex_ends()
    stage.webex.faults.clear()
    eventually(lambda: any("Connection" in delivery.detail for delivery in stage.ledger.deliveries(1)))
    stage.webex_returns()
    stage.settled()
    counts = [len(stage.copies(space)) for space in spaces]
    assert set(stage.states()) <= {State.SENT, State.UNKNOWN}
    assert counts.count(0) <= stage.states().get(State.UNKNOWN, 0)
    assert max(counts) == 1


@pytest.mark.parametrize("path", ["/messages", "/people", "/rooms", "/memberships"])
@pytest.mark.parametrize("kind", ["status", "html", "cut_before", "cut_after", "hang", "empty", "broken"])
def test_a_read_that_fails_is_repeated(stage: Stage, path: str, kind: str) -> None:
    """Whatever goes wrong while the message, its sender or the lists are read: everybody gets it once."""
    stage.spaces(3)
    stage.settled()
    stage.fault(kind, "GET", path, status=502, times=2)
    stage.broadcast(stage.alice, "hello")
    assert stage.is_once_everywhere()


@pytest.mark.parametrize("path", ["/rooms", "/memberships"])
def test_half_a_list_is_no_audience(make_stage: Callable[..., Stage], path: str) -> None:
    """The second page fails at first: the broadcast begins with the whole list, or not at all."""
    stage = make_stage(pace=60)
    for number in range(1100):
        stage.world.space(f"Other {number}", stage.globex, [stage.bot])
    stage.spaces(3)
    stage.open()
    stage.fault("status", "GET", path, status=502, after=1)
    stage.broadcast(stage.alice, "hello")
    assert stage.states() == {State.SENT: 4, State.SKIPPED: 1100}


def test_an_empty_page_is_not_the_last(make_stage: Callable[..., Stage]) -> None:
    """Between two pages of a list lies one with nothing on it: nobody is forgotten."""
    stage = make_stage(pace=60)
    for number in range(1100):
        stage.world.space(f"Other {number}", stage.globex, [stage.bot])
    stage.spaces(3)
    stage.webex.empty_pages = True
    stage.open().broadcast(stage.alice, "hello")
    assert stage.states() == {State.SENT: 4, State.SKIPPED: 1100}


# Refusals for good


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (400, "Webex does not accept this message"),
        (403, "Webex does not let me post there"),
        (404, "Webex does not know the space any more"),
        (410, "Webex does not know the space any more"),
        (413, "too large for Webex"),
        (409, "an unknown error"),
    ],
)
def test_a_refusal_for_good_fails_once_and_is_told(stage: Stage, status: int, says: str) -> None:
    """One post to that space, not a second; the others have their copy, the sender learns where and why not."""
    stage.spaces(3)
    vault = stage.space("Vault")
    stage.fault("status", status=status, room=vault, times=None)
    message = stage.broadcast(stage.alice, "hello")
    report = stage.outcome(message)
    assert stage.states() == {State.SENT: 4, State.FAILED: 1}
    assert says in report
    assert "Vault" in report
    assert stage.attempts(message) == 5


def test_patience_ends(make_stage: Callable[..., Stage]) -> None:
    """A space that is out of order for longer than `give_up_after_minutes` fails; the broadcast ends and says so."""
    stage = make_stage(pace=40)
    stage.config(delivery={"give_up_after_minutes": 2})
    vault = stage.space("Vault")
    stage.fault("status", status=503, room=vault, times=None)
    report = stage.open().outcome(stage.broadcast(stage.alice, "hello"))
    assert stage.states() == {State.FAILED: 1, State.SENT: 1}
    assert "however often I tried" in report


def test_an_outage_of_all_of_webex_is_not_hammered(make_stage: Callable[..., Stage]) -> None:
    """While every post fails, few are made; when it is over, everybody has a copy."""
    stage = make_stage(pace=60)
    stage.spaces(60)
    stage.fault("status", status=503, times=None)
    started = stage.open().clock.now()
    stage.says(stage.alice, "hello")
    eventually(lambda: stage.clock.now() - started > 60)
    assert stage.calls("POST", "/messages") < 300
    stage.webex.faults.clear()
    stage.settled()
    assert stage.is_once_everywhere()


# The token


def test_a_token_that_is_refused_holds_everything_until_it_works_again(make_stage: Callable[..., Stage]) -> None:
    """In the middle of a broadcast Webex says 401: nothing fails, the monitor knows, and it goes on by itself."""
    stage = make_stage(pace=60)
    stage.spaces(40)
    stage.open().fault("status", method="", path="/", status=401, times=None, after=25)
    stage.says(stage.alice, "hello")
    eventually(lambda: stage.get("/healthz").status_code == 503)
    assert "does not accept the access token" in stage.get("/healthz").text
    before = len(stage.webex.calls)
    stage.later(100)
    assert len(stage.webex.calls) - before <= 40
    assert set(stage.states()) <= {State.SENT, State.WAITING, State.SENDING}
    stage.webex.faults.clear()
    stage.settled()
    assert stage.is_once_everywhere()


def test_a_message_that_comes_while_the_token_is_refused_is_not_lost(make_stage: Callable[..., Stage]) -> None:
    """The event waits, however long, and is broadcast when the token works again."""
    stage = make_stage(pace=200)
    stage.config(delivery={"give_up_after_minutes": 1})
    lobby = stage.space()
    stage.open().fault("status", method="", path="/", status=401, times=None)
    stage.says(stage.alice, "hello")
    stage.later(300)
    stage.webex.faults.clear()
    stage.settled()
    assert stage.body(lobby) == "hello"
