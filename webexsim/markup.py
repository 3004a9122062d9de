"""Webex markdown to html and to plain text, mentions included. A small renderer of our own, enough for a page.

No I/O, no rules. It knows paragraphs, headings, lists, quotes, code, bold, italic, links and mentions; html in the
markdown is escaped, never passed on. What the real service's sanitizer lets through is not imitated.
"""

import html
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from webexsim.model import Person

Find = Callable[[str], Person | None]  # a person id or an e-mail address to whom it names

_ITEM = re.compile(r"(?P<mark>[-*+]|\d{1,9}[.)])[ \t]+(?P<rest>.*)")
_FENCE = re.compile(r"(?P<ticks>```+|~~~+)\s*(?P<lang>[\w+-]*)\s*$")
_HEADING = re.compile(r"(?P<marks>#{1,6})\s+(?P<rest>.*?)\s*#*$")
_INLINE = re.compile(
    r"""\\(?P<escaped>[\\`*_{}\[\]()#+\-.!<>~|])
      | (?P<ticks>`{1,3})(?P<code>[^`]+)(?P=ticks)(?!`)
      | (?P<all><@all>)
      | <@person(?:Id|Email):(?P<who>[^|>]+)(?:\|(?P<label>[^>]*))?>
      | (?P<entity>&(?:\#\d{1,7}|\#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});)
      | \[(?P<link>(?:\\.|[^\]\[\\])*)\]\((?P<url>(?:https?://|mailto:|webexteams://)[^()\s]+)\)
      | <(?P<auto>https?://[^\s<>]+)>
      | \*{3}(?=\S)(?P<both>[^*]+)(?<=\S)\*{3}
      | (?P<strong>\*\*|__)(?=\S)(?P<bold>.+?)(?<=\S)(?P=strong)
      | \*(?=\S)(?P<star>.+?)(?<=\S)\*
      | (?<!\w)_(?=\S)(?P<under>.+?)(?<=\S)_(?!\w)
      | (?P<br>[ ]{2,}\n)""",
    re.VERBOSE | re.DOTALL,
)
_BREAKS = re.compile(r"<br\s*/?>|</(?:p|li|blockquote|h[1-6]|pre)>|(?<=\S)<(?:ul|ol)>")
_TAG = re.compile(r"<[^>]+>")
_DEPTH = 20  # what is nested deeper is shown as it was written


@dataclass(frozen=True, kw_only=True, slots=True)
class Rendered:
    """What became of a markdown: html, its plain text, and whom it mentions."""

    html: str
    text: str
    people: tuple[str, ...]
    groups: tuple[str, ...]


def render(markdown: str, find: Find) -> Rendered:
    """Turn Webex markdown into html; a mention of somebody `find` does not know becomes its plain name."""
    work = _Renderer(find)
    body = "".join(work.blocks(markdown.replace("\r\n", "\n").split("\n")))
    return Rendered(html=body, text=plain(body), people=tuple(work.people), groups=tuple(work.groups))


def plain(body: str) -> str:
    """Return the text of html as Webex shows it where rich text is not to be had."""
    text = html.unescape(_TAG.sub("", _BREAKS.sub("\n", body)))
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n")


def person_mention(person_id: str, name: str) -> str:
    """Return the element Webex writes where a person is mentioned."""
    return (
        f'<spark-mention data-object-type="person" data-object-id="{html.escape(person_id)}">'
        f"{html.escape(name)}</spark-mention>"
    )


def all_mention() -> str:
    """Return the element Webex writes where everybody is mentioned."""
    return '<spark-mention data-object-type="groupMention" data-group-type="all">All</spark-mention>'


def typed(text: str, people: Sequence[Person], everybody: bool) -> str:
    """Return the html of a text typed in the app after mentions chosen from its list."""
    mentions = [all_mention()] if everybody else []
    mentions += [person_mention(person.id, person.first_name) for person in people]
    return "<p>" + " ".join([*mentions, html.escape(text).replace("\n", "<br/>")]).rstrip() + "</p>"


