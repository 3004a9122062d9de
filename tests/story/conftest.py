"""A stage for every story, and a browser for those that need one."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from tests.story.browser import browser, page, phone
from tests.story.process import Process
from tests.story.stage import Stage

__all__ = ["browser", "page", "phone"]


@pytest.fixture(autouse=True)
def _plain_log() -> Iterator[None]:
    """Show the bot's log beside a story that fails, in lines without colours."""
    plain = structlog.processors.KeyValueRenderer(key_order=["event"])
    structlog.configure(processors=[structlog.processors.format_exc_info, plain])
    yield
    structlog.reset_defaults()


@pytest.fixture
def make_stage(tmp_path: Path) -> Iterator[Callable[..., Stage]]:
    """Return a way to make a world of one's own in which the bot does not run yet."""
    made: list[Stage] = []

    def make(**rest: Any) -> Stage:
        made.append(Stage(tmp_path, **rest))
        return made[-1]

    yield make
    for stage in made:
        stage.close()


@pytest.fixture
def empty_stage(make_stage: Callable[..., Stage]) -> Stage:
    """Return a world in which the bot does not run yet."""
    return make_stage()


@pytest.fixture
def stage(empty_stage: Stage) -> Stage:
    """Return a world with a bot that runs and is set up."""
    return empty_stage.open()


@pytest.fixture
def start(make_stage: Callable[..., Stage]) -> Iterator[Callable[..., Process]]:
    """Return a way to start the bot of a stage as a process of its own; what still runs at the end is killed."""
    started: list[Process] = []

    def run(stage: Stage, *command: str, **rest: Any) -> Process:
        started.append(Process(stage, *command, **rest))
        return started[-1]

    yield run
    for process in started:
        process.kill()
