"""The world of a chaos run: its spaces, what people say, and a Webex that remembers every attempt. Makes no trouble.

Every word of a broadcast carries its number and its own, so that the texts found in a space tell by themselves what
arrived, how often and in which order, without asking the bot.
"""

import json
import re
import threading
from collections.abc import Sequence
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

_WORD = re.compile(r"\bq(\d+)w(\d+)z\b")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Something an allowed sender asked for. `after`: the numbers of those the bot had promised before it was said."""

    number: int
    message: Message
    words: int
    file: SimFile | None = None
    is_card: bool = False
    after: frozenset[int] = frozenset()


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
    return [(int(asked), int(word)) for asked, word in _WORD.findall(text)]


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
        self.world = World(seed=seed)
        self.is_filtered = self.random.random() < 0.5
        self.acme, self.globex = self.world.org("Acme"), self.world.org("Globex")
        self.bot = self.world.bot("Broadcast Bot", org=self.acme)
        self.alice = self._hire("Alice Novak")
        self.zoe = self._hire("Zoe Talks")
        self.mallory = self._hire("Mallory Far", is_foreign=True)
        self.asked: list[Asked] = []
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
        if file and self._is(0.3):
            self.webex.scan(message.files[0], "scanning", times=2)
        return asked

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


def _text(number: int, words: int, filler: str) -> str:
    return "\n\n".join(f"q{number}w{word}z {filler}" for word in range(1, words + 1))


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
