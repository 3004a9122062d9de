"""The destinations as a table, as CSV, and as a rate over time."""

import csv
import io
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast.model import Delivery, Kind, SpaceKind, State, Why
from broadcast.tables import (
    BOM,
    COLUMNS,
    CONTROL,
    MOST_BARS,
    ROWS_A_PAGE,
    Query,
    Slice,
    Sort,
    cell,
    csv_text,
    rate,
    select,
)
from broadcast.texts import ENGLISH

FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "  =1", "\r\n=1", "＝1", 'x;=cmd|"/c calc"', "x,@a", "a|-1")


def delivery(title: str = "Lobby", state: State = State.SENT, **rest: Any) -> Delivery:
    """Return a delivery to a group space."""
    kind = rest.pop("kind", SpaceKind.GROUP)
    return Delivery(space_id=f"id of {title}", kind=kind, title=title, state=state, **rest)


MIXED = (
    delivery("Žlutá", State.SENT, settled_at=30.0, message_ids=("m1",)),
    delivery("alpha", State.FAILED, why=Why.FORBIDDEN, detail="403 Forbidden", settled_at=20.0),
    delivery("Beta", State.SKIPPED, why=Why.ANNOUNCEMENT_ONLY, settled_at=10.0),
    delivery("Cyril", State.WAITING, kind=SpaceKind.DIRECT),
    delivery("delta", State.UNKNOWN, why=Why.NO_ANSWER, settled_at=40.0),
)


def shown(deliveries: Iterable[Delivery] = MIXED, **args: str) -> list[str]:
    """Return the titles of the rows that these parameters of a URL ask for."""
    return [row.title for row in page(deliveries, **args).rows]


def page(deliveries: Iterable[Delivery] = MIXED, **args: str) -> Slice:
    """Return the page that these parameters of a URL ask for."""
    return select(deliveries, Query.of(args), ENGLISH, Kind.SEND)


def table(text: str) -> list[dict[str, str]]:
    """Return the rows of a CSV."""
    return list(csv.DictReader(io.StringIO(text.removeprefix(BOM))))


# Searching, sorting, paging


def test_what_needs_attention_stands_first() -> None:
    """Failed, uncertain, left out, waiting, sent."""
    assert shown() == ["alpha", "delta", "Beta", "Cyril", "Žlutá"]


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("space", ["alpha", "Beta", "Cyril", "delta", "Žlutá"]),
        ("-space", ["Žlutá", "delta", "Cyril", "Beta", "alpha"]),
        ("kind", ["Cyril", "alpha", "Beta", "delta", "Žlutá"]),
        ("time", ["Beta", "alpha", "Žlutá", "delta", "Cyril"]),
        ("-state", ["Žlutá", "Cyril", "Beta", "delta", "alpha"]),
        ("reason", ["Beta", "delta", "alpha", "Žlutá", "Cyril"]),
    ],
)
def test_every_column_sorts_both_ways(sort: str, order: list[str]) -> None:
    """Without case and accents; what has no time or reason stands last."""
    assert shown(sort=sort) == order


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("zluta", ["Žlutá"]),
        ("ŽLUTÁ", ["Žlutá"]),
        ("forbidden 403", ["alpha"]),
        ("moderators", ["Beta"]),
        ("  ", ["alpha", "delta", "Beta", "Cyril", "Žlutá"]),
        ("nothing like it", []),
        (".*", []),
    ],
)
def test_a_search_finds_names_reasons_and_details(search: str, found: list[str]) -> None:
    """All words must be there, in whatever case and with or without accents; nothing is a pattern."""
    assert shown(search=search) == found


def test_a_state_and_a_search_go_together() -> None:
    """The filter leaves one state; a search within it leaves less."""
    assert shown(state="failed") == ["alpha"]
    assert shown(state="failed", search="beta") == []


def test_every_row_stands_on_exactly_one_page() -> None:
    """Two hundred and one rows are three pages, and none is lost or twice between them."""
    many = [delivery(f"Space {number:03}") for number in range(2 * ROWS_A_PAGE + 1)]
    pages = [page(many, sort="space", page=str(number)) for number in (1, 2, 3)]
    assert [len(one.rows) for one in pages] == [ROWS_A_PAGE, ROWS_A_PAGE, 1]
    assert [row.title for one in pages for row in one.rows] == [one.title for one in many]
    assert {(one.matching, one.pages) for one in pages} == {(len(many), 3)}


@pytest.mark.parametrize(("asked", "given"), [("0", 1), ("99", 2), ("-1", 1), ("x", 1), ("²", 1), ("9" * 40, 1)])
def test_a_page_that_is_not_there_is_the_nearest(asked: str, given: int) -> None:
    """A link from before the table shrank still shows something."""
    many = [delivery(str(number)) for number in range(ROWS_A_PAGE + 1)]
    assert page(many, page=asked).page == given


def test_an_empty_table_has_one_page() -> None:
    """A broadcast to nobody has a page to show, too."""
    assert page([]) == Slice(rows=(), matching=0, page=1, pages=1)


