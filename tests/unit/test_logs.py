"""What comes out of the log, and what never does."""

import io
import json
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from broadcast.errors import ConfigError
from broadcast.logs import configure, redactor, wants_json

TOKEN = "NmM3ZmI0canary_PF84_-consumer"
OUR_LOG = structlog.get_logger()
LIBRARIES = ["webexteamssdk", "urllib3.connectionpool", "werkzeug", "waitress", "botocore.endpoint", "anything"]
Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _untouched() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    # What another test has left captured would keep it from being captured again.
    logging.captureWarnings(False)
    yield
    logging.captureWarnings(False)
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture(params=[True, False], ids=["json", "text"])
def as_json(request: pytest.FixtureRequest) -> bool:
    """Try both forms of the log."""
    is_json: bool = request.param
    configure("INFO", json=is_json, token=TOKEN)
    return is_json


def lines(capsys: Capture) -> list[dict[str, Any]]:
    """Return what was written, one JSON object a line."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_json_has_one_object_a_line(capsys: Capture) -> None:
    """Each event is a line that a machine can read, with time, level and fields."""
    configure("INFO", json=True, token=None)
    OUR_LOG.info("delivery.sent", space="Řada\nA", broadcast=7)
    OUR_LOG.warning("gate.closed", seconds=1.5)
    first, second = lines(capsys)
    assert (first["event"], first["level"], first["space"], first["broadcast"]) == (
        "delivery.sent",
        "info",
        "Řada\nA",
        7,
    )
    assert (second["event"], second["level"], second["seconds"]) == ("gate.closed", "warning", 1.5)
    assert first["timestamp"].endswith("Z")


def test_text_has_one_event_a_line(capsys: Capture) -> None:
    """In a terminal an event is one line, whatever its fields hold."""
    configure("INFO", json=False, token=None)
    OUR_LOG.info("delivery.sent", space="Řada\x1b[31m", title="a\nb", broadcast=7)
    (line,) = capsys.readouterr().out.splitlines()
    assert "delivery.sent" in line
    assert r"space='Řada\x1b[31m' title='a\nb'" in line
    assert "broadcast=7" in line


@pytest.mark.usefixtures("as_json")
def test_nothing_is_written_elsewhere(capsys: Capture) -> None:
    """The log goes to standard output only."""
    OUR_LOG.error("job.failed")
    logging.getLogger("urllib3").error("no connection")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("level", "heard"),
    [("DEBUG", 4), ("info", 3), (" Warning ", 2), ("ERROR", 1), ("CRITICAL", 0)],
)
def test_the_level_decides_what_is_heard(capsys: Capture, level: str, heard: int) -> None:
    """Events below the level are not written."""
    configure(level, json=True, token=None)
    for name in ("debug", "info", "warning", "error"):
        getattr(OUR_LOG, name)("event", of=name)
    assert len(lines(capsys)) == heard


@pytest.mark.parametrize("level", ["LOUD", "", "NOTSET", "10"])
def test_an_unknown_level_is_refused(level: str) -> None:
    """A typing mistake in LOG_LEVEL is named, with what it may be."""
    with pytest.raises(ConfigError, match=rf"LOG_LEVEL: '{level}' is no log level; set it to one of DEBUG, INFO"):
        configure(level, json=True, token=None)


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_library_is_heard_from_warnings_on(capsys: Capture, library: str) -> None:
    """Even at DEBUG nobody hears a library's details: the SDK would log the Authorization header."""
    configure("DEBUG", json=True, token=None)
    for name in ("debug", "info", "warning"):
        getattr(logging.getLogger(library), name)("%s happened", name)
    assert [(line["event"], line["logger"]) for line in lines(capsys)] == [("warning happened", library)]


def test_configuring_twice_writes_once(capsys: Capture) -> None:
    """A second set-up replaces the first."""
    configure("INFO", json=False, token=None)
    configure("INFO", json=True, token=None)
    OUR_LOG.info("bot.started")
    assert [line["event"] for line in lines(capsys)] == ["bot.started"]


def leak_in_a_field() -> None:
    """Name the token in fields, deep ones and keys included."""
    OUR_LOG.info("call", token=TOKEN, deep=[{"a": {TOKEN: (TOKEN, f"x{TOKEN}y".encode())}}], **{TOKEN: 1})


def leak_in_an_object() -> None:
    """Hand over an object that shows the token when it is printed."""
    OUR_LOG.info("call", error=ValueError(TOKEN), event_of=type("Shy", (), {"__repr__": lambda _: TOKEN})())


def leak_in_the_event() -> None:
    """Put the token into the name of the event."""
    OUR_LOG.info(f"call with {TOKEN}")


def leak_in_a_traceback() -> None:
    """Raise an error about the token, caused by another one, with the token in a local variable."""
    secret = TOKEN * 20
    try:
        try:
            raise ValueError(f"bad header: Bearer {TOKEN}")
        except ValueError as error:
            raise RuntimeError(secret) from error
    except RuntimeError:
        OUR_LOG.exception("job.failed")


def leak_in_a_library() -> None:
    """Let a library log the token in its text, its arguments, its stack and its traceback."""
    try:
        raise OSError(TOKEN)
    except OSError:
        logging.getLogger("urllib3").exception("%s %r", TOKEN, {"Authorization": f"Bearer {TOKEN}"}, stack_info=True)


