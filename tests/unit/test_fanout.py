"""How the fan-out ends: what is in flight comes home and is written down, whatever fails meanwhile.

Real ledger, real threads; Webex is staged, because an answer has to come just when it is wanted.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from broadcast.config import DeliveryRules
from broadcast.errors import LedgerFailed, NoLease
from broadcast.fanout import Fanout
from broadcast.ledger.sqlite import SqliteLedger
from broadcast.model import Content, Form, State, Why
from broadcast.outcomes import Claim, Outcome
from broadcast.pacing import Gate
from broadcast.services import SystemClock
from tests.contract.records import Worker, hire, text

STUCK_AFTER = 20.0
CARD = replace(text(form=Form.UNTRIED), card="{}")


class Failing(SqliteLedger):
    """A ledger that cannot be written so many times."""

    settling = 0
    forms = 0

    def settle(self, outcomes: Sequence[tuple[Claim, Outcome]], now: float) -> None:
        """Fail, or settle."""
        if outcomes and self.settling:
            self.settling -= 1
            raise LedgerFailed("throttled")
        super().settle(outcomes, now)

    def settle_form(self, broadcast: int, form: Form) -> None:
        """Fail, or settle."""
        if self.forms:
            self.forms -= 1
            raise LedgerFailed("throttled")
        super().settle_form(broadcast, form)


class Slow:
    """A Webex that takes messages when it is `open`; an upload to it ends before only where it may not go on."""

    token_refused = False

    def __init__(self) -> None:
        self.open = threading.Event()
        self.under_way = threading.Semaphore(0)
        self.bound = threading.local()

    def time_at_webex(self) -> float:
        """Return the present."""
        return SystemClock().now()

    def post_only_while(self, holds: Callable[[], bool]) -> None:
        """Bind the thread."""
        self.bound.holds = holds

    def post(self, space_id: str, markdown: str, *, content: Content | None) -> str:  # noqa: ARG002 – as the port has it
        """Take a message, piece by piece."""
        self.under_way.release()
        while not self.open.wait(0.01):
            if not self.bound.holds():
                raise NoLease("the lease has run out", call="messages")
        return f"{space_id}: {markdown}"


@pytest.fixture
def ledger(tmp_path: Path) -> Failing:
    """Return an empty ledger."""
    return Failing(tmp_path / "ledger.db")


def sending(ledger: Failing, webex: Slow, content: Content | None = None) -> tuple[Fanout, Worker, int]:
    """Return a fan-out with a message in flight, who looks at its ledger, and the broadcast."""
    clock = SystemClock()
    worker = hire(ledger, clock.now())
    number = worker.open("a", content=content)
    fanout = Fanout(
        worker.token,
        ledger=ledger,
        gateway=cast(Any, webex),
        files=cast(Any, None),
        gate=Gate(clock),
        clock=clock,
        rules=DeliveryRules,
        log=lambda *_, **__: None,
        in_words=str,
        hands=8,
        wake=lambda: None,
        report=lambda: None,
        holds_lease=lambda: True,
    )
    fanout.step()
    assert webex.under_way.acquire(timeout=STUCK_AFTER)
    return fanout, worker, number


def test_what_came_home_is_written_down_though_the_ledger_fails_at_first(ledger: Failing) -> None:
    """A throttled write at the hand-over makes no unknown of what Webex has taken."""
    webex = Slow()
    fanout, worker, number = sending(ledger, webex)
    ledger.settling = 2
    webex.open.set()
    fanout.drain(STUCK_AFTER)
    assert worker.states(number) == {"a": "sent"}


def test_an_upload_that_takes_too_long_is_broken_off_and_waits(ledger: Failing) -> None:
    """It is known not to be sent: nobody has to call it unknown, and neither space nor Webex is to blame."""
    fanout, worker, number = sending(ledger, Slow())
    fanout.drain(4.0)
    [waiting] = ledger.deliveries(number)
    assert (waiting.state, waiting.why, worker.claim_one().first_tried) == (State.WAITING, Why.NONE, None)


def test_a_card_that_arrived_is_sent_though_that_cannot_be_noted(ledger: Failing) -> None:
    """Only that cards work is not known yet; the next one finds out again."""
    webex = Slow()
    ledger.forms = 1
    fanout, worker, number = sending(ledger, webex, CARD)
    webex.open.set()
    fanout.drain(STUCK_AFTER)
    assert (ledger.forms, worker.states(number)) == (0, {"a": "sent"})
