"""What the tests of the core stand on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.desk import Desk
from tests.unit.town import Town, open_town


@pytest.fixture
def town() -> Iterator[Town]:
    """Return a simulated Webex with a bot in it."""
    with open_town() as town:
        yield town


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Return the lanes of work with nothing to do."""
    return Desk(tmp_path)
