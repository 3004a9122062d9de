"""A letter of any length goes out in parts that Webex takes and that read well."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from broadcast.compose import LIMIT, SAFE, _Cutter, letter, split
from tests.growth import grows_less_than

SNIPPETS = (
    "word |a b c\n|\n|- |> ```\n> x\n> ```\n|```py\n|```\n|    ```\n|[l](https://x.y) |&amp;|\\*|~~~\n|é|👍🏽|🇨🇿|x"
)
BODY = (
    st.lists(st.sampled_from(SNIPPETS.split("|")), max_size=60).map("".join)
    | st.text(alphabet="ab \n`~>-*\\&;[]()é👍\u0301\u200d🇨🇿", max_size=200)
    | st.text(max_size=200)
)
ROOM = st.integers(4, 60)


def size(text: str) -> int:
    """Return the bytes a text takes."""
    return len(text.encode("utf-8", "surrogatepass"))


@given(BODY, ROOM, ROOM)
def test_no_piece_is_larger_than_its_room(body: str, first: int, rest: int) -> None:
    """The limits hold in bytes, whatever the characters, fences put in included."""
    start, *others = split(body, first=first, rest=rest)
    assert size(start) <= first
    assert max(map(size, others), default=0) <= rest


@given(BODY, ROOM, ROOM)
def test_nothing_is_lost_between_the_pieces(body: str, first: int, rest: int) -> None:
    """The stretches of the body, taken without the fences put around them, are the body; none is empty."""
    pieces = list(_Cutter(body=body, first=first, rest=rest).pieces())
    assert "".join(body[piece.start : piece.end] for piece in pieces) == body
    assert all(piece.start < piece.end for piece in pieces)


@given(BODY.filter(lambda body: "```" not in body and "~~~" not in body), ROOM, ROOM)
def test_without_code_the_pieces_joined_are_the_body(body: str, first: int, rest: int) -> None:
    """A text without code blocks is cut and nothing else."""
    assert "".join(split(body, first=first, rest=rest)) == body


CUTS = [
    ("", ("",)),
    ("short", ("short",)),
    ("one two three\n\nfour\nfive six", ("one two three\n\n", "four\nfive six")),
    ("one\n\ntwo three four\nfive six seven", ("one\n\ntwo three four\n", "five six seven")),
    ("one two three four five six", ("one two three four ", "five six")),
    ("x" * 45, ("x" * 20, "x" * 20, "x" * 5)),
    ("one two abcdefghijklm nopq", ("one two ", "abcdefghijklm nopq")),
    ("- one\n    - two\n- three\n    - four", ("- one\n    - two\n", "- three\n    - four")),
    ("a twelve words and - three is", ("a twelve words ", "and - three is")),
    ("abcdefghijklmnopqrs\\*tuv", ("abcdefghijklmnopqrs", "\\*tuv")),
    ("abcdefghijklmnopqrs**tuv", ("abcdefghijklmnopqrs", "**tuv")),
]


@pytest.mark.parametrize(("body", "pieces"), CUTS)
def test_cuts_fall_where_a_reader_would_make_them(body: str, pieces: tuple[str, ...]) -> None:
    """Between paragraphs if that leaves a piece half full, else lines, else words, else characters."""
    assert split(body, first=20, rest=20) == pieces


WHOLE = [
    "\\*",
    "&amp;",
    "&#128077;",
    "[label](https://x.y)",
    "<@all>",
    "e\u0301\u0323",
    "👍🏽",
    "👩\u200d👩\u200d👧",
    "❤\ufe0f",
]
WHOLE += ["🇨🇿", "🏴\U000e0067\U000e0062\U000e007f", "1\ufe0f\u20e3", "\u1112\u1161\u11ab", "\r\n"]


@pytest.mark.parametrize("whole", WHOLE)
def test_what_belongs_together_stays_together(whole: str) -> None:
    """No escape, entity, link, flag or composed character is cut in two while a piece can hold it."""
    for room in range(24, 60):
        pieces = split("x" + whole * 20, first=room, rest=room)
        assert all(whole * piece.count(whole) == piece.removeprefix("x") for piece in pieces)


def test_a_flag_is_told_from_the_one_beside_it() -> None:
    """In a row of flags the cut falls between two, not through one."""
    assert split("🇨🇿🇸🇰🇦🇹", first=20, rest=20) == ("🇨🇿🇸🇰", "🇦🇹")


def test_a_code_block_is_closed_and_opened_again() -> None:
    """Code that is cut is code in both pieces, in its language, also within a quote."""
    assert split("```py\none\ntwo\nthree\n```\n", first=20, rest=20) == ("```py\none\ntwo\n```", "```py\nthree\n```\n")
    quoted = split("> ```\n> one\n> two\n> three\n> four\n> ```", first=30, rest=30)
    assert quoted == ("> ```\n> one\n> two\n> ```", "> ```\n> three\n> four\n> ```")


CODE_LINES = st.lists(st.text(alphabet="ab `>-#\t", max_size=12).filter(lambda line: "```" not in line), max_size=30)


@given(CODE_LINES, st.integers(40, 80), st.sampled_from(["```", "~~~~ ", "```py"]))
def test_every_piece_of_a_code_block_is_code(lines: list[str], room: int, fence: str) -> None:
    """A reader of the pieces sees all the code, and nothing of it as text."""
    body = "\n".join([fence, *lines, fence.rstrip(" py")])
    tokens = [token for piece in split(body, first=room, rest=room) for token in MarkdownIt().parse(piece)]
    assert {token.type for token in tokens} == {"fence"}
    assert {token.info.strip() for token in tokens} == {fence.strip("`~ ")}
    code = "".join(token.content for token in tokens)
    assert code.replace("\n", "") == "".join(lines)


def test_code_in_a_list_is_cut_without_a_fence_that_could_not_work() -> None:
    """A fence indented by its list is not opened again at the start of a message, where it would be text."""
    body = "-   ```\n    " + "\n    ".join(f"line {number}" for number in range(9)) + "\n    ```\n\nafter"
    assert "".join(split(body, first=60, rest=60)) == body


@pytest.mark.parametrize(("first", "rest"), [(3, 10), (10, 3), (0, 10)])
def test_less_room_than_a_character_needs_is_refused(first: int, rest: int) -> None:
    """Room of under four bytes is a mistake of the caller."""
    with pytest.raises(ValueError, match="at least 4 bytes"):
        split("text", first=first, rest=rest)


@pytest.mark.parametrize(
    "unit", ["a", "`", "\n", "[a](b", "\\", "&amp;", "\u0301", "🇨🇿", "```\n", "> ```\n> a\n", "<a"]
)
def test_time_grows_with_the_length_only(unit: str) -> None:
    """Sixteen times the text is far from 256 times the work, however hard it is to cut."""
    assert grows_less_than(
        60,
        lambda: split(unit * 1_000, first=500, rest=500),
        lambda: split(unit * 16_000, first=500, rest=500),
    )


GROUP, DIRECT = "Message from <@personId:ID|Eva>:", "Message from Eva (eva@acme.example):"


def test_a_short_letter_is_one_part_with_the_identity_in_front() -> None:
    """Each kind of space gets its own identity, an empty line, and the same body."""
    group, direct = letter("Hello\n\nall", group_identity=GROUP, direct_identity=DIRECT)
    assert group == (f"{GROUP}\n\nHello\n\nall",)
    assert direct == (f"{DIRECT}\n\nHello\n\nall",)


@pytest.mark.parametrize("body", ["", " \n"])
def test_without_a_body_the_identity_goes_alone(body: str) -> None:
    """A file without a text still says whose it is."""
    assert letter(body, group_identity=GROUP, direct_identity=DIRECT) == ((GROUP,), (DIRECT,))


@given(st.text(alphabet="ab é👍\n", min_size=1, max_size=30), st.integers(1, 2_000))
def test_every_part_of_a_long_letter_fits_and_nothing_is_lost(text: str, times: int) -> None:
    """All parts are within the safe length, the identity counted in; together they are the whole body."""
    body = "x" + text * times
    for identity, parts in zip(
        (GROUP, DIRECT), letter(body, group_identity=GROUP, direct_identity=DIRECT), strict=True
    ):
        assert max(map(size, parts)) <= SAFE < LIMIT
        assert re.sub(r"\s+$", "", "".join(parts)) == re.sub(r"\s+$", "", f"{identity}\n\n{body}")


def test_an_absurd_identity_is_cut() -> None:
    """A name of many thousand characters leaves room for the message."""
    parts, _ = letter("Hello", group_identity="Message from " + "é" * 9_000, direct_identity="")
    assert len(parts) == 1
    assert parts[0].startswith("Message from éé")
    assert parts[0].endswith("é\n\nHello")
    assert size(parts[0]) <= 2_007


def test_a_part_of_nothing_but_blank_is_left_out() -> None:
    """Webex refuses an empty message, so a gap as long as a message is not sent as one."""
    parts, _ = letter("start" + "\n" * 30_000 + "end", group_identity=GROUP, direct_identity=DIRECT)
    assert parts[0].startswith(f"{GROUP}\n\nstart\n")
    assert parts[-1].endswith("end")
    assert all(part.strip() for part in parts)


def test_without_an_identity_the_body_goes_alone() -> None:
    """No empty lines are put before a body that has no identity."""
    assert letter("Hello", group_identity="", direct_identity="") == (("Hello",), ("Hello",))
