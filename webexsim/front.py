"""What every call of the imitated API goes through: token, rate limit, staged failures, transcript. No sockets."""

import json
import threading
import uuid
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from webexsim import api, wire
from webexsim.exchange import Body, Reply, Request
from webexsim.faults import Fault, Faults
from webexsim.model import Person
from webexsim.ratelimit import RateLimit
from webexsim.refusals import Refusal
from webexsim.storage import Blob
from webexsim.world import World

_CALLS_KEPT = 200_000
_JSON = "application/json;charset=UTF-8"
_PAGE = "<html><head><title>{status}</title></head><body><h1>{status}</h1><p>upstream error</p></body></html>"


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One line of the transcript; `path` starts after `/v1`, times are the world's, status 0 is "no answer"."""

    method: str
    path: str
    query: Mapping[str, str]
    status: int
    started: float
    finished: float
    body_bytes_in: int
    content_length_header: str | None
    person_id: str
    note: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Incoming:
    """A call as it came in, its body read – or found to be none, then `body` is the refusal."""

    method: str
    path: str
    query: Mapping[str, str]
    authorization: str
    body: Body | Refusal
    length: int
    length_header: str | None
    base: str


@dataclass(kw_only=True, slots=True)
class Outgoing:
    """What goes back: status, headers, content; `cut` means the connection is reset instead.

    `promised` is the length announced where the content falls short of it; the connection ends there.
    """

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes | Blob = b""
    promised: int | None = None
    cut: bool = False
    note: str = ""


class Front:
    """The front door of one server. `sleep` takes seconds."""

    def __init__(self, world: World, sleep: Callable[[float], object], *, seed: int = 1) -> None:
        self._world = world
        self._sleep = sleep
        self._lock = threading.Lock()
        self._clock = world.ground.clock
        self.faults = Faults(seed)
        self.rate_limit: RateLimit | None = None
        self.latency = 0.0
        self.empty_pages = False
        self.calls: deque[Call] = deque(maxlen=_CALLS_KEPT)
        self.by_status: Counter[int] = Counter()

    def clear_calls(self) -> None:
        """Begin a new transcript."""
        with self._lock:
            self.calls.clear()
            self.by_status.clear()

    def handle(self, call: Incoming) -> Outgoing:
        """Answer a call; its effect, if any, is there before this returns."""
        started = self._clock()
        tracking = f"SIM_{uuid.uuid4()}"
        person_id = ""
        try:
            actor = self._world.directory.with_token(_token(call.authorization))
            person_id = actor.id
            going = self._admitted(call, actor, tracking)
        except Refusal as refusal:
            going = _refused(refusal, tracking)
        going.headers["trackingid"] = tracking
        if self.latency:
            self._sleep(self.latency)
        self._note(call, going, started, person_id)
        return going

    def _admitted(self, call: Incoming, actor: Person, tracking: str) -> Outgoing:
        if self.rate_limit:
            self.rate_limit.take(actor.token, call.path)
        fault = self.faults.strike(call.method, call.path, _room_of(call)) if self.faults else None
        if fault is None:
            return self._done(call, actor)
        going = self._faulty(fault, call, actor, tracking)
        going.note = going.note or f"fault: {fault.kind}"
        return going

    def _done(self, call: Incoming, actor: Person) -> Outgoing:
        if isinstance(call.body, Refusal):
            raise call.body
        request = Request(
            method=call.method,
            path=call.path,
            query=call.query,
            body=call.body,
            actor=actor,
            base=call.base,
            empty_pages=self.empty_pages,
        )
        return _outgoing(api.answer(self._world, request))

    def _faulty(self, fault: Fault, call: Incoming, actor: Person, tracking: str) -> Outgoing:
        if fault.kind == "slow":
            self._sleep(fault.seconds)
            return self._done(call, actor)
        if fault.kind in ("cut_before", "cut_after", "hang"):
            return self._unanswered(fault, call, actor)
        if fault.kind in ("empty", "broken"):
            return _spoilt(fault, self._done(call, actor))
        return _staged(fault, tracking)

    def _unanswered(self, fault: Fault, call: Incoming, actor: Person) -> Outgoing:
        note = f"fault: {fault.kind}"
        if fault.kind == "cut_after" or fault.effect:
            try:
                self._done(call, actor)
            except Refusal as refusal:
                note = f"{note}, {refusal.message}"
        if fault.kind == "hang":
            self._sleep(fault.seconds)
        return Outgoing(status=0, cut=True, note=note)

    def _note(self, call: Incoming, going: Outgoing, started: float, person_id: str) -> None:
        line = Call(
            method=call.method,
            path=call.path,
            query=call.query,
            status=going.status,
            started=started,
            finished=self._clock(),
            body_bytes_in=call.length,
            content_length_header=call.length_header,
            person_id=person_id,
            note=going.note,
        )
        with self._lock:
            self.calls.append(line)
            self.by_status[going.status] += 1


def _token(authorization: str) -> str:
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _outgoing(reply: Reply) -> Outgoing:
    if reply.blob is not None:
        return Outgoing(status=reply.status, headers=reply.headers, content=reply.blob)
    if reply.json is None:
        return Outgoing(status=reply.status, headers=reply.headers)
    content = json.dumps(reply.json, separators=(",", ":")).encode()
    return Outgoing(status=reply.status, headers=reply.headers | {"Content-Type": _JSON}, content=content)


def _refused(refusal: Refusal, tracking: str) -> Outgoing:
    going = _outgoing(
        Reply(
            status=refusal.status,
            json=wire.error(refusal.message, refusal.details, tracking),
            headers=dict(refusal.headers),
        )
    )
    going.note = refusal.message
    return going


def _staged(fault: Fault, tracking: str) -> Outgoing:
    if fault.kind == "html":
        page = fault.body or _PAGE.format(status=fault.status)
        headers = {"Content-Type": "text/html", **fault.headers}
        return Outgoing(status=fault.status, headers=headers, content=page.encode())
    going = _refused(Refusal(fault.status, "Staged failure.", headers=fault.headers), tracking)
    if fault.body is not None:
        going.content = fault.body.encode()
    going.note = ""
    return going


def _spoilt(fault: Fault, going: Outgoing) -> Outgoing:
    whole = going.content
    if isinstance(whole, Blob):
        going.promised, whole = whole.size, whole.read()
    going.content = b"" if fault.kind == "empty" else whole[: len(whole) // 2]
    going.status = 200
    return going


def _room_of(call: Incoming) -> str:
    if call.path.startswith("/rooms/"):
        return call.path.split("/")[2]
    fields = call.body.fields if isinstance(call.body, Body) else {}
    return str(fields.get("roomId") or call.query.get("roomId", ""))
