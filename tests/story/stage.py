"""The stage of the stories: a simulated Webex, the bot behind a real port, and people who talk to it.

Nothing here waits for a while; it waits for something to have happened. Webex and the bot share one clock, which runs
`pace` times as fast as the machine's.
"""

import hashlib
import hmac
import json
import math
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from werkzeug.serving import make_server

from bot import create_app
from broadcast.ledger.sqlite import SqliteLedger
from broadcast.model import State
from broadcast.services import Services
from broadcast.settings import settings_from
from tests.story.clock import FastClock
from webexsim import Fault, Message, Person, Server, SimFile, Space, World
from webexsim.model import Action, Webhook

PATIENCE = 60.0
OPENED = "Passing your message on to "
PROGRESS = r"(Sent|Edited|Taken back): \d+ of \d+ \(|All \d+ are dealt with"
SECRET = "only for tests"


def eventually(is_true: Callable[[], Any], what: str = "") -> Any:
    """Wait until something is true, and return it."""
    pause = threading.Event()
    for _ in range(int(PATIENCE / 0.01)):
        if found := is_true():
            return found
        pause.wait(0.01)
    raise AssertionError(f"it did not happen: {what or is_true}")


class Stage:
    """A world with a bot in it. `folder` holds the bot's ledger and configuration.

    Webex's clock is `skew` seconds ahead of the bot's.
    """

    def __init__(self, folder: Path, *, pace: float = 20.0, skew: float = 0.0, **world: Any) -> None:
        self.folder = folder
        self.clock = FastClock(pace, folder / "clock")
        self.world = World(seed=1, clock=lambda: self.clock.now() + skew, **world)
        self.acme = self.world.org("Acme")
        self.globex = self.world.org("Globex")
        self.bot = self.world.bot("Broadcast Bot", org=self.acme)
        self.alice = self.world.person("Alice Novak", "alice@acme.example", org=self.acme)
        self.bob = self.world.person("Bob Roy", "bob@globex.example", org=self.globex)
        self.dm = self.world.direct(self.bot, self.alice)
        self._door, self._held = threading.Event(), list[float]()
        self.webex = Server(self.world, sleep=self._wait_at_webex).start()
        self.webex.hooks.timeout = PATIENCE
        self.services: Services | None = None
        self.ledger = SqliteLedger(folder / "broadcast.db")
        self._http: Any = None
        self._port = 0

    # The bot

    def config(self, **sections: Any) -> None:
        """Write the bot's configuration file."""
        (self.folder / "config.json").write_text(json.dumps(sections), encoding="utf-8")

    def variables(self, **changes: str) -> dict[str, str]:
        """Return the bot's environment."""
        if not (self.folder / "config.json").exists():
            self.config()
        return {
            "WEBEX_TEAMS_ACCESS_TOKEN": self.bot.token,
            "WEBEX_API_BASE_URL": self.webex.url,
            "WEBHOOK_SECRET": SECRET,
            "CONFIG_FILE": str(self.folder / "config.json"),
            "STORE": f"sqlite:///{self.folder / 'broadcast.db'}",
            **changes,
        }

    def open(self, *, is_set_up: bool = True, prefix: str = "", **variables: str) -> "Stage":
        """Start the bot in this process, behind a port of its own; `prefix` is the stage in front of its paths.

        The port stays the same when it is opened again.
        """
        self.services = Services(settings_from(self.variables(**variables)), clock=self.clock)
        self._http = make_server("127.0.0.1", self._port, _mounted(create_app(self.services), prefix), threaded=True)
        self._port = self._http.server_port
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        if is_set_up:
            self.get("/webhook").raise_for_status()
        return self

    def shut(self) -> None:
        """Stop the bot as SIGTERM would."""
        if self._http:
            self._http.shutdown()
            self._http.server_close()
            self._http = None
        if self.services:
            self.services.stop()
            self.services = None

    def close(self) -> None:
        """Stop bot and Webex, and the clock."""
        self.let_go()
        self.shut()
        self.webex.stop()
        self.clock.stop()

    @property
    def url(self) -> str:
        """Where the bot is."""
        return f"http://127.0.0.1:{self._port}"

    def get(self, path: str, **rest: Any) -> requests.Response:
        """Open a page of the bot."""
        return requests.get(self.url + path, timeout=PATIENCE, **rest)

    def ask(self, method: str, path: str) -> requests.Response:
        """Send the bot any request."""
        return requests.request(method, self.url + path, timeout=PATIENCE)

    def post(self, body: bytes, **headers: str) -> requests.Response:
        """Send the bot an event as it stands."""
        return requests.post(self.url + "/webhook", data=body, headers=headers, timeout=PATIENCE)

    def post_signed(self, body: bytes) -> requests.Response:
        """Send the bot an event that is signed as Webex signs."""
        digest = hmac.new(SECRET.encode(), body, hashlib.sha1).hexdigest()
        return self.post(body, **{"X-Spark-Signature": digest})

    def post_event(self, resource: str, event: str, **data: Any) -> requests.Response:
        """Send the bot a signed event with these data."""
        return self.post_signed(json.dumps({"resource": resource, "event": event, "data": data}).encode())

    # Webex

    def webex_ends(self) -> None:
        """Have Webex refuse every connection."""
        self._webex_port = urlsplit(self.webex.url).port or 0
        self.webex.stop()

    def webex_returns(self) -> None:
        """Have Webex back where it was, with all it knew."""
        self.webex = Server(self.world, port=self._webex_port, sleep=self._wait_at_webex).start()

    def space(self, title: str = "Lobby", **rest: Any) -> Space:
        """Add a space of Acme with the bot in it, in which nobody has said anything for an hour."""
        space = self.world.space(title, **{"owner": self.acme, "members": [self.bot, self.alice], **rest})
        space.last_activity -= 3600
        return space

    def spaces(self, count: int, **rest: Any) -> list[Space]:
        """Add spaces of Acme with the bot in them."""
        return [self.space(f"Space {number}", **rest) for number in range(count)]

    def colleague(self, name: str = "Carl Dee", **rest: Any) -> Person:
        """Add a person of Acme."""
        address = f"{name.split(maxsplit=1)[0].lower()}@acme.example"
        return self.world.person(name, **{"email": address, "org": self.acme, **rest})

    def fault(self, kind: Any, method: str = "POST", path: str = "/messages", **rest: Any) -> None:
        """Have calls of the API fail."""
        self.webex.faults.add(Fault(kind=kind, method=method, path=path, **rest))

    def hold(self, method: str = "POST", path: str = "/messages", **rest: Any) -> None:
        """Have calls of the API wait until they are let go."""
        self.fault("slow", method, path, seconds=math.inf, **rest)

    def holds(self, count: int = 1) -> None:
        """Wait until so many calls have been held."""
        eventually(lambda: len(self._held) >= count, f"{count} calls are held")

    def let_go(self) -> None:
        """Have the calls that are held go on, and hold no more."""
        self._door.set()

    def _wait_at_webex(self, seconds: float) -> None:
        if seconds == math.inf:
            self._held.append(seconds)
            self._door.wait()
        else:
            self.clock.sleep(seconds)

    def calls(self, method: str, path: str) -> int:
        """Count the calls of the API that begin so."""
        return sum(call.method == method and call.path.startswith(path) for call in self.webex.calls)

    def attempts(self, message: Message) -> int:
        """Count the posts that were tried outside the thread of a message."""
        return self.calls("POST", "/messages") - len(self.thread(message))

    def webhooks(self) -> list[Webhook]:
        """Return what the bot's token has registered."""
        return self.world.webhooks.of(self.bot)

    # What people say, and what came of it

    def says(self, person: Person, text: str = "", *, room: Space | None = None, **rest: Any) -> Message:
        """Have a person write to the bot: 1-1, or with a mention where a space is named."""
        place = room or self.world.direct(self.bot, person)
        if room and "html" not in rest:
            rest.setdefault("mention", [self.bot])
        return self.world.say(person, place, text=text, **rest)

    def broadcast(self, person: Person, text: str = "", **rest: Any) -> Message:
        """Have a person write to the bot, and wait until all is said and done."""
        message = self.says(person, text, **rest)
        self.settled()
        return message

    def settled(self) -> None:
        """Wait until no event, delivery or reply waits anywhere."""

        def is_quiet() -> bool:
            self.webex.hooks.wait_idle(PATIENCE)
            ledger = self.ledger
            is_working = ledger.backlog(0).events or ledger.running() or ledger.unreported()
            return not is_working and not ledger.replies_waiting()

        eventually(is_quiet, "quiet")

    def later(self, seconds: float) -> None:
        """Let time pass, by the clock of this world."""
        until = self.clock.now() + seconds
        eventually(lambda: self.clock.now() >= until)

    def copies(self, space: Space) -> list[Message]:
        """Return what the bot wrote into a space, without its answers in threads."""
        return [message for message in self.world.messages(room=space, by=self.bot) if not message.parent_id]

    def copy(self, space: Space) -> Message:
        """Return the one message the bot wrote into a space."""
        copies = self.copies(space)
        assert len(copies) == 1, [copy.text for copy in copies]
        return copies[0]

    def body(self, space: Space) -> str:
        """Return the markdown of the one copy in a space, without its identity."""
        return (self.copy(space).markdown or "").partition("\n\n")[2]

    def is_once_everywhere(self, text: str = "hello") -> bool:
        """Say whether every space the bot is in has this text exactly once, and nothing else."""
        return all(self.body(space) == text for space in self.world.directory.spaces_of(self.bot))

    # The thread of a message

    def thread(self, message: Message) -> list[Message]:
        """Return what the bot wrote in the thread of a message, oldest first; edited ones as they are now."""
        return [one for one in self.world.messages(by=self.bot) if one.parent_id == (message.parent_id or message.id)]

    def answers(self, message: Message) -> list[str]:
        """Return all that the bot said in the thread of a message."""
        return [one.markdown or "" for one in self.thread(message)]

    def told(self, message: Message) -> list[str]:
        """Return what the bot said there but for progress: whether there is any depends on the machine's speed."""
        return [said for said in self.answers(message) if not re.match(PROGRESS, said)]

    def opened(self, message: Message) -> str:
        """Return what the bot said, or says now, first of all: to how many spaces the message goes. It says so once."""
        [said] = eventually(lambda: [one for one in self.answers(message) if one.startswith(OPENED)])
        return str(said)

    def outcomes(self, message: Message) -> list[str]:
        """Return what the bot said at the end of a broadcast, and of what was done about it afterwards."""
        return [one for one in self.answers(message) if "\n\nDuration: " in one]

    def outcome(self, message: Message) -> str:
        """Return what the bot said when the broadcast was over. It says so once."""
        [said] = self.outcomes(message)
        return said

    def progress(self, message: Message) -> Message | None:
        """Return the message that tells how far the broadcast is, as it is now, if there is one."""
        found = [one for one in self.thread(message) if re.match(PROGRESS, one.markdown or "")]
        assert len(found) <= 1, [one.markdown for one in found]
        return found[0] if found else None

    def steer(self, message: Message, words: str, by: Person | None = None) -> str:
        """Have somebody, or who wrote the message, reply in its thread; wait, and return what the bot answers."""
        before = len(self.told(message))
        self.replies(message, words, by)
        self.settled()
        return "\n".join(self.told(message)[before:])

    def replies(self, message: Message, words: str, by: Person | None = None) -> Message:
        """Have somebody, or who wrote the message, reply in its thread."""
        person = by or self.world.directory.person(message.person_id)
        place = self.world.directory.spaces[message.room_id]
        mention = [self.bot] if place.type == "group" else []
        return self.world.say(person, place, text=words, parent=message, mention=mention)

    def button(self, message: Message, title: str) -> tuple[Message, dict[str, str]]:
        """Return the newest card in the thread of a message with such a button, and what the button sends along."""
        found = [
            (one, action["data"])
            for one in self.thread(message)
            for attachment in one.attachments
            for action in attachment["content"]["actions"]
            if action["title"] == title
        ]
        return found[-1]

    def press(self, message: Message, title: str, by: Person | None = None) -> Action:
        """Have somebody, or who wrote the message, press a button in its thread."""
        card, inputs = self.button(message, title)
        return self.world.submit(by or self.world.directory.person(message.person_id), card, inputs)

    def states(self) -> dict[State, int]:
        """Return how many deliveries of the newest broadcast stand where."""
        newest = self.ledger.broadcasts(limit=1)
        found = [delivery.state for one in newest for delivery in self.ledger.deliveries(one.number)]
        return {state: found.count(state) for state in dict.fromkeys(found)}


def _mounted(app: Any, prefix: str) -> Any:
    """Return the application as a gateway with a stage in its path calls it."""

    def with_stage(environ: dict[str, Any], start: Any) -> Any:
        inner = environ["PATH_INFO"].removeprefix(prefix)
        return app({**environ, "SCRIPT_NAME": prefix, "PATH_INFO": inner}, start)

    return with_stage if prefix else app


__all__ = ["SECRET", "Fault", "SimFile", "Stage", "eventually"]
