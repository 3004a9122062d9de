"""Everything the bot is made of, put together from the environment: the only place that chooses.

The only module that reads environment variables and holds the system clock. Making a `Services` talks to nobody: files
are opened and Webex is called at the first use.
"""

import atexit
import hashlib
import json
import os
import secrets
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Event as Flag

import structlog

from broadcast import __version__, logs
from broadcast.audience import Audience
from broadcast.backends import files_of, ledger_for, queue_for
from broadcast.commands import Order
from broadcast.config import Config, ConfigFile
from broadcast.errors import BroadcastError, ConfigError, Refused, WebexError
from broadcast.fanout import Fanout
from broadcast.files import Files
from broadcast.health import Health
from broadcast.intake import Intake
from broadcast.jobs import EventLane, ReplyLane, ReportLane
from broadcast.links import same
from broadcast.model import Change, Destination, Draft, Event, Job, PendingEvent, Person, Reply, State, Why
from broadcast.pacing import Gate
from broadcast.ports import Gateway, Ledger, Queue
from broadcast.progress import ProgressLane
from broadcast.queues.crew import Crew, Lease
from broadcast.queues.sqs import SqsQueue
from broadcast.settings import Settings, read_environment, settings_from
from broadcast.texts import Texts, texts_for
from broadcast.voice import Voice

ROOT = Path(__file__).resolve().parent.parent
HANDS = 88
HANDS_ON_CALL = 32
TRY_TOKEN_EVERY = 120.0
DAY = 86400.0
HOLD_OFF = 0.2
SETUP_SEATS = 3
"""How many may be about to set the webhooks up: a server has few threads, and those that wait take no webhook."""


class SystemClock:
    """The clock of this machine."""

    def now(self) -> float:
        """Return seconds since the epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Return seconds that never jump."""
        return time.monotonic()

    def wait(self, flag: Flag, seconds: float) -> bool:
        """Wait until the flag is set, `seconds` at most; say whether it is set."""
        return flag.wait(seconds)


