"""What people wrote reaches the spaces as they wrote it, and notifies nobody."""

import re
from html import escape
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from broadcast.markup import from_markdown, from_text, inline, mentions, strip_name, to_markdown
from tests.growth import grows_less_than

JOINER = "\u2060"
COMMONMARK = MarkdownIt("commonmark").enable(["strikethrough", "table"])
SIGNS = st.text(alphabet="ab1 .,:;!?#>+-=|*_~`<@/&lt;[](){}\\\n\t\"'éß。👍\u0301\u00a0", max_size=60)
ANY_TEXT = SIGNS | st.text(max_size=60)
LIVE = re.compile(r"<@|&(lt|#0*60|#x0*3c);?@|</?spark-mention", re.IGNORECASE)


def person(id: str, name: str) -> str:
    """Return the mention of a person as Webex writes it."""
    return f'<spark-mention data-object-type="person" data-object-id="{id}">{name}</spark-mention>'


BOT = person("BOT", "TestBot")
AL = person("AL", "Al")
EVERYBODY = '<spark-mention data-object-type="groupMention" data-group-type="all">All</spark-mention>'


def converted(html: str, *, allow_all: bool = False) -> str:
    """Return the markdown of a message to the bot whose id is BOT."""
    return to_markdown(html, is_me=lambda id: id == "BOT", allow_all=allow_all)


def leaves(markdown: str) -> list[Token]:
    """Return what CommonMark makes of a text, without the paragraphs around it."""
    return [leaf for token in COMMONMARK.parse(markdown) for leaf in (token.children or [token])]


def shown(markdown: str) -> str:
    """Return the lines a reader sees; fails where anything but text and line ends came of it."""
    text = ""
    for token in leaves(markdown):
        assert token.type in {"text", "hardbreak", "paragraph_open", "paragraph_close"}, markdown
        text += {"hardbreak": "\n", "paragraph_close": "\n\n"}.get(token.type, token.content)
    return tidy(text)


