"""What is written to DynamoDB comes back as it was: every float, every text, every field of a delivery."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from broadcast.ledger.dynamo_items import Item, in_time_order, to_wire
from broadcast.ledger.dynamo_rows import Row, plan_items, plan_rows, row_of, row_values
from broadcast.model import SpaceKind, State, Why

FLOATS = st.floats(allow_nan=False)
TEXTS = st.text(max_size=20)
ROWS = st.builds(
    Row,
    broadcast=st.integers(1),
    seq=st.integers(0),
    space_id=TEXTS,
    kind=st.sampled_from(SpaceKind),
    root=st.integers(1),
    title=TEXTS,
    activity=st.none() | FLOATS,
    state=st.sampled_from(State),
    why=st.sampled_from(Why),
    settled_at=st.none() | FLOATS,
    detail=TEXTS,
    message_ids=st.lists(TEXTS).map(tuple),
    parts_sent=st.integers(0),
    attempts=st.integers(0),
    token=st.integers(0),
    due_at=FLOATS,
    first_tried=st.none() | FLOATS,
    tried_at=FLOATS,
    webex_time=FLOATS,
    doubt_at=st.none() | FLOATS,
    repeat=st.booleans(),
    revision=st.integers(0),
    reopened=st.integers(0),
    may_be_more=st.booleans(),
    version=st.integers(0),
)


@given(row=ROWS)
def test_a_delivery_comes_back_as_it_was(row: Row) -> None:
    """All but the title, which is in the plan."""
    assert row_of(Item(to_wire(row_values(row)))) == replace(row, title="")


@given(rows=st.lists(ROWS, max_size=5))
def test_a_plan_comes_back_as_it_was(rows: list[Row]) -> None:
    """Over all of its items."""
    items = [Item(to_wire({"rows": text})) for text, _ in plan_items(rows)]
    assert [row for item in items for row in plan_rows(item)] == rows


@given(values=st.lists(st.none() | st.booleans() | st.integers(-(10**30), 10**30) | FLOATS | TEXTS, max_size=5))
def test_values_come_back_as_they_were(values: list[str | float | bool | None]) -> None:
    """Each as what it was; what is None is not there."""
    item = Item(to_wire({str(at): value for at, value in enumerate(values)}))
    for at, value in enumerate(values):
        match value:
            case None:
                assert str(at) not in item
            case bool():
                assert item.flag(str(at)) is value
            case int():
                assert item.number(str(at)) == value
            case float():
                assert repr(item.time(str(at))) == repr(value)
            case str():
                assert item.text(str(at)) == value


@given(times=st.lists(st.tuples(st.floats(0, 4e9), st.integers(0, 10**9))))
def test_places_in_a_line_sort_as_times_do(times: list[tuple[float, int]]) -> None:
    """To the nanosecond; what is asked for at the same moment goes by its number."""
    rounded = sorted((round(time, 9), number) for time, number in times)
    texts = sorted(in_time_order(*one) for one in rounded)
    assert texts == [in_time_order(*one) for one in rounded]
