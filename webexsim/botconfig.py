"""The bot's config file as the page's switches show and change it. Keeps whatever else is in the file; checks nothing.

It knows four keys of it: three of `destination`, and `confirm.above`, above how many destinations the bot asks first.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from webexsim import refusals
from webexsim.refusals import Refusal

SWITCHES = ("bots_own_org", "senders_own_org", "allow_mention_all")

Json = dict[str, Any]


class BotConfig:
    """One config file; without a path there is nothing to show or change."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    @property
    def is_named(self) -> bool:
        """Whether there is a file at all."""
        return self._path is not None

    def shown(self) -> Json:
        """Return what the switches show; 409 for a file that is no JSON."""
        return _shown(self._read())

    def change(self, asked: Mapping[str, Any]) -> Json:
        """Write `destination` and `confirm` as far as they are asked for; return what the switches then show."""
        if self._path is None:
            raise Refusal(409, "No bot config file was named (--bot-config).")
        wanted = _wanted(asked)
        config = self._read()
        for section, values in wanted.items():
            config[section] = {**_section(config, section), **values}
        _write(self._path, config)
        return _shown(config)

    def _read(self) -> Json:
        if self._path is None or not self._path.exists():
            return {}
        try:
            config = json.loads(self._path.read_text("utf-8"))
        except ValueError:
            raise Refusal(409, "The bot's config file is not JSON.") from None
        return config if isinstance(config, dict) else {}


def _wanted(asked: Mapping[str, Any]) -> dict[str, Json]:
    sections = {name: asked[name] for name in ("destination", "confirm") if name in asked}
    for name, section in sections.items():
        if not isinstance(section, dict):
            raise refusals.bad_field(name)
    if not sections:
        raise refusals.bad_field("destination")
    wanted: dict[str, Json] = {}
    if "destination" in sections:
        given = sections["destination"]
        wanted["destination"] = {key: bool(given[key]) for key in SWITCHES if key in given}
    if "confirm" in sections:
        wanted["confirm"] = {"above": _above(sections["confirm"].get("above"))}
    return wanted


def _above(asked: Any) -> int | None:
    if asked is not None and (isinstance(asked, bool) or not isinstance(asked, int) or asked < 0):
        raise refusals.bad_field("confirm.above")
    return asked


def _shown(config: Json) -> Json:
    destination = _section(config, "destination")
    return {
        "destination": {key: bool(destination[key]) for key in SWITCHES if key in destination},
        "confirm": {"above": _section(config, "confirm").get("above")},
    }


def _section(config: Json, name: str) -> Json:
    section = config.get(name)
    return section if isinstance(section, dict) else {}


def _write(path: Path, config: Json) -> None:
    draft = path.with_name(path.name + ".new")
    draft.write_text(json.dumps(config, indent=2) + "\n", "utf-8")
    draft.replace(path)