class Services:
    """What the handlers, the pages and the command line work with."""

    def __init__(self, settings: Settings, clock: SystemClock | None = None) -> None:
        self.settings = settings
        self.version = __version__
        self.clock = clock or SystemClock()
        self.log: structlog.stdlib.BoundLogger = structlog.get_logger()
        self.ledger: Ledger = ledger_for(settings, retention=self._retention)
        self.files = files_of(settings)
        self.gate = Gate(self.clock)
        self.config_file = ConfigFile(
            ROOT / "default_config.json",
            settings.config_path,
            optional=not settings.config_is_named,
            on_fault=lambda fault: self.log.error("config.fault", fault=str(fault)),
        )
        self.voice = Voice(settings, ledger=self.ledger, gate=self.gate, clock=self.clock, texts=lambda: self.texts)
        self.health = Health(
            settings, ledger=self.ledger, clock=self.clock, gateway=lambda: self.gateway, fault=self.standing_fault
        )
        self.setup_lock, self.setup_seats = threading.Lock(), threading.Semaphore(SETUP_SEATS)
        self._warned: set[str] = set()
        self._lock, self.telling = threading.RLock(), threading.Lock()
        self._gateway: Gateway | None = None
        self._me: Person | None = None
        self._known_me = ""
        self._queue: Queue | None = None
        self._working = threading.local()
        self._handle: Callable[[Services, Job], str] | None = None
        self._give_up: Callable[[Services, Job, Exception], None] | None = None

    @classmethod
    def from_environment(cls) -> "Services":
        """Return what environment variables and .env file ask for; raise ConfigError for what cannot be used."""
        services = cls(settings_from(read_environment(os.environ, Path.cwd())))
        services.set_up_logs()
        return services

    def use(
        self, handle: Callable[["Services", Job], str], give_up: Callable[["Services", Job, Exception], None]
    ) -> None:
        """Take the handlers: what to do about an event, and what to say when that cannot be done."""
        self._handle, self._give_up = handle, give_up

    @property
    def config(self) -> Config:
        """The configuration as it is now."""
        return self.config_file.current()

    @property
    def texts(self) -> Texts:
        """The sentences in the configured language."""
        return texts_for(self.config.locale or self.settings.locale, self._warn_once)

    @property
    def gateway(self) -> Gateway:
        """Webex."""
        with self._lock:
            if self._gateway is None:
                # Late: the SDK takes a fifth of a second to import, and a webhook's answer does not need it.
                from broadcast.webex import WebexGateway  # noqa: PLC0415

                self._need_token()
                self._gateway = WebexGateway(
                    self.settings.token,
                    self.settings.api_base_url,
                    clock=self.clock,
                    gate=self.gate,
                    connections=self._hands + 16,
                )
            return self._gateway

    @property
    def audience(self) -> Audience:
        """Who gets a broadcast."""
        return Audience(self.gateway, self.ledger, self.clock)

    @property
    def intake(self) -> Intake:
        """What goes out."""
        return Intake(self.gateway, self.files)

    def me(self) -> Person:
        """Return the bot, asked for once; raise ConfigError where the token or the ledger is not a bot's own."""
        if self._me is None:
            me = self.gateway.me()
            if me.is_person:
                raise ConfigError(self.texts.say("page_token_not_bot", name=me.name))
            self._check_owner(me)
            self.ledger.remember("me", json.dumps({"token": self._fingerprint(), "id": me.id}))
            self._me = me
        return self._me

    def known_me(self) -> str:
        """Return the bot's person id as learnt before, without asking Webex; empty while it is not known."""
        if not self._known_me:
            known = json.loads(self.ledger.recall("me") or "{}")
            self._known_me = known.get("id", "") if known.get("token") == self._fingerprint() else ""
        return self._known_me

    def say(self, reply: Reply) -> None:
        """Write down something to say, and have it said."""
        self.ledger.queue_reply(reply)
        self.ring("replies")

    def open_broadcast(self, draft: Draft, destinations: Iterable[Destination]) -> int | None:
        """Write a broadcast down and have it sent; None if that was done before."""
        number = self.ledger.open_broadcast(self._held().token, draft, destinations, self.clock.now())
        self.ring("sending")
        return number

    def _held(self) -> Lease:
        """Return the lease this thread works under: on Lambda one of an earlier call may wake beside the new one's."""
        lease: Lease | None = getattr(self._working, "lease", None)
        if lease is None:
            raise RuntimeError("broadcasts are opened by the worker only")
        return lease

    def _under(self, lease: Lease, step: Callable[[], float]) -> float:
        self._working.lease = lease
        self.gateway.post_only_while(lease.holds)
        return step()

    def open_change(self, change: Change) -> int | None:
        """Open an edit or a recall and have it carried out; None if that was done before."""
        number = self.ledger.open_change(self._held().token, change, self.clock.now())
        self.ring("sending")
        return number

    def send_again(self, number: int, states: Sequence[State]) -> int:
        """Let a finished broadcast's deliveries in these states wait once more; return how many that are."""
        count = self.ledger.send_again(number, states)
        if count:
            now = self.clock.now()
            self.ledger.remember(f"begun:{number}", repr(now), noted_at=now)
            self.ring("sending")
        return count

    def order(self, number: int, action: str) -> None:
        """Write down an order about a broadcast that came from a page or the command line, and have it carried out."""
        now, order = self.clock.now(), Order(action.replace("-", " "))
        key = f"orders:{order}:{number}:{secrets.token_hex(8)}"
        event = Event(key=key, resource="orders", action=order.value, id=str(number), asked_at=now)
        self.ledger.record(event, now)
        self.ring()

    def is_overtaking(self, event: Event) -> bool:
        """Whether a message that was sent before this one waits to be handled: events need not come in order."""
        head = self.ledger.next_message(self.clock.now())
        return head is not None and head.event.asked_at < event.asked_at

    def ring(self, lane: str = "") -> None:
        """Say that there is work."""
        if self._queue:
            self._queue.ring(lane)

    def start(self) -> None:
        """Begin to work in the background, once; does nothing without a token."""
        with self._lock:
            if self._queue or not self.settings.token:
                return
            self._queue = queue_for(
                self.settings, self.ledger, self.clock, crew=self.crew, held_up=self._held_up, log=self.log
            )
            self._queue.start()
            atexit.register(self.stop)

    @property
    def worker(self) -> SqsQueue:
        """What messages of the queue call; raise ConfigError where the work is not done that way."""
        self._need_token()
        self.start()
        if not isinstance(self._queue, SqsQueue):
            raise ConfigError("QUEUE is 'local': messages of a queue call nobody. Set it to the URL of that SQS queue.")
        return self._queue

    def stop(self) -> None:
        """Finish what is in flight, within ten seconds; what waits goes on at the next start."""
        with self._lock:
            queue, self._queue = self._queue, None
            if self._gateway:
                self._gateway.stopping.set()
        if queue:
            queue.stop()
            atexit.unregister(self.stop)

    def set_up_logs(self) -> None:
        """Send the log to standard output, without the token."""
        as_json = logs.wants_json(self.settings.log_format, terminal=sys.stdout.isatty())
        logs.configure(self.settings.log_level, json=as_json, token=self.settings.token or None)

    def explain(self, error: BroadcastError) -> str:
        """Return, for a page, what went wrong and what to do about it."""
        if isinstance(error, Refused) and error.status == 401:
            return self.texts.say("token_refused") + " " + self.texts.say("token_refused_how")
        if isinstance(error, WebexError):
            return self.texts.say("page_webex_silent", reason=str(error))
        return str(error)

    def standing_fault(self) -> str:
        """Return what keeps the bot from doing its job until somebody mends it; empty where nothing does."""
        if not self.settings.token:
            return self.texts.say("page_no_token")
        if self.gateway.token_refused:
            return self.texts.say("token_refused")
        if self._queue and self._queue.fault:
            return self._queue.fault
        with suppress(ConfigError):
            self.config_file.current()
        return str(self.config_file.fault or "")

    def _need_token(self) -> None:
        if not self.settings.token:
            raise ConfigError(self.texts.say("page_no_token") + " " + self.texts.say("page_no_token_how"))

    def _retention(self) -> float:
        return self.config.retention_days * DAY

    @property
    def _hands(self) -> int:
        return HANDS_ON_CALL if self.settings.queue_url else HANDS

    def _held_up(self) -> float:
        """Return the seconds for which nothing goes out; a token that is refused is not tried all the time."""
        refused = TRY_TOKEN_EVERY if self.gateway.token_refused else 0.0
        return max(refused, self.gate.closed_for())

    def _warn_once(self, warning: str) -> None:
        if warning not in self._warned:
            self._warned.add(warning)
            self.log.warning("locale.unknown", warning=warning)

    def _fingerprint(self) -> str:
        return hashlib.sha256(self.settings.token.encode()).hexdigest()[:16]

    def _check_owner(self, me: Person) -> None:
        owner = self.ledger.recall("bot_id")
        if owner and not same(owner, me.id):
            raise ConfigError(
                f"The ledger {self.settings.table or self.settings.ledger_path} belongs to another bot. Set STORE to "
                "one of this bot's own, for example sqlite:///data/second-bot.db."
            )
        self.ledger.remember("bot_id", me.id)

    def crew(self, lease: Lease) -> Crew:
        """Return the lanes of work under a lease."""
        self.me()
        self.gateway.stopping.clear()
        sending, reports = self._fanout(lease), self._report_lane()
        reports.tidy()
        lanes = {
            "sending": sending.step,
            "messages": self._event_lane(self.ledger.next_message, hold_off=HOLD_OFF),
            "duties": self._event_lane(self.ledger.next_duty),
            "replies": ReplyLane(
                ledger=self.ledger, gateway=self.gateway, gate=self.gate, clock=self.clock, log=self.log.warning
            ).step,
            "reports": reports.step,
            "progress": ProgressLane(
                ledger=self.ledger,
                gateway=self.gateway,
                gate=self.gate,
                clock=self.clock,
                config=lambda: self.config,
                text=self.voice.progress,
                seconds_left=self.voice.seconds_left,
                begun_at=self.voice.begun_at,
                log=self.log.warning,
            ).step,
        }
        bound = {name: partial(self._under, lease, step) for name, step in lanes.items()}
        return Crew(lanes=bound, drain=partial(self._send_home, sending))

    def _fanout(self, lease: Lease) -> Fanout:
        return Fanout(
            lease.token,
            ledger=self.ledger,
            gateway=self.gateway,
            files=Files(self.gateway, self.files),
            gate=self.gate,
            clock=self.clock,
            rules=lambda: self.config.delivery,
            log=self.log.info,
            in_words=self._in_words,
            hands=self._hands,
            wake=partial(self.ring, "sending"),
            report=partial(self.ring, "reports"),
            holds_lease=lease.holds,
        )

    def _send_home(self, sending: Fanout, seconds: float) -> None:
        """End every wait, and let what is in flight come home."""
        self.gateway.stopping.set()
        sending.drain(seconds)

    def _in_words(self, why: Why) -> str:
        return self.texts.why(why)

    def _event_lane(
        self, next_event: Callable[[float], PendingEvent | None], hold_off: float = 0.0
    ) -> Callable[[], float]:
        if self._handle is None or self._give_up is None:
            raise RuntimeError("no handlers were given")
        return EventLane(
            next_event,
            partial(self._handle, self),
            ledger=self.ledger,
            gate=self.gate,
            clock=self.clock,
            config=lambda: self.config,
            log=self.log.warning,
            give_up=partial(self._give_up, self),
            hold_off=hold_off,
        ).step

    def _report_lane(self) -> ReportLane:
        return ReportLane(
            ledger=self.ledger,
            clock=self.clock,
            config=lambda: self.config,
            words=self.voice,
            telling=self.telling,
            log=self.log.info,
            said=partial(self.ring, "replies"),
            folder=self.files,
            is_lent=bool(self.settings.table),
            gate=self.gate,
        )
