"""The messages a broadcast consists of: the sender's identity in front, the text cut where Webex's limit demands it.

Pure text in, text out. It does not know what the text says, nor who sent it (`markup.py`, `texts.py`).
"""

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import accumulate, takewhile

LIMIT = 7439
"""What a message's `text` or `markdown` may be long, in bytes of UTF-8 (Webex API reference, POST /messages)."""

SAFE = 7000
"""What the bot lets a part be long, in bytes: the limit holds for the encrypted message, so there must be a margin."""

_MAX_IDENTITY = 2000
_MIN_ROOM = 4  # the bytes of the largest character

_FENCE = re.compile(
    r"(?P<lead>[ \t>]*+(?:(?:[-*+]|\d{1,9}[.)])[ \t]++)*+)(?P<mark>`{3,}(?=[^`]*$)|~{3,})(?P<info>[^\n]*)$"
)
_FENCE_TO_MEND = re.compile(r"(?: {0,3}>)* {0,3}")  # in a list it cannot be opened again without a new item
_SMALL_ATOM = r"\\[!-/:-@\[-`{-~] | &\#?[A-Za-z0-9]{1,32}; | \r\n | \*++ | _++ | ~++ | `++"
_LINK = r"!?\[ (?:[^\[\]\\]|\\.)*+ \]\( (?:[^()\s\\]|\\.)*+ \)"
_TAG = r"<[@/A-Za-z][^<>\n]*+>"
_SMALL_ATOMS = re.compile(_SMALL_ATOM, re.VERBOSE)
_ATOMS = re.compile(f"{_SMALL_ATOM} | {_LINK} | {_TAG}", re.VERBOSE | re.DOTALL)
_BLANK = re.compile(r"\s")
_WORD_START = re.compile(r"(?<=\s)(?=\S)")
_LINE_SIGN = re.compile(r"[-+*](?=\s)|#{1,6}(?=\s)|>|\d{1,9}[.)](?=\s)|(?:-{2,}|=+)(?=\s|$)")

_ZWJ = "\u200d"
# what belongs to the character before: the joiner itself, skin tones, the letters of flags, vowels of Hangul syllables
_EXTENDS = re.compile("[\u200d\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f\u1160-\u11ff]")


