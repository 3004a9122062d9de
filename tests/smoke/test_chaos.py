"""Chaos, in small: one seed against the real bot, and the books that judge it. `make chaos` runs more."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.chaos import run
from bench.chaos_books import Accountant, Books
from bench.chaos_bots import Fleet
from bench.chaos_stage import Stage
from broadcast.model import Change, Content, Destination, Draft, Kind, Person, SpaceKind, State, Why
from broadcast.outcomes import Changed, GaveUp, PartSent

SEED = 7
FAILED = GaveUp(state=State.FAILED, why=Why.OTHER)
UNKNOWN = GaveUp(state=State.UNKNOWN, why=Why.NO_ANSWER)


class Scene:
    """One broadcast to one space, with no bot: a test says what arrives and what the ledger holds."""

    def __init__(self, folder: Path) -> None:
        self.stage = Stage(1, 2)
        self.stage.places.rooms.remove(self.stage.home)
        self.fleet = Fleet(self.stage, folder)
        self.asked = self.stage.ask("text", frozenset())

    def arrives(self, words: str = "") -> str:
        """Have the bot's message turn up in the space; return its id."""
        body = words or self.asked.message.text
        return self.stage.world.say(self.stage.bot, self.stage.lobby, markdown=body).id

    def settles(self, outcome: PartSent | GaveUp) -> None:
        """Write down in the ledger that this became of it."""
        ledger, said, lobby = self.fleet.ledger, self.asked.message, self.stage.lobby
        token = ledger.take_lease("nobody", 0, 1e12, holder_is_dead=lambda _: True)
        assert token
        draft = Draft(
            source_id=said.id,
            space_id=said.room_id,
            thread_id=said.id,
            sender=Person(id="alice", name="Alice"),
            content=Content(group_parts=("x",), direct_parts=("x",)),
            asked_at=said.created,
        )
        place = Destination(space_id=lobby.id, kind=SpaceKind.GROUP, title=lobby.title)
        ledger.open_broadcast(token, draft, [place], said.created)
        claims = ledger.claim(token, limit=1, now=said.created, webex_time=said.created)
        ledger.settle([(claims[0], outcome)], said.created + 1)

    def changes(self, kind: Kind, outcome: Changed | GaveUp) -> None:
        """Have the sender edit the broadcast or take it back, and write down that this became of it."""
        ledger = self.fleet.ledger
        fate = self.stage.fates[self.asked.number]
        fate.words, fate.revision, fate.is_recalled = 1, int(kind is Kind.EDIT), kind is Kind.RECALL
        token = ledger.take_lease("nobody", 0, 1e12, holder_is_dead=lambda _: True)
        assert token
        content = Content(group_parts=("y",), direct_parts=("y",))
        number = ledger.open_change(token, Change(key="c", kind=kind, root=1, content=content, asked_at=0), 1e9)
        assert number
        claims = ledger.claim(token, limit=1, now=1e12, webex_time=1e12)
        ledger.settle([(claims[0], outcome)], 1e12)

    @property
    def books(self) -> Books:
        """The balance."""
        return Accountant(self.stage, self.fleet).balance()


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Return a broadcast of which nothing has come yet."""
    made = Scene(tmp_path)
    yield made
    made.stage.webex.stop()


def test_a_storm_loses_nothing_and_doubles_nothing() -> None:
    """A bot that is killed while Webex lies and limits brings every space its message once, or says that it did not."""
    result = run(SEED, spaces=60, storm_seconds=6.0, has_long_freeze=False)
    assert not result.books.complaints
    assert (result.books.lost, result.books.duplicated) == (0, 0)
    assert result.books.planned > 60
    assert result.books.kills >= 2
    assert result.books.in_doubt > 0


def test_the_books_balance(scene: Scene) -> None:
    """A message that arrived once and is said to be sent is nothing to complain about."""
    scene.settles(PartSent(message_id=scene.arrives()))
    assert (scene.books.planned, scene.books.sent, scene.books.complaints) == (1, 1, [])


def test_the_books_see_a_loss(scene: Scene) -> None:
    """A message that is said to be sent but is not there counts as lost."""
    scene.settles(PartSent(message_id="none"))
    assert scene.books.lost == 1


def test_the_books_see_half_a_message(scene: Scene) -> None:
    """A message of which words are missing counts as lost."""
    scene.settles(PartSent(message_id=scene.arrives("q1w2z")))
    assert scene.books.lost == 1


def test_the_books_see_a_duplicate(scene: Scene) -> None:
    """A message that is there twice counts as duplicated, whatever the ledger says."""
    scene.arrives()
    scene.settles(PartSent(message_id=scene.arrives()))
    assert (scene.books.lost, scene.books.duplicated) == (0, 1)


@pytest.mark.parametrize(("outcome", "words"), [(FAILED, "without need"), (UNKNOWN, "no attempt was in doubt")])
def test_the_books_allow_no_easy_way_out(scene: Scene, outcome: GaveUp, words: str) -> None:
    """A message that could have been sent must not be called failed or unknown."""
    scene.settles(outcome)
    assert words in "".join(scene.books.complaints)


def test_the_books_know_an_edit(scene: Scene) -> None:
    """A copy that shows its newest text is nothing to complain about."""
    copy = scene.arrives("q1w1r1z")
    scene.settles(PartSent(message_id=copy))
    scene.changes(Kind.EDIT, Changed(copies=(copy,), is_done=True))
    assert (scene.books.edited, scene.books.complaints) == (1, [])


@pytest.mark.parametrize("words", ["q1w1z", "q1w1z q1w1r1z", "q1w1r1z q1w2z", "nothing of it"])
def test_the_books_see_an_old_text(scene: Scene, words: str) -> None:
    """A copy that is said to be edited, and does not show the newest text or shows more, counts as lost."""
    copy = scene.arrives(words)
    scene.settles(PartSent(message_id=copy))
    scene.changes(Kind.EDIT, Changed(copies=(copy,), is_done=True))
    assert scene.books.lost == 1


def test_the_books_see_what_survived_a_recall(scene: Scene) -> None:
    """A copy that is said to be taken back and is still there counts as lost."""
    scene.settles(PartSent(message_id=scene.arrives()))
    scene.changes(Kind.RECALL, Changed(copies=(), is_done=True))
    assert (scene.books.recalled, scene.books.lost) == (1, 1)
    assert "survived its recall" in scene.books.complaints[0]


@pytest.mark.parametrize(("outcome", "words"), [(FAILED, "without need"), (UNKNOWN, "no attempt was in doubt")])
def test_the_books_allow_no_easy_way_out_of_a_recall(scene: Scene, outcome: GaveUp, words: str) -> None:
    """A copy that could have been taken back must not be called failed or unknown."""
    scene.settles(PartSent(message_id=scene.arrives()))
    scene.changes(Kind.RECALL, outcome)
    assert words in "".join(scene.books.complaints)


def test_the_books_see_a_recall_that_nobody_began(scene: Scene) -> None:
    """The sender took the message back and the bot did nothing: every copy counts as lost."""
    scene.settles(PartSent(message_id=scene.arrives()))
    scene.stage.fates[1].is_recalled = True
    assert scene.books.lost == 1
    assert "was never recalled" in scene.books.complaints[0]


def test_the_books_see_that_nothing_was_done(scene: Scene) -> None:
    """A message that was asked for and never broadcast is lost in every space."""
    assert scene.books.lost == 1
    assert "opened 0 times" in scene.books.complaints[0]


def test_the_books_see_a_false_report(scene: Scene) -> None:
    """A message that arrived must not be called failed."""
    scene.arrives()
    scene.settles(FAILED)
    assert "is said to have been failed" in "".join(scene.books.complaints)
