"""The gateway to Webex when things go wrong: every failure is an error of the bot's own, with its meaning."""

from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path

import pytest

from broadcast.errors import NoAnswer, NotSent, Refused, WebexError
from broadcast.model import NOTHING
from broadcast.pacing import DEFAULT_PAUSE
from broadcast.webex import WebexGateway
from tests.unit.fakes import RawServer
from tests.unit.town import Town, answering, with_file
from webexsim import Fault

STATUSES = (400, 401, 403, 404, 409, 410, 413, 415, 423, 428, 429, 500, 502, 503, 504)


# what comes back


@pytest.mark.parametrize("status", STATUSES)
def test_an_error_status_is_a_refusal(town: Town, status: int) -> None:
    """With its number, Webex's words, its tracking id, and nothing done."""
    town.server.faults.add(Fault(kind="status", status=status, headers={"Retry-After": "7"}))
    with pytest.raises(Refused) as caught:
        town.post()
    error = caught.value
    assert (error.status, error.retry_after, error.fault) == (status, 7.0, f"{status} Staged failure.")
    assert (bool(error.tracking_id), town.said()) == (True, [])
    assert town.bot.token not in str(error)


def test_a_page_instead_of_an_answer_is_a_refusal_too(town: Town) -> None:
    """A proxy's HTML with an error status is known by its status."""
    town.server.faults.add(Fault(kind="html", status=502))
    with pytest.raises(Refused) as caught:
        town.post()
    assert caught.value.status == 502


@pytest.mark.parametrize(
    ("fault", "arrives"),
    [
        (Fault(kind="cut_before"), False),
        (Fault(kind="cut_after"), True),
        (Fault(kind="hang", seconds=60, effect=True), True),
        (Fault(kind="empty"), True),
        (Fault(kind="broken"), True),
        *((answering(body), False) for body in ("[]", "null", '"x"', "{}", '{"id": 7}', "<html>", "[" * 100_000)),
        (answering("", 204), False),
        (answering("", 304), False),
        (answering('{"id": "x"}', 302), False),
        (answering('{"id": "x"}', 303, Location="/v1/people/me"), False),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_no_readable_answer_leaves_it_open(town: Town, fault: Fault, arrives: bool) -> None:
    """Cut, hanging, empty, half or nonsense: the message may be there or not, and nothing is tried again."""
    town.server.faults.add(fault)
    with pytest.raises(NoAnswer):
        town.post()
    assert (len(town.said()), len(town.server.calls)) == (int(arrives), 1)


def test_nobody_there_means_not_sent(town: Town) -> None:
    """A Webex that does not listen has not got the message."""
    town.server.stop()
    with pytest.raises(NotSent):
        town.post()


@pytest.mark.parametrize("content", [None, "file"])
@pytest.mark.parametrize("status", [201, 202])
def test_every_success_is_one(town: Town, tmp_path: Path, status: int, content: str | None) -> None:
    """Webex may answer a post, with a file or without, with "created" or "accepted" as well."""
    town.server.faults.add(answering('{"id": "new"}', status))
    assert town.post(with_file(tmp_path) if content else NOTHING) == "new"


def test_half_characters_are_replaced(town: Town) -> None:
    """JSON can hold half of an emoji, which no database takes: in names, texts and the words of a refusal."""
    half = '"title": "x\\ud83d", "type": "group", "id": "r"'
    town.server.faults.add(answering(f"{{{half}}}"))
    assert town.webex.space("r").title == "x\ufffd"
    town.server.faults.add(answering(f'{{"items": [{{{half}}}]}}'))
    assert [space.title for space in town.webex.spaces()] == ["x\ufffd"]
    town.server.faults.add(answering('{"message": "no \\udc00"}', 400))
    with pytest.raises(Refused, match="no \ufffd"):
        town.post()


@pytest.mark.parametrize("body", ["{}", "[]", "null", '{"items": null}', '{"items": 7}', '{"items": {"a": 1}}', ""])
@pytest.mark.parametrize("ask", [WebexGateway.spaces, WebexGateway.memberships, WebexGateway.webhooks])
def test_a_list_that_is_none_is_no_answer(town: Town, ask: Callable[[WebexGateway], object], body: str) -> None:
    """An answer without rows is never taken for "there are none"."""
    town.server.faults.add(answering(body))
    with pytest.raises(NoAnswer):
        list(ask(town.webex))  # type: ignore[call-overload]


@pytest.mark.parametrize("kind", ["status", "cut_before", "empty", "broken", "html"])
@pytest.mark.parametrize(
    "ask",
    [
        lambda webex: webex.me(),
        lambda webex: webex.person("p"),
        lambda webex: webex.organization_name("o"),
        lambda webex: webex.message("m"),
        lambda webex: webex.space("s"),
        lambda webex: webex.membership("m"),
        lambda webex: webex.members("s"),
        lambda webex: list(webex.spaces()),
        lambda webex: webex.person_by_email("a@b.example"),
        lambda webex: webex.file_name("https://webexapis.com/v1/contents/x"),
        lambda webex: webex.delete_webhook("w"),
        lambda webex: webex.leave("m"),
    ],
)
def test_every_failure_is_one_of_the_bots_own(town: Town, ask: Callable[[WebexGateway], object], kind: str) -> None:
    """Whatever is asked and whatever goes wrong, a `WebexError` comes out and nothing else."""
    town.server.faults.add(Fault(kind=kind, times=None))  # type: ignore[arg-type]
    with pytest.raises(WebexError):
        ask(town.webex)


# rate limit, token, clock


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("3", 3.0), ("2.5", 2.5), ("rand(30),add(30)", DEFAULT_PAUSE), ("", DEFAULT_PAUSE), ("0", 0.5)],
)
def test_a_429_closes_the_gate_for_everybody(town: Town, said: str, seconds: float) -> None:
    """For as long as Webex says, before the error is there."""
    town.server.faults.add(Fault(kind="status", status=429, headers={"Retry-After": said}))
    with pytest.raises(Refused):
        town.post()
    assert town.gate.closed_for() == seconds