def tidy(text: str) -> str:
    """Return the text with what no eye can tell apart made the same: kinds of blanks, blanks around lines."""
    plain = re.sub("[\u2060\x00-\x08\x0e-\x1f\x7f]", "", text).replace("\u00a0", " ")
    lines = [line.strip() for line in re.split(r"\r\n|[\r\n\x0b\x0c\x85\u2028\u2029]", plain)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def styled(markdown: str) -> list[tuple[str, frozenset[str]]]:
    """Return every visible character with the tags it is shown in."""
    tags: set[str] = set()
    found: list[tuple[str, frozenset[str]]] = []
    for token in (token for token in leaves(markdown) if not token.block):
        if token.nesting:
            tags = tags | {token.tag} if token.nesting > 0 else tags - {token.tag}
        visible = [char for char in token.content if not char.isspace() and char != JOINER]
        found += [(char, frozenset(tags | {token.tag} - {"", "br"})) for char in visible]
    return found


PLAIN = [
    "Hello world, 50% off! a < b & c",
    "snake_case_name, 2 * 3 * 4, #hashtag, -5 °C, 1.5 or 3.x, a > b, [draft] (v2), C:\\Users, AT&T, 7<8, ~5 min",
    "mail walt@example.com, see https://example.com/a_b?x=1&y=2 - thanks!",
]


@pytest.mark.parametrize("text", PLAIN)
def test_plain_text_stays_as_it_is(text: str) -> None:
    """Text without anything that markdown would act upon comes out letter by letter, from html and from text."""
    assert converted(f"<p>{escape(text)}</p>") == from_text(text, allow_all=False) == text


ESCAPED = [
    ("*a* and **b**", r"\*a\* and \*\*b\*\*"),
    ("_a_ b_c", r"\_a\_ b_c"),
    ("~~gone~~ `code`", r"\~\~gone\~\~ \`code\`"),
    ("[a](b) ![c](d)", r"[a\](b) ![c\](d)"),
    ("[a]: b", r"\[a]: b"),
    (r"\* C:\dir", r"\\\* C:\dir"),
    ("<b> </b> <!-- <?x", "&lt;b> &lt;/b> &lt;!-- &lt;?x"),
    ("&amp; &#64; &nbsp", "&amp;amp; &amp;#64; &nbsp"),
    ("# a", r"\# a"),
    ("> a", r"\> a"),
    ("- a", r"\- a"),
    ("+ a", r"\+ a"),
    ("* a", r"\* a"),
    ("1. a", r"1\. a"),
    ("12) a", r"12\) a"),
    ("---", r"\---"),
    ("a\n===", "a  \n\\==="),
    ("a | b\n--|--", "a | b  \n\\--|--"),
]


@pytest.mark.parametrize(("text", "markdown"), ESCAPED)
def test_only_what_markdown_would_act_upon_is_escaped(text: str, markdown: str) -> None:
    """Each sign that would be formatting gets its backslash or entity, and nothing else changes."""
    assert from_text(text, allow_all=False) == markdown
    assert shown(markdown) == text


@given(ANY_TEXT)
def test_a_text_is_shown_as_it_was_typed(text: str) -> None:
    """Whatever characters somebody types, a reader sees them and no formatting."""
    assert shown(from_text(text, allow_all=False)) == tidy(text)


@given(ANY_TEXT)
def test_text_in_html_is_shown_as_it_was_typed(text: str) -> None:
    """Whatever characters stand in a paragraph of html, a reader sees them and no formatting."""
    typed = re.sub(r"[\r\n\x0b\x0c\x85\u2028\u2029]", " ", text)
    assert shown(converted(f"<p>{escape(typed)}</p>")) == tidy(typed)


def test_lines_and_paragraphs_and_indentation_of_a_text_are_kept() -> None:
    """A line end becomes a line break, empty lines part paragraphs, and blanks before a line stay blank."""
    markdown = from_text("one\ntwo\r\n\r\n\n  three\n\tfour", allow_all=False)
    assert markdown == "one  \ntwo\n\n\u00a0\u00a0three  \n\u00a0\u00a0\u00a0\u00a0four"


def test_what_no_request_can_carry_is_replaced() -> None:
    """Lone surrogates become the replacement character; NUL and other controls vanish."""
    assert from_text("a\ud800b\x00c\x1b", allow_all=False) == "a\ufffdbc"
    assert from_markdown("a\udfffb\x00c", allow_all=False) == "a\ufffdbc"
    assert converted("a\ud800b\x00c&#0;&#xD800;") == "a\ufffdbc\ufffd\ufffd"


OWN_MENTIONS = [
    (f"<p>{BOT} please tell {AL} the office is closed</p>", "please tell Al the office is closed"),
    (f"<p>Hi {BOT} there</p>", "Hi there"),
    (f"<p>Thanks {BOT}!</p>", "Thanks!"),
    (f"<p>{BOT}, hello</p>", ", hello"),
    (f"<p>{BOT}&nbsp;hello&nbsp;{BOT}</p>", "hello"),
    (f"<p>a{BOT}b</p>", "ab"),
    (f"<p>{BOT} {BOT} a {BOT} {BOT} b</p>", "a b"),
    (f"<p>a<br>{BOT}<br>b</p>", "a  \nb"),
    (f"<p>a {BOT}<br><br>b</p>", "a\n\nb"),
    (f"<p>{BOT}</p><p>a</p>", "a"),
    (f"<b>{BOT} a</b>", "**a**"),
    (f"<ul><li>{BOT} a</li></ul>", "- a"),
    (f"<p>{BOT}</p>", ""),
    (BOT.replace('"', "'").replace("TestBot", "<b>Test</b>Bot") + " a", "a"),
]


@pytest.mark.parametrize(("html", "markdown"), OWN_MENTIONS)
def test_the_bots_own_mention_goes_and_nothing_else(html: str, markdown: str) -> None:
    """The mention of the bot is taken out wherever it stands, with the blank that would be left over."""
    assert converted(html) == markdown


def test_a_mention_that_never_ends_loses_no_text() -> None:
    """Where the end of the bot's mention is missing, its name stays, and so does the rest."""
    assert (
        converted("<p><spark-mention data-object-type=person data-object-id=BOT>Bot hello</p><p>a") == "Bot hello\n\na"
    )


def test_everybody_is_mentioned_only_where_that_is_allowed() -> None:
    """@all becomes its plain text; with leave it stays a mention, also typed, and mentions of people never do."""
    html = f"<p>{EVERYBODY} &lt;@all&gt; &lt;@personId:x|y&gt; {AL}</p>"
    assert converted(html) == f"All <{JOINER}@all> <{JOINER}@personId:x|y> Al"
    assert converted(html, allow_all=True) == f"<@all> <@all> <{JOINER}@personId:x|y> Al"
    assert from_text("<@all> <@ALL>", allow_all=True) == f"<@all> <{JOINER}@ALL>"


PARTS = "< &lt; &#60; &amp;lt; &#x3C; @ @all all > &gt; | * personId:x spark-mention &lt;spark-mention> <@all> <!-- -->"
TAGS = "<b> </b> <code> </code> <pre> </pre> <br> </a> <spark-mention> </spark-mention> <@personEmail:a@b|"
PIECES = [*PARTS.split(), *TAGS.split(), " ", JOINER, "<a href='<@all>'>", BOT, AL, EVERYBODY]
MENTION_LIKE = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)