class _Renderer:
    def __init__(self, find: Find) -> None:
        self._find = find
        self.people: dict[str, None] = {}
        self.groups: dict[str, None] = {}
        self._depth = 0

    def blocks(self, lines: Sequence[str]) -> list[str]:
        if self._depth >= _DEPTH:
            return [html.escape("\n".join(lines))]
        self._depth += 1
        done = self._each(lines)
        self._depth -= 1
        return done

    def _each(self, lines: Sequence[str]) -> list[str]:
        done: list[str] = []
        at = 0
        while at < len(lines):
            if not lines[at].strip():
                at += 1
                continue
            block, at = self._block(lines, at)
            done.append(block)
        return done

    def _block(self, lines: Sequence[str], at: int) -> tuple[str, int]:
        line = lines[at]
        if fence := _FENCE.match(line):
            return self._code(lines, at, fence["ticks"], fence["lang"])
        if line.startswith(">"):
            return self._quote(lines, at)
        if heading := _HEADING.match(line):
            level = len(heading["marks"])
            return f"<h{level}>{self.inline(heading['rest'])}</h{level}>", at + 1
        if _ITEM.match(line):
            return self._list(lines, at)
        return self._paragraph(lines, at)

    def _code(self, lines: Sequence[str], at: int, ticks: str, lang: str) -> tuple[str, int]:
        end = next((i for i in range(at + 1, len(lines)) if lines[i].strip() == ticks), len(lines))
        kind = f' class="language-{lang}"' if lang else ""
        return f"<pre><code{kind}>{html.escape(chr(10).join(lines[at + 1 : end]))}</code></pre>", end + 1

    def _quote(self, lines: Sequence[str], at: int) -> tuple[str, int]:
        end = at
        while end < len(lines) and lines[end].startswith(">"):
            end += 1
        inner = [line[1:].removeprefix(" ") for line in lines[at:end]]
        return f"<blockquote>{''.join(self.blocks(inner))}</blockquote>", end

    def _paragraph(self, lines: Sequence[str], at: int) -> tuple[str, int]:
        end = at + 1
        while end < len(lines) and lines[end].strip() and not _starts_block(lines[end]):
            end += 1
        return f"<p>{self.inline(chr(10).join(lines[at:end]).strip())}</p>", end

    def _list(self, lines: Sequence[str], at: int) -> tuple[str, int]:
        tag = _list_tag(lines[at])
        items: list[list[str]] = []
        while at < len(lines):
            match = _ITEM.match(lines[at])
            if match and _list_tag(lines[at]) == tag:
                items.append([match["rest"]])
            elif lines[at].startswith(("  ", "\t")):
                items[-1].append(re.sub(r"^(?: {1,4}|\t)", "", lines[at]))
            elif not match and lines[at].strip():
                items[-1].append(lines[at])
            else:
                break
            at += 1
        return f"<{tag}>{''.join(map(self._item, items))}</{tag}>", at

    def _item(self, lines: Sequence[str]) -> str:
        blocks = self.blocks(lines) or [""]
        first = blocks[0].removeprefix("<p>").removesuffix("</p>")
        return f"<li>{first}{''.join(blocks[1:])}</li>"

    def inline(self, text: str) -> str:
        if self._depth >= _DEPTH:
            return html.escape(text)
        self._depth += 1
        done = self._spans(text)
        self._depth -= 1
        return done

    def _spans(self, text: str) -> str:
        done: list[str] = []
        at = 0
        for match in _INLINE.finditer(text):
            done += html.escape(text[at : match.start()]), self._span(match)
            at = match.end()
        return "".join(done) + html.escape(text[at:])

    def _span(self, match: re.Match[str]) -> str:
        found = {name: value for name, value in match.groupdict().items() if value is not None}
        if "who" in found:
            return self._person(found["who"], found.get("label", ""))
        if "all" in found:
            self.groups["all"] = None
            return all_mention()
        if "entity" in found:
            return html.escape(html.unescape(found["entity"]))
        if "link" in found:
            return _anchor(found["url"], self.inline(found["link"]))
        if "auto" in found:
            return _anchor(found["auto"], html.escape(found["auto"]))
        return self._simple(found)

    def _simple(self, found: dict[str, str]) -> str:
        if "bold" in found:
            return f"<strong>{self.inline(found['bold'])}</strong>"
        if "both" in found:
            return f"<strong><em>{self.inline(found['both'])}</em></strong>"
        if "code" in found:
            return f"<code>{html.escape(found['code'])}</code>"
        if "br" in found:
            return "<br/>"
        if "escaped" in found:
            return html.escape(found["escaped"])
        return f"<em>{self.inline(found.get('star') or found['under'])}</em>"

    def _person(self, who: str, label: str) -> str:
        person = self._find(who)
        if person is None:
            return html.escape(label or who)
        self.people[person.id] = None
        return person_mention(person.id, label or person.display_name)


def _anchor(url: str, inner: str) -> str:
    return f'<a href="{html.escape(url)}" rel="nofollow">{inner}</a>'


def _list_tag(line: str) -> str:
    return "ol" if line[:1].isdigit() else "ul"


def _starts_block(line: str) -> bool:
    return bool(line.startswith(">") or _FENCE.match(line) or _HEADING.match(line) or _ITEM.match(line))
