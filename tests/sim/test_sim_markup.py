"""Markdown to html and text, ids, and that nothing from outside gets through unescaped."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.growth import grows_less_than
from webexsim import World, ids, markup

TAGS = {
    "p",
    "br",
    "strong",
    "em",
    "code",
    "pre",
    "ul",
    "ol",
    "li",
    "blockquote",
    "a",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "spark-mention",
}
BLOCKS = [
    ("one\n\ntwo", "<p>one</p><p>two</p>", "one\ntwo"),
    ("one  \ntwo", "<p>one<br/>two</p>", "one\ntwo"),
    ("**b** and __b__", "<p><strong>b</strong> and <strong>b</strong></p>", "b and b"),
    ("*i* and _i_", "<p><em>i</em> and <em>i</em></p>", "i and i"),
    ("***both***", "<p><strong><em>both</em></strong></p>", "both"),
    ("a_b_c", "<p>a_b_c</p>", "a_b_c"),
    ("2 * 3 * 4", "<p>2 * 3 * 4</p>", "2 * 3 * 4"),
    (r"\*no\*", "<p>*no*</p>", "*no*"),
    ("`<b>`", "<p><code>&lt;b&gt;</code></p>", "<b>"),
    ("```py\n*x*\n```", '<pre><code class="language-py">*x*</code></pre>', "*x*"),
    ("```\nopen", "<pre><code>open</code></pre>", "open"),
    ("> quoted\n> more\n\nnot", "<blockquote><p>quoted\nmore</p></blockquote><p>not</p>", "quoted\nmore\n\nnot"),
    ("- a\n- b", "<ul><li>a</li><li>b</li></ul>", "a\nb"),
    ("1. a\n2. b", "<ol><li>a</li><li>b</li></ol>", "a\nb"),
    ("- a\n  - in\n- b", "<ul><li>a<ul><li>in</li></ul></li><li>b</li></ul>", "a\nin\n\nb"),
    ("# Head #", "<h1>Head</h1>", "Head"),
    ("[a](https://x/?q=1&r=2)", '<p><a href="https://x/?q=1&amp;r=2" rel="nofollow">a</a></p>', "a"),
    ("[a](javascript:x)", "<p>[a](javascript:x)</p>", "[a](javascript:x)"),
    ("<https://x/>", '<p><a href="https://x/" rel="nofollow">https://x/</a></p>', "https://x/"),
    ("<@personEmail:who@x|Who>", "<p>Who</p>", "Who"),
    ("", "", ""),
]


@pytest.mark.parametrize(("markdown", "html", "text"), BLOCKS)
def test_markdown_is_rendered(markdown: str, html: str, text: str) -> None:
    """Each kind of formatting becomes the html and the text Webex would show."""
    done = markup.render(markdown, lambda _: None)
    assert (done.html, done.text) == (html, text)


@pytest.mark.parametrize(
    "form", ["<@personId:{id}|Al>", "<@personEmail:ALICE@acme.example|Al>", "**<@personId:{id}|Al>**"]
)
def test_a_mention_becomes_the_apps_element(town: Any, form: str) -> None:
    """A mention by id or by address names the person, and is listed."""
    done = markup.render(form.format(id=town.alice.id), town.world.directory.find)
    assert f'<spark-mention data-object-type="person" data-object-id="{town.alice.id}">Al</spark-mention>' in done.html
    assert (done.people, done.text) == ((town.alice.id,), "Al")


@given(st.text(alphabet=st.sampled_from("ab <>&\"'*_`[](){}#-+1.\n~|@:/\\"), max_size=60))
def test_no_text_makes_a_tag_of_its_own(markdown: str) -> None:
    """Whatever is written, the html holds only the tags this renderer knows."""
    done = markup.render(markdown, lambda _: None)
    assert set(re.findall(r"</?([a-z0-9-]+)", done.html)) <= TAGS


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=80))
def test_plain_words_come_through(words: str) -> None:
    """A text in a code span comes back letter by letter."""
    clean = re.sub(r"[`\r\n]", "", words)
    done = markup.render(f"`{clean}`", lambda _: None)
    assert done.text == clean or not clean


@pytest.mark.parametrize("unit", ["*", "**a ", "[", "`", "_a", "> ", "<@", "*_"])
def test_no_markdown_keeps_the_renderer_busy(unit: str) -> None:
    """The worst 7 kB cost less than the square of eight times what an eighth of them costs."""
    evil = unit * (7000 // len(unit))
    assert grows_less_than(
        56,
        lambda: markup.render(evil[: len(evil) // 8], lambda _: None),
        lambda: markup.render(evil, lambda _: None),
    )


def test_the_same_seed_gives_the_same_ids() -> None:
    """Two worlds of one seed are told apart by nothing; another seed gives others."""
    made = [World(seed=seed).org("Acme").id for seed in (1, 1, 2)]
    assert made[0] == made[1] != made[2]


@pytest.mark.parametrize(("cluster", "length"), [("us", 76), ("urn:TEAM:eu-central-1_k", 104)])
def test_ids_have_webexs_shape(cluster: str, length: int) -> None:
    """Rooms carry their region, people and organizations never do; none has padding."""
    world = World(cluster=cluster)
    org = world.org("Acme")
    bot = world.bot("Bot", org)
    room = world.space("R", org, [bot])
    assert len(room.id) == length
    assert ids.decode(room.id).startswith(f"ciscospark://{cluster}/ROOM/")
    assert ids.decode(bot.id).startswith("ciscospark://us/PEOPLE/")
    member = ids.tail(room.members[bot.id].id)
    assert member == f"{ids.tail(bot.id)}:{ids.tail(room.id)}"
