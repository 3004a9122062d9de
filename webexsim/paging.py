"""Pages of a sorted list, linked as RFC 5988 and the Webex REST basics guide have it. Cares not what is listed."""

import bisect
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

from webexsim.exchange import Reply, Request

T = TypeVar("T")
_EMPTY = "empty."  # marks a cursor that leads to a page with nothing on it


def page(request: Request, items: Sequence[T], key: Callable[[T], str], show: Callable[[T], Any]) -> Reply:
    """Return one page of items that are sorted by `key`: `max` of them (100, at most 1000) from the cursor on."""
    cursor = request.query.get("cursor", "")
    if cursor.startswith(_EMPTY):
        return linked(request, [], {"cursor": cursor.removeprefix(_EMPTY)})
    start = bisect.bisect_left(items, cursor, key=key)
    end = start + request.size(100, 1000)
    shown = [show(item) for item in items[start:end]]
    if end >= len(items):
        return linked(request, shown, None)
    return linked(request, shown, {"cursor": (_EMPTY if request.empty_pages else "") + key(items[end])})


def linked(request: Request, items: list[Any], change: dict[str, str] | None) -> Reply:
    """Return a page; `change` are the query's parameters that lead to the next one, None on the last."""
    if change is None:
        return Reply(json={"items": items})
    url = f"{request.base}{request.path.removeprefix('/')}?{urlencode({**request.query, **change})}"
    return Reply(json={"items": items}, headers={"Link": f'<{url}>; rel="next"'})
