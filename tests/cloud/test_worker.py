"""The worker on Lambda, called as SQS calls it: real handler, real processes, a table and a queue that moto plays."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from broadcast.model import State
from tests.cloud.cloud_stage import CloudStage, until
from tests.cloud.conftest import Aws
from tests.cloud.driver import TIMER
from webexsim import SimFile

SPACES = 9


@pytest.fixture
def make_stage(aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., CloudStage]]:
    """Return a way to make a stage in the cloud, whose web part does not run yet."""
    for name, value in {**aws.variables, "AWS_DEFAULT_REGION": aws.region}.items():
        monkeypatch.setenv(name, value)
    made: list[CloudStage] = []

    def make(**rest: Any) -> CloudStage:
        made.append(CloudStage(tmp_path, aws, **rest))
        return made[-1]

    yield make
    for stage in made:
        stage.close()


@pytest.fixture
def stage(make_stage: Callable[..., CloudStage]) -> CloudStage:
    """Return a stage with a few spaces, whose web part runs."""
    stage = make_stage()
    stage.spaces(SPACES)
    stage.open()
    return stage


def test_a_message_goes_everywhere_and_its_sender_is_told(stage: CloudStage) -> None:
    """From the webhook over the queue to the worker; then the queue is empty and nothing runs."""
    with stage.poller() as poller:
        message = stage.broadcast(stage.alice, "hello")
    assert stage.is_once_everywhere()
    assert stage.answers(message)[-1].startswith("Sent: 10 (group spaces: 9, 1-1s: 1)")
    assert not poller.crashes


def test_a_worker_that_goes_on_with_sending_loads_no_web_framework(stage: CloudStage) -> None:
    """Only an event to be handled brings Flask along."""
    stage.says(stage.alice, "hello")
    stage.fault("status", status=429, headers={"Retry-After": "6"}, after=5)
    with stage.sandbox() as first:
        first.call(stage.take_message(), remaining=7.0)
    assert stage.states().get(State.WAITING)
    with stage.sandbox() as second:
        answer = second.call(stage.take_message())
    assert not {"flask", "zappa", "bot"} & answer.modules
    assert stage.is_once_everywhere()


def test_a_call_that_hangs_is_ended_and_another_goes_on(make_stage: Callable[..., CloudStage]) -> None:
    """By force, when its time is over; its message comes back and takes the work up."""
    stage = make_stage(timeout=5)
    stage.spaces(SPACES)
    stage.open()
    stage.says(stage.alice, "hello")
    with stage.poller() as poller:
        until(poller.freeze_one, "a call is under way")
        stage.settled()
    assert poller.ends("time-out")
    assert stage.is_once_everywhere()


def test_a_webex_that_hangs_does_not_keep_a_worker_from_handing_over(make_stage: Callable[..., CloudStage]) -> None:
    """Another one does again what was not done; nothing is sent twice."""
    stage = make_stage(timeout=5)
    stage.spaces(SPACES)
    stage.open()
    stage.fault("slow", method="GET", path="/rooms", seconds=20.0)
    with stage.poller() as poller:
        stage.broadcast(stage.alice, "hello")
    assert stage.is_once_everywhere()
    assert poller.ends("kept")


def test_a_message_nobody_can_work_on_is_put_aside(make_stage: Callable[..., CloudStage]) -> None:
    """In the dead-letter queue, where somebody finds it; what was asked for is still in the ledger."""
    stage = make_stage(hidden=0, tries=3)
    stage.open()
    stage.says(stage.alice, "hello")
    stage.lose_settings()
    with stage.poller() as poller:
        until(lambda: stage.messages(stage.dead_url) == 1, "it is put aside")
    assert [call.end for call in poller.calls] == ["error"] * 3
    assert "DOT_ENV_FILE" in poller.crashes[0]
    assert stage.ledger.backlog(stage.clock.now()).events == 1


def test_of_many_calls_at_once_one_works(stage: CloudStage) -> None:
    """The others are done with at once; nothing is sent twice."""
    with stage.poller(count=2) as poller:
        stage.says(stage.alice, "hello")
        for _ in range(5):
            stage.post_event("rooms", "updated", id="x")
        stage.settled()
    assert stage.is_once_everywhere()
    assert not poller.crashes


def test_the_sweeper_rings_for_what_a_lost_message_left(stage: CloudStage) -> None:
    """Five minutes later, at most, it is done."""
    stage.says(stage.alice, "hello")
    stage.webex.hooks.wait_idle(30)
    stage.sqs.purge_queue(QueueUrl=stage.queue_url)
    with stage.sandbox() as sandbox:
        assert sandbox.invoke(TIMER) == {"rung": True}
    with stage.poller():
        stage.settled()
    assert stage.is_once_everywhere()


def test_the_sweeper_of_an_idle_bot_rings_nobody(stage: CloudStage) -> None:
    """It costs next to nothing: no web framework, no Webex."""
    with stage.sandbox() as sandbox:
        answer = sandbox.call(TIMER)
    assert (answer.result, stage.messages()) == ({"rung": False}, 0)
    assert not {"flask", "zappa", "bot", "webexteamssdk"} & answer.modules


def test_a_file_is_fetched_again_where_the_disk_has_not_got_it(stage: CloudStage) -> None:
    """Another Lambda has another disk; every space gets the very file all the same."""
    stage.says(stage.alice, "look", files=[SimFile("plán.pdf", b"%PDF")])
    stage.fault("status", status=429, headers={"Retry-After": "6"}, after=5)
    with stage.sandbox() as first:
        first.call(stage.take_message(), remaining=7.0)
    assert stage.states().get(State.WAITING)
    stage.forget_disk()
    with stage.poller():
        stage.settled()
    assert stage.is_once_everywhere("look")
    assert all(stage.copy(space).files[0].name == "plán.pdf" for space in stage.world.directory.spaces_of(stage.bot))