@given(MENTION_LIKE)
def test_no_text_can_make_a_live_mention(text: str) -> None:
    """However a mention is pieced together – over tags, in code, as entities – none comes out alive."""
    for markdown in (converted(text), from_text(text, allow_all=False), from_markdown(text, allow_all=False)):
        assert not LIVE.search(markdown)


@given(MENTION_LIKE)
def test_with_leave_for_all_no_other_mention_comes_out_alive(text: str) -> None:
    """Allowing @all allows exactly that."""
    for markdown in (converted(text, allow_all=True), from_text(text, allow_all=True)):
        assert not LIVE.search(markdown.replace("<@all>", "(all)"))


FORMATTED = [
    ("<strong>b</strong> <em>i</em> <del>s</del> <u>u</u>", "**b** *i* ~~s~~ <u>u</u>"),
    ("<b><i>both</i></b>", "***both***"),
    ("a<b> b </b>c", "a **b** c"),
    ("<b>a</b><b>b</b> <i>a</i><b>b</b>", f"**ab** *a*{JOINER}**b**"),
    ("<b>Note:</b>text", f"**Note:{JOINER}**text"),
    ("<h2>Title #1</h2><h3>C#</h3>", f"## Title #1\n\n### C#{JOINER}"),
    ("a<br>b<br><br>c", "a  \nb\n\nc"),
    ("<b>a<br><br>b</b>", "**a**\n\n**b**"),
    ("<p>a</p><hr><p>b</p>", "a\n\n___\n\nb"),
    ("<code>a_b</code> <code>x`y``</code>", "`a_b` ``` x`y`` ```"),
    ("<pre><code class='language-c++'>a\n\n  b\n</code></pre>", "```c++\na\n\n  b\n```"),
    ("<pre>```\nx</pre>", "````\n```\nx\n````"),
    ("<blockquote>a<br>b<p>c</p></blockquote><blockquote>d</blockquote>", "> a  \n> b\n>\n> c\n\n> d"),
    ("<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>", "- a\n    - b\n- c"),
    ("<ol start='9'><li>a</li><li><p>b</p><p>c</p></li></ol>", "9. a\n10. b\n\n    c"),
    ("<ul><li>a<li>b</ul><ul><li>c</ul>d", "- a\n- b\n\n* c\n\nd"),
    ("<ol><li><pre>a\nb</pre></li></ol>", "1.  ```\n    a\n    b\n    ```"),
    ("<a href='https://x.y/a_(b) c?d=1&amp;e=2'>l [1]</a>", r"[l \[1\]](https://x.y/a_%28b%29%20c?d=1&e=2)"),
    ("wow!<a href='https://x.y'><b>l</b></a>", r"wow\![**l**](https://x.y)"),
    ("<blink>a</blink> <span>b</span><table><tr><td>c</td><td>d</td></tr></table>", "a b\n\nc d"),
]


@pytest.mark.parametrize(("html", "markdown"), FORMATTED)
def test_formatting_survives(html: str, markdown: str) -> None:
    """Each kind of formatting that Webex sends comes out as its markdown."""
    assert converted(html) == markdown


@pytest.mark.parametrize("href", ["javascript:alert(1)", " JaVa\nscript:x", "java&#115;cript&colon;x", "data:,x", ""])
def test_a_link_that_could_run_a_script_keeps_its_text_only(href: str) -> None:
    """No address with a script scheme is passed on."""
    assert converted(f'<a href="{href}">look</a>') == "look"


