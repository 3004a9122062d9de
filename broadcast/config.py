"""The configuration: what keys there are, what they mean, and what is wrong with a file that cannot be used.

`ConfigFile` reads the files it is given; everything else here is pure. No environment, no clock, no log.
"""

import json
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from threading import Lock
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from broadcast.errors import ConfigError
from broadcast.texts import ENGLISH, Texts

Location = tuple[int | str, ...]
Stamp = tuple[int, ...]

_LONGEST_SHOWN = 60


def _shown(value: object) -> str:
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    text = json.dumps(value, ensure_ascii=False)
    text = text if text.isprintable() else json.dumps(value)
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…"


def _address(entry: str) -> str:
    address = entry.strip().casefold()
    if "@" not in address:
        raise ValueError(f"{_shown(entry)} is no e-mail address: it has no @")
    return address


def _addresses(given: object) -> tuple[object, ...]:
    if isinstance(given, list | dict | tuple):
        return tuple(given)
    raise ValueError(f"must be a list of e-mails, or an object whose keys are e-mails, not {_shown(given)}")


Addresses = Annotated[tuple[Annotated[str, AfterValidator(_address)], ...], BeforeValidator(_addresses)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class SourceRules(_Section):
    """Who may send: all checks that are on must hold. `sender_list` and `admins` hold e-mails in lower case.

    `admins` may steer other people's broadcasts; they may send only if the checks let them.
    """

    bots_own_org: bool = True
    from_sender_list: bool = False
    sender_list: Addresses = ()
    admins: Addresses = ()
    tell_refused: bool = True


class DestinationRules(_Section):
    """Which spaces get a broadcast: all checks that are on must hold."""

    bots_own_org: bool = False
    senders_own_org: bool = True
    allow_mention_all: bool = False


class MembershipRules(_Section):
    """Which spaces the bot stays in."""

    bots_own_org: bool = False


class DeliveryRules(_Section):
    """What happens where Webex does not answer, and how long a delivery that cannot be made is tried again."""

    when_unknown: Literal["ask", "resend"] = "ask"
    give_up_after_minutes: float = Field(default=60, gt=0, le=525_600, allow_inf_nan=False)


class ReportRules(_Section):
    """How the sender is told what became of a broadcast."""

    in_thread: bool = True


class ConfirmRules(_Section):
    """Above how many destinations the sender is asked before anything goes out; None: never."""

    above: int | None = Field(default=None, ge=0)


class GuardRules(_Section):
    """What makes the bot ask the sender first: the same once more within minutes, or too many in an hour."""

    same_within_minutes: int | None = Field(default=None, ge=1, le=525_600)
    most_per_hour: int | None = Field(default=None, ge=1)


class Config(_Section):
    """The whole configuration; the defaults are those of `default_config.json`."""

    source: SourceRules = SourceRules()
    destination: DestinationRules = DestinationRules()
    membership: MembershipRules = MembershipRules()
    delivery: DeliveryRules = DeliveryRules()
    report: ReportRules = ReportRules()
    confirm: ConfirmRules = ConfirmRules()
    guard: GuardRules = GuardRules()
    locale: str | None = None
    retention_days: int = Field(default=90, ge=1, le=36_500)


def _paths(model: type[BaseModel], above: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield above + name
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _paths(field.annotation, f"{above}{name}.")


KEYS = tuple(_paths(Config))
"""Every key there is, sections included, as a dotted path."""


def parse(text: str, *, source: str, base: Config) -> Config:
    """Return `base` with the values of a JSON text put in, key by key.

    Raises ConfigError that lists all mistakes, one a line: `source` (the file's name), the key's path, the fault and,
    for an unknown key, the nearest one there is.
    """
    given = _load(text, source)
    faults = dict(_faults_of_json(given))
    config = base
    try:
        config = Config.model_validate(_merged(base, given))
    except ValidationError as error:
        for fault in error.errors(include_url=False):
            faults.setdefault(fault["loc"], _in_plain_words(fault))
    if faults:
        raise ConfigError("\n".join(f"{source}: {_path(place)}: {fault}" for place, fault in faults.items()))
    return config


def decode(raw: bytes, *, source: str) -> str:
    """Return a file's text; ConfigError that names line and column (counted in bytes) where it is not UTF-8."""
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        place = f"line {line}, column {column}"
        raise ConfigError(f"{source}: not UTF-8 text at {place}; save the file with the encoding UTF-8") from None


class _Object(dict[str, Any]):
    """A JSON object that remembers which keys stood in it more than once."""

    repeated: tuple[str, ...] = ()


def _object(pairs: list[tuple[str, Any]]) -> _Object:
    found = _Object(pairs)
    if len(found) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        found.repeated = tuple(name for name, count in counts.items() if count > 1)
    return found


def _load(text: str, source: str) -> _Object:
    text = text.removeprefix("\ufeff")
    if not text.strip():
        raise ConfigError(f"{source}: the file is empty; write {{}} into it to change nothing")
    try:
        given = json.loads(text, object_pairs_hook=_object)
        json.dumps(given, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise ConfigError(f"{source}: no JSON at {place}: {error.msg}") from None
    except UnicodeEncodeError as error:
        raise ConfigError(f"{source}: {error.object[error.start]!a} is half a character") from None
    except (RecursionError, ValueError):
        raise ConfigError(f"{source}: nested too deeply, or a number in it is too long") from None
    if not isinstance(given, _Object):
        raise ConfigError(f"{source}: must be one JSON object {{ … }}, not {_shown(given)}")
    return given


def _faults_of_json(value: object, place: Location = ()) -> Iterator[tuple[Location, str]]:
    """Find what Python's parser lets through and JSON does not mean: repeated keys, NaN and infinity."""
    if isinstance(value, float) and not math.isfinite(value):
        yield place, f"{value} is no number that JSON knows"
    if isinstance(value, _Object):
        yield from (((*place, key), "occurs more than once; keep one of them") for key in value.repeated)
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _faults_of_json(item, (*place, key))


def _merged(base: Config, given: dict[str, Any]) -> dict[str, Any]:
    merged = base.model_dump()
    for name, value in given.items():
        is_section = isinstance(value, dict) and isinstance(merged.get(name), dict)
        merged[name] = merged[name] | value if is_section else value
    return merged


_WANTED = {
    "bool_type": "must be true or false",
    "string_type": "must be text in quotes",
    "model_type": "must be an object {{ … }}",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "greater_than": "must be more than {gt:g}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le:g}",
    "literal_error": "must be {expected}",
}


def _in_plain_words(fault: ErrorDetails) -> str:
    kind, details = fault["type"], fault.get("ctx", {})
    if kind == "extra_forbidden":
        return f"unknown key; {_advice(fault['loc'])}"
    if kind == "value_error":
        return str(details["error"])
    wanted = _WANTED[kind].format(**details) if kind in _WANTED else fault["msg"]
    return f"{wanted}, not {_shown(fault['input'])}"


def _advice(place: Location) -> str:
    *section, key = place
    siblings = [path for path in KEYS if path.split(".")[:-1] == section]
    near = _nearest(str(key), siblings) or _nearest(str(key), KEYS)
    if near:
        return f"did you mean {' or '.join(near)}?"
    return f"the keys here are {', '.join(siblings)}"


def _nearest(key: str, paths: Sequence[str]) -> list[str]:
    names = [path.rpartition(".")[2] for path in paths]
    near = get_close_matches(key.casefold(), names, n=1)
    return [path for path, name in zip(paths, names, strict=True) if name in near]


def _path(place: Location) -> str:
    shown = ""
    for part in place:
        if isinstance(part, int):
            shown += f"[{part}]"
        else:
            shown += "." * bool(shown) + (part if part.isidentifier() else _shown(part))
    return shown


class ConfigFile:
    """The configuration as its files say now. Safe to use from several threads.

    `default_path` is the shipped file; `path` the one that replaces values of it, or None. With `optional` the latter
    may be missing until it has been used once. `on_fault` is called once for every change that cannot be used.
    """

    def __init__(
        self,
        default_path: Path,
        path: Path | None,
        *,
        on_fault: Callable[[ConfigError], None] = lambda _: None,
        optional: bool = False,
    ) -> None:
        self.fault: ConfigError | None = None
        self._default_path, self._path = default_path, path
        self._on_fault, self._may_be_missing = on_fault, optional
        self._good: Config | None = None
        self._stamps: tuple[Stamp | None, ...] = ()
        self._lock = Lock()

    def current(self) -> Config:
        """Return the configuration, read again if a file has changed; the last good one while it cannot be used.

        Raises ConfigError if there has never been a good one. `fault` says what is wrong with the files now.
        """
        with self._lock:
            news = self._refresh()
            good, fault = self._good, self.fault
        if news:
            self._on_fault(news)
        if good is None:
            raise ConfigError(str(fault))
        return good

    def _refresh(self) -> ConfigError | None:
        stamps = tuple(_stamp(path) for path in (self._default_path, self._path) if path)
        if stamps == self._stamps:
            return None
        self._stamps = stamps
        try:
            self._good, self.fault = self._read(), None
        except ConfigError as error:
            self.fault = error
        return self.fault

    def _read(self) -> Config:
        shipped = _contents(self._default_path, "it comes with the bot, which cannot do without it")
        config = parse(shipped, source=str(self._default_path), base=Config())
        if not self._path or (self._may_be_missing and not self._path.exists()):
            return config
        own = _contents(self._path, "create it, or correct CONFIG_FILE")
        config = parse(own, source=str(self._path), base=config)
        self._may_be_missing = False
        return config


def _stamp(path: Path) -> Stamp | None:
    try:
        seen = path.stat()
    except (OSError, ValueError):
        return None
    # ctime as well: a file that becomes readable by `chmod` keeps its mtime.
    return (seen.st_mtime_ns, seen.st_ctime_ns, seen.st_size, seen.st_ino)


def _contents(path: Path, remedy: str) -> str:
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise ConfigError(f"{path}: there is no such file; {remedy}") from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: the file cannot be read: {getattr(error, 'strerror', error)}") from None
    return decode(raw, source=str(path))


def in_words(config: Config, texts: Texts) -> list[str]:
    """Return the configuration as sentences."""
    delivery = config.delivery
    return [
        texts.say(_senders(config.source), count=len(config.source.sender_list)),
        texts.say(_choice("config_tell_refused", config.source.tell_refused)),
        texts.say(_destinations(config.destination)),
        texts.say(_choice("config_mention_all", config.destination.allow_mention_all)),
        texts.say("config_membership_own_org" if config.membership.bots_own_org else "config_membership_any"),
        texts.say(f"config_unknown_{delivery.when_unknown}"),
        texts.say("config_give_up", minutes=f"{delivery.give_up_after_minutes:.12g}"),
        texts.say(_choice("config_report_thread", config.report.in_thread)),
        *_questions(config, texts),
        texts.say("config_locale", locale=texts.locale),
        texts.say("config_retention", days=config.retention_days),
    ]


def warnings(config: Config, texts: Texts = ENGLISH) -> list[str]:
    """Return, as sentences, what the configuration says and its owner may not have meant."""
    source = config.source
    found = {
        "warning_nobody_may_send": source.from_sender_list and not source.sender_list,
        "warning_anybody_may_send": not source.from_sender_list and not source.bots_own_org,
        "warning_list_unused": bool(source.sender_list) and not source.from_sender_list,
    }
    return [texts.say(key) for key, applies in found.items() if applies]


def _questions(config: Config, texts: Texts) -> Iterator[str]:
    if config.source.admins:
        yield texts.say("config_admins", count=len(config.source.admins))
    if config.confirm.above is not None:
        yield texts.say("config_confirm", count=config.confirm.above)
    if config.guard.same_within_minutes is not None:
        yield texts.say("config_guard_same", minutes=config.guard.same_within_minutes)
    if config.guard.most_per_hour is not None:
        yield texts.say("config_guard_often", count=config.guard.most_per_hour)


def _choice(key: str, is_on: bool) -> str:
    return key if is_on else f"{key}_not"


def _senders(rules: SourceRules) -> str:
    if rules.from_sender_list:
        return "config_senders_own_org_and_list" if rules.bots_own_org else "config_senders_list"
    return "config_senders_own_org" if rules.bots_own_org else "config_senders_anybody"


def _destinations(rules: DestinationRules) -> str:
    if rules.bots_own_org and rules.senders_own_org:
        return "config_destinations_both_orgs"
    if rules.bots_own_org:
        return "config_destinations_bots_own_org"
    return "config_destinations_senders_own_org" if rules.senders_own_org else "config_destinations_all"
