"""What people wrote, as markdown that Webex shows the same and that notifies nobody.

Pure text in, text out: no I/O, no clock, no recursion, and time linear in the length whatever the text holds.
It decides neither how long a message may be (`compose.py`) nor what a message says besides the sender's words.

The html is read with two regular expressions instead of `html.parser`, which needs quadratic time for unclosed tags
(CVE-2025-6069, still in many an installed Python) and fails on a numeric entity of some thousand digits.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import unescape
from urllib.parse import quote

from broadcast.blocks import Box, Page
from broadcast.escapes import JOINER, entities_escaped, escaped, lines_unified, neutral, paragraph_escaped, printable
from broadcast.paragraphs import BOLD, ITALIC, STRUCK, UNDERLINED, Kind, Run, Style, fence, link, paragraphs

_TAG = re.compile(r"""<(/?)([A-Za-z][^\s/>"'<=]*+)((?:[^<>"']++|"[^"<]*+"|'[^'<]*+')*+)>""")
_ATTRIBUTE = re.compile(r"""([^\s=/"'<>]++)(?:\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"'<>]++)))?""")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")

_SCHEME = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.-]*):")
_SCRIPTS = frozenset({"javascript", "data", "vbscript"})
_UNFIT_FOR_URL = re.compile(r"[\s()<>\\\"`]")
_NUMBER = re.compile(r"[0-9]{1,9}")
_LANGUAGE = re.compile(r"\blanguage-([A-Za-z0-9+#_.-]{1,32})")

_STYLES = {
    **dict.fromkeys(("strong", "b"), BOLD),
    **dict.fromkeys(("em", "i"), ITALIC),
    **dict.fromkeys(("s", "del", "strike"), STRUCK),
    **dict.fromkeys(("u", "ins"), UNDERLINED),
}
_HEADINGS = {f"h{level}": "#" * level for level in range(1, 7)}
_BOXES = {"blockquote": Box.QUOTE, "ul": Box.LIST, "ol": Box.LIST, "li": Box.ITEM}
_BLOCKS = frozenset({"p", "div", "section", "article", "table", "tr", "hr", "pre", *_HEADINGS, *_BOXES})

_POSTED_MENTION = re.compile(r"<@(personId|personEmail):([^<>|]*+)(?:\|([^<>]*+))?>")
_MENTION_TAG = re.compile(r"</?spark-mention\b[^<>]*+>", re.IGNORECASE)

_BIDI_CONTROL = re.compile("[\u202a-\u202e\u2066-\u2069]")
_LOOK_ALIKES = str.maketrans({"<": "‹", ">": "›", "|": "¦"})


def to_markdown(html: str, *, is_me: Callable[[str], bool], allow_all: bool) -> str:
    """Return a message's `html` as markdown for the `markdown` field of a new message.

    `is_me` is asked for the id of every mentioned person; a mention of the bot is taken out, with the blank beside it
    and nothing else. Other people's mentions become their names. `@all` becomes plain text, or with `allow_all` a
    mention again. Links that could run a script keep their text only. Never raises, whatever the html.
    """
    reader = _Reader(is_me=is_me, allow_all=allow_all)
    for token in _tokens(html):
        reader.read(token)
    return neutral(reader.markdown(), allow_all=allow_all)


def from_text(text: str, *, allow_all: bool) -> str:
    """Return markdown that shows a plain text: its characters, its line ends, its paragraphs and its indentation."""
    runs: list[Run] = []
    for line in lines_unified(printable(text)).split("\n"):
        words = line.lstrip(" \t")
        indent = line[: len(line) - len(words)].replace("\t", "    ")
        runs += [Run(text="\u00a0" * len(indent) + words), Run(kind=Kind.BREAK)]
    return neutral("\n\n".join(paragraphs(runs)), allow_all=allow_all)


def from_markdown(markdown: str, *, allow_all: bool) -> str:
    """Return markdown that somebody posted, unchanged but for the mentions in it.

    A mention of a person becomes the name it gives, or the e-mail address where it gives none; `@all` becomes plain
    text unless `allow_all`.
    """
    text = _MENTION_TAG.sub("", printable(markdown))
    return neutral(_POSTED_MENTION.sub(_name_given, text), allow_all=allow_all)


def strip_name(text: str, names: Sequence[str]) -> str:
    """Return a plain text without the bot's name at its start, where it is one of these names or a first word of one.

    Taken out once, only as a whole word, only in this spelling; with it goes the blank around it, and nothing else.
    For group messages without html: there a mention shows as the first name only (Webex guide, Bots).
    """
    words = {name for full in names for name in (full.strip(), *full.split()[:1]) if name}
    start = text.lstrip()
    for name in sorted(words, key=len, reverse=True):
        rest = start[len(name) :]
        if start.startswith(name) and re.match(r"\s|\Z|[:,;!?]|\.(?:\s|\Z)", rest):
            return rest.lstrip()
    return text


def mentions(html: str) -> tuple[str, ...]:
    """Return the ids of the people mentioned in a message's `html`, each once, in order."""
    tags = (token for token in _tokens(html) if isinstance(token, _Tag))
    ids = (tag.attributes().get("data-object-id", "") for tag in tags if tag.is_person)
    return tuple(dict.fromkeys(id for id in ids if id))


def inline(name: str) -> str:
    """Return a display name, title or e-mail address that stays one piece of plain text within a line of markdown.

    Also within a link's label and within `<@personId:ID|NAME>`, where `|`, `<` and `>` would end the name: they become
    the look-alikes `¦`, `‹` and `›`. Blanks and line ends become single blanks; signs that turn the direction of
    writing are dropped, because they can make one address read as another.
    """
    line = " ".join(_BIDI_CONTROL.sub("", printable(name)).split()).translate(_LOOK_ALIKES)
    return neutral(paragraph_escaped(escaped(line, after=")", in_label=True)), allow_all=False)


def _name_given(mention: re.Match[str]) -> str:
    form, key, name = mention.groups()
    return name or (key if form == "personEmail" else "")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Tag:
    """A start or end tag; `inside` is what stands between its name and its end."""

    name: str
    is_end: bool
    inside: str

    @property
    def is_person(self) -> bool:
        """Whether it begins the mention of a person."""
        return self.name == "spark-mention" and self.attributes().get("data-object-type") == "person"

    def attributes(self) -> dict[str, str]:
        """Return the attributes of a start tag; of two with one name the first counts."""
        found = {} if self.is_end else {match[1].lower(): match for match in _ATTRIBUTE.finditer(self.inside)}
        return {name: _decoded(match[2] or match[3] or match[4] or "") for name, match in found.items()}


def _tokens(html: str) -> Iterator[str | _Tag]:
    """Yield texts and tags in order; what is no whole tag is text."""
    before, end, after = html.rpartition("-->")
    html = _COMMENT.sub("", before + end) + after  # every comment sought here has an end
    position = 0
    for match in _TAG.finditer(html):
        if match.start() > position:
            yield _decoded(html[position : match.start()])
        yield _Tag(name=match[2].lower(), is_end=bool(match[1]), inside=match[3])
        position = match.end()
    if position < len(html):
        yield _decoded(html[position:])


def _decoded(text: str) -> str:
    return lines_unified(printable(_ENTITY.sub(lambda match: unescape(match[0]), text)))


def _safe_url(href: str) -> str:
    """Return the address fit for a markdown link, or nothing where it could run a script."""
    url = re.sub(r"[\x00-\x1f]", "", href).strip()
    scheme = _SCHEME.match(url)
    if scheme and scheme[1].lower() in _SCRIPTS:
        return ""
    return entities_escaped(_UNFIT_FOR_URL.sub(lambda match: quote(match[0]), url))


class _Reader:
    """Takes tags and texts in order and lays them out; a tag that is not known leaves its text."""

    def __init__(self, *, is_me: Callable[[str], bool], allow_all: bool) -> None:
        self._is_me = is_me
        self._allow_all = allow_all
        self._page = Page()
        self._block = "p"
        self._language = ""
        self._runs: list[Run] = []
        self._depth: Counter[str | Style] = Counter()
        self._styles: dict[str | Style, Style] = {}
        self._mentions: list[tuple[int, Run | None]] = []

    def read(self, token: str | _Tag) -> None:
        if isinstance(token, str):
            self._add(token)
        elif token.name in _STYLES:
            self._toggle(_STYLES[token.name], token)
        elif token.name in _BLOCKS:
            self._between_blocks(token)
        else:
            self._within_block(token)

    def markdown(self) -> str:
        self._flush()
        return "\n".join(self._page.lines)

    def _add(self, text: str) -> None:
        is_code = self._depth["code"] and self._block != "pre"
        kind = Kind.CODE if is_code else Kind.TEXT
        self._runs.append(Run(text=text, kind=kind, styles=tuple(self._styles.values())))

    def _toggle(self, style: Style, tag: _Tag) -> None:
        if self._nested(style, tag):
            self._styles.setdefault(style, style)
        else:
            self._styles.pop(style, None)

    def _nested(self, key: str | Style, tag: _Tag) -> int:
        """Count a start or end tag; return how many of the kind are open."""
        self._depth[key] = max(0, self._depth[key] + (-1 if tag.is_end else 1))
        return self._depth[key]

    def _within_block(self, tag: _Tag) -> None:
        match tag.name:
            case "spark-mention":
                self._mention(tag)
            case "a":
                self._link(tag)
            case "code":
                self._code(tag)
            case "br":
                self._break()
            case "td" | "th" if not tag.is_end:
                self._add(" ")

    def _link(self, tag: _Tag) -> None:
        self._styles.pop("a", None)
        url = _safe_url(tag.attributes().get("href", ""))
        if url:
            self._styles["a"] = link(url)

    def _code(self, tag: _Tag) -> None:
        if self._block != "pre":
            self._nested("code", tag)
        elif language := _LANGUAGE.search(tag.attributes().get("class", "")):
            self._language = language[1]

    def _break(self) -> None:
        if self._block == "p":
            self._runs.append(Run(kind=Kind.BREAK))
        else:
            self._add("\n")

    def _mention(self, tag: _Tag) -> None:
        """Note where a mention begins; at its end put in its place what stands for it, if it is not its text."""
        if not tag.is_end:
            self._mentions.append((len(self._runs), self._stand_in(tag)))
        elif self._mentions:
            start, stand_in = self._mentions.pop()
            if stand_in:
                self._runs[start:] = [stand_in]

    def _stand_in(self, tag: _Tag) -> Run | None:
        attributes = tag.attributes()
        person_id = attributes.get("data-object-id", "")
        if tag.is_person and person_id and self._is_me(person_id):
            return Run(kind=Kind.GONE)
        is_all = attributes.get("data-object-type") == "groupMention" and attributes.get("data-group-type") == "all"
        if is_all and self._allow_all:
            return Run(text="<@all>", kind=Kind.RAW, styles=tuple(self._styles.values()))
        return None

    def _between_blocks(self, tag: _Tag) -> None:
        self._flush()
        if tag.name in _BOXES:
            self._box(tag)
        elif tag.name == "hr":
            self._page.add(["___"], is_text=False)
        elif tag.name == "pre" or tag.name in _HEADINGS:
            self._block = "p" if tag.is_end else tag.name
            self._language = ""

    def _box(self, tag: _Tag) -> None:
        self._block = "p"
        if tag.is_end:
            self._page.close(_BOXES[tag.name])
        elif tag.name == "blockquote":
            self._page.open_quote()
        elif tag.name == "li":
            self._page.open_item()
        else:
            start = tag.attributes().get("start", "")
            first = int(start) if _NUMBER.fullmatch(start) else 1
            self._page.open_list(start=first if tag.name == "ol" else None)

    def _flush(self) -> None:
        """End the paragraph, heading or code that is being read. A mention without its end tag remains text."""
        runs, self._runs, self._mentions = self._runs, [], []
        if self._block == "pre":
            self._lay_out_code("".join(run.text for run in runs))
            return
        for text in paragraphs(runs):
            heading = _HEADINGS.get(self._block)
            self._page.add(_heading(heading, text) if heading else text.split("\n"))

    def _lay_out_code(self, code: str) -> None:
        code = code.removeprefix("\n").removesuffix("\n")
        if code.strip():
            mark = fence(code, at_least=3)
            self._page.add([f"{mark}{self._language}", *code.split("\n"), mark], is_text=False)


def _heading(signs: str, text: str) -> list[str]:
    """Return a heading; a `#` at its very end would be taken for the decoration that markdown allows there."""
    return [f"{signs} {text}{JOINER if text.endswith('#') else ''}"]