def leak_in_a_warning() -> None:
    """Let the SDK warn as it does."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(f"use another variable than {TOKEN}", PendingDeprecationWarning, stacklevel=1)


def leak_in_the_context() -> None:
    """Bind the token for all events of a task."""
    with structlog.contextvars.bound_contextvars(session=TOKEN):
        OUR_LOG.info("call")


def leak_in_a_broken_record() -> None:
    """Log what cannot be printed, with the token beside it."""
    logging.getLogger("urllib3").warning("%d", TOKEN)
    OUR_LOG.info("call", token=TOKEN, broken=type("Broken", (), {"__repr__": lambda _: 1 / 0})())


LEAKS = [
    leak_in_a_field,
    leak_in_an_object,
    leak_in_the_event,
    leak_in_a_traceback,
    leak_in_a_library,
    leak_in_a_warning,
    leak_in_the_context,
]


@pytest.mark.parametrize("leak", LEAKS, ids=lambda leak: leak.__name__)
def test_the_token_never_comes_out(capsys: Capture, as_json: bool, leak: Any) -> None:
    """Wherever the token stands, three stars come out in its place, and the line stays one."""
    leak()
    written = capsys.readouterr()
    assert "***" in written.out
    assert TOKEN not in written.out + written.err
    assert not as_json or json.loads(written.out)


@pytest.mark.parametrize("json", [True, False])
def test_a_record_that_cannot_be_written_is_lost_without_its_contents(capsys: Capture, json: bool) -> None:
    """A broken record is reported by its logger's name and the kind of the fault only."""
    configure("INFO", json=json, token=TOKEN)
    leak_in_a_broken_record()
    written = capsys.readouterr()
    assert TOKEN not in written.out + written.err
    assert written.err.splitlines() == [
        "a log record of urllib3 is lost: TypeError",
        "a log record of broadcast is lost: ZeroDivisionError",
    ]


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("Authorization: Bearer abc.DEF-1_2~3+/==", "Authorization: Bearer ***"),
        ("{'Authorization': 'bearer  abc'}", "{'Authorization': 'bearer  ***'}"),
        (r'{"a": "Bearer\nabc", "b": 1}', r'{"a": "Bearer\n***", "b": 1}'),
        ("?x=Bearer%20abc&y=1", "?x=Bearer%20***&y=1"),
        ("GET /webhook?key=s3cret HTTP/1.1", "GET /webhook?key=*** HTTP/1.1"),
        ('{"path": "/webhook?a=1&key=s3cret"}', '{"path": "/webhook?a=1&key=***"}'),
        ('{"bearer": true, "monkey=": 1}', '{"bearer": true, "monkey=": 1}'),
    ],
)
def test_other_secrets_are_known_by_their_look(text: str, clean: str) -> None:
    """Any bearer token, and the key of the setup page, are taken out, and the rest is left as it is."""
    assert redactor(None)(text) == clean


@settings(deadline=None)
@given(st.text(), st.text(), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="*"), min_size=20))
def test_a_token_of_any_letters_stays_in(before: str, after: str, token: str) -> None:
    """Even a token that no Webex ever gave out is not to be found, plain or as JSON or Python write it."""
    redact, bare = redactor(f" {token}\n"), token.strip()
    for write in (str, json.dumps, repr):
        line = redact(write(before + bare + after))
        assert not bare or bare not in line
        assert not bare or write(bare).strip("'\"") not in line


@pytest.mark.parametrize("token", [None, "", " \n"])
def test_without_a_token_nothing_is_taken_out(token: str | None) -> None:
    """A bot without a token has a log that can be read."""
    assert redactor(token)("bot.started name='Bot'") == "bot.started name='Bot'"


def test_half_a_character_does_not_lose_the_event(capsys: Capture, as_json: bool) -> None:
    """A broken title of a space is shown in an escaped form."""
    OUR_LOG.info("space.seen", title="\ud800 Ž")
    assert r"\ud800" in capsys.readouterr().out


def test_a_terminal_without_our_letters_gets_them_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the output takes ASCII only, no event is lost."""
    written = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(written, encoding="ascii"))
    configure("INFO", json=False, token=None)
    OUR_LOG.info("space.seen", title="Ž")
    assert rb"title='\u017d'" in written.getvalue()


def test_a_library_cannot_begin_a_line_of_its_own(capsys: Capture) -> None:
    """A line break or a terminal code in somebody else's text is escaped."""
    configure("INFO", json=False, token=None)
    logging.getLogger("werkzeug").warning("GET /\nERROR forged \x1b[2J")
    (line,) = capsys.readouterr().out.splitlines()
    assert r"GET /\nERROR forged \x1b[2J" in line


@pytest.mark.parametrize(
    ("name", "terminal", "is_json"),
    [(None, True, False), (None, False, True), ("", False, True), ("JSON", True, True), (" text ", False, False)],
)
def test_the_format_follows_the_terminal_unless_it_is_named(name: str | None, terminal: bool, is_json: bool) -> None:
    """LOG_FORMAT wins; without it a terminal gets text and everything else JSON."""
    assert wants_json(name, terminal=terminal) is is_json


def test_an_unknown_format_is_refused() -> None:
    """A typing mistake in LOG_FORMAT is named, with what it may be."""
    with pytest.raises(ConfigError, match="LOG_FORMAT: 'yaml' is no log format; set it to json or text"):
        wants_json("yaml", terminal=True)
