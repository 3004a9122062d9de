"""The contract of every ledger, first part: events, replies, the lease and what is remembered."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from broadcast.errors import LeaseLost
from broadcast.ledger.sqlite import SqliteLedger
from broadcast.ledger.sqlite_store import MIGRATIONS
from broadcast.model import Event, PendingEvent, Reply, SpaceKind, Why
from broadcast.ports import Ledger
from broadcast.retry import GRACE
from tests.contract.records import (
    LEASE,
    START,
    Worker,
    all_at_once,
    draft,
    duty_event,
    hire,
    message_event,
    place,
    spaces,
)

Opener = Callable[[], Ledger]
HELLO = Reply(key="outcome:m1", markdown="**done** ✓", space_id="home", parent_id="m1")


def next_message(ledger: Ledger, now: float = START) -> PendingEvent:
    """Return the message that is to be handled next."""
    found = ledger.next_message(now)
    assert found is not None
    return found


def next_reply(ledger: Ledger, now: float = START) -> Reply:
    """Return what is to be said next."""
    found = ledger.next_reply(now)
    assert found is not None
    return found


def take(ledger: Ledger, now: float = START, *, owner: str = "b", dead: bool = False) -> int | None:
    """Ask for the lease."""
    return ledger.take_lease(owner, now, LEASE, holder_is_dead=lambda _: dead)


# events


def test_an_event_that_comes_again_is_no_news(ledger: Ledger) -> None:
    """The first recording says True, each repetition False, and one event waits."""
    said = [ledger.record(message_event("e"), START + at) for at in range(3)]
    assert said == [True, False, False]
    assert ledger.backlog(START).events == 1


@pytest.mark.parametrize("later", [START - 3, START + 3])
def test_an_event_that_comes_again_keeps_its_place(ledger: Ledger, later: float) -> None:
    """Though it says another time, because the clock that capped it has gone on: it is put off once, and done once."""
    for asked_at in (START, later):
        ledger.record(message_event("e", asked_at=asked_at), START)
        ledger.defer_event(next_message(ledger), until=START + 5, now=START, counts=True)
        assert (ledger.next_message(START + 4.9), ledger.backlog(START).events) == (None, 1)
        pending = next_message(ledger, START + 5)
        assert (pending.event.asked_at, pending.received_at) == (START, START)
        ledger.defer_event(pending, until=START, now=START, counts=False)
    ledger.finish_event(next_message(ledger), "done", START)
    assert (ledger.next_message(START + 99), ledger.backlog(START).events) == (None, 0)


def test_an_event_delivered_twice_at_once_is_news_once(open_ledger: Opener) -> None:
    """Of eight deliveries of an event at the same moment, by several processes, one is taken for new."""
    ledgers = [open_ledger() for _ in range(8)]
    said = all_at_once(*[lambda one=one: one.record(message_event("e"), START) for one in ledgers])
    assert sorted(said) == [False] * 7 + [True]


def test_an_event_comes_back_as_it_was(ledger: Ledger) -> None:
    """Every field of an event is kept."""
    event = message_event(
        "e", asked_at=12.5, space_id="š", space_kind=SpaceKind.DIRECT, person_id="alice", actor_id="bob"
    )
    ledger.record(event, START)
    pending = next_message(ledger)
    assert (pending.event, pending.received_at) == (event, START)
    assert (pending.attempts, pending.first_tried) == (0, None)


def test_a_recorded_event_survives_the_process(open_ledger: Opener) -> None:
    """What was recorded is found by whoever opens the ledger next."""
    open_ledger().record(message_event("e"), START)
    assert next_message(open_ledger()).event.key == "e"


def test_messages_are_handled_in_the_order_in_which_they_were_asked_for(ledger: Ledger) -> None:
    """A message that arrived late but was written first comes first."""
    for key, asked_at in (("second", 2.0), ("third", 3.0), ("first", 1.0)):
        ledger.record(message_event(key, asked_at=asked_at), START)
    seen = []
    while pending := ledger.next_message(START):
        seen.append(pending.event.key)
        ledger.finish_event(pending, "done", START)
    assert seen == ["first", "second", "third"]


def test_messages_of_the_same_moment_keep_the_order_of_arrival(ledger: Ledger) -> None:
    """Two messages with the same time come as they were recorded."""
    for key in ("b", "a"):
        ledger.record(message_event(key), START)
    assert next_message(ledger).event.key == "b"


def test_a_message_put_off_holds_up_those_behind_it(ledger: Ledger) -> None:
    """While the first message waits, no later one is handled; when it is due, it is the first again."""
    for key in ("a", "b"):
        ledger.record(message_event(key), START)
    ledger.defer_event(next_message(ledger), until=START + 5, now=START, counts=True)
    assert ledger.next_message(START + 4.9) is None
    assert next_message(ledger, START + 5).event.key == "a"


def test_a_message_put_off_without_holding_lets_others_by(ledger: Ledger) -> None:
    """Those behind it come first; when it is due, its turn has come."""
    for key in ("a", "b"):
        ledger.record(message_event(key), START)
    ledger.defer_event(next_message(ledger), until=START + 5, now=START, counts=True, holds=False)
    assert next_message(ledger, START + 4.9).event.key == "b"
    assert next_message(ledger, START + 5).event.key == "a"


def test_a_duty_put_off_holds_up_nobody(ledger: Ledger) -> None:
    """Other events go on behind one that waits."""
    for key in ("a", "b"):
        ledger.record(duty_event(key), START)
    first = ledger.next_duty(START)
    assert first is not None
    ledger.defer_event(first, until=START + 5, now=START, counts=True)
    second = ledger.next_duty(START)
    assert (first.event.key, second and second.event.key) == ("a", "b")


@pytest.mark.parametrize(
    ("resource", "action", "is_message"),
    [
        ("messages", "created", True),
        ("messages", "updated", True),
        ("messages", "deleted", True),
        ("memberships", "created", False),
        ("rooms", "migrated", False),
        ("attachmentActions", "created", True),
    ],
)
def test_each_event_waits_in_one_lane(ledger: Ledger, resource: str, action: str, is_message: bool) -> None:
    """What happens to messages waits in the one lane, everything else in the other."""
    ledger.record(Event(key="k", resource=resource, action=action, id="x"), START)
    assert (ledger.next_message(START) is not None, ledger.next_duty(START) is not None) == (is_message, not is_message)


def test_only_the_deferrals_that_count_use_up_patience(ledger: Ledger) -> None:
    """Waiting for a rate limit neither starts the count of patience nor adds an attempt; the first failure stays."""
    ledger.record(message_event("e"), START)
    seen = []
    for now, counts in ((1.0, False), (2.0, True), (3.0, False), (4.0, True)):
        ledger.defer_event(next_message(ledger), until=now, now=now, counts=counts)
        pending = next_message(ledger)
        seen.append((pending.attempts, pending.first_tried))
    assert seen == [(0, None), (1, 2.0), (1, 2.0), (2, 2.0)]


def test_a_finished_event_is_over(ledger: Ledger) -> None:
    """It is neither handled nor taken for new again."""
    ledger.record(message_event("e"), START)
    ledger.finish_event(next_message(ledger), "sent", START)
    assert ledger.next_message(START) is None
    assert not ledger.record(message_event("e"), START)


def test_what_is_forgotten_is_news_when_it_happens_again(ledger: Ledger) -> None:
    """Forgetting takes the finished events whose key begins so, and no other."""
    for key in ("joined:a", "joined:b", "joined:a:waiting"):
        ledger.record(duty_event(key), START)
        if pending := ledger.next_duty(START):
            ledger.defer_event(pending, until=START + 9, now=START, counts=False)
            if "waiting" not in key:
                ledger.finish_event(pending, "done", START)
    ledger.forget_events("joined:a")
    assert [ledger.record(duty_event(key), START) for key in ("joined:a", "joined:b", "joined:a:waiting")] == [
        True,
        False,
        False,
    ]


@pytest.mark.parametrize("prefix", ["%", "_oined", "JOINED", "joined*"])
def test_a_prefix_means_just_its_own_letters(ledger: Ledger, prefix: str) -> None:
    """Nothing in a prefix is taken for a wildcard, and case counts."""
    ledger.record(message_event("joined"), START)
    ledger.finish_event(next_message(ledger), "done", START)
    ledger.forget_events(prefix)
    assert not ledger.record(message_event("joined"), START)


def test_what_may_be_done_once_is_granted_once(open_ledger: Opener) -> None:
    """Of eight that ask at the same moment one may; after a restart still nobody else."""
    ledgers = [open_ledger() for _ in range(8)]
    said = all_at_once(*[lambda one=one: one.once("greet", START) for one in ledgers])
    assert sorted(said) == [False] * 7 + [True]
    assert (open_ledger().once("greet", START), open_ledger().once("other", START)) == (False, True)


# replies


def test_a_reply_is_written_down_once(ledger: Ledger) -> None:
    """The same key again is refused, before and after it was said."""
    said = [ledger.queue_reply(HELLO), ledger.queue_reply(HELLO)]
    ledger.settle_reply(next_reply(ledger), try_at=None, now=START)
    assert [*said, ledger.queue_reply(HELLO)] == [True, False, False]
    assert ledger.next_reply(START) is None


@pytest.mark.parametrize("reply", [HELLO, Reply(key="k", markdown="hi", person_id="alice")])
def test_a_reply_comes_back_as_it_was(ledger: Ledger, reply: Reply) -> None:
    """Every field of a reply is kept, whether it goes to a thread or to a person; it is tried from then on."""
    ledger.queue_reply(reply)
    assert next_reply(ledger) == replace(reply, first_tried=START)


def test_a_reply_is_handed_out_once(open_ledger: Opener) -> None:
    """Of eight that look for something to say at the same moment one gets it."""
    ledgers = [open_ledger() for _ in range(8)]
    ledgers[0].queue_reply(HELLO)
    found = all_at_once(*[lambda one=one: one.next_reply(START) for one in ledgers])
    assert [reply.key for reply in found if reply] == [HELLO.key]


def test_a_reply_that_was_not_settled_is_in_doubt_under_the_next_lease(open_ledger: Opener) -> None:
    """After a crash between saying and settling it comes again, a little later, with the time of its first attempt."""
    ledger = open_ledger()
    ledger.queue_reply(HELLO)
    next_reply(ledger)
    after = hire(open_ledger(), START + 50).ledger
    assert (after.replies_waiting(), after.next_reply(START + 49.9 + GRACE)) == (1, None)
    assert after.work_left(START + 50) == GRACE
    assert next_reply(after, START + 50 + GRACE) == replace(HELLO, first_tried=START, in_doubt=True)


def test_a_new_lease_leaves_other_replies_as_they_were(open_ledger: Opener) -> None:
    """What waits is not in doubt, what is put off waits as long as before, and what is done with stays so."""
    ledger = open_ledger()
    for key in ("done", "later", "new"):
        ledger.queue_reply(replace(HELLO, key=key))
    ledger.settle_reply(next_reply(ledger), try_at=None, now=START)
    ledger.settle_reply(next_reply(ledger), try_at=START + 99, now=START)
    after = hire(open_ledger(), START + 50).ledger
    found = [after.next_reply(START + at) for at in (50, 98, 99, 200)]
    assert [(reply.key, reply.in_doubt) if reply else None for reply in found] == [
        ("new", False),
        None,
        ("later", False),
        None,
    ]


def test_a_reply_is_in_doubt_until_it_is_said_not_to_be(ledger: Ledger) -> None:
    """Whoever puts it off says so each time; the time of its first attempt stays."""
    ledger.queue_reply(HELLO)
    reply, seen = next_reply(ledger), []
    for at, in_doubt in enumerate((True, True, False)):
        ledger.settle_reply(reply, try_at=START + at, now=START + at, in_doubt=in_doubt)
        reply = next_reply(ledger, START + at)
        seen.append((reply.in_doubt, reply.first_tried))
    assert seen == [(True, START), (True, START), (False, START)]


def test_a_reply_that_was_put_off_is_said_before_one_that_came_later(ledger: Ledger) -> None:
    """As soon as both may be said: whoever reads them reads them in the order in which they were meant."""
    ledger.queue_reply(HELLO)
    ledger.settle_reply(next_reply(ledger), try_at=START + 60, now=START)
    ledger.queue_reply(replace(HELLO, key="later"))
    assert [next_reply(ledger, START + 60).key for _ in range(2)] == [HELLO.key, "later"]


def test_a_reply_that_is_done_with_is_not_put_off_any_more(open_ledger: Opener) -> None:
    """A worker that lost its lease comes late with its failure, when the next one has said it."""
    old = open_ledger()
    old.queue_reply(HELLO)
    late = next_reply(old)
    after = hire(open_ledger()).ledger
    after.settle_reply(next_reply(after, START + GRACE), try_at=None, now=START + GRACE)
    old.settle_reply(late, try_at=START + 5, now=START)
    assert (after.next_reply(START + 99), after.replies_waiting()) == (None, 0)


def test_an_older_file_still_opens_and_its_replies_are_said(tmp_path: Path) -> None:
    """It is from before replies could be in doubt."""
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path)) as old:
        old.executescript(";".join(MIGRATIONS[:3]))
        old.execute("INSERT INTO replies (key, space_id, person_id, markdown) VALUES ('k', 'home', '', 'hi')")
        old.execute("PRAGMA user_version = 3")
        old.commit()
    reply = Reply(key="k", markdown="hi", space_id="home", first_tried=START)
    assert next_reply(SqliteLedger(path)) == reply


def test_a_reply_that_was_certainly_not_said_comes_again_when_due(ledger: Ledger) -> None:
    """It keeps the time of its first attempt."""
    ledger.queue_reply(HELLO)
    ledger.settle_reply(next_reply(ledger), try_at=START + 5, now=START)
    assert ledger.next_reply(START + 4.9) is None
    again = next_reply(ledger, START + 5)
    ledger.settle_reply(again, try_at=START + 9, now=START + 5)
    assert (again.markdown, again.first_tried) == (HELLO.markdown, START)
    assert next_reply(ledger, START + 9).first_tried == START


def test_replies_are_said_in_the_order_they_were_written_down(ledger: Ledger) -> None:
    """What was to be said first is said first."""
    keys = ["c", "a", "b"]
    for key in keys:
        ledger.queue_reply(Reply(key=key, markdown=key, space_id="home"))
    assert [next_reply(ledger).key for _ in keys] == keys


def test_replies_wait_until_they_are_done_with(ledger: Ledger) -> None:
    """One that is being said counts as waiting; one that was said does not."""
    ledger.queue_reply(HELLO)
    counts = [ledger.replies_waiting()]
    reply = next_reply(ledger)
    counts.append(ledger.replies_waiting())
    ledger.settle_reply(reply, try_at=None, now=START)
    assert [*counts, ledger.replies_waiting()] == [1, 1, 0]


# the lease


def test_one_worker_at_a_time(ledger: Ledger) -> None:
    """While one holds the lease another gets none; when it has run out, a newer one."""
    first = take(ledger)
    assert first is not None
    assert take(ledger, START + LEASE - 0.1) is None
    second = take(ledger, START + LEASE)
    assert second is not None
    assert second > first


def test_one_of_many_that_ask_at_once_gets_the_lease(open_ledger: Opener) -> None:
    """Of eight processes that start together one works."""
    ledgers = [open_ledger() for _ in range(8)]
    tokens = all_at_once(*[lambda one=one: take(one) for one in ledgers])
    assert len([token for token in tokens if token is not None]) == 1


def test_a_renewed_lease_lasts_longer(worker: Worker) -> None:
    """It is held until the new time and not a moment more."""
    worker.ledger.renew_lease(worker.token, START + 60)
    assert take(worker.ledger, START + 59) is None
    assert take(worker.ledger, START + 60) is not None


def test_a_lease_given_back_is_free_at_once(worker: Worker) -> None:
    """Nobody has to wait for it to run out."""
    worker.ledger.drop_lease(worker.token)
    assert take(worker.ledger) is not None


def test_the_lease_of_a_dead_holder_is_free_at_once(ledger: Ledger) -> None:
    """The one who asks says whether the holder, by the name it gave, is dead."""
    take(ledger, owner="host/1")
    assert ledger.take_lease("host/2", START, LEASE, holder_is_dead=lambda owner: owner == "host/2") is None
    assert ledger.take_lease("host/2", START, LEASE, holder_is_dead=lambda owner: owner == "host/1") is not None


def test_an_old_lease_cannot_be_given_back(worker: Worker) -> None:
    """A worker that lost its lease does not end that of the next one."""
    after = hire(worker.ledger)
    worker.ledger.drop_lease(worker.token)
    assert take(worker.ledger) is None
    after.claim()


@pytest.mark.parametrize(
    "act",
    [
        lambda old: old.ledger.renew_lease(old.token, START + 99),
        lambda old: old.claim(),
        lambda old: old.ledger.open_broadcast(old.token, draft("m3"), [place("a")], START),
        lambda old: old.finish(),
        lambda old: old.ledger.doubt_orphans(old.token, START),
    ],
    ids=["renew", "claim", "open", "finish", "doubt"],
)
def test_who_lost_the_lease_is_told_and_does_nothing(worker: Worker, act: Callable[[Worker], object]) -> None:
    """Every step that needs the lease fails under an old token, and nothing has changed."""
    finished, running = worker.open(place("a", why=Why.READ_ONLY)), worker.open("b", "c")
    worker.claim(1)
    after = hire(worker.ledger, START + 1)
    with pytest.raises(LeaseLost):
        act(worker)
    assert [one.number for one in worker.ledger.broadcasts(limit=9)] == [running, finished]
    assert (after.finish(), worker.ledger.doubts(START), spaces(after.claim())) == ([finished], [], ["c"])
    assert take(worker.ledger, START + 1 + LEASE) is not None


def test_a_new_worker_goes_on_where_the_last_one_was(open_ledger: Opener) -> None:
    """What waits is claimed by the next holder of the lease, in another process."""
    hire(open_ledger()).open("a", "b")
    assert spaces(hire(open_ledger()).claim()) == ["a", "b"]


def test_many_may_open_a_new_ledger_at_once(open_fresh: Callable[[], Opener]) -> None:
    """Eight processes that start together on a ledger that is not there yet find it in order, twenty times over."""
    for _ in range(20):
        open_ledger = open_fresh()
        ledgers = [open_ledger() for _ in range(8)]
        assert all_at_once(*[lambda one=one: one.backlog(START).events for one in ledgers]) == [0] * 8


# what is remembered


def test_values_are_remembered_until_they_are_replaced(open_ledger: Opener) -> None:
    """A value survives the process; an unknown key has none."""
    for value in ("old", "new: ž"):
        open_ledger().remember("pace", value)
    assert (open_ledger().recall("pace"), open_ledger().recall("other")) == ("new: ž", None)


def test_a_note_with_a_time_goes_with_what_is_as_old(open_ledger: Opener) -> None:
    """A purge drops it, if it was noted before; what has no time stays, and what is noted anew counts as new."""
    ledger = open_ledger()
    for key, noted_at in (("old", START), ("young", START + 9), ("for ever", None), ("again", START)):
        ledger.remember(key, "value", noted_at=noted_at)
    ledger.remember("again", "news", noted_at=START + 9)
    ledger.purge(START + 5)
    found = [open_ledger().recall(key) for key in ("old", "young", "for ever", "again")]
    assert found == [None, "value", "value", "news"]


def test_people_are_remembered_until_they_are_forgotten(ledger: Ledger) -> None:
    """Each 1-1 has the other's org, or that they are gone, and since when; forgetting one leaves the others."""
    for space_id, org_id, now in (("a", "acme", 1.0), ("b", None, 1.0), ("c", "acme", 1.0), ("c", "globex", 2.0)):
        ledger.remember_person(space_id, org_id, now)
    ledger.forget_person("a")
    assert [ledger.known_person(space_id) for space_id in "abcd"] == [None, (None, 1.0), ("globex", 2.0), None]