CHARACTERS = st.text(alphabet="ab1.(*_~`<&[]!\\ #é。👍", min_size=1, max_size=4)
STYLED = st.tuples(CHARACTERS, st.lists(st.sampled_from(["strong", "em", "s", "a", "code"]), unique=True, max_size=4))


def wrapped(text: str, tags: list[str]) -> str:
    """Return the html of a text in some tags."""
    html = escape(text)
    for tag in tags:
        html = f'<{tag} href="https://x.y">{html}</{tag}>'
    return html


@given(st.lists(STYLED, max_size=6))
def test_every_character_keeps_its_own_formatting(runs: list[tuple[str, list[str]]]) -> None:
    """However styles meet and nest, a CommonMark reader sees each character in the styles it had."""
    html = "".join(wrapped(text, tags) for text, tags in runs)
    expected = [(char, frozenset(tags)) for text, tags in runs for char in text if not char.isspace()]
    assert styled(converted(f"<p>{html}</p>")) == expected


WORDS = st.text(alphabet="ab1.)-+#>`=|~*[:]_", min_size=1, max_size=6)
CODE = st.text(alphabet="ab`~- >#", min_size=1, max_size=6).filter(str.strip)
LEAF = st.tuples(st.just("p"), WORDS) | st.tuples(st.just("h2"), WORDS) | st.tuples(st.just("pre"), CODE)
Block = tuple[str, Any]
BLOCKS = st.lists(
    st.recursive(
        LEAF,
        lambda block: st.tuples(
            st.sampled_from(["ul", "ol", "blockquote"]),
            st.lists(st.tuples(st.just("li"), st.lists(block, min_size=1, max_size=3)), min_size=1, max_size=3),
        ),
        max_leaves=6,
    ),
    max_size=3,
)
TAG_OF = {"fence": "pre", "inline": ""}


def html_of(block: Block) -> str:
    """Return a block as html; a quote has no items but their content."""
    tag, content = block
    if isinstance(content, str):
        return f"<{tag}>{escape(content)}</{tag}>"
    if tag == "blockquote":
        return f"<{tag}>{''.join(html_of(inner) for item in content for inner in item[1])}</{tag}>"
    return f"<{tag}>{''.join(map(html_of, content))}</{tag}>"


def outline(markdown: str) -> list[str]:
    """Return tags and texts as CommonMark reads them, in order."""
    found = []
    for token in COMMONMARK.parse(markdown):
        name = TAG_OF.get(token.type, token.tag)
        text = "".join(leaf.content for leaf in token.children or [token]).removesuffix("\n").replace(JOINER, "")
        found += [f"<{name}>"] * (token.nesting >= 0 and bool(name)) + [text] * bool(text)
        found += [f"</{name}>"] * (token.nesting <= 0 and bool(name))
    return found


@given(BLOCKS)
def test_lists_quotes_and_code_keep_their_nesting(blocks: list[Block]) -> None:
    """However lists, quotes, headings and code stand in each other, a CommonMark reader sees them so."""
    html = "".join(map(html_of, blocks))
    expected = [part for part in re.split("(<[^>]*>)", html) if part]
    assert outline(converted(html)) == [part.replace("&gt;", ">") for part in expected]


HOSTILE = "< <!-- </ &#9 &lt;@ *_ ` [ ]( <b> <b>x</i> <ul><li>a <blockquote> x</spark-mention> <code>` <pre>` a<x> <br>"
UNITS = [*HOSTILE.split(), "<a x='", "<a href=x>y", "\n", "\u00a0 ", "<spark-mention>"]


@pytest.mark.parametrize("unit", UNITS)
def test_time_grows_with_the_length_only(unit: str) -> None:
    """A long hostile text takes no more than its share: eight times the text is far from 64 times the work."""
    assert grows_less_than(30, lambda: converted(unit * 2_000), lambda: converted(unit * 16_000))