def letter(body: str, *, group_identity: str, direct_identity: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the parts of a message for group spaces and for 1-1s, in order, each of `SAFE` bytes at most.

    The identity stands before the first part; alone, where there is no body. An identity of more than 2,000 bytes is
    cut. A part that would be nothing but blank is left out, because Webex refuses it.
    """
    return _with_identity(group_identity, body), _with_identity(direct_identity, body)


def split(body: str, *, first: int, rest: int) -> tuple[str, ...]:
    """Return the body in pieces of at most `first` bytes of UTF-8 for the first and `rest` for the others.

    Cut between paragraphs if that leaves a piece half full, else between lines, else words, else characters; not
    within a link, an entity or an escape that a piece can hold. The pieces joined are the body again, but for code
    blocks: one that is cut is closed at the end of a piece and opened again in the next. An empty body is one piece.
    Raises ValueError for less room than a character may need (4 bytes).
    """
    if min(first, rest) < _MIN_ROOM:
        raise ValueError(f"no room for a character: first={first}, rest={rest}, at least {_MIN_ROOM} bytes are needed")
    pieces = _Cutter(body=body, first=first, rest=rest).pieces()
    return tuple(f"{piece.opening}{body[piece.start : piece.end]}{piece.closing}" for piece in pieces) or ("",)


def _with_identity(identity: str, body: str) -> tuple[str, ...]:
    if _bytes(identity) > _MAX_IDENTITY:
        identity = split(identity, first=_MAX_IDENTITY, rest=_MAX_IDENTITY)[0].rstrip()
    if not body.strip():
        return (identity,)
    head = f"{identity}\n\n" if identity else ""
    start, *others = split(body, first=SAFE - _bytes(head), rest=SAFE)
    return (head + start, *(part for part in others if part.strip()))


@dataclass(frozen=True, kw_only=True)
class _Fence:
    """A code block that is open. Its lines begin with `lead`; `is_mendable`: it can be closed and opened again."""

    lead: str
    mark: str
    info: str
    is_mendable: bool = True

    def opening(self, *, at_line_start: bool) -> str:
        """Return what goes before code cut off from its block."""
        return f"{self.lead}{self.mark}{self.info}\n{'' if at_line_start else self.lead}" if self.is_mendable else ""

    def closing(self, *, at_line_start: bool) -> str:
        """Return what goes after code cut off from its block."""
        return ("" if at_line_start else "\n") + self.lead + self.mark if self.is_mendable else ""

    def is_closed_by(self, line: str) -> bool:
        """Say whether a line is the end of the block."""
        signs = line.strip(" \t>" if ">" in self.lead else " \t")
        return len(signs) >= len(self.mark) and not signs.strip(self.mark[0])

    def ends_before(self, line: str) -> bool:
        """Say whether the block ended because the quote it stands in did."""
        return ">" in self.lead and not line.lstrip().startswith(">")


@dataclass(frozen=True, kw_only=True)
class _Piece:
    """A stretch of the body, and the fences to put around it."""

    start: int
    end: int
    opening: str
    closing: str


@dataclass(frozen=True, kw_only=True)
class _Window:
    """What fits into a piece, and from where on it is half full."""

    start: int
    half: int
    end: int


@dataclass(frozen=True, kw_only=True)
class _LineStart:
    """A place where a line begins, the code block it is in, and how good it is to cut there."""

    at: int
    rank: "_Rank"
    fence: _Fence | None


class _Rank(IntEnum):
    """How good a place between lines is. Poor leaves a code block without a line, rough begins a piece indented."""

    POOR = 0
    ROUGH = 1
    LINE = 2
    PARAGRAPH = 3


@dataclass(frozen=True, kw_only=True)
class _Cutter:
    """Finds the places to cut. Every question looks at one piece's length of the body, so the whole is linear."""

    body: str
    first: int
    rest: int

    def pieces(self) -> Iterator[_Piece]:
        start, room, fence = 0, self.first, None
        while start < len(self.body):
            piece, fence = self._piece(start, room, fence)
            yield piece
            start, room = piece.end, self.rest

    def _piece(self, start: int, room: int, fence: _Fence | None) -> tuple[_Piece, _Fence | None]:
        opening = fence.opening(at_line_start=self._is_line_start(start)) if fence else ""
        reserve = _bytes(opening)
        while True:
            window = self._window(start, room - reserve)
            if window.end == len(self.body):
                return _Piece(start=start, end=window.end, opening=opening, closing=""), None
            cut, cut_fence = self._cut(window, fence)
            closing = cut_fence.closing(at_line_start=self._is_line_start(cut)) if cut_fence else ""
            if _bytes(opening + self.body[start:cut] + closing) <= room:
                return _Piece(start=start, end=cut, opening=opening, closing=closing), cut_fence
            reserve = _bytes(opening + closing)

    def _window(self, start: int, room: int) -> _Window:
        sizes = list(accumulate(map(_bytes, self.body[start : start + room])))
        count = bisect_right(sizes, room)
        return _Window(start=start, half=start + bisect_left(sizes, sizes[count - 1] / 2) + 1, end=start + count)

    def _cut(self, window: _Window, fence: _Fence | None) -> tuple[int, _Fence | None]:
        """Return where the piece ends, and the code block that is open there."""
        lines = list(self._line_starts(window, fence))
        good = [line for line in lines if line.at >= window.half and line.rank > _Rank.POOR]
        if good:
            best = max(good, key=lambda line: (line.rank, line.at))
            return best.at, best.fence
        cut = self._cut_between_words(window) or self._cut_between_characters(window)
        before = [line for line in lines if line.at <= cut]
        return cut, before[-1].fence if before else fence

    def _line_starts(self, window: _Window, fence: _Fence | None) -> Iterator[_LineStart]:
        position = window.start
        is_whole = self._is_line_start(position)
        while (newline := self.body.find("\n", position, window.end)) >= 0:
            line, position = self.body[position:newline], newline + 1
            was, fence = fence, self._fence_after(line, fence) if is_whole else fence
            if fence and fence.ends_before(self._line_at(position)):
                fence = None
            is_whole = True
            yield _LineStart(at=position, fence=fence, rank=self._rank(position, line, was, fence))

    def _fence_after(self, line: str, fence: _Fence | None) -> _Fence | None:
        if fence:
            return None if fence.is_closed_by(line) else fence
        match = _FENCE.match(line)
        if not match:
            return None
        opened = _Fence(lead=match["lead"], mark=match["mark"], info=match["info"])
        cost = _bytes(opened.opening(at_line_start=False) + opened.closing(at_line_start=False))
        can_be_opened = _FENCE_TO_MEND.fullmatch(opened.lead) is not None
        return replace(opened, is_mendable=can_be_opened and cost <= min(self.first, self.rest) // 2)

    def _rank(self, at: int, line_before: str, was: _Fence | None, fence: _Fence | None) -> _Rank:
        if fence:
            leaves_nothing = was is not fence or fence.is_closed_by(self._line_at(at))
            return _Rank.POOR if leaves_nothing else _Rank.ROUGH
        if self.body.startswith((" ", "\t"), at):
            return _Rank.ROUGH
        return _Rank.LINE if line_before.strip(" \t>") else _Rank.PARAGRAPH

    def _cut_between_words(self, window: _Window) -> int | None:
        """Return the last place before a word, if it leaves the piece half full or if a piece can hold the word."""
        inside = self._inside(_ATOMS, window)
        starts = (match.start() for match in _WORD_START.finditer(self.body, window.start + 1, window.end + 1))
        places = [at for at in starts if at not in inside and not self._becomes_a_sign(at)]
        if not places:
            return None
        word_end = _BLANK.search(self.body, places[-1], places[-1] + self.rest + 1)
        fits_a_piece = word_end and _bytes(self.body[places[-1] : word_end.start()]) <= self.rest
        return places[-1] if places[-1] >= window.half or fits_a_piece else None

    def _cut_between_characters(self, window: _Window) -> int:
        for pattern in (_ATOMS, _SMALL_ATOMS):
            inside = self._inside(pattern, window)
            places = range(window.end, window.start, -1)
            cut = next((at for at in places if at not in inside and not self._joins(at, window.start)), None)
            if cut:
                return cut
        return window.end

    def _inside(self, pattern: re.Pattern[str], window: _Window) -> set[int]:
        """Return the places inside of whatever the pattern finds; in what no piece can hold, inside of small atoms."""
        inside: set[int] = set()
        for match in pattern.finditer(self.body, window.start, window.end + self.rest):
            if match.start() >= window.end:
                break
            small = _SMALL_ATOMS.finditer(self.body, match.start(), match.end())
            for atom in [match] if _bytes(match[0]) <= self.rest else small:
                if _bytes(atom[0]) <= self.rest:
                    inside.update(range(atom.start() + 1, atom.end()))
        return inside

    def _becomes_a_sign(self, at: int) -> bool:
        """Say whether a word would begin a list, a heading or a quote at the start of a piece but does not here."""
        return _LINE_SIGN.match(self.body, at) is not None and not self._is_line_start(at)

    def _joins(self, at: int, start: int) -> bool:
        """Say whether the characters on both sides are seen as one (Unicode Standard Annex 29, in short)."""
        if at == len(self.body):
            return False
        before, here = self.body[at - 1], self.body[at]
        if _is_flag_half(here) and _is_flag_half(before):
            halves = takewhile(_is_flag_half, reversed(self.body[start:at]))
            return sum(1 for _ in halves) % 2 == 1
        return before == _ZWJ or unicodedata.category(here)[0] == "M" or _EXTENDS.match(here) is not None

    def _is_line_start(self, at: int) -> bool:
        return at == 0 or self.body[at - 1] == "\n"

    def _line_at(self, at: int) -> str:
        return self.body[at : at + self.rest].partition("\n")[0]


def _is_flag_half(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))
