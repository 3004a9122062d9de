"""The log: events with fields on standard output, readable in a terminal, one JSON object a line elsewhere.

Keeps the token out, wherever it may turn up. Says nothing by itself, and decides nothing about what is logged.
"""

import json as json_text
import logging
import re
import sys
from collections.abc import Callable
from typing import TextIO

import structlog
from structlog.stdlib import ProcessorFormatter

from broadcast.errors import ConfigError

LEVELS = {name: getattr(logging, name) for name in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")}
FORMATS = ("json", "text")

_FIRST_FIELDS = (structlog.stdlib.add_log_level, structlog.processors.TimeStamper(fmt="iso", utc=True))
_OWN_LOGGER = "broadcast"
# Named one by one, because some set a level of their own where they find none.
_LIBRARIES = ("webexteamssdk", "urllib3", "werkzeug", "waitress", "botocore", "boto3")

# RFC 6750, section 2.1: what a bearer token is made of. No quote is matched, so a line of JSON stays one.
_BEARER = re.compile(r"(bearer(?:\s|%20|\\[nrt]|[+:=])+)[a-z0-9._~+/=-]+", re.IGNORECASE)
_KEY_IN_URL = re.compile(r"([?&]key=)[^&\s'\"\\]+", re.IGNORECASE)


def configure(level: str, *, json: bool, token: str | None) -> None:
    """Send every log record of this process to standard output, without the token; may be called again.

    `level` is that of the bot's own events. Libraries are heard from WARNING on, never below: the Webex SDK logs the
    Authorization header at DEBUG. Raises ConfigError for an unknown level.
    """
    own_level = _level(level)
    handler = _Output()
    handler.setFormatter(_Formatter(json=json, redact=redactor(token)))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    library_level = max(own_level, logging.WARNING)
    for name in (None, *_LIBRARIES):
        logging.getLogger(name).setLevel(library_level)
    logging.getLogger(_OWN_LOGGER).setLevel(own_level)
    # The SDK prints a token in a deprecation warning.
    logging.captureWarnings(True)
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, *_FIRST_FIELDS, ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(own_level),
        logger_factory=lambda *_: logging.getLogger(_OWN_LOGGER),
        cache_logger_on_first_use=False,
    )


def wants_json(name: str | None, *, terminal: bool) -> bool:
    """Say whether LOG_FORMAT asks for JSON; without one, text goes to a terminal only. Raises ConfigError."""
    wanted = (name or "").strip().lower()
    if not wanted:
        return not terminal
    if wanted not in FORMATS:
        raise ConfigError(f"LOG_FORMAT: {wanted!r} is no log format; set it to {' or '.join(FORMATS)}")
    return wanted == "json"


def redactor(token: str | None) -> Callable[[str], str]:
    """Return what puts `***` in place of the token, of anything behind "Bearer", and of a `?key=` in a URL."""
    bare = (token or "").strip()
    spellings = {bare, json_text.dumps(bare)[1:-1], repr(bare)[1:-1]} if bare else set()

    def redact(line: str) -> str:
        for spelling in spellings:
            line = line.replace(spelling, "***")
        return _KEY_IN_URL.sub(r"\1***", _BEARER.sub(r"\1***", line))

    return redact


def _level(name: str) -> int:
    wanted = name.strip().upper()
    if wanted not in LEVELS:
        raise ConfigError(f"LOG_LEVEL: {name!r} is no log level; set it to one of {', '.join(LEVELS)}")
    return int(LEVELS[wanted])


def _readable(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    event["event"] = _printable(str(event.get("event", "")))
    if "exception" in event:
        event["exception"] = "\n".join(map(_printable, event["exception"].split("\n")))
    return event


def _printable(text: str) -> str:
    """Escape what would begin a new line or speak to the terminal: texts of libraries hold what came from outside."""
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


class _Formatter(ProcessorFormatter):
    """Renders a record, then redacts the finished line: nothing can slip past, however deep it was."""

    def __init__(self, *, json: bool, redact: Callable[[str], str]) -> None:
        in_text: list[structlog.typing.Processor] = [_readable, _console()]
        super().__init__(
            processors=[
                ProcessorFormatter.remove_processors_meta,
                # Plain tracebacks: pretty ones show local variables, and break a token in two at the line's end.
                structlog.processors.format_exc_info,
                *([structlog.processors.JSONRenderer()] if json else in_text),
            ],
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *_FIRST_FIELDS],
        )
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        encoding = sys.stdout.encoding or "utf-8"
        return self._redact(super().format(record)).encode(encoding, "backslashreplace").decode(encoding)


def _console() -> structlog.dev.ConsoleRenderer:
    return structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty(), pad_event_to=24, repr_native_str=True)


class _Output(logging.StreamHandler[TextIO]):
    """Writes to whatever standard output is at the moment."""

    def __init__(self) -> None:
        super().__init__(sys.stdout)

    @property
    def stream(self) -> TextIO:
        return sys.stdout

    @stream.setter
    def stream(self, _: TextIO) -> None: ...

    def handleError(self, record: logging.LogRecord) -> None:
        """Say that a record is lost; the standard library would print all of it, unredacted."""
        fault = sys.exc_info()[0]
        sys.stderr.write(f"a log record of {record.name} is lost: {fault.__name__ if fault else 'no reason'}\n")
