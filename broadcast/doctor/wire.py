"""The wire from the queue to its function, as it must be: deploying makes it so, the doctor compares. Pure.

What stands behind it: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-parameters.html
"""

from collections.abc import Mapping
from typing import Any

PARTIAL = "ReportBatchItemFailures"
WIRE: Mapping[str, Any] = {
    "BatchSize": 1,
    "MaximumBatchingWindowInSeconds": 0,
    "FunctionResponseTypes": [PARTIAL],
    "ScalingConfig": {"MaximumConcurrency": 2},
    "FilterCriteria": {},
}
FAULTS = {
    "BatchSize": "hands over {} messages at once, so one may find no time left",
    "MaximumBatchingWindowInSeconds": "may keep a message back for {} seconds",
    "FunctionResponseTypes": f"lacks {PARTIAL}, so messages that must come back are lost",
    "ScalingConfig": "does not hold itself to two calls at once, so webhooks may find no function left",
    "FilterCriteria": "has a filter, so messages are thrown away unseen",
}


def differences(wire: Mapping[str, Any]) -> list[str]:
    """Return the keys that are not as they must be; AWS leaves out what is empty, or shows it in several ways."""
    return [key for key, value in WIRE.items() if _plain(wire.get(key)) != _plain(value)]


def faults(wire: Mapping[str, Any]) -> list[str]:
    """Return what is not as it must be, each with the wire as its subject."""
    return [FAULTS[key].format(wire.get(key)) for key in differences(wire)]


def _plain(value: Any) -> Any:
    full = {key: one for key, one in value.items() if one} if isinstance(value, Mapping) else value
    return full or None
