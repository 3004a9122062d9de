"""The page's and the launcher's handles on a running stand-in, under /sim/, as JSON. Imitates nothing of Webex."""

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from webexsim import refusals, view
from webexsim.botconfig import BotConfig
from webexsim.chat import Chat
from webexsim.exchange import Body
from webexsim.faults import Fault
from webexsim.front import Front, Outgoing
from webexsim.model import Space
from webexsim.ratelimit import RateLimit
from webexsim.refusals import Refusal
from webexsim.scenes import add_spaces
from webexsim.world import World

_MOST_SPACES = 20_000

Json = dict[str, Any]


class Control:
    """Answers /sim/…; the bot it speaks of is the world's first."""

    def __init__(self, world: World, front: Front, bot_config: Path | None) -> None:
        self._world = world
        self._front = front
        self._chat = Chat(world)
        self._config = BotConfig(bot_config)
        self._lock = threading.Lock()
        self._notes: dict[str, Json] = {}
        self._added: list[Space] = []
        self._trouble = "none"
        self._tells_edits = world.webhooks.tells_edits
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
            "/edit": self._edit,
            "/delete": self._delete,
            "/press": self._press,
            "/trouble": self._make_trouble,
            "/settings": self._config.change,
            "/spaces": self._add_spaces,
            "/notes": self._take_notes,
            "/reset": self._reset,
        }
        if path not in table:
            raise refusals.no_such_resource()
        if method != "POST":
            raise refusals.wrong_method(method)
        return table[path]

    # looking

    def _state(self, since: str) -> Json:
        bot = self._chat.bot
        seen = int(since) if since.isdecimal() else 0
        seq = len(self._world.board.journal)
        return {
            "seq": seq,
            "epoch": self._epoch,
            "bot": view.person(bot) if bot else None,
            "people": [view.person(someone) for someone in list(self._world.directory.people.values())],
            "spaces": [view.space(space) for space in list(self._world.directory.spaces.values())],
            "broadcasts": self._asked,
            "settings": self._config.shown() | {"bot_config": self._config.is_named, "trouble": self._trouble},
            "calls": {str(status): count for status, count in sorted(self._front.by_status.items())},
            "notes": dict(self._notes),
            "typed": dict(self._chat.typed),
            "run": view.run(self._world, bot, self._run_from),
        } | view.news(self._world, seen)

    # doing

    def _say(self, asked: Json) -> Json:
        if self._chat.asks_for_a_broadcast(asked):
            self._asked += 1
            self._run_from = len(self._world.board.journal)
            self._notes.clear()
        return {"id": self._chat.say(asked).id}

    def _edit(self, asked: Json) -> Json:
        return {"id": self._chat.edit(asked).id}

    def _delete(self, asked: Json) -> Json:
        self._chat.delete(asked)
        return {}

    def _press(self, asked: Json) -> Json:
        return {"id": self._chat.press(asked)}

    def _make_trouble(self, asked: Json) -> Json:
        kind = asked.get("kind", "none")
        if kind not in ("none", "rate_limit", "outage", "flaky", "edits_untold"):
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
        elif kind == "edits_untold":
            self._world.webhooks.tells_edits = False
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
        self._world.webhooks.tells_edits = self._tells_edits

    def _add_spaces(self, asked: Json) -> Json:
        count = int(_number(asked, "count", 0))
        if self._chat.bot is None or not 0 < count <= _MOST_SPACES:
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
        """Take what the bot said about spaces: `room_id`, `state`, `reason` each; `seq` says when in the journal."""
        for row in rows:
            self._notes[str(row["room_id"])] = {
                "state": str(row.get("state", "")),
                "reason": str(row.get("reason", "")),
                "seq": len(self._world.board.journal),
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
        self._chat.typed.clear()
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
