"""Items of the DynamoDB table and the words for conditions on them. No I/O.

A float is kept as the text of its `repr`, so that it comes back exactly as it was; what is None is left out.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

Value = str | bool | int | float | None
Wire = dict[str, dict[str, Any]]
LONGEST_KEY = 1000


class Client(Protocol):
    """What is used of boto3's client of DynamoDB."""

    def get_item(self, **request: Any) -> dict[str, Any]:
        """Read an item."""
        ...

    def put_item(self, **request: Any) -> dict[str, Any]:
        """Write an item."""
        ...

    def update_item(self, **request: Any) -> dict[str, Any]:
        """Change an item."""
        ...

    def delete_item(self, **request: Any) -> dict[str, Any]:
        """Delete an item."""
        ...

    def query(self, **request: Any) -> dict[str, Any]:
        """Read a page of items with the same partition key."""
        ...

    def batch_get_item(self, **request: Any) -> dict[str, Any]:
        """Read up to a hundred items."""
        ...

    def batch_write_item(self, **request: Any) -> dict[str, Any]:
        """Delete up to 25 items."""
        ...

    def close(self) -> None:
        """Close its connections."""
        ...


class ConditionFailed(Exception):
    """The item is not, or no longer, as the condition wants it."""


class Key(NamedTuple):
    """Where an item is: items with the same `pk` are found together, in the order of `sk`."""

    pk: str
    sk: str

    @property
    def wire(self) -> Wire:
        """As DynamoDB wants it."""
        return {"pk": {"S": self.pk}, "sk": {"S": self.sk}}


class Item:
    """An item as it was read. What is asked for must be there, unless the question says otherwise."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    @property
    def key(self) -> Key:
        """Where it is."""
        return Key(self.text("pk"), self.text("sk"))

    def __contains__(self, name: str) -> bool:
        return name in self._wire

    def text(self, name: str, default: str | None = None) -> str:
        """Return a text."""
        if default is not None and name not in self._wire:
            return default
        return str(self._wire[name]["S"])

    def number(self, name: str, default: int | None = None) -> int:
        """Return a whole number."""
        if default is not None and name not in self._wire:
            return default
        return int(self._wire[name]["N"])

    def time(self, name: str) -> float:
        """Return a time."""
        return float(self._wire[name]["S"])

    def time_if_any(self, name: str) -> float | None:
        """Return a time, None where there is none."""
        return self.time(name) if name in self._wire else None

    def flag(self, name: str) -> bool:
        """Return a yes or no; what is not there means no."""
        return name in self._wire and bool(self._wire[name]["BOOL"])


def to_wire(values: Mapping[str, Value]) -> Wire:
    """Return values as DynamoDB wants them; what is None is left out."""
    return {name: _wire(value) for name, value in values.items() if value is not None}


def _wire(value: str | bool | int | float) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int):
        return {"N": str(value)}
    return {"S": repr(value) if isinstance(value, float) else str(value)}


def words(*expressions: str, values: Mapping[str, Value]) -> dict[str, Any]:
    """Return the part of a request that says what `#name` and `:value` stand for in its expressions."""
    text = " ".join(expressions)
    names = {f"#{name}": name for name in re.findall(r"#(\w+)", text)}
    bound = {f":{name}": _wire(_given(values[name])) for name in re.findall(r":(\w+)", text)}
    return {
        **({"ExpressionAttributeNames": names} if names else {}),
        **({"ExpressionAttributeValues": bound} if bound else {}),
    }


def _given(value: Value) -> str | bool | int | float:
    if value is None:
        raise ValueError("a condition cannot speak of a value that is not there")
    return value


def in_order(number: int) -> str:
    """Return a number as text that sorts as numbers do."""
    return f"{number:015d}"


def in_time_order(time: float, number: int) -> str:
    """Return a time (of this age, to the nanosecond) and a number as text that sorts as they do."""
    return f"{max(0.0, time):025.9f}#{in_order(number)}"
