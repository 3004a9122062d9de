"""One attempt at one delivery, and what came of it. Data only: no I/O, no clock, no rules."""

from dataclasses import dataclass

from broadcast.model import Kind, SpaceKind, State, Why


@dataclass(frozen=True, kw_only=True)
class Claim:
    """The right to make one attempt at one delivery.

    `token` is the lease it was claimed under; `attempt`, its number, fences off late outcomes.
    `part` is the index of the message to send next; `tried_at` and `first_tried` are times of this bot's clock,
    `webex_time` the same moment as `tried_at` by Webex's clock. `repeat` is that of the `InDoubt` it is in, if it is.
    `activity` is the space's last activity when the broadcast was planned, by Webex's clock.
    `work` says what is to be done; for an edit or a recall `copies` are the messages there that it changes, in order,
    and `is_unsure` says that there may be one more.
    `revision` is that of the content which the attempt sends.
    """

    broadcast: int
    space_id: str
    kind: SpaceKind
    token: int
    attempt: int
    part: int
    tried_at: float
    webex_time: float
    first_tried: float | None
    repeat: bool = False
    activity: float | None = None
    work: Kind = Kind.SEND
    root: int = 0
    copies: tuple[str, ...] = ()
    is_unsure: bool = False
    revision: int = 0


@dataclass(frozen=True, kw_only=True)
class PartSent:
    """Webex took the message."""

    message_id: str


@dataclass(frozen=True, kw_only=True)
class Changed:
    """A step of an edit or a recall is done: these copies are in the space now. `is_done`: it was the last step."""

    copies: tuple[str, ...]
    is_done: bool


@dataclass(frozen=True, kw_only=True)
class RetryAt:
    """Try again, not before `at`. `counts` is False where waiting is not the space's fault and uses up no patience.

    `may_be_there` says that the attempt may have arrived all the same: then there will be one message too many.
    """

    at: float
    why: Why
    detail: str = ""
    counts: bool = True
    may_be_there: bool = False


@dataclass(frozen=True, kw_only=True)
class GaveUp:
    """It will not be sent: FAILED, or SKIPPED where Webex's answer is one of the known refusals."""

    state: State
    why: Why
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class InDoubt:
    """The attempt went out and no clear answer came: look again at `look_at`, then decide.

    `repeat` says what follows if nothing at all can be found out: the attempt again (Webex said that it failed), or
    unknown.
    """

    look_at: float
    detail: str = ""
    repeat: bool = False


Outcome = PartSent | Changed | RetryAt | GaveUp | InDoubt
