"""Edits and recalls, step by step: what each step does in the space, and what follows from how it ended."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import cast

import pytest

from broadcast.changes import Changes
from broadcast.errors import NoAnswer, NotSent, Refused, WebexError
from broadcast.model import NOTHING, Content, Kind, SpaceKind, State, Why
from broadcast.outcomes import Changed, Claim, GaveUp, InDoubt, Outcome, PartSent, RetryAt
from broadcast.ports import Gateway
from broadcast.retry import GRACE, Patience

NOW = 1000.0
PATIENCE = Patience(now=NOW, first_tried=None, give_up_after=600.0)
SPENT = Patience(now=NOW, first_tried=NOW - 600, give_up_after=600.0)
REMOVED = GaveUp(state=State.SKIPPED, why=Why.NO_COPY)
UNSURE = GaveUp(state=State.UNKNOWN, why=Why.NO_ANSWER)


@dataclass
class Room:
    """A space as a gateway: the messages in it, by id. `fails` is raised by the next call, which does nothing."""

    messages: dict[str, str]
    fails: WebexError | None = None
    did: list[str] = field(default_factory=list)

    def edit(self, message_id: str, space_id: str, markdown: str) -> None:
        """Put a new text under an old id."""
        self._try(f"edit {message_id} in {space_id}")
        self.messages[message_id] = markdown

    def delete(self, message_id: str) -> None:
        """Remove a message, if it is there."""
        self._try(f"delete {message_id}")
        self.messages.pop(message_id, None)

    def post(self, space_id: str, markdown: str) -> str:
        """Take a message; its id is new."""
        self._try(f"post in {space_id}")
        message_id = f"new{len(self.did)}"
        self.messages[message_id] = markdown
        return message_id

    def _try(self, what: str) -> None:
        self.did.append(what)
        if self.fails:
            raise self.fails


def room(*texts: str) -> Room:
    """Return a space with these copies in it: c1, c2, …"""
    return Room({f"c{number}": text for number, text in enumerate(texts, 1)})


def changes(room: Room, found: Outcome = UNSURE) -> Changes:
    """Return what carries out changes there; a look for a message that may have come finds just this."""
    return Changes(cast(Gateway, room), lambda _claim, _content: found)


def claim(*copies: str, part: int = 0, is_unsure: bool = False, work: Kind = Kind.EDIT) -> Claim:
    """Return the right to make one step of a change."""
    return Claim(
        broadcast=2,
        root=1,
        space_id="a",
        kind=SpaceKind.GROUP,
        token=1,
        attempt=1,
        part=part,
        tried_at=NOW,
        webex_time=NOW,
        first_tried=None,
        work=work,
        copies=copies,
        is_unsure=is_unsure,
    )


def text(*parts: str) -> Content:
    """Return the content of an edit for group spaces."""
    return Content(group_parts=parts, direct_parts=("another",))


def carry_out(room: Room, first: Claim, content: Content, most: int = 20) -> Outcome:
    """Make steps as the fan-out does until the change is done or given up."""
    step, part = first, first.part
    for _ in range(most):
        outcome = changes(room).attempt(step, content)
        if not isinstance(outcome, Changed) or outcome.is_done:
            return outcome
        part += 1
        step = replace(step, part=part, copies=outcome.copies)
    raise AssertionError(f"not done after {most} steps: {room.did}")


# edits


@pytest.mark.parametrize("before", [1, 2, 3, 5])
@pytest.mark.parametrize("after", [1, 2, 3, 5])
def test_an_edit_leaves_the_new_text_and_nothing_else(before: int, after: int) -> None:
    """As many parts as it has, in order, however many there were; what is there is edited and not posted anew."""
    there = room(*["old"] * before)
    parts = [f"new {number}" for number in range(after)]
    done = carry_out(there, claim(*there.messages), text(*parts))
    assert list(there.messages.values()) == parts
    assert done == Changed(copies=tuple(there.messages), is_done=True)
    kept = min(before, after)
    assert list(there.messages)[:kept] == [f"c{number}" for number in range(1, kept + 1)]
    assert len(there.did) == max(before, after)


@pytest.mark.parametrize("before", [1, 2, 3])
@pytest.mark.parametrize("after", [1, 2, 3])
@pytest.mark.parametrize("is_done", [True, False])
def test_an_edit_in_which_every_step_is_interrupted_once_ends_the_same(before: int, after: int, is_done: bool) -> None:
    """Each step got no answer: done once more, or looked up where it posts; whether it had an effect or not."""
    there = room(*["old"] * before)
    content, step = text(*[f"new {number}" for number in range(after)]), claim(*there.messages)
    outcome: Outcome = Changed(copies=step.copies, is_done=False)
    while not (isinstance(outcome, Changed) and outcome.is_done):
        outcome = interrupted(there, step, content, is_done)
        assert isinstance(outcome, Changed)
        step = replace(step, part=step.part + 1, copies=outcome.copies)
    assert list(there.messages.values()) == list(content.group_parts)
    assert outcome.copies == tuple(there.messages)


def interrupted(there: Room, step: Claim, content: Content, is_done: bool) -> Outcome:
    """Make a step whose answer is lost, find out what became of it, and repeat it where that is the way."""
    before = set(there.messages)
    if is_done:
        changes(there).attempt(step, content)
    new = [message_id for message_id in there.messages if message_id not in before]
    found = PartSent(message_id=new[0]) if new else RetryAt(at=0.0, why=Why.NONE)
    outcome = changes(there, found).decide(step, content)
    return changes(there).attempt(step, content) if isinstance(outcome, RetryAt) else outcome


def test_each_kind_of_space_is_edited_with_its_own_text() -> None:
    """A 1-1 has other parts than a group."""
    there = room("old")
    step = replace(claim("c1"), kind=SpaceKind.DIRECT)
    assert changes(there).attempt(step, text("group", "only")) == Changed(copies=("c1",), is_done=True)
    assert there.messages == {"c1": "another"}


def test_an_edit_names_message_and_space() -> None:
    """One call a step."""
    there = room("old", "old")
    changes(there).attempt(claim("c1", "c2", part=1), text("one", "two"))
    assert there.did == ["edit c2 in a"]


@pytest.mark.parametrize("work", [Kind.EDIT, Kind.RECALL])
def test_where_no_copy_is_known_nothing_is_done(work: Kind) -> None:
    """It is left out; where there may be one, nobody knows."""
    there = room("somebody else's")
    assert changes(there).attempt(claim(work=work), text("new")) == REMOVED
    assert changes(there).attempt(claim(work=work, is_unsure=True), text("new")) == UNSURE
    assert there.did == []


@pytest.mark.parametrize(
    ("copies", "parts", "left"),
    [
        (("c1",), ("n1",), ["n1"]),
        (("c1",), ("n1", "n2"), ["n1"]),
        (("c1", "c2"), ("n1", "n2"), ["n1", "n2"]),
        (("c1", "c2"), ("n1",), ["n1"]),
        (("c1", "c2"), ("n1", "n2", "n3"), ["n1", "n2"]),
    ],
)
def test_where_there_may_be_one_more_what_is_known_is_edited_and_nothing_added(
    copies: tuple[str, ...], parts: tuple[str, ...], left: list[str]
) -> None:
    """In the end it is unknown: a copy may be left with the old text, or a part be there twice."""
    there = room(*["old"] * len(copies))
    assert carry_out(there, claim(*copies, is_unsure=True), text(*parts)) == UNSURE
    assert list(there.messages.values()) == left


def test_a_repeated_last_step_ends_the_edit() -> None:
    """All parts were there already when the row was taken up once more."""
    there = room("n1", "n2")
    assert changes(there).attempt(claim("c1", "c2", part=2), text("n1", "n2")) == Changed(
        copies=("c1", "c2"), is_done=True
    )
    assert there.did == []


# recalls


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_recall_deletes_every_copy(count: int) -> None:
    """The last first, one a step."""
    there = room(*["old"] * count)
    done = carry_out(there, claim(*there.messages, work=Kind.RECALL), NOTHING)
    assert (done, there.messages) == (Changed(copies=(), is_done=True), {})
    assert there.did == [f"delete c{number}" for number in range(count, 0, -1)]


def test_a_recall_where_there_may_be_one_more_ends_unknown() -> None:
    """What is known is deleted."""
    there = room("old", "old")
    assert carry_out(there, claim("c1", "c2", work=Kind.RECALL, is_unsure=True), NOTHING) == UNSURE
    assert there.messages == {}


def test_a_copy_that_fails_keeps_the_others_known() -> None:
    """The step before has said what is left."""
    there = room("old", "old")
    step = claim("c1", "c2", work=Kind.RECALL)
    assert changes(there).attempt(step, NOTHING) == Changed(copies=("c1",), is_done=False)
    there.fails = NotSent("no route", call="DELETE messages")
    with pytest.raises(NotSent):
        changes(there).attempt(replace(step, copies=("c1",), part=1), NOTHING)
    assert list(there.messages) == ["c1"]


# what failed


def refused(status: int, retry_after: float | None = None) -> Refused:
    """Return what Webex says when it says no."""
    return Refused("no", call="messages", status=status, retry_after=retry_after)


def failed(step: Claim, error: WebexError, content: Content = NOTHING, patience: Patience = PATIENCE) -> Outcome:
    """Return what follows from a step that failed."""
    return changes(room()).failed(step, content, error, patience)


EDIT, RECALL = claim("c1"), claim("c1", work=Kind.RECALL)
ADDS = claim("c1", part=1)
LONGER = text("n1", "n2")
LOST = NoAnswer("cut", call="messages")
UNHEARD = NotSent("no route", call="messages")


@pytest.mark.parametrize("step", [EDIT, RECALL])
@pytest.mark.parametrize("error", [LOST, UNHEARD, refused(500), refused(502), refused(503), refused(504), refused(423)])
def test_an_edit_or_a_deletion_is_simply_done_again(step: Claim, error: WebexError) -> None:
    """Whether it was carried out or not; in the end the patience is spent."""
    outcome = failed(step, error, text("new"))
    assert isinstance(outcome, RetryAt)
    assert (outcome.at > NOW, outcome.counts, outcome.why) == (True, True, Why.OTHER)
    spent = failed(step, error, text("new"), SPENT)
    assert isinstance(spent, GaveUp)
    assert (spent.state, spent.why) == (State.FAILED, Why.GAVE_UP)


@pytest.mark.parametrize("step", [EDIT, RECALL, ADDS])
@pytest.mark.parametrize("status", [401, 429])
def test_a_limit_is_waited_out_and_uses_up_no_patience(step: Claim, status: int) -> None:
    """For as long as Webex says, even when the patience is spent."""
    outcome = failed(step, refused(status, 30.0), LONGER, SPENT)
    assert isinstance(outcome, RetryAt)
    assert (outcome.at, outcome.counts) == (NOW + 30, False)


def test_a_pause_that_webex_asks_for_is_kept() -> None:
    """Also after an error that is simply repeated."""
    for step in (EDIT, RECALL):
        outcome = failed(step, refused(500, 45.0), text("new"))
        assert isinstance(outcome, RetryAt)
        assert outcome.at == NOW + 45


@pytest.mark.parametrize(
    ("step", "status", "state", "why"),
    [
        (EDIT, 400, State.FAILED, Why.EDIT_REFUSED),
        (EDIT, 403, State.FAILED, Why.FORBIDDEN),
        (RECALL, 400, State.FAILED, Why.INVALID),
        (RECALL, 403, State.FAILED, Why.FORBIDDEN),
        (ADDS, 400, State.FAILED, Why.INVALID),
        (ADDS, 403, State.FAILED, Why.FORBIDDEN),
        (ADDS, 404, State.FAILED, Why.NOT_FOUND),
    ],
)
def test_a_no_is_a_no(step: Claim, status: int, state: State, why: Why) -> None:
    """With a reason of its own where an edit is not taken, or the message was removed."""
    content = LONGER if step is ADDS else text("new")
    assert failed(step, refused(status), content) == GaveUp(state=state, why=why, detail=f"{status} no")


@pytest.mark.parametrize(("error", "is_repeated"), [(LOST, False), (refused(502), True)])
def test_a_part_that_is_posted_is_in_doubt_like_any_message(error: WebexError, is_repeated: bool) -> None:
    """It is not simply posted again."""
    outcome = failed(ADDS, error, LONGER)
    assert isinstance(outcome, InDoubt)
    assert outcome.repeat is is_repeated
    assert outcome.look_at == NOW + GRACE or is_repeated


def test_a_part_that_certainly_was_not_posted_is_posted_again() -> None:
    """It never left."""
    assert isinstance(failed(ADDS, UNHEARD, LONGER), RetryAt)


# what got no answer


@pytest.mark.parametrize("step", [EDIT, RECALL, replace(ADDS, is_unsure=True)])
def test_a_step_without_an_answer_is_done_again_without_a_look(step: Claim) -> None:
    """An edit, a deletion: nothing can be doubled."""
    found: Sequence[Outcome] = (UNSURE, PartSent(message_id="x"))
    for outcome in (changes(room(), one).decide(step, text("new", "er")) for one in found):
        assert isinstance(outcome, RetryAt)
        assert outcome.at == 0.0


@pytest.mark.parametrize("found", [UNSURE, RetryAt(at=0.0, why=Why.NONE), InDoubt(look_at=NOW + 5)])
def test_a_posted_part_without_an_answer_is_what_the_look_says(found: Outcome) -> None:
    """Unknown, not there, to be looked for once more."""
    assert changes(room(), found).decide(ADDS, LONGER) == found


@pytest.mark.parametrize(("parts", "is_done"), [(("n1", "n2"), True), (("n1", "n2", "n3"), False)])
def test_a_posted_part_that_was_found_is_a_copy(parts: tuple[str, ...], is_done: bool) -> None:
    """Behind those that were there; the edit is done with the last."""
    found = PartSent(message_id="c2")
    assert changes(room(), found).decide(ADDS, text(*parts)) == Changed(copies=("c1", "c2"), is_done=is_done)


@dataclass
class Shut(Room):
    """A space of which Webex says that the message is not there; `status` is what it says of the space itself."""

    status: int | None = None

    def _try(self, what: str) -> None:
        self.did.append(what)
        raise refused(404)

    def space(self, space_id: str) -> None:
        """Be there, or not for the bot."""
        self.did.append(f"look at {space_id}")
        if self.status:
            raise refused(self.status)


@pytest.mark.parametrize(
    ("work", "status", "expected"),
    [
        (Kind.RECALL, None, Changed(copies=(), is_done=True)),
        (Kind.EDIT, None, GaveUp(state=State.SKIPPED, why=Why.NO_COPY, detail="404 no")),
        (Kind.RECALL, 404, GaveUp(state=State.FAILED, why=Why.BOT_REMOVED, detail="404 no")),
        (Kind.EDIT, 403, GaveUp(state=State.FAILED, why=Why.BOT_REMOVED, detail="403 no")),
    ],
)
def test_a_copy_that_is_gone_is_told_from_a_space_the_bot_was_removed_from(
    work: Kind, status: int | None, expected: Outcome
) -> None:
    """Webex says 404 to both; a copy that cannot be reached any more is not called taken back."""
    room = Shut({"c1": "old"}, status=status)
    assert changes(room).attempt(claim("c1", work=work), text("new")) == expected
