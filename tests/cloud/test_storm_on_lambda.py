"""A storm over the real package: calls of a few seconds, a Webex that limits, and Lambdas that are killed."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from broadcast.model import State
from tests.cloud.cloud_stage import CloudStage, until
from tests.cloud.conftest import Aws, Package
from tests.cloud.driver import Poller

GROUPS, PEOPLE = 250, 250
SECONDS = 8
RATE, BURST = 20, 10
KILLS_AFTER = (100, 300, 400)
"""How many messages Webex has taken when a Lambda is killed."""

HAND_OVERS = 5


@pytest.fixture
def stage(aws: Aws, package: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudStage]:
    """Return a stage whose sandboxes run the package, before a Webex that limits."""
    for name, value in {**aws.variables, "AWS_DEFAULT_REGION": aws.region}.items():
        monkeypatch.setenv(name, value)
    stage = CloudStage(tmp_path, aws, task=package.folder, runtime=package.runtime, timeout=SECONDS)
    stage.config(destination={"senders_own_org": False})
    stage.spaces(GROUPS)
    for number in range(1, PEOPLE):
        stage.world.direct(stage.bot, stage.colleague(f"P{number} Dee"))
    stage.webex.rate_limit(per_second=RATE, burst=BURST, paths="/messages")
    stage.open()
    yield stage
    stage.close()


def killer(stage: CloudStage, poller: Poller) -> Callable[[], bool]:
    """Return what kills a Lambda at work each time so many messages have come, and says when that is over.

    It does so when no more than one of them is on its way: how many are depends on the machine's speed.
    """
    marks = list(KILLS_AFTER)

    def is_one_on_its_way() -> bool:
        return stage.states().get(State.SENDING, 0) <= 1

    def look() -> bool:
        if marks and len(stage.world.messages(by=stage.bot)) >= marks[0] and poller.kill_one(is_one_on_its_way):
            marks.pop(0)
        return not marks

    return look


def test_every_space_gets_it_once_across_time_limits_rate_limits_and_kills(stage: CloudStage) -> None:
    """Lost 0, doubled 0, not more unknown than Lambdas ended by force; handed from call to call again and again."""
    with stage.poller(count=2) as poller:
        message = stage.says(stage.alice, "hello")
        until(killer(stage, poller), "the kills are over")
        stage.settled()
    states = stage.states()
    copies = [len(stage.copies(space)) for space in stage.world.directory.spaces_of(stage.bot)]
    assert sum(states.values()) == len(copies) == GROUPS + PEOPLE
    assert max(copies) == 1
    assert copies.count(0) <= states.get(State.UNKNOWN, 0) <= len(KILLS_AFTER) + len(poller.ends("time-out"))
    assert set(states) <= {State.SENT, State.UNKNOWN}
    assert len(poller.ends("kept")) >= HAND_OVERS
    assert any(call.status == 429 for call in stage.webex.calls)
    assert sum(answer.startswith(f"Sent: {states[State.SENT]} ") for answer in stage.answers(message)) == 1
