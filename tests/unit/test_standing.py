"""Where a broadcast stands, and what may be asked for now."""

from dataclasses import replace
from typing import Any

import pytest

from broadcast.commands import Order
from broadcast.model import Broadcast, Counts, Form, Kind
from broadcast.standing import Progress, content_key, possible_orders, state_key
from broadcast.texts import ENGLISH

RUNNING = Counts(waiting=5, sending=1, sent=3, skipped=2)
HALF = Counts(sent=3, failed=1, unknown=1)
ALL = Counts(sent=5)
CANCEL, RECALL, RETRY, RETRY_UNKNOWN = Order.CANCEL, Order.RECALL, Order.RETRY, Order.RETRY_UNKNOWN


def broadcast(counts: Counts, *, kind: Kind = Kind.SEND, is_over: bool = True, **rest: Any) -> Broadcast:
    """Return a broadcast with these counts."""
    return Broadcast(
        number=7 if kind is Kind.SEND else 8,
        root=7,
        kind=kind,
        source_id="message",
        space_id="space",
        thread_id="message",
        sender_name="Alice",
        sender_email="alice@acme.example",
        opened_at=100.0,
        finished_at=200.0 if is_over else None,
        counts=counts,
        **rest,
    )


RECALL_RUNS = broadcast(RUNNING, kind=Kind.RECALL, is_over=False)
RECALL_DONE = broadcast(ALL, kind=Kind.RECALL)
RECALL_LEFT_SOME = broadcast(HALF, kind=Kind.RECALL)


@pytest.mark.parametrize(
    ("one", "changes", "orders"),
    [
        (broadcast(RUNNING, is_over=False), (), (CANCEL, RECALL)),
        (broadcast(Counts(waiting=9), is_over=False), (), (CANCEL,)),
        (broadcast(RUNNING, is_over=False, cancelled_at=150.0), (), (RECALL,)),
        (broadcast(ALL), (), (RECALL,)),
        (broadcast(HALF), (), (RECALL, RETRY, RETRY_UNKNOWN)),
        (broadcast(Counts(failed=2)), (), (RETRY,)),
        (broadcast(Counts(skipped=2)), (), ()),
        (broadcast(HALF), (RECALL_RUNS,), ()),
        (broadcast(HALF), (RECALL_DONE,), ()),
        (broadcast(HALF), (RECALL_LEFT_SOME,), (RECALL,)),
        (RECALL_LEFT_SOME, (RECALL_LEFT_SOME,), (RECALL,)),
        (RECALL_DONE, (RECALL_DONE,), ()),
        (RECALL_RUNS, (RECALL_RUNS,), ()),
        (broadcast(HALF, kind=Kind.EDIT), (), (RETRY,)),
        (broadcast(HALF, kind=Kind.EDIT), (RECALL_DONE,), ()),
        (broadcast(RUNNING, kind=Kind.EDIT, is_over=False), (), ()),
    ],
)
def test_only_what_makes_sense_is_offered(
    one: Broadcast, changes: tuple[Broadcast, ...], orders: tuple[Order, ...]
) -> None:
    """Stop what waits, take back what is there, send again what failed – but never what was taken back."""
    assert possible_orders(one, changes) == orders


@pytest.mark.parametrize(
    ("one", "changes", "words"),
    [
        (broadcast(RUNNING, is_over=False), (), "Is being sent."),
        (broadcast(RUNNING, is_over=False, cancelled_at=1.0), (), "Cancelled. What is on its way"),
        (broadcast(RUNNING, is_over=False), (RECALL_RUNS,), "Is being taken back."),
        (broadcast(ALL), (), "every space that was to get it has it"),
        (broadcast(HALF), (), "not every space has it"),
        (broadcast(ALL, cancelled_at=1.0), (), "Was cancelled"),
        (broadcast(Counts(skipped=3)), (), "Nobody got it"),
        (broadcast(ALL), (RECALL_DONE,), "Was taken back."),
        (broadcast(ALL), (RECALL_LEFT_SOME,), "but not everywhere"),
        (RECALL_RUNS, (), "being taken back"),
        (RECALL_LEFT_SOME, (), "not every copy was taken back"),
        (broadcast(HALF, kind=Kind.EDIT), (), "not every copy was changed"),
    ],
)
def test_a_sentence_says_where_it_stands(one: Broadcast, changes: tuple[Broadcast, ...], words: str) -> None:
    """Running, over, cancelled, taken back, and whether everybody has it."""
    assert words in ENGLISH.say(state_key(one, changes))


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("counts", [RUNNING, HALF, ALL])
@pytest.mark.parametrize("is_over", [True, False])
def test_every_standing_has_a_sentence(kind: Kind, counts: Counts, is_over: bool) -> None:
    """No state of a broadcast leaves the page without words."""
    assert ENGLISH.say(state_key(broadcast(counts, kind=kind, is_over=is_over), ()))


@pytest.mark.parametrize(
    ("counts", "is_over", "percent"),
    [
        (Counts(waiting=4), False, 0),
        (Counts(waiting=1, sent=999), False, 99),
        (Counts(waiting=1, sent=1, skipped=98), False, 50),
        (HALF, True, 100),
        (Counts(skipped=4), False, 0),
        (Counts(skipped=4), True, 100),
    ],
)
def test_the_progress_is_full_at_the_end_only(counts: Counts, is_over: bool, percent: int) -> None:
    """What was left out does not count; 100 % is not reached by rounding."""
    assert Progress(broadcast=broadcast(counts, is_over=is_over)).percent == percent


def test_the_parts_of_the_bar_fill_it_as_far_as_it_has_come() -> None:
    """Sent, failed and unknown together are as wide as what is done."""
    progress = Progress(broadcast=broadcast(HALF))
    assert sum(progress.share(count) for count in (3, 1, 1)) == pytest.approx(100)
    assert Progress(broadcast=broadcast(Counts(skipped=1))).share(0) == 0


@pytest.mark.parametrize("form", Form)
def test_every_content_has_words(form: Form) -> None:
    """Text, file and card; a card that Webex refused is called so."""
    one = broadcast(ALL, form=form)
    assert ENGLISH.say(content_key(one))
    assert "did not take it" in ENGLISH.say(content_key(replace(one, card_refused=True)))
