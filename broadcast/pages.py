"""What the pages show besides what the ledger knows, and the headers they all carry. Routes are elsewhere."""

from hmac import compare_digest
from sqlite3 import Error as StoreError

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from broadcast.errors import BroadcastError, ConfigError, LedgerFailed, WebexError
from broadcast.events import MAX_BODY
from broadcast.model import Person
from broadcast.services import Services
from broadcast.webhooks import Registration, check_host, hosted_at, set_up, work

SETUP_PATIENCE = 2.0
"""Seconds for which a page waits where many set the webhooks up at once."""

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src https: data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


def harden(response: Response) -> Response:
    """Let a page load nothing, be framed by nobody and be kept by no cache; a page may have a policy of its own."""
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response


def fault_and_me(bot: Services) -> tuple[str, Person | None]:
    """Return the bot, or what keeps it from saying who it is."""
    try:
        return "", bot.me()
    except BroadcastError as error:
        return bot.explain(error), None


def point_webhooks_to(bot: Services, target: str, *, may_move: bool) -> list[Registration]:
    """Set the bot's webhooks up at an address, one caller at a time, and remember it; return what became of each.

    Raises SetupRefused where they point to another host and may not be moved.
    """
    bot.me()
    if not bot.setup_seats.acquire(timeout=SETUP_PATIENCE):
        raise BroadcastError(bot.texts.say("page_setup_busy"))
    try:
        with bot.setup_lock:
            existing = bot.gateway.webhooks()
            if not may_move:
                check_host(existing, target)
            done = set_up(bot.gateway, existing, target, bot.settings.secret)
    finally:
        bot.setup_seats.release()
    if work(done):
        bot.health.webhooks_are_set(target)
    return done


def count_spaces(bot: Services) -> int | None:
    """Return how many spaces the bot is in; None while Webex does not tell."""
    try:
        return sum(1 for _ in bot.gateway.spaces())
    except WebexError:
        return None


def services_here() -> Services:
    """Return what this application works with."""
    found: Services = current_app.extensions["broadcast"]
    return found


def plain(text: str, status: int) -> Response:
    """Return an answer in plain text."""
    return Response(text, status, mimetype="text/plain")


def public_url() -> str:
    """Return this bot's address as seen from outside, without a slash at its end."""
    return services_here().settings.base_url or hosted_at(request.scheme, request.host, request.root_path)


def may_move_webhooks(bot: Services) -> bool:
    """Whether this request may point the webhooks to another host."""
    key = request.args.get("key", "")
    has_right_key = bool(bot.settings.setup_key) and compare_digest(key.encode(), bot.settings.setup_key.encode())
    return has_right_key or bool(bot.settings.base_url)


def answer_errors(app: Flask) -> None:
    """Have errors answered in plain text: 503 where the ledger or the configuration cannot be used."""
    app.register_error_handler(RequestEntityTooLarge, _too_large)
    app.register_error_handler(StoreError, _out_of_order)
    app.register_error_handler(LedgerFailed, _out_of_order)
    app.register_error_handler(ConfigError, _out_of_order)
    app.register_error_handler(HTTPException, _http_error)


def _too_large(_: RequestEntityTooLarge) -> Response:
    return plain(f"The body is larger than {MAX_BODY} bytes.", 413)


def _out_of_order(error: Exception) -> Response:
    services_here().log.error("request.failed", fault=str(error))
    text = str(error) if isinstance(error, ConfigError) else "The ledger cannot be written at the moment."
    return plain(text, 503)


def _http_error(error: HTTPException) -> Response:
    return plain(error.description or error.name, error.code or 500)
