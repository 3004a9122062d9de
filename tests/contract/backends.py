"""The backends of the ledger: each makes a new place, and returns how to open the ledger there again and again."""

from collections.abc import Callable
from pathlib import Path

from broadcast.ledger.sqlite import SqliteLedger
from broadcast.ports import Ledger
from tests.contract.tables import ledger_on, moto, new_table


def _sqlite(folder: Path) -> Callable[[], Ledger]:
    return lambda: SqliteLedger(folder / "data" / "ledger.db")


def _dynamodb(_: Path) -> Callable[[], Ledger]:
    client = moto().client
    table = new_table(client)
    return lambda: ledger_on(client, table)


BACKENDS = {"sqlite": _sqlite, "dynamodb": _dynamodb}
