"""The destinations of a broadcast as a table that is searched, sorted and paged, as CSV, and as a rate over time.

Shared by the live page and the command line. Pure: no I/O, no clock; deliveries come in, rows and numbers go out.
"""

import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from math import ceil
from typing import Any

from broadcast.links import space_link
from broadcast.model import Delivery, Kind, SpaceKind, State, Why
from broadcast.texts import Texts

ROWS_A_PAGE = 100
LONGEST_SEARCH = 100
MOST_BARS = 60
RECENT_BARS = 5
BAR_SECONDS = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400)
ATTENTION = (State.FAILED, State.UNKNOWN, State.SKIPPED, State.SENDING, State.WAITING, State.SENT)
"""The states in the order in which a person wants to see them."""

COLUMNS = ("space", "kind", "state", "reason_code", "reason", "detail", "settled_at", "link", "space_id", "message_ids")
"""The columns of the CSV. Programs read them: new ones go to the end."""

BOM = "\ufeff"
FORMULA = re.compile(r"(^|[;,|])(\s*)(?=[=+\-@＝＋－＠])")
CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")


class Sort(StrEnum):
    """The column that a table is sorted by."""

    SPACE = "space"
    KIND = "kind"
    STATE = "state"
    REASON = "reason"
    TIME = "time"


@dataclass(frozen=True, kw_only=True)
class Query:
    """Which rows of a table are wanted. `state` None: all; `page` counts from 1."""

    search: str = ""
    state: State | None = None
    sort: Sort = Sort.STATE
    descending: bool = False
    page: int = 1

    @classmethod
    def of(cls, args: Mapping[str, str]) -> "Query":
        """Return what the parameters of a URL ask for; rubbish among them counts as not there."""
        state, sort, page = args.get("state", ""), args.get("sort", ""), args.get("page", "")
        column = sort.removeprefix("-")
        return cls(
            search=args.get("search", "").strip()[:LONGEST_SEARCH],
            state=State(state) if state in set(State) else None,
            sort=Sort(column) if column in set(Sort) else Sort.STATE,
            descending=sort.startswith("-"),
            page=int(page) if page.isascii() and page.isdecimal() and len(page) < 7 else 1,
        )

    @property
    def order(self) -> str:
        """The order as it stands in a URL: the column, with a minus in front where it is descending."""
        return f"-{self.sort}" if self.descending else str(self.sort)

    @property
    def args(self) -> dict[str, str]:
        """The parameters of the URL that asks for this; what is the default is left out."""
        given = {
            "search": self.search,
            "state": self.state.value if self.state else "",
            "sort": self.order if (self.order != Sort.STATE) else "",
            "page": str(self.page) if self.page > 1 else "",
        }
        return {name: value for name, value in given.items() if value}

    def by(self, column: Sort) -> "Query":
        """Return this query sorted by a column, the other way round if it is already; from the first page."""
        return replace(self, sort=column, descending=self.sort is column and not self.descending, page=1)

    def at(self, page: int) -> "Query":
        """Return this query at another page."""
        return replace(self, page=page)

    def only(self, state: State | None) -> "Query":
        """Return this query for one state, or for all; from the first page."""
        return replace(self, state=state, page=1)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One destination in words. `is_gone`: it was sent and the copy is not there any more."""

    space_id: str
    title: str
    kind: SpaceKind
    state: State
    reason: str
    detail: str
    settled_at: float | None
    is_gone: bool = False

    @property
    def link(self) -> str:
        """The link that opens the space in Webex."""
        return space_link(self.space_id)


@dataclass(frozen=True, kw_only=True)
class Slice:
    """A page of a table. `matching` rows were found on `pages` pages; `page` is the one shown, from 1."""

    rows: tuple[Row, ...]
    matching: int
    page: int
    pages: int


@dataclass(frozen=True, kw_only=True)
class Bar:
    """How many deliveries were sent, and how many came to another end, within one bar of a plot."""

    sent: int = 0
    other: int = 0


@dataclass(frozen=True, kw_only=True)
class Plot:
    """The rate over time: bars of `seconds` each from `start` on, by this bot's clock."""

    start: float
    seconds: float
    bars: tuple[Bar, ...] = field(default_factory=tuple)

    @property
    def end(self) -> float:
        """Where the last bar ends."""
        return self.start + self.seconds * len(self.bars)

    @property
    def tallest(self) -> int:
        """How many deliveries the tallest bar stands for."""
        return max((bar.sent + bar.other for bar in self.bars), default=0)

    def recent(self, now: float) -> float:
        """Return the rate of the last bars up to now, in deliveries per second."""
        last = self.bars[-RECENT_BARS:]
        since = self.end - self.seconds * len(last)
        return sum(bar.sent + bar.other for bar in last) / max(1.0, now - since)

    @property
    def peak(self) -> float:
        """The highest rate, in deliveries per second."""
        return self.tallest / self.seconds


