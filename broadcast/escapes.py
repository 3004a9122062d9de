"""Characters that markdown would misread, made literal; and mentions, made harmless.

Below `markup.py`, which knows html and people. Pure text in, text out: no I/O, no clock, time linear in the length.

What counts as formatting is taken from CommonMark 0.31 and the strike-through and tables of GitHub's dialect: Webex
does not say which parser it uses. Only what such a parser would act upon is escaped, so that a plain text stays plain.
"""

import re

JOINER = "\u2060"
"""WORD JOINER: takes no room, is neither blank nor punctuation, and parts what would otherwise be read together."""

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_LINE_END = re.compile(r"\r\n|[\r\x0b\x0c\x85\u2028\u2029]")

_PUNCTUATION = r"[!-/:-@\[-`{-~]"
_ENTITY = r"&(?=#?[A-Za-z0-9]{1,32};)"
_SPECIAL = rf"(\*+|_+|~+)|(\\(?={_PUNCTUATION}|\Z)|`|%s|!\Z)|(<(?=[A-Za-z/!?]))|({_ENTITY})"
_IN_TEXT = re.compile(_SPECIAL % r"\](?=\()")
_IN_LABEL = re.compile(_SPECIAL % r"[\[\]]")

_AT_LINE_START = re.compile(
    r"""^([ \t\xa0]*+)(?:
          (\d{1,9})(?=[.)](?:[ \t]|$))      # 1.  or  1)   an ordered list
        | (?=[#]{1,6}(?:[ \t]|$)            # #            a heading
           | >                              #              a quote
           | [-+](?:[ \t]|$)                #              a list
           | =+[ \t]*$                      # ===          makes the line above a heading
           | (?=[|:\ \t]*-)[|:\ \t-]*$      # ---  |---|   a rule, a heading or a table
        ))""",
    re.MULTILINE | re.VERBOSE,
)
_DEFINITION = re.compile(r"\[(?:[^\[\]\\]|\\.)*+\]:", re.DOTALL)

_LIVE = re.compile(r"(?:<|&(?:amp;)*+(?:lt|#0*+60|#x0*+3c);?)(?=@|/?spark-mention)", re.IGNORECASE)


def without_halves(text: str) -> str:
    """Replace half characters, which JSON can hold and UTF-8 cannot."""
    return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)


def printable(text: str) -> str:
    """Return the text without control characters and without lone surrogates, which no request could carry."""
    return _CONTROL.sub("", without_halves(text))


def lines_unified(text: str) -> str:
    r"""Return the text with `\n` for every kind of line end."""
    return _LINE_END.sub("\n", text)


def escaped(text: str, *, before: str = "\n", after: str = "\n", in_label: bool = False) -> str:
    """Return the text with whatever would be formatting inside a line made literal.

    `before` and `after` are the characters it will stand between. `in_label`: it is part of a link's label.
    """

    def literal(match: re.Match[str]) -> str:
        previous = text[match.start() - 1] if match.start() else before
        following = text[match.end()] if match.end() < len(text) else after
        return _literal(match, previous, following)

    return (_IN_LABEL if in_label else _IN_TEXT).sub(literal, text)


def entities_escaped(text: str) -> str:
    """Return the text with `&` written out where an entity would be read."""
    return re.sub(_ENTITY, "&amp;", text)


def paragraph_escaped(text: str) -> str:
    """Return a paragraph, already escaped within its lines, so that no line is taken for a list, a heading, a quote…"""
    text = _AT_LINE_START.sub(lambda match: f"{match[0]}\\", text)
    return f"\\{text}" if _DEFINITION.match(text) else text


def neutral(text: str, *, allow_all: bool) -> str:
    """Return the text without a live mention: a WORD JOINER parts `<` and `@`, also where `<` is an entity.

    `<@all>` passes with `allow_all`. The documented forms are `<@all>`, `<@personId:…>` and `<@personEmail:…>`
    (Webex developer guide, Formatting Messages); all others are parted too, and raw `<spark-mention>` tags.
    """

    def parted(match: re.Match[str]) -> str:
        allowed = allow_all and text.startswith("<@all>", match.start())
        return match[0] if allowed else match[0] + JOINER

    return _LIVE.sub(parted, text)


def _literal(match: re.Match[str], previous: str, following: str) -> str:
    """Return one special character, or one run of them, escaped where it would be acted upon between these two."""
    run, mark, less_than, _ = match.groups()
    if run:
        return run if _is_harmless(run, previous, following) else "".join(f"\\{char}" for char in run)
    if mark:
        return mark if _ends_harmlessly(mark, following) else f"\\{mark}"
    return "&lt;" if less_than else "&amp;"


def _is_harmless(run: str, previous: str, following: str) -> bool:
    """Say whether a run of `*`, `_` or `~` can neither open nor close anything where it stands."""
    if run[0] == "~":
        return run == "~" and "~" not in {previous, following}
    if previous == "\n":
        return False  # it could begin a list or be a rule
    if run[0] == "_" and previous.isalnum() and following.isalnum():
        return True
    return previous in " \t" and following in " \t\n"


def _ends_harmlessly(mark: str, following: str) -> bool:
    """Say whether a backslash or exclamation mark at the end of the text meets nothing it would act upon."""
    if mark == "!":
        return following != "["
    return mark == "\\" and following == "\n"