def test_a_429_is_one_though_its_body_breaks_off(town: Town) -> None:
    """Webex has answered, so nobody is in doubt, and the gate is closed."""
    head = b"HTTP/1.1 429 Too Many\r\nRetry-After: 8\r\nContent-Length: 99\r\nConnection: close\r\n\r\n{"
    with RawServer(head) as server, pytest.raises(Refused) as caught:
        town.gateway(server.url).post(town.room.id, "hello")
    assert (caught.value.status, town.gate.closed_for()) == (429, 8.0)


def test_a_date_to_wait_for_closes_the_gate_until_then(town: Town) -> None:
    """By Webex's clock, which may differ from the bot's by years."""
    town.webex.me()
    at = formatdate(town.webex.time_at_webex() + 30, usegmt=True)
    town.server.faults.add(Fault(kind="status", status=429, headers={"Retry-After": at}))
    with pytest.raises(Refused):
        town.post()
    assert town.gate.closed_for() == pytest.approx(30, abs=2)


def test_a_limit_on_other_calls_closes_the_gate_but_teaches_nothing(town: Town) -> None:
    """The pace of sending is learnt from sending only."""
    before = town.gate.pace
    town.server.faults.add(Fault(kind="status", method="GET", status=429, headers={"Retry-After": "90"}))
    with pytest.raises(Refused):
        town.webex.me()
    assert (town.gate.closed_for(), town.gate.pace) == (90.0, before)


def test_a_short_limit_on_reads_is_waited_out(town: Town) -> None:
    """Planning takes many reads in a row and does not begin anew for each 429; meanwhile nobody sends."""
    town.clock.runs = True
    town.server.faults.add(Fault(kind="status", method="GET", status=429, times=3, headers={"Retry-After": "2"}))
    assert len(list(town.webex.spaces())) == 2
    assert (town.clock.waits, town.statuses("/rooms")) == ([2.0] * 3, [429, 429, 429, 200])


def test_a_limit_on_reads_that_never_ends_is_an_error_in_the_end(town: Town) -> None:
    """The bot does not ask for ever."""
    town.clock.runs = True
    town.server.faults.add(Fault(kind="status", method="GET", status=429, times=None, headers={"Retry-After": "1"}))
    with pytest.raises(Refused):
        town.webex.me()
    assert len(town.server.calls) < 50


def test_a_bot_that_stops_does_not_wait_for_a_limit(town: Town) -> None:
    """The read ends at once."""
    town.webex.stopping.set()
    town.server.faults.add(Fault(kind="status", method="GET", status=429, times=None, headers={"Retry-After": "20"}))
    with pytest.raises(Refused):
        town.webex.me()
    assert len(town.server.calls) == 1


def test_a_refused_token_is_known_until_it_works_again(town: Town) -> None:
    """A 401 closes the gate for a moment and is remembered; the next success clears it."""
    town.server.faults.add(Fault(kind="status", status=401))
    with pytest.raises(Refused):
        town.post()
    assert (town.webex.token_refused, town.gate.closed_for() > 0) == (True, True)
    town.webex.me()
    assert not town.webex.token_refused


def test_an_error_that_is_no_401_says_nothing_against_the_token(town: Town) -> None:
    """A missing message is not a missing right."""
    with pytest.raises(Refused):
        town.webex.message("none")
    assert not town.webex.token_refused


def test_a_wrong_token_is_refused_by_webex(town: Town) -> None:
    """It is in no word of the error."""
    with pytest.raises(Refused) as caught:
        town.gateway(token="not-a-token").me()
    assert (caught.value.status, "not-a-token" in str(caught.value)) == (401, False)


def test_webexs_clock_is_known_from_its_answers(town: Town) -> None:
    """However wrong the machine's own clock is."""
    town.clock.advance(-1e6)
    message_id = town.post()
    created = town.webex.message(message_id).created
    assert created == pytest.approx(town.webex.time_at_webex(), abs=2)
