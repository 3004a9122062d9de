"""Runs of styled text, as paragraphs of markdown.

Between `markup.py`, which knows where the runs come from, and `escapes.py`, which knows single characters.
No I/O, no recursion, linear time. It knows nothing of lists, quotes and code blocks.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import takewhile

from broadcast.escapes import JOINER, escaped, paragraph_escaped

_BLANK = " \t\n"
_BLANK_RUN = re.compile(r"[ \t\n]+")
_BACKTICKS = re.compile(r"`+")
_CLOSES_A_PHRASE = frozenset(".,;:!?)]}")
_EMPHASIS = frozenset("*~")


@dataclass(frozen=True, kw_only=True, eq=False)
class Style:
    """What stands around a run in markdown. Two styles are the same only if they are the same object."""

    opening: str
    closing: str


BOLD = Style(opening="**", closing="**")
ITALIC = Style(opening="*", closing="*")
STRUCK = Style(opening="~~", closing="~~")
UNDERLINED = Style(opening="<u>", closing="</u>")  # markdown has no sign for it; the old list of tags allowed `u`


def link(url: str) -> Style:
    """Return the style of one link; `url` must be fit for markdown."""
    return Style(opening="[", closing=f"]({url})")


class Kind(Enum):
    """What a run is: text, inline code, markdown as it is, a line break, or the place where a mention was taken out."""

    TEXT = auto()
    CODE = auto()
    RAW = auto()
    BREAK = auto()
    GONE = auto()


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """Characters of one kind and style; the outermost style comes first."""

    text: str = ""
    kind: Kind = Kind.TEXT
    styles: tuple[Style, ...] = ()


def paragraphs(runs: Iterable[Run]) -> list[str]:
    """Return the paragraphs that the runs make: one break is a line break, two or more part paragraphs."""
    writer = _Writer()
    for run in runs:
        writer.add(run)
    writer.end_paragraph()
    return writer.done


def fence(code: str, *, at_least: int = 1) -> str:
    """Return the shortest row of backticks, `at_least` long, that is longer than any in the code."""
    longest = max(map(len, _BACKTICKS.findall(code)), default=0)
    return "`" * max(at_least, longest + 1)


class _Role(Enum):
    """What a piece of the output is. Emphasis is told apart because it works only between certain characters."""

    TEXT = auto()
    LABEL = auto()
    CODE = auto()
    OPEN = auto()
    CLOSE = auto()
    RAW = auto()


_GROWS = frozenset({_Role.TEXT, _Role.LABEL, _Role.CODE})
_DELIMITS = frozenset({_Role.OPEN, _Role.CLOSE})


@dataclass(kw_only=True, slots=True)
class _Piece:
    """Some output of one role. Its texts are joined once, at the end: it may grow a letter at a time."""

    texts: list[str]
    role: _Role

    @property
    def text(self) -> str:
        return "".join(self.texts)

    @property
    def first(self) -> str:
        """The first character it will have in markdown."""
        return "`" if self.role is _Role.CODE else self.texts[0][0]

    @property
    def last(self) -> str:
        return self.texts[-1][-1]


@dataclass(kw_only=True)
class _Writer:
    """Lays run after run; a blank waits until it is known on which side of the emphasis it belongs: the outside."""

    done: list[str] = field(default_factory=list)
    pieces: list[_Piece] = field(default_factory=list)
    open: list[Style] = field(default_factory=list)
    blank: list[str] = field(default_factory=list)
    breaks: int = 0
    gone: bool = False

    def add(self, run: Run) -> None:
        if run.kind is Kind.GONE:
            self._take_out()
        elif run.kind is Kind.BREAK:
            self._break()
        elif run.kind is Kind.TEXT or not run.text.strip():
            self._text(run)
        else:
            self._make_room(run.styles)
            self._push(run.text, _Role.CODE if run.kind is Kind.CODE else _Role.RAW)

    def end_paragraph(self) -> None:
        self._close_down_to(0)
        if self.pieces:
            self.done.append(_assembled(_merged(self.pieces)))
        self.pieces = []

    def _at_line_start(self) -> bool:
        return bool(self.breaks) or not self.pieces

    def _take_out(self) -> None:
        self.gone = True
        self.blank = [] if self._at_line_start() else [blank[0] for blank in self.blank[:1]]

    def _break(self) -> None:
        if not (self.gone and self.breaks):  # a line that held nothing but the mention leaves no empty line
            self.breaks += 1
        self.blank, self.gone = [], False

    def _text(self, run: Run) -> None:
        text = _BLANK_RUN.sub(lambda match: " " if "\n" in match[0] else match[0], run.text)
        core = text.strip()
        lead = text[: len(text) - len(text.lstrip())]
        self._add_blank(lead, before=core[:1])
        if core:
            self._make_room(run.styles)
            self._push(core, _role(run.styles))
            self._add_blank(text[len(lead) + len(core) :])

    def _add_blank(self, blank: str, *, before: str = "") -> None:
        if blank and not self.gone:
            self.blank.append(blank)
        elif blank and not self.blank and not self._at_line_start():
            self.blank = [blank[0]]
        elif self.gone and not blank and before in _CLOSES_A_PHRASE:
            self.blank = []

    def _make_room(self, styles: tuple[Style, ...]) -> None:
        """Close and open what the next run needs, with the waiting break or blank between the two."""
        if self.breaks > 1:
            self.end_paragraph()
        self._close_down_to(_common(self.open, styles))
        self._push_blank()
        for style in styles[len(self.open) :]:
            self.open.append(style)
            self._push(style.opening, _Role.OPEN if style.opening[0] in _EMPHASIS else _Role.RAW)

    def _push_blank(self) -> None:
        blank = "".join(self.blank)
        if self._at_line_start():
            blank = blank.strip(_BLANK)
        if self.breaks and self.pieces:
            self._push("  \n", _Role.RAW)
        if blank:
            self._push(blank, _role(self.open))
        self.blank, self.breaks, self.gone = [], 0, False

    def _close_down_to(self, depth: int) -> None:
        while len(self.open) > depth:
            closing = self.open.pop().closing
            self._push(closing, _Role.CLOSE if closing[0] in _EMPHASIS else _Role.RAW)

    def _push(self, text: str, role: _Role) -> None:
        last = self.pieces[-1] if self.pieces else None
        if last and last.role is role and role in _GROWS:
            last.texts.append(text)
            return
        if last and {last.role, role} <= _DELIMITS and last.last == text[0]:
            # `***` may be cut into `*` and `**` in more than one way; apart they cannot be mistaken
            self.pieces.append(_Piece(texts=[JOINER], role=_Role.RAW))
        self.pieces.append(_Piece(texts=[text], role=role))


def _role(styles: Iterable[Style]) -> _Role:
    """Return the role of text in these styles."""
    return _Role.LABEL if any(style.opening == "[" for style in styles) else _Role.TEXT


def _common(one: Sequence[Style], other: Sequence[Style]) -> int:
    """Return how many styles both begin with."""
    pairs = takewhile(lambda pair: pair[0] is pair[1], zip(one, other, strict=False))
    return sum(1 for _ in pairs)


def _merged(pieces: Sequence[_Piece]) -> list[_Piece]:
    """Return the pieces with `***` for bold and italic where they begin and end together: there it is unmistakable."""
    stars = [index for index, piece in enumerate(pieces) if piece.role in _DELIMITS and piece.first == "*"]
    merged: dict[int, _Piece] = {}
    for a, b, c, d in zip(stars, stars[1:], stars[2:], stars[3:], strict=False):
        roles = [pieces[index].role for index in (a, b, c, d)]
        is_joined = b - a == d - c == 2 and pieces[a + 1].texts == pieces[c + 1].texts == [JOINER]
        if is_joined and roles == [_Role.OPEN] * 2 + [_Role.CLOSE] * 2:
            merged |= {a: _Piece(texts=["***"], role=_Role.OPEN), c: _Piece(texts=["***"], role=_Role.CLOSE)}
    gone = {index + offset for index in merged for offset in (1, 2)}
    return [merged.get(index, piece) for index, piece in enumerate(pieces) if index not in gone]


def _assembled(pieces: Sequence[_Piece]) -> str:
    parts: list[str] = []
    last = "\n"
    for piece, after in zip(pieces, _followers(pieces), strict=True):
        parts.append(_in_markdown(piece, last, after))
        last = parts[-1][-1]
    return paragraph_escaped("".join(parts))


def _followers(pieces: Sequence[_Piece]) -> list[str]:
    """Return the character that will follow each piece; signs that close emphasis may get a joiner before them."""
    followers = ["\n"]
    for piece, previous in zip(reversed(pieces[1:]), reversed(pieces[:-1]), strict=True):
        after_both = followers[-1]
        closes_both = piece.role is previous.role is _Role.CLOSE
        joiner = _joiner(inside=previous.last, outside=after_both) if closes_both else ""
        followers.append(joiner or piece.first)
    return followers[::-1]


def _in_markdown(piece: _Piece, last: str, after: str) -> str:
    match piece.role:
        case _Role.TEXT | _Role.LABEL:
            return escaped(piece.text, before=last, after=after, in_label=piece.role is _Role.LABEL)
        case _Role.CODE:
            return _code_span(piece.text)
        case _Role.OPEN:
            return piece.text + _joiner(inside=after, outside=last)
        case _Role.CLOSE:
            return _joiner(inside=last, outside=after) + piece.text
        case _Role.RAW:
            return piece.text


def _joiner(*, inside: str, outside: str) -> str:
    """Return what emphasis needs in order to work between these two characters (CommonMark 0.31, section 6.2).

    `**Note:**text` stays literal: next to punctuation inside there must be blank or punctuation outside.
    """
    category = unicodedata.category(outside)
    parts = outside.isspace() or category[0] == "P" or (category[0] == "S" and outside.isascii())
    return "" if parts or unicodedata.category(inside)[0] not in "PS" else JOINER


def _code_span(code: str) -> str:
    code = code.replace("\n", " ")
    mark = fence(code)
    pad = " " if code.startswith("`") or code.endswith("`") or code[0] == code[-1] == " " else ""
    return f"{mark}{pad}{code}{pad}{mark}"