@pytest.mark.parametrize("tag", ["ul><li", "ol", "blockquote", "b", "div", "pre", "code", "spark-mention", "a href=x"])
def test_five_thousand_nested_tags_are_no_trouble(tag: str) -> None:
    """Nesting deeper than any real message keeps the text and neither crashes nor swells."""
    markdown = converted(f"<{tag}>" * 5_000 + "deep" + f"</{tag.split(maxsplit=1)[0]}>" * 5_000)
    assert "deep" in markdown
    assert len(markdown) < 1_000


@given(st.text(alphabet="<>/=\"'&;#!- abpuloix019\x00\ud800", max_size=80))
def test_broken_html_is_read_without_an_error(html: str) -> None:
    """Whatever is sent as html gives a markdown that can be sent on."""
    assert "\x00" not in converted(html).encode().decode()


def test_an_entity_of_thousands_of_digits_is_just_text() -> None:
    """What no parser could turn into a character stays what it is."""
    assert converted("&#" + "9" * 5_000 + ";") == "&#" + "9" * 5_000 + ";"
    assert converted("&bogus; &#9999999; &#x") == "&amp;bogus; \ufffd &#x"


POSTED = [
    ("**a** _b_ `c`  \n- d\n\n> e <u>f</u>", "**a** _b_ `c`  \n- d\n\n> e <u>f</u>"),
    ("<@personId:abc|Al Pine> <@personEmail:a@b.c|Al>", "Al Pine Al"),
    ("<@personEmail:a@b.c> <@personId:abc>!", "a@b.c !"),
    ("<@all> and `<@all>`", f"<{JOINER}@all> and `<{JOINER}@all>`"),
    (f"{AL}, {EVERYBODY}", "Al, All"),
    ("<<@personId:x|@all>>", f"<{JOINER}@all>"),
    ("<spark-<spark-mention>mention>", f"<{JOINER}spark-mention>"),
]


@pytest.mark.parametrize(("posted", "markdown"), POSTED)
def test_posted_markdown_changes_only_in_its_mentions(posted: str, markdown: str) -> None:
    """Mentions become plain names; everything else is passed on as it is."""
    assert from_markdown(posted, allow_all=False) == markdown


def test_posted_markdown_may_mention_all_where_that_is_allowed() -> None:
    """With leave `<@all>` passes, and no other mention."""
    assert from_markdown("<@all> <@personId:x|y>", allow_all=True) == "<@all> y"


NAMED = [
    ("Town Crier hello", "hello"),
    ("  Town hello", "hello"),
    ("Town: hello", ": hello"),
    ("Town", ""),
    ("Town Town hello", "Town hello"),
    ("Townhall at five", "Townhall at five"),
    ("town hello", "town hello"),
    ("Town.example is up", "Town.example is up"),
    ("Hello Town", "Hello Town"),
    ("", ""),
]


@pytest.mark.parametrize(("text", "rest"), NAMED)
def test_the_bots_name_is_taken_off_the_start_of_a_text(text: str, rest: str) -> None:
    """Full or first name, once, as a whole word in the right spelling; nothing else goes."""
    assert strip_name(text, ["Town Crier"]) == strip_name(text, ["Town Crier", "Town", ""]) == rest


def test_the_people_mentioned_are_found_once_each_and_in_order() -> None:
    """Only people count, not groups, and neither order nor quoting of the attributes matters."""
    assert mentions(f"{AL}{BOT}{EVERYBODY}{AL}<spark-mention data-object-id=C data-object-type=person>") == (
        "AL",
        "BOT",
        "C",
    )


@given(ANY_TEXT)
def test_a_name_stays_one_piece_of_plain_text(name: str) -> None:
    """Within a link's label and within a mention a name neither ends it nor formats it nor notifies anybody."""
    safe = inline(name)
    tokens = leaves(f"from [{safe}](https://x.y): hello")
    assert [token.type for token in tokens if token.type != "text"] == [
        "paragraph_open", "link_open", "link_close", "paragraph_close",
    ] or not safe  # fmt: skip
    assert not set("|<>\n") & set(safe)


def test_a_name_shows_what_it_is() -> None:
    """Signs are escaped, the three that could end a mention get look-alikes, turned writing is turned back."""
    assert inline(" Jan\n*Novák* <x|y> \u202eab") == r"Jan \*Novák\* ‹x¦y› ab"
    assert inline("Jan_Novak & Söhne") == "Jan_Novak & Söhne"
