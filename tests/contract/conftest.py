"""The backends of the ledger; every contract test runs against each of them."""

from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from broadcast.ledger.sqlite import SqliteLedger
from broadcast.ports import Ledger
from tests.contract.records import Worker, hire


def _sqlite(folder: Path) -> Callable[[], Ledger]:
    return lambda: SqliteLedger(folder / "data" / "ledger.db")


BACKENDS = {"sqlite": _sqlite}


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
