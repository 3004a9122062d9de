"""Links to the live pages: who can make one, how long it is good for, and what it opens."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcast import tickets
from broadcast.model import Broadcast, Kind
from broadcast.tickets import LIVES_SECONDS, Page, for_broadcast, for_person

SECRET = "only for tests"
NOW = 1_700_000_000.5
BROADCAST = Broadcast(
    number=12,
    root=12,
    source_id="message",
    space_id="space",
    thread_id="message",
    sender_name="Alice",
    sender_email="alice@acme.example",
    opened_at=NOW,
    finished_at=None,
)
TICKET = for_broadcast(BROADCAST, generation=3, now=NOW, may_steer=True)
TEXT = tickets.sign(TICKET, SECRET)


def test_a_ticket_comes_back_as_it_was_signed() -> None:
    """Page, subject, generation and end are read from the link."""
    assert tickets.read(TEXT, SECRET) == TICKET
    history = for_person("Y2lzY29zcGFyazovL3VzL1BFT1BMRS8x", generation=0, now=NOW)
    assert tickets.read(tickets.sign(history, SECRET), SECRET) == history


def test_a_link_is_good_for_a_week() -> None:
    """The end is in the ticket, so it stays what it was promised to be."""
    assert TICKET.expires_at == int(NOW) + LIVES_SECONDS
    assert LIVES_SECONDS == 7 * 86400


def test_the_path_names_the_page_and_needs_no_quoting() -> None:
    """What stands in the link goes through every messenger unharmed."""
    history = for_person("person", generation=0, now=NOW)
    assert tickets.path(TICKET, SECRET) == f"/broadcasts/{TEXT}"
    assert tickets.path(history, SECRET).startswith("/history/")
    assert set(TEXT) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")


@given(st.text(max_size=80) | st.binary(max_size=80).map(lambda raw: raw.decode("latin-1")))
def test_rubbish_opens_nothing(text: str) -> None:
    """Whatever stands in a link that was not made here, it is no ticket."""
    assert tickets.read(text, SECRET) is None


@given(st.integers(min_value=0, max_value=len(TEXT) - 2), st.characters(min_codepoint=33, max_codepoint=126))
def test_a_changed_link_opens_nothing(at: int, char: str) -> None:
    """One character changed, and it is worthless."""
    changed = TEXT[:at] + char + TEXT[at + 1 :]
    assert tickets.read(changed, SECRET) == (TICKET if changed == TEXT else None)


def test_another_secret_opens_nothing() -> None:
    """Another bot's links, and those from before a change of the secret, are worthless."""
    assert tickets.read(TEXT, "another secret") is None


def test_without_a_secret_there_are_no_tickets() -> None:
    """Nobody can use that a bot was not given a token yet."""
    with pytest.raises(ValueError, match="needs a secret"):
        tickets.sign(TICKET, "")
    assert tickets.read(TEXT, "") is None


def test_a_ticket_is_for_one_broadcast_of_one_ledger() -> None:
    """Neither another number, nor the same number in a ledger that began anew."""
    assert TICKET.is_for(BROADCAST)
    assert not TICKET.is_for(replace(BROADCAST, number=13))
    assert not TICKET.is_for(replace(BROADCAST, source_id="another message"))


def test_changes_are_revoked_with_what_they_change() -> None:
    """An edit's links share the generation of the broadcast; a person's history has one of its own."""
    edit = replace(BROADCAST, number=15, kind=Kind.EDIT, source_id="edit")
    assert tickets.broadcast_key(edit) == tickets.broadcast_key(BROADCAST) == "links:12"
    assert tickets.history_key("person") == "history:person"


def test_a_history_ticket_names_no_broadcast() -> None:
    """A person's id is never taken for a number."""
    ticket = for_person("12", generation=0, now=NOW)
    assert (ticket.page, ticket.number) == (Page.HISTORY, 0)
    assert not ticket.is_for(BROADCAST)


def test_a_form_belongs_to_one_ticket() -> None:
    """The key of a form fits the page it stands on and no other, and is no ticket."""
    key = tickets.form_key(TEXT, SECRET)
    assert tickets.is_form_key(key, TEXT, SECRET)
    assert tickets.read(key, SECRET) is None
    other = tickets.sign(replace(TICKET, generation=4), SECRET)
    for wrong in ((key, other, SECRET), (key, TEXT, "another secret"), ("", TEXT, SECRET), ("ž", TEXT, SECRET)):
        assert not tickets.is_form_key(*wrong)
