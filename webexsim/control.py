"""The page's and the launcher's handles on a running stand-in, under /sim/, as JSON. Imitates nothing of Webex."""

import base64
import binascii
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from webexsim import markup, refusals, view
from webexsim.exchange import Body
from webexsim.faults import Fault
from webexsim.front import Front, Outgoing
from webexsim.model import Person, Space
from webexsim.ratelimit import RateLimit
from webexsim.refusals import Refusal
from webexsim.scenes import add_spaces
from webexsim.storage import SimFile
from webexsim.world import World

_MOST_SPACES = 20_000
_SWITCHES = ("bots_own_org", "senders_own_org", "allow_mention_all")

Json = dict[str, Any]


class Control:
    """Answers /sim/…; the bot it speaks of is the world's first."""

    def __init__(self, world: World, front: Front, bot_config: Path | None) -> None:
        self._world = world
        self._front = front
        self._bot_config = bot_config
        self._lock = threading.Lock()
        self._notes: dict[str, Json] = {}
        self._added: list[Space] = []
        self._trouble = "none"
        self._asked = 0
        self._run_from = 0
        self._epoch = 0

    def answer(self, method: str, path: str, query: Mapping[str, str], body: Body | Refusal) -> Outgoing:
        """Answer one request; `path` starts after `/sim`."""
        try:
            if isinstance(body, Refusal):
                raise body
            if (method, path) == ("GET", "/state"):
                return _json(200, self._state(query.get("since", "0")))
            with self._lock:
                return _json(200, self._doing(method, path)(dict(body.fields)))
        except Refusal as refusal:
            return _json(refusal.status, {"message": refusal.message})

    def _doing(self, method: str, path: str) -> Callable[[Json], Json]:
        table = {
            "/say": self._say,
            "/trouble": self._make_trouble,
            "/settings": self._change_settings,
            "/spaces": self._add_spaces,
            "/notes": self._take_notes,
            "/reset": self._reset,
        }
        if path not in table:
            raise refusals.no_such_resource()
        if method != "POST":
            raise refusals.wrong_method(method)
        return table[path]

    def _bot(self) -> Person | None:
        return next((person for person in list(self._world.directory.people.values()) if person.is_bot), None)

    # looking

    def _state(self, since: str) -> Json:
        bot = self._bot()
        seen = int(since) if since.isdecimal() else 0
        seq = len(self._world.board.journal)
        return {
            "seq": seq,
            "epoch": self._epoch,
            "bot": view.person(bot) if bot else None,
            "people": [view.person(someone) for someone in list(self._world.directory.people.values())],
            "spaces": [view.space(space) for space in list(self._world.directory.spaces.values())],
            "broadcasts": self._asked,
            "settings": {"destination": _switches(self._config()), "bot_config": self._bot_config is not None}
            | {"trouble": self._trouble},
            "calls": {str(status): count for status, count in sorted(self._front.by_status.items())},
            "notes": dict(self._notes),
            "run": view.run(self._world, bot, self._run_from),
        } | view.news(self._world, seen)

    # doing

    def _say(self, asked: Json) -> Json:
        person = self._world.directory.person(str(asked.get("person_id", "")))
        space = self._world.directory.spaces.get(str(asked.get("room_id", "")))
        if space is None:
            raise refusals.no_room()
        bot = self._bot() if asked.get("mention_bot") else None
        if self._is_for_bot(space, bot):
            self._asked += 1
            self._run_from = len(self._world.board.journal)
            self._notes.clear()
        return {"id": self._said(person, space, bot, str(asked.get("text", "")), _file(asked.get("file")))}

    def _is_for_bot(self, space: Space, mentioned: Person | None) -> bool:
        bot = self._bot()
        return bot is not None and (mentioned is not None or (space.type == "direct" and bot.id in space.members))

    def _said(self, person: Person, space: Space, bot: Person | None, text: str, files: list[SimFile]) -> str:
        start = f"<@personId:{bot.id}|{bot.first_name}> " if bot else ""
        done = markup.render(start + text, self._world.directory.find)
        people = [self._world.directory.people[person_id] for person_id in done.people]
        everybody = bool(done.groups)
        said = self._world.say(
            person, space, done.text, html=done.html, mention=people, mention_all=everybody, files=files
        )
        return said.id

    def _make_trouble(self, asked: Json) -> Json:
        kind = asked.get("kind", "none")
        if kind not in ("none", "rate_limit", "outage", "flaky"):
            raise refusals.bad_field("kind")
        self._calm()
        self._trouble = kind
        if kind == "rate_limit":
            self._front.rate_limit = RateLimit(
                per_second=_number(asked, "per_second", 5.0),
                burst=_number(asked, "burst", 5.0),
                clock=self._world.ground.clock,
            )
        elif kind == "outage":
            self._front.faults.add(Fault(kind="status", times=None, status=503))
        elif kind == "flaky":
            self._make_flaky(_number(asked, "probability", 0.2))
        return {"trouble": kind}

    def _make_flaky(self, probability: float) -> None:
        for kind in ("status", "cut_before"):
            self._front.faults.add(
                Fault(kind=kind, method="POST", path="/messages", times=None, probability=probability / 2)
            )

    def _calm(self) -> None:
        self._trouble = "none"
        self._front.faults.clear()
        self._front.rate_limit = None

    def _change_settings(self, asked: Json) -> Json:
        if self._bot_config is None:
            raise Refusal(409, "No bot config file was named (--bot-config).")
        config = self._config()
        destination = asked.get("destination")
        if not isinstance(destination, dict):
            raise refusals.bad_field("destination")
        wanted = {key: bool(destination[key]) for key in _SWITCHES if key in destination}
        kept = config.get("destination")
        config["destination"] = {**(kept if isinstance(kept, dict) else {}), **wanted}
        _write(self._bot_config, config)
        return {"destination": _switches(config)}

    def _config(self) -> Json:
        if self._bot_config is None or not self._bot_config.exists():
            return {}
        try:
            config = json.loads(self._bot_config.read_text("utf-8"))
        except ValueError:
            raise Refusal(409, "The bot's config file is not JSON.") from None
        return config if isinstance(config, dict) else {}

    def _add_spaces(self, asked: Json) -> Json:
        count = int(_number(asked, "count", 0))
        if self._bot() is None or not 0 < count <= _MOST_SPACES:
            raise refusals.bad_field("count")
        self._added += add_spaces(self._world, count)
        return {"spaces": len(self._world.directory.spaces)}

    def _take_notes(self, asked: Json) -> Json:
        rows = asked.get("items")
        if not isinstance(rows, list) or not all(isinstance(row, dict) and "room_id" in row for row in rows):
            raise refusals.bad_body()
        self.note(rows)
        return {"notes": len(self._notes)}

    def note(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Take what the bot said about spaces: `room_id`, `state`, `reason` each."""
        for row in rows:
            self._notes[str(row["room_id"])] = {
                "state": str(row.get("state", "")),
                "reason": str(row.get("reason", "")),
            }

    def _reset(self, _asked: Json) -> Json:
        self._calm()
        self._front.latency = 0.0
        self._front.clear_calls()
        self._world.scans.clear()
        self._world.board.clear()
        for space in self._added:
            self._world.directory.remove(space)
        self._added.clear()
        self._notes.clear()
        self._asked = 0
        self._epoch += 1
        self._run_from = 0
        return {"seq": 0, "epoch": self._epoch}


def _json(status: int, content: Json) -> Outgoing:
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    return Outgoing(status=status, headers=headers, content=json.dumps(content).encode())


def _number(asked: Json, name: str, default: float) -> float:
    value = asked.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise refusals.bad_field(name)
    return float(value)


def _file(asked: Any) -> list[SimFile]:
    if not asked:
        return []
    if not isinstance(asked, dict):
        raise refusals.bad_field("file")
    try:
        content = base64.b64decode(str(asked.get("base64", "")), validate=True)
    except binascii.Error:
        raise refusals.bad_field("file") from None
    kind = str(asked.get("type") or "application/octet-stream")
    return [SimFile(str(asked.get("name") or "file"), content, kind)]


def _switches(config: Json) -> dict[str, bool]:
    destination = config.get("destination")
    return {key: bool(destination[key]) for key in _SWITCHES if key in destination} if destination else {}


def _write(path: Path, config: Json) -> None:
    draft = path.with_name(path.name + ".new")
    draft.write_text(json.dumps(config, indent=2) + "\n", "utf-8")
    draft.replace(path)
