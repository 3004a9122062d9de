"""Blocks of markdown – paragraphs, code, whatever lines – laid out inside quotes and nested lists.

Between `markup.py`, which knows where the blocks come from, and the text they are written as. Pure; time linear in
the length, because boxes nested too deep are not drawn: their blocks appear in the box around them.
"""

from dataclasses import dataclass, field
from enum import Enum, auto

MAX_DEPTH = 24
"""How many boxes stand inside each other at most; an item and its list are two."""

_INDENT = 4  # every parser takes four blanks for a nested list, few take fewer
_EMPTY = "\u00a0"  # an item with nothing in it would be read as a rule, or make a heading of the line before
_MAX_NUMBER = 999_999_999  # CommonMark reads nine digits


class Box(Enum):
    """What a block may stand in."""

    QUOTE = auto()
    LIST = auto()
    ITEM = auto()


@dataclass(kw_only=True, slots=True)
class _Open:
    """A box that is open. `mark` is what its first line begins with, `rest` all others; `next` numbers the items."""

    box: Box
    mark: str = ""
    rest: str = ""
    next: int | None = None
    begun: bool = False


@dataclass(kw_only=True)
class Page:
    """Takes blocks in reading order, between the opening and closing of the boxes they stand in."""

    lines: list[str] = field(default_factory=list)
    _boxes: list[_Open] = field(default_factory=list)
    _too_deep: int = 0
    _ended: tuple[int, str] | None = None

    def open_quote(self) -> None:
        """Begin a quote."""
        self._open(_Open(box=Box.QUOTE, mark="> ", rest="> "))

    def open_list(self, *, start: int | None = None) -> None:
        """Begin a list: of bullets, or numbered from `start` (0 to 999,999,999; anything else counts as 1)."""
        kinds = "-*" if start is None else ".)"
        # two lists in a row are told apart by their signs
        kind = kinds[1] if self._ended == (len(self._boxes), kinds[0]) else kinds[0]
        number = start if start is None or 0 <= start <= _MAX_NUMBER else 1
        self._open(_Open(box=Box.LIST, mark=kind, next=number))

    def open_item(self) -> None:
        """Begin an item, and end the one before if nobody did."""
        if self._boxes and self._boxes[-1].box is Box.ITEM and not self._too_deep:
            self.close(Box.ITEM)
        mark = self._next_mark()
        self._open(_Open(box=Box.ITEM, mark=mark, rest=" " * max(_INDENT, len(mark) + 1)))

    def close(self, box: Box) -> None:
        """End the innermost box of a kind and all in it; an item is sought in the innermost list only."""
        if self._too_deep:
            self._too_deep -= 1
            return
        index = self._innermost(box)
        if index is None:
            return
        if any(inner.box is Box.ITEM and not inner.begun for inner in self._boxes[index:]):
            self.add([_EMPTY])
        closed = self._boxes[index]
        del self._boxes[index:]
        if box is Box.LIST:
            self._ended = (index, closed.mark)

    def add(self, lines: list[str], *, is_text: bool = True) -> None:
        """Lay out one block. `is_text`: its first line may follow a list's sign with one blank between."""
        new = next((index for index, box in enumerate(self._boxes) if not box.begun), len(self._boxes))
        if self.lines and not self._follows_closely(new):
            self.lines.append("".join(box.rest for box in self._boxes[:new]).rstrip())
        first = "".join(self._first_prefix(box, is_text=is_text) for box in self._boxes)
        rest = "".join(box.rest for box in self._boxes)
        self.lines.extend(_prefixed(rest if index else first, line) for index, line in enumerate(lines))
        for box in self._boxes[new:]:
            box.begun = True
        self._ended = None

    def _open(self, box: _Open) -> None:
        if len(self._boxes) < MAX_DEPTH:
            self._boxes.append(box)
        else:
            self._too_deep += 1

    def _next_mark(self) -> str:
        """Return the sign of the next item of the innermost box; a bullet where that is no list."""
        around = self._boxes[-1] if self._boxes else None
        if around is None or around.box is not Box.LIST:
            return "-"
        if around.next is None:
            return around.mark
        mark = f"{around.next}{around.mark}"
        around.next = min(around.next + 1, _MAX_NUMBER)
        return mark

    def _innermost(self, box: Box) -> int | None:
        for index in range(len(self._boxes) - 1, -1, -1):
            if self._boxes[index].box is box:
                return index
            if box is Box.ITEM and self._boxes[index].box is Box.LIST:
                return None
        return None

    def _follows_closely(self, new: int) -> bool:
        """Say whether no empty line is due before a block that begins the boxes from `new` on.

        That is so for an item after another, and for a list below the text of its item – unless its number is not
        1: then markdown would read it as more of the text.
        """
        if new == len(self._boxes):
            return False
        box = self._boxes[new]
        if box.box is Box.ITEM:
            return new > 0 and self._boxes[new - 1].box is Box.LIST
        is_sublist = box.box is Box.LIST and new > 0 and self._boxes[new - 1].box is Box.ITEM
        return is_sublist and box.next in {None, 2}

    def _first_prefix(self, box: _Open, *, is_text: bool) -> str:
        if box.begun:
            return box.rest
        if box.box is not Box.ITEM:
            return box.mark if box.box is Box.QUOTE else ""
        # whatever is laid out in lines of its own must begin where these lines will
        return f"{box.mark} " if is_text and box is self._boxes[-1] else box.mark.ljust(len(box.rest))


def _prefixed(prefix: str, line: str) -> str:
    return prefix + line if line else prefix.rstrip()