def select(deliveries: Iterable[Delivery], query: Query, texts: Texts, work: Kind) -> Slice:
    """Return the page that a query asks for, of the deliveries of a broadcast of this kind, in words.

    The nearest page where it asks for one that is not there.
    """
    reasons = {why: texts.why(why) if why else "" for why in Why}
    found = [one for one in deliveries if query.state in (None, one.state)]
    if words := fold(query.search).split():
        found = [one for one in found if _has(one, reasons[one.why], words)]
    found.sort(key=_sort_key(query.sort, reasons), reverse=query.descending)
    pages = max(1, ceil(len(found) / ROWS_A_PAGE))
    page = min(max(1, query.page), pages)
    first = (page - 1) * ROWS_A_PAGE
    rows = tuple(_row(one, reasons[one.why], work) for one in found[first : first + ROWS_A_PAGE])
    return Slice(rows=rows, matching=len(found), page=page, pages=pages)


@lru_cache(maxsize=20_000)
def fold(text: str) -> str:
    """Return a text as it is compared: without case and without accents."""
    if text.isascii():
        return text.casefold()
    bare = (char for char in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(char))
    return "".join(bare)


def rate(deliveries: Iterable[Delivery], start: float, end: float) -> Plot:
    """Return how many deliveries were settled when, between two times; what was left out beforehand does not count."""
    seconds = _bar_seconds(max(0.0, end - start))
    bars: dict[State, Counter[int]] = {State.SENT: Counter(), State.FAILED: Counter()}
    for one in deliveries:
        if one.settled_at is not None and one.state in (State.SENT, State.FAILED, State.UNKNOWN):
            state = State.SENT if one.state is State.SENT else State.FAILED
            bars[state][max(0, int((one.settled_at - start) // seconds))] += 1
    count = max([int((end - start) // seconds), *bars[State.SENT], *bars[State.FAILED]]) + 1
    sent, other = bars[State.SENT], bars[State.FAILED]
    return Plot(start=start, seconds=seconds, bars=tuple(Bar(sent=sent[at], other=other[at]) for at in range(count)))


def csv_text(deliveries: Iterable[Delivery], texts: Texts) -> str:
    """Return the deliveries as CSV with a byte order mark, in which no cell is taken for a formula."""
    text = io.StringIO(BOM)
    text.seek(0, io.SEEK_END)
    sheet = csv.writer(text, quoting=csv.QUOTE_ALL)
    sheet.writerow(COLUMNS)
    sheet.writerows([cell(value) for value in _cells(one, texts)] for one in deliveries)
    return text.getvalue()


def cell(text: str) -> str:
    """Return a text as a cell that no spreadsheet computes, however it splits the line (OWASP, CSV Injection)."""
    if text.isalnum():
        return text
    return FORMULA.sub(r"\1\2'", CONTROL.sub(" ", text))


def _cells(one: Delivery, texts: Texts) -> Iterable[str]:
    settled = datetime.fromtimestamp(one.settled_at, UTC).isoformat(timespec="seconds") if one.settled_at else ""
    reason = texts.why(one.why) if one.why else ""
    link = space_link(one.space_id)
    ids = " ".join(one.message_ids)
    return (one.title, one.kind, one.state, one.why, reason, one.detail, settled, link, one.space_id, ids)


def _row(one: Delivery, reason: str, work: Kind) -> Row:
    return Row(
        space_id=one.space_id,
        title=one.title,
        kind=one.kind,
        state=one.state,
        reason=reason,
        detail=one.detail,
        settled_at=one.settled_at,
        is_gone=work is Kind.SEND and one.state is State.SENT and not one.message_ids,
    )


def _has(one: Delivery, reason: str, words: Sequence[str]) -> bool:
    text = f"{fold(one.title)} {fold(reason)} {one.detail.casefold()}"
    return all(word in text for word in words)


def _sort_key(column: Sort, reasons: Mapping[Why, str]) -> Callable[[Delivery], Any]:
    keys: dict[Sort, Callable[[Delivery], Any]] = {
        Sort.SPACE: lambda one: fold(one.title),
        Sort.KIND: lambda one: (one.kind, fold(one.title)),
        Sort.STATE: lambda one: ATTENTION.index(one.state),
        Sort.REASON: lambda one: (not one.why, fold(reasons[one.why])),
        Sort.TIME: lambda one: (one.settled_at is None, one.settled_at or 0.0),
    }
    return keys[column]


def _bar_seconds(length: float) -> float:
    fitting = (seconds for seconds in BAR_SECONDS if length / seconds < MOST_BARS)
    return next(fitting, ceil(length / MOST_BARS / 86400 + 1) * 86400)
