"""Judges the copies of a broadcast that its sender has edited or taken back meanwhile. Changes nothing.

A copy must show the newest text, or be gone, unless the ledger lists the space as one where that failed or is not
known; and it may do so only with a reason.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bench.chaos_stage import Fate, Places, marks_in
from broadcast.model import Delivery, State, Why
from webexsim import Message

LISTED = (State.FAILED, State.UNKNOWN)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that must not be. `figure`: which of the figures counts it, if one does."""

    text: str
    figure: str = ""


@dataclass(frozen=True, kw_only=True)
class Changes:
    """One broadcast and what was done about it: the rows of its newest edit and of its recall, by space.

    `doubtful` are the spaces in which a post of it was in doubt.
    """

    number: int
    fate: Fate
    places: Places
    doubtful: frozenset[str]
    edited: Mapping[str, Delivery] = field(default_factory=dict)
    recalled: Mapping[str, Delivery] = field(default_factory=dict)

    def judge(self, delivery: Delivery, messages: Sequence[Message]) -> Iterator[Finding]:
        """Yield what is wrong with one space: `messages` are those that are there, `delivery` is the sending's row."""
        marks = [mark[1:] for message in messages for mark in marks_in(message.markdown or "")]
        if any(count > 1 for count in Counter(marks).values()):
            yield Finding(text=f"is there more than once in {delivery.title!r}", figure="duplicated")
        if messages and delivery.space_id in self.places.forbidden:
            yield Finding(text=f"reached {delivery.title!r}, which it must not")
        yield from self._look_at_reasons(delivery)
        if self.fate.is_recalled:
            yield from self._judge_recall(delivery, messages)
        else:
            yield from self._judge_edit(delivery, messages, marks)

    def _judge_recall(self, delivery: Delivery, messages: Sequence[Message]) -> Iterator[Finding]:
        row = self.recalled.get(delivery.space_id)
        is_listed = row is not None and (row.state in LISTED or row.why is Why.BOT_REMOVED)
        if messages and not is_listed:
            state = row.state if row else "not planned"
            yield Finding(text=f"survived its recall in {delivery.title!r}, which is {state}", figure="lost")

    def _judge_edit(
        self, delivery: Delivery, messages: Sequence[Message], marks: Sequence[tuple[int, int]]
    ) -> Iterator[Finding]:
        row = self.edited.get(delivery.space_id)
        if delivery.state is not State.SENT or (row and row.state is not State.SENT):
            return
        if marks != [(word, self.fate.revision) for word in range(1, self.fate.words + 1)]:
            yield Finding(text=f"does not show its newest text in {delivery.title!r}", figure="lost")
        elif delivery.message_ids != tuple(message.id for message in messages):
            yield Finding(text=f"has other message ids in the ledger than in {delivery.title!r}")

    def _look_at_reasons(self, delivery: Delivery) -> Iterator[Finding]:
        """Find rows that are not done, and rows that failed or are unknown without need."""
        for row in (delivery, self.edited.get(delivery.space_id), self.recalled.get(delivery.space_id)):
            if row and (fault := self._fault_of(row, delivery)):
                yield fault

    def _fault_of(self, row: Delivery, delivery: Delivery) -> Finding | None:
        places, space = self.places, row.space_id
        match row.state:
            case State.WAITING | State.SENDING:
                return Finding(text=f"still {row.state} in {row.title!r}", figure="lost")
            case State.UNKNOWN if space not in self.doubtful:
                return Finding(text=f"unknown in {row.title!r}, though no attempt was in doubt")
            case State.FAILED if space not in places.forbidden | places.refusing:
                return Finding(text=f"failed in {row.title!r} without need: {row.detail}")
            case State.SKIPPED if space not in places.forbidden | places.refusing and not self._is_needless(delivery):
                return Finding(text=f"skipped in {row.title!r} without need: {row.why} {row.detail}")
        return None

    def _is_needless(self, delivery: Delivery) -> bool:
        """Whether there was nothing to do in a space any more: the recall stopped it, or nothing has come there."""
        return self.fate.is_recalled or delivery.state is not State.SENT