@given(st.dictionaries(st.sampled_from(["search", "state", "sort", "page", "other"]), st.text(max_size=120)))
def test_any_parameters_make_a_query_that_survives_its_own_url(args: dict[str, str]) -> None:
    """Rubbish counts as not there; what is left reads the same from the address it makes."""
    query = Query.of(args)
    assert Query.of(query.args) == query
    assert page(**query.args).rows is not None


def test_the_heading_of_a_sorted_column_turns_it_round() -> None:
    """The first press sorts by the column, the second the other way round; both lead to the first page."""
    query = Query.of({"sort": "time", "page": "4", "search": "x"})
    assert query.by(Sort.TIME).args == {"sort": "-time", "search": "x"}
    assert query.by(Sort.SPACE).args == {"sort": "space", "search": "x"}
    assert Query.of({"page": "4"}).only(State.FAILED).args == {"state": "failed"}


def test_a_copy_that_was_taken_back_says_so() -> None:
    """Sent and without a message any more: it was deleted since."""
    there, gone = delivery("there", message_ids=("m",)), delivery("gone")
    assert [row.is_gone for row in page([there, gone], sort="space").rows] == [True, False]
    assert not select([gone], Query(), ENGLISH, Kind.RECALL).rows[0].is_gone


@given(st.text(min_size=1, max_size=30).filter(str.strip))
def test_a_text_is_found_by_itself(text: str) -> None:
    """However a name is written, searching for it as it stands finds it."""
    assert shown([delivery(text)], search=text) == [text]


# CSV


def test_the_csv_is_the_ledger() -> None:
    """Every delivery with everything known about it, in the ledger's order."""
    [first, second, *_] = table(csv_text(MIXED, ENGLISH))
    assert tuple(first) == COLUMNS
    assert (first["space"], first["state"], first["message_ids"]) == ("Žlutá", "sent", "m1")
    assert first["settled_at"] == "1970-01-01T00:00:30+00:00"
    assert (second["reason_code"], second["reason"]) == ("forbidden", ENGLISH.why(Why.FORBIDDEN))
    assert second["link"].startswith("webexteams://im?space=")


def test_a_spreadsheet_knows_the_encoding() -> None:
    """A byte order mark stands in front, once."""
    assert csv_text(MIXED, ENGLISH).count(BOM) == 1
    assert csv_text([], ENGLISH).startswith(BOM + '"space"')


@pytest.mark.parametrize("title", FORMULAS)
def test_no_cell_is_a_formula(title: str) -> None:
    """Whatever a space is called, a spreadsheet shows it and computes nothing, also where it splits at semicolons."""
    text = csv_text([delivery(title, detail=title)], ENGLISH)
    for separator in ",;|\t":
        cells = [each for row in csv.reader(io.StringIO(text.removeprefix(BOM)), delimiter=separator) for each in row]
        assert [each for each in cells if each.lstrip()[:1] in tuple("=+-@＝＋－＠")] == []


@given(st.text(max_size=40))
def test_only_what_is_dangerous_is_changed(text: str) -> None:
    """A cell keeps its text, but for an apostrophe in front of what would be computed and blanks for line ends."""
    assert cell(text).replace("'", "") == CONTROL.sub(" ", text).replace("'", "")
    assert not text.isalnum() or cell(text) == text


# The rate over time


def test_the_rate_counts_what_was_sent_when() -> None:
    """Bars of a second and less for a short broadcast; what was left out beforehand is no work."""
    plot = rate([delivery(settled_at=at) for at in (100.1, 100.2, 103.0)], 100.0, 104.0)
    assert (plot.start, plot.seconds, plot.tallest, plot.peak) == (100.0, 0.5, 2, 4.0)
    assert [bar.sent for bar in plot.bars] == [2, 0, 0, 0, 0, 0, 1, 0, 0]
    left_out = [delivery(state=State.SKIPPED, why=Why.ANNOUNCEMENT_ONLY, settled_at=100.0)]
    assert rate(left_out, 100.0, 101.0).tallest == 0


def test_what_failed_is_shown_apart() -> None:
    """Failed and uncertain ones stand on top of what was sent."""
    plot = rate([delivery(state=state, settled_at=0.0) for state in State], 0.0, 1.0)
    assert (plot.bars[0].sent, plot.bars[0].other) == (1, 2)


@given(st.floats(min_value=0, max_value=1e8), st.lists(st.floats(min_value=-10, max_value=1e8), max_size=20))
def test_a_plot_is_never_too_wide_and_loses_nothing(length: float, times: list[float]) -> None:
    """A blink or a year: few bars, every delivery within the time in one of them."""
    inside = [at for at in times if at <= length]
    plot = rate([delivery(settled_at=at) for at in inside], 0.0, length)
    assert 1 <= len(plot.bars) <= MOST_BARS + 1
    assert sum(bar.sent for bar in plot.bars) == len(inside)


def test_the_recent_rate_says_how_long_it_will_take() -> None:
    """It looks at the last bars only: a pause in the middle of a long broadcast does not count."""
    plot = rate([delivery(settled_at=99.0 + at / 100) for at in range(100)], 0.0, 100.0)
    assert plot.recent(100.0) == pytest.approx(100 / (100.0 - (plot.end - 5 * plot.seconds)))
    assert rate([], 0.0, 100.0).recent(100.0) == 0
