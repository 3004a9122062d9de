"""Ledgers of each backend; every contract test runs against each of them."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from broadcast.ports import Ledger
from tests.contract.backends import BACKENDS
from tests.contract.records import Worker, hire
from tests.contract.tables import stop_moto


@pytest.fixture(scope="session", autouse=True)
def _moto_ends() -> Iterator[None]:
    """End moto's server after the last test, if one has used it."""
    yield
    stop_moto()


@pytest.fixture(params=BACKENDS)
def open_fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Callable[[], Ledger]]:
    """Return a way to make places for ledgers that nobody has opened yet."""
    numbers = count()
    return lambda: BACKENDS[request.param](tmp_path / str(next(numbers)))


@pytest.fixture
def open_ledger(open_fresh: Callable[[], Callable[[], Ledger]]) -> Callable[[], Ledger]:
    """Return a way to open one and the same ledger again and again, as other processes and restarts do."""
    return open_fresh()


@pytest.fixture
def ledger(open_ledger: Callable[[], Ledger]) -> Ledger:
    """Return an empty ledger."""
    return open_ledger()


@pytest.fixture
def worker(ledger: Ledger) -> Worker:
    """Return a worker that holds the lease of the empty ledger."""
    return hire(ledger)
