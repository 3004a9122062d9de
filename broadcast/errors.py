"""Every error of the bot, as one tree by meaning.

An error says what happened, to which thing, where it is set and what to do; its numbers are attributes.
No I/O, no logging.
"""


class BroadcastError(Exception):
    """The root: whatever the bot raises on purpose is one of these."""


class ConfigError(BroadcastError):
    """The configuration or the environment cannot be used; the message names file, key, fault and remedy."""


class NotAnEvent(BroadcastError):
    """The body is no Webex event."""


class SetupRefused(BroadcastError):
    """The webhooks point to another host, and nothing allows this request to move them."""


class TryLater(BroadcastError):
    """An event cannot be handled now.

    `seconds` says when to try again; None leaves it to a growing patience.
    `holds`: later messages wait for this one, so that no broadcast overtakes it.
    """

    def __init__(self, message: str, *, seconds: float | None = None, holds: bool = True) -> None:
        super().__init__(message)
        self.seconds = seconds
        self.holds = holds


class WebexError(BroadcastError):
    """A call to Webex did not do what it should.

    `call` is method and path, for example "POST messages". `did_nothing`: it is certain that it had no effect and
    worth repeating.
    """

    did_nothing = False

    def __init__(self, message: str, *, call: str) -> None:
        super().__init__(f"{call}: {message}")
        self.call = call
        self.fault = message


class Refused(WebexError):
    """Webex answered with an error status.

    `status` is the HTTP status, `tracking_id` what Cisco's support asks for,
    `retry_after` the seconds Webex asks to wait (None: it did not say, or it cannot be read).
    """

    def __init__(
        self, message: str, *, call: str, status: int, retry_after: float | None = None, tracking_id: str | None = None
    ) -> None:
        super().__init__(f"{status} {message}".strip(), call=call)
        self.status = status
        self.retry_after = retry_after
        self.tracking_id = tracking_id
        self.did_nothing = status in (401, 408, 423, 425, 429, 503)


class NotSent(WebexError):
    """The request never reached Webex as a whole (no name, no connection, cut while writing): repeating it is safe."""

    did_nothing = True


class NoLease(NotSent):
    """The right to write had ended before the message was written, or while it was: somebody else may be at it now."""


class Elsewhere(NotSent):
    """The address lies outside the Webex API: nothing is sent there, now or later."""

    did_nothing = False


class NoAnswer(WebexError):
    """The request went out and no answer that can be read came back: it may or may not have been carried out."""


class FileRefused(BroadcastError):
    """A file of the message cannot be had. `code` is one of the keys `file_…` of the texts."""

    def __init__(self, code: str, *, name: str = "") -> None:
        super().__init__(f"{code}: {name}".rstrip(": "))
        self.code = code
        self.name = name


class LedgerFailed(BroadcastError):
    """The ledger could not be read or written just now; nothing was promised, and trying again may help."""


class QueueFailed(BroadcastError):
    """The queue could not be rung or asked; the ledger still knows what there is to do."""


class LeaseLost(BroadcastError):
    """Another process works for this bot now; this one must stop at once."""
