"""The world of a chaos run: its spaces, what people say, and a Webex that remembers every attempt. Makes no trouble.

Every word of a broadcast carries its number and its own, and that of the edit it came with, so that the texts found in
a space tell by themselves what arrived, how often and in which order, without asking the bot.
"""

import json
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from time import time
from typing import Any, cast

from webexsim import Message, Person, Server, SimFile, Space, World
from webexsim.exchange import Body
from webexsim.front import Outgoing
from webexsim.refusals import Refusal

SHARE_DIRECT = 0.3
SHARE_FOREIGN = 0.1
SHARE_BUSY = 0.15
LONG_WORDS = 60
NO_ANSWER = frozenset({"cut_before", "cut_after", "hang", "empty", "broken"})
"""Staged faults after which the bot holds no answer that can be read, whether the message was posted or not."""

NO_DECISION = frozenset({500, 502, 504})
"""Answers that say that something failed, but not that nothing was done."""

MOST_EDITS = 4
"""Edits of one broadcast: Webex takes ten, and one that is tried again after a kill may count twice."""

_WORD = re.compile(r"\bq(\d+)w(\d+)(?:r(\d+))?z\b")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Something an allowed sender asked for. `after`: the numbers of those the bot had promised before it was said."""

    number: int
    message: Message
    words: int
    file: SimFile | None = None
    is_card: bool = False
    after: frozenset[int] = frozenset()


@dataclass(kw_only=True)
class Fate:
    """What its sender has done about a broadcast since: the number of the newest text, its words, how it was recalled.

    A broadcast that was deleted before the bot could read it need not have been opened.
    """

    words: int
    revision: int = 0
    is_recalled: bool = False
    is_deleted: bool = False
    is_edited_by_reply: bool = False


@dataclass(frozen=True, kw_only=True)
class Event:
    """An event about a message that Webex tells: "created", "updated" or "deleted"."""

    name: str
    message_id: str


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """A request of the bot to post a part of a broadcast. `fault` is what was staged, if anything was."""

    asked: int
    room_id: str
    started: float
    status: int | None = None
    fault: str = ""

    @property
    def is_in_doubt(self) -> bool:
        """Whether the bot cannot know from the answer, if there was any, what came of it."""
        return self.fault in NO_ANSWER or self.status in NO_DECISION


def words_in(text: str) -> list[tuple[int, int]]:
    """Return the words of broadcasts in a text, in order: the broadcast's number and the word's own, from 1."""
    return [(asked, word) for asked, word, _ in marks_in(text)]


def marks_in(text: str) -> list[tuple[int, int, int]]:
    """Return the words of broadcasts in a text with the number of the text they belong to: 0 for the first one."""
    return [(int(asked), int(word), int(revision or 0)) for asked, word, revision in _WORD.findall(text)]


class Webex(Server):
    """A simulated Webex that keeps a record of each attempt to post a part of a broadcast."""

    def __init__(self, world: World, seed: int) -> None:
        super().__init__(world, seed=seed)
        self.attempts: list[Attempt] = []
        self._attempts_lock = threading.Lock()

    def answer(self, handler: Any) -> Outgoing:
        """Answer a request, and write down what it was."""
        read = _Read(handler)
        number = self._began(read)
        going = super().answer(cast(Any, read))
        if number is not None:
            fault = going.note.removeprefix("fault: ").partition(",")[0] if going.note.startswith("fault: ") else ""
            self.attempts[number] = replace(self.attempts[number], status=going.status, fault=fault)
        return going

    def _began(self, read: "_Read") -> int | None:
        body = read.body()
        if (read.command, read.path) != ("POST", "/v1/messages") or not isinstance(body, Body):
            return None
        words = words_in(str(body.fields.get("markdown", "")))
        if not words or body.fields.get("parentId"):
            return None
        attempt = Attempt(asked=words[0][0], room_id=str(body.fields.get("roomId")), started=time())
        with self._attempts_lock:
            self.attempts.append(attempt)
            return len(self.attempts) - 1


class _Read:
    """A request whose body has been read."""

    def __init__(self, handler: Any) -> None:
        self._handler = handler
        self._body: Body | Refusal = handler.body()

    def body(self) -> Body | Refusal:
        return self._body

    def __getattr__(self, name: str) -> Any:
        return getattr(self._handler, name)


@dataclass(kw_only=True)
class Places:
    """The spaces by what may become of a broadcast in them."""

    rooms: list[Space] = field(default_factory=list)
    forbidden: set[str] = field(default_factory=set)
    """Nothing may be sent there: it must be skipped."""
    refusing: set[str] = field(default_factory=set)
    """Webex refuses for good there, at least from some moment on: skipped, failed and sent are all right."""
    left: set[str] = field(default_factory=set)
    """The bot was removed in the middle of it: it cannot be looked at any more."""
    busy: list[tuple[Person, Space]] = field(default_factory=list)
    """Who talks where meanwhile."""


class Stage:
    """One world. `is_filtered`: the bot is set to reach the sender's organization only."""

    def __init__(self, seed: int, spaces: int) -> None:
        self.random = Random(f"{seed}/stage")
        self.world = World(seed=seed, tells_edits=True)
        self.is_filtered = self.random.random() < 0.5
        self.acme, self.globex = self.world.org("Acme"), self.world.org("Globex")
        self.bot = self.world.bot("Broadcast Bot", org=self.acme)
        self.alice = self._hire("Alice Novak")
        self.zoe = self._hire("Zoe Talks")
        self.mallory = self._hire("Mallory Far", is_foreign=True)
        self.asked: list[Asked] = []
        self.fates: dict[int, Fate] = {}
        self.places = Places()
        self._fill(spaces)
        self.webex = Webex(self.world, seed)
        self._news = threading.Condition()
        self._arrived = 0
        self.world.on_message(self._count)

    # who is where

    def _hire(self, name: str, *, is_foreign: bool = False) -> Person:
        org = self.globex if is_foreign else self.acme
        return self.world.person(name, f"{name.lower().replace(' ', '.')}@{org.name.lower()}.example", org=org)

    def _fill(self, spaces: int) -> None:
        self.home = self.world.direct(self.bot, self.alice)
        self.lobby = self.world.space("Lobby", owner=self.acme, members=[self.bot, self.alice, self.mallory])
        self.places.rooms += [self.home, self.lobby]
        others = max(0, spaces - len(self.places.rooms))
        direct = round(others * SHARE_DIRECT)
        for number in range(others - direct):
            self._add_group(number)
        for number in range(direct):
            self._add_direct(number)

    def _add_group(self, number: int) -> None:
        is_foreign, is_busy = self._is(SHARE_FOREIGN), self._is(SHARE_BUSY)
        is_closed = self._is(0.02)
        room = self.world.space(
            f"Space {number}",
            owner=self.globex if is_foreign else self.acme,
            members=[self.bot, self.zoe],
            announcement_only=is_closed,
        )
        self.places.rooms.append(room)
        if is_closed or (is_foreign and self.is_filtered):
            self.places.forbidden.add(room.id)
        elif is_busy:
            self.places.busy.append((self.zoe, room))

    def _add_direct(self, number: int) -> None:
        is_foreign, is_gone = self._is(SHARE_FOREIGN * 2), self._is(0.03)
        person = self._hire(f"Person {number}", is_foreign=is_foreign)
        room = self.world.direct(self.bot, person, read_only=self._is(0.03))
        self.places.rooms.append(room)
        if is_gone:
            self.world.leave(person, room)
            self.places.refusing.add(room.id)
        elif room.read_only or (is_foreign and self.is_filtered):
            self.places.forbidden.add(room.id)
        elif is_foreign and self._is(0.3):
            self.places.busy.append((person, room))

    def _is(self, probability: float) -> bool:
        return self.random.random() < probability

    # what is said

    def ask(self, kind: str, after: frozenset[int]) -> Asked:
        """Have an allowed sender ask for a broadcast: "text", "long", "file" or "card"."""
        number = len(self.asked) + 1
        words = LONG_WORDS if kind == "long" else self.random.randint(1, 4)
        file = _file(kind, number)
        place = self.lobby if self._is(0.3) else self.home
        message = self.world.say(
            self.alice,
            place,
            text=_text(number, words, "filler " * 24 if kind == "long" else "filler"),
            mention=[self.bot] if place is self.lobby else (),
            files=[file] if file else (),
        )
        asked = Asked(number=number, message=message, words=words, file=file, is_card=kind == "card", after=after)
        self.asked.append(asked)
        self.fates[number] = Fate(words=words)
        if file and self._is(0.3):
            self.webex.scan(message.files[0], "scanning", times=2)
        return asked

    def edit(self, random: Random, may_reply: Callable[[Asked], bool]) -> Event | None:
        """Have the sender edit one of his messages, or reply with a new text; None where there is none to edit."""
        fates = self.fates
        open_to_it = [
            asked
            for asked in self.asked
            if asked.file is None
            and not fates[asked.number].is_recalled
            and not fates[asked.number].is_edited_by_reply
            and fates[asked.number].revision < MOST_EDITS
        ]
        if not open_to_it:
            return None
        asked = random.choice(open_to_it)
        fate = fates[asked.number]
        # One way or the other: where events come late nobody can say which of both was meant to win.
        fate.is_edited_by_reply = fate.revision == 0 and may_reply(asked) and random.random() < 0.4
        fate.revision += 1
        fate.words = random.choice((random.randint(1, 4), LONG_WORDS // 2, LONG_WORDS))
        text = _text(asked.number, fate.words, "filler " * 24, fate.revision)
        if fate.is_edited_by_reply:
            return self._reply(asked, f"edit: {text}")
        self.world.edit(asked.message, text)
        return Event(name="updated", message_id=asked.message.id)

    def recall(self, random: Random, may_reply: Callable[[Asked], bool]) -> Event | None:
        """Have the sender delete one of his messages, or reply `recall`; never more than half of them."""
        left = [asked for asked in self.asked if not self.fates[asked.number].is_recalled]
        if len(left) * 2 <= len(self.asked):
            return None
        asked = random.choice(left)
        fate = self.fates[asked.number]
        fate.is_recalled = True
        fate.is_deleted = not (may_reply(asked) and random.random() < 0.5)
        if not fate.is_deleted:
            return self._reply(asked, "recall")
        self.world.delete(asked.message)
        return Event(name="deleted", message_id=asked.message.id)

    def _reply(self, asked: Asked, text: str) -> Event:
        place = self.world.directory.spaces[asked.message.room_id]
        mention = [self.bot] if place is self.lobby else []
        said = self.world.say(self.alice, place, text=text, parent=asked.message, mention=mention)
        return Event(name="created", message_id=said.id)

    def intrude(self) -> None:
        """Have somebody who may not send ask for a broadcast."""
        self.world.say(self.mallory, self.lobby, text="buy now", mention=[self.bot])

    def chat(self, random: Random) -> None:
        """Have somebody talk in one of the busy spaces."""
        if self.places.busy:
            person, room = random.choice(self.places.busy)
            self.world.say(person, room, text="small talk")

    def remove_bot(self, random: Random) -> None:
        """Take the bot out of a space."""
        open_to_all = [
            room
            for room in self.places.rooms[2:]
            if room.type == "group" and room.id not in self.places.forbidden | self.places.left
        ]
        room = random.choice(open_to_all)
        self.places.left.add(room.id)
        self.places.refusing.add(room.id)
        self.world.leave(self.bot, room, by=self.zoe)

    # what arrives

    def arrivals(self) -> dict[str, list[Message]]:
        """Return the bot's messages that carry parts of broadcasts, by room, in the order of their posting."""
        found: dict[str, list[Message]] = {}
        for message in self.world.messages(by=self.bot):
            if message.parent_id is None and words_in(message.markdown or ""):
                found.setdefault(message.room_id, []).append(message)
        return found

    def wait_for_arrivals(self, count: int, seconds: float) -> None:
        """Wait until so many messages more have been posted by the bot, `seconds` at most."""
        with self._news:
            wanted = self._arrived + count
            self._news.wait_for(lambda: self._arrived >= wanted, seconds)

    def _count(self, message: Message) -> None:
        if message.person_id == self.bot.id:
            with self._news:
                self._arrived += 1
                self._news.notify_all()


def _text(number: int, words: int, filler: str, revision: int = 0) -> str:
    mark = f"r{revision}" if revision else ""
    return "\n\n".join(f"q{number}w{word}{mark}z {filler}" for word in range(1, words + 1))


def _file(kind: str, number: int) -> SimFile | None:
    if kind == "file":
        return SimFile(f"příloha {number}.txt", f"content {number}\n".encode() * 50, "text/plain")
    if kind == "card":
        body = [{"type": "TextBlock", "text": f"card {number}"}]
        card = json.dumps({"type": "AdaptiveCard", "version": "1.3", "body": body})
        return SimFile("card.json", card.encode(), "application/json")
    return None


def kinds_of(random: Random) -> Sequence[str]:
    """Return what a run's broadcasts are, in order: always a long one and one with a file, sometimes a card."""
    kinds = ["long", "file", *random.choice([(), ("text",), ("card",), ("text", "card")])]
    random.shuffle(kinds)
    return kinds
