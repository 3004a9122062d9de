"""The Webex broadcast bot: one message to the bot becomes a message in every space it is in.

What happens to a message, from top to bottom: `POST /webhook` checks the signature, drops the bot's own messages,
writes the event into the ledger and answers 200. Everything else happens after the answer: a handler below fetches the
message, decides who may send and who gets it, and opens a broadcast in the ledger; the fan-out sends it from there.
"""

import signal
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from hmac import compare_digest
from sqlite3 import Error as StoreError
from typing import NoReturn

import click
from flask import Blueprint, Flask, Response, current_app, jsonify, render_template, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from broadcast import cli
from broadcast.config import in_words, warnings
from broadcast.errors import BroadcastError, ConfigError, NotAnEvent, Refused, SetupRefused, TryLater, WebexError
from broadcast.events import MAX_BODY, parse, verify
from broadcast.intake import is_for_me
from broadcast.links import same, space_link
from broadcast.markup import inline
from broadcast.model import Destination, Draft, Event, Job, Message, Person, Reply, SpaceKind, Why
from broadcast.policy import may_join, may_send
from broadcast.services import Services
from broadcast.webhooks import check_host, hosted_at, set_up

pages = Blueprint("pages", __name__)
SETUP_PATH = "/webhook"
TRIES_FOR_A_MISSING_MESSAGE = 5


def create_app(services: Services | None = None) -> Flask:
    """Return the web application. Talks to nobody; the first request, or the server's start, begins the work."""
    app = Flask(__name__, template_folder="broadcast/templates", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    services = services or Services.from_environment()
    services.use(handle, give_up)
    app.extensions["broadcast"] = services
    app.register_blueprint(pages)
    cli.add_to(app)
    app.before_request(services.start)
    app.after_request(_harden)
    return app


# Routes


@pages.get("/")
def home() -> str:
    """Say that the bot runs, and what to do next."""
    bot = _services()
    fault, me = _fault_and_me(bot)
    return render_template(
        "home.html", texts=bot.texts, me=me, fault=fault, version=bot.version, setup_url=_public_url() + SETUP_PATH
    )


@pages.get(SETUP_PATH)
def setup() -> tuple[str, int]:
    """Set up the webhooks at this very URL, as seen from outside, and show what the bot is set to."""
    bot = _services()
    target = _public_url() + SETUP_PATH
    try:
        me = bot.me()
        with bot.setup_lock:
            existing = bot.gateway.webhooks()
            if not _may_move_webhooks(bot):
                check_host(existing, target)
            registrations = set_up(bot.gateway, existing, target, bot.settings.secret)
            bot.webhooks_are_set(target)
    except SetupRefused as refusal:
        bot.log.warning("setup.refused", asked_for=target, webhooks_at=str(refusal))
        page = render_template(
            "refused.html", texts=bot.texts, host=str(refusal), target=target, key=request.args.get("key")
        )
        return page, 403
    except BroadcastError as error:
        return render_template("fault.html", texts=bot.texts, fault=bot.explain(error)), 503
    bot.log.info("setup.done", target=target, webhooks=len(registrations))
    page = render_template(
        "setup.html",
        texts=bot.texts,
        me=me,
        target=target,
        registrations=registrations,
        spaces=_count_spaces(bot),
        config_file=bot.settings.config_path.name if bot.settings.config_path.exists() else None,
        config_fault=bot.config_file.fault,
        config=in_words(bot.config, bot.texts),
        warnings=warnings(bot.config, bot.texts),
    )
    return page, 200


@pages.post(SETUP_PATH)
def receive() -> Response:
    """Take an event: verified, written down, answered. No call to Webex happens here."""
    bot = _services()
    body = request.get_data()
    if not bot.settings.secret:
        return _plain(bot.texts.say("page_no_token"), 503)
    if not verify(body, dict(request.headers), bot.settings.secret):
        bot.log.warning("event.unsigned", hint="open /webhook once: webhooks made by another program have no secret")
        return _plain("The signature is missing or wrong.", 401)
    try:
        event = parse(body, received_at=bot.clock.now())
    except NotAnEvent as error:
        return _plain(f"This is no event: {error}", 400)
    is_message = (event.resource, event.action) == ("messages", "created")
    if is_message and same(event.person_id, bot.known_me()):
        return _plain("OK", 200)
    bot.ledger.record(event, bot.clock.now())
    bot.ring()
    return _plain("OK", 200)


@pages.get("/healthz")
def health() -> tuple[Response, int]:
    """Tell whether the bot can do its job: 503 if not."""
    state = _services().health()
    return jsonify(state), 200 if state["ok"] else 503


@pages.app_errorhandler(RequestEntityTooLarge)
def too_large(_: RequestEntityTooLarge) -> Response:
    """Refuse a body that no event has."""
    return _plain(f"The body is larger than {MAX_BODY} bytes.", 413)


@pages.app_errorhandler(StoreError)
@pages.app_errorhandler(ConfigError)
def out_of_order(error: Exception) -> Response:
    """Answer 503 where the ledger or the configuration cannot be used: nothing was promised."""
    _services().log.error("request.failed", fault=str(error))
    text = str(error) if isinstance(error, ConfigError) else "The ledger cannot be written at the moment."
    return _plain(text, 503)


@pages.app_errorhandler(HTTPException)
def http_error(error: HTTPException) -> Response:
    """Answer in plain text."""
    return _plain(error.description or error.name, error.code or 500)


# Handlers: they run after the answer, one event at a time, and may be repeated


def handle(bot: Services, job: Job) -> str:
    """Do what an event asks for; return the outcome in a few words."""
    match job.event.resource, job.event.action:
        case "messages", "created":
            return on_message(bot, job)
        case "memberships", "created":
            return on_joined(bot, job.event)
        case "memberships", "deleted":
            return on_left(bot, job.event)
    return "nothing to do"


def on_message(bot: Services, job: Job) -> str:
    """Open a broadcast of a message, if its sender may send."""
    me, event = bot.me(), job.event
    if same(event.person_id, me.id):
        return "own message"
    if bot.ledger.is_open(event.id):
        return "opened before"
    message = _fetch(bot, job)
    if message is None:
        return "the message is gone"
    if same(message.person_id, me.id) or not is_for_me(message, me):
        return "not for the bot"
    sender = bot.gateway.person(message.person_id)
    if message.space_kind is SpaceKind.DIRECT and sender.org_id:
        bot.ledger.remember_person(message.space_id, sender.org_id, bot.clock.now())
    verdict = may_send(sender, me, bot.config.source)
    if not verdict.allowed:
        return _refuse(bot, message, verdict.why)
    return _open(bot, job, message, sender)


def _open(bot: Services, job: Job, message: Message, sender: Person) -> str:
    me, rules = bot.me(), bot.config.destination
    parcel = bot.intake.take(
        message, sender, me, texts=bot.texts, allow_all=rules.allow_mention_all, is_last_try=job.is_last_try
    )
    if parcel.notes:
        _answer(bot, message, "notes", "\n\n".join(parcel.notes))
    if parcel.content is None:
        return "nothing to send"
    if bot.is_overtaking(job.event):
        raise TryLater("a message that was sent before has come meanwhile", seconds=0)
    draft = Draft(
        source_id=message.id,
        space_id=message.space_id,
        thread_id=message.thread_id,
        sender=sender,
        content=parcel.content,
        asked_at=job.event.asked_at,
    )
    number = bot.open_broadcast(draft, _told(bot, message, bot.audience.of(sender, me, rules)))
    bot.log.info("broadcast.opened", broadcast=number, message_id=message.id)
    return "opened" if number else "opened before"


def on_joined(bot: Services, event: Event) -> str:
    """Leave a space the bot may not be in; ask to be made moderator where only moderators post."""
    me = bot.me()
    if not same(event.person_id, me.id):
        bot.ledger.forget_person(event.space_id)
        return "somebody else"
    try:
        membership, space = bot.gateway.membership(event.id), bot.gateway.space(event.space_id)
    except Refused as error:
        if error.status in (403, 404):
            return "gone again"
        raise
    if space.kind is SpaceKind.DIRECT:
        return "a 1-1"
    if not may_join(space.owner_id, me, bot.config.membership).allowed:
        return _leave(bot, event, me)
    if space.announcement_only and not membership.moderator and event.actor_id and not same(event.actor_id, me.id):
        text = bot.texts.say("make_moderator", space=inline(space.title), link=space_link(space.id))
        bot.say(Reply(key=f"moderator:{event.key}", markdown=text, person_id=event.actor_id))
        return "asked for promotion"
    return "accepted"


def on_left(bot: Services, event: Event) -> str:
    """Skip what waits for a space the bot was removed from."""
    if not same(event.person_id, bot.me().id):
        bot.ledger.forget_person(event.space_id)
        return "somebody else"
    if _is_member(bot, event.id):
        return "back again"
    bot.ledger.forget_events(f"memberships:created:{event.id}")
    skipped = bot.ledger.skip_space(event.space_id, Why.BOT_REMOVED, bot.clock.now())
    if skipped:
        _log_skip(bot, event.space_id, Why.BOT_REMOVED, deliveries=skipped)
    return "removed"


def give_up(bot: Services, job: Job, reason: str) -> None:
    """Tell the sender that a message could not be broadcast at all."""
    bot.log.error("event.given_up", resource=job.event.resource, id=job.event.id, reason=reason)
    if (job.event.resource, job.event.action) == ("messages", "created") and job.event.space_id:
        text = bot.texts.say("event_failed", reason=bot.texts.why(Why.GAVE_UP))
        bot.say(Reply(key=f"failed:{job.event.id}", markdown=text, space_id=job.event.space_id, parent_id=job.event.id))


def _told(bot: Services, message: Message, destinations: Iterable[Destination]) -> Iterator[Destination]:
    for place in destinations:
        if place.why:
            _log_skip(bot, place.space_id, place.why, message_id=message.id)
        yield place


def _log_skip(bot: Services, space_id: str, why: Why, **fields: object) -> None:
    bot.log.info("delivery.skipped", room_id=space_id, reason=why.value, why=bot.texts.why(why), **fields)


def _is_member(bot: Services, membership_id: str) -> bool:
    try:
        bot.gateway.membership(membership_id)
    except Refused as error:
        if error.status in (403, 404):
            return False
        raise
    return True


def _fetch(bot: Services, job: Job) -> Message | None:
    try:
        message = bot.gateway.message(job.event.id)
        return message if message.space_kind else replace(message, space_kind=bot.gateway.space(message.space_id).kind)
    except Refused as error:
        if error.status != 404:
            raise
        # Right after the event Webex may not know the message yet (WebexPythonSDK issues 70 and 83).
        if job.attempts < TRIES_FOR_A_MISSING_MESSAGE:
            raise TryLater("Webex does not know the message", seconds=2**job.attempts, holds=False) from error
        bot.log.warning("message.gone", message_id=job.event.id)
        return None


def _refuse(bot: Services, message: Message, why: Why) -> str:
    bot.log.info("sender.refused", message=message.id, why=why.value)
    if bot.config.source.tell_refused and why is not Why.SENDER_IS_BOT:
        _answer(bot, message, "refused", bot.texts.say("refused", why=bot.texts.why(why)))
    return f"refused: {why}"


def _answer(bot: Services, message: Message, kind: str, text: str) -> None:
    key = f"{kind}:{message.id}"
    bot.say(Reply(key=key, markdown=text, space_id=message.space_id, parent_id=message.thread_id))


def _leave(bot: Services, event: Event, me: Person) -> str:
    if bot.ledger.once(f"farewell:{event.key}", bot.clock.now()):
        try:
            bot.gateway.post(event.space_id, _farewell(bot, me))
        except WebexError as error:
            bot.log.warning("farewell.failed", room_id=event.space_id, error=str(error))
    bot.gateway.leave(event.id)
    return "left"


def _farewell(bot: Services, me: Person) -> str:
    try:
        return bot.texts.say("outside_org", org=inline(bot.gateway.organization_name(me.org_id or "")))
    except WebexError:
        return bot.texts.say("outside_org_unnamed")


# What the pages need


def _services() -> Services:
    services: Services = current_app.extensions["broadcast"]
    return services


def _plain(text: str, status: int) -> Response:
    return Response(text, status, mimetype="text/plain")


def _public_url() -> str:
    """Return this bot's address as seen from outside, without a slash at its end."""
    return _services().settings.base_url or hosted_at(request.scheme, request.host, request.root_path)


def _may_move_webhooks(bot: Services) -> bool:
    key = request.args.get("key", "")
    has_right_key = bool(bot.settings.setup_key) and compare_digest(key.encode(), bot.settings.setup_key.encode())
    return has_right_key or bool(bot.settings.base_url)


def _fault_and_me(bot: Services) -> tuple[str, Person | None]:
    try:
        return "", bot.me()
    except BroadcastError as error:
        return bot.explain(error), None


def _count_spaces(bot: Services) -> int | None:
    try:
        return sum(1 for _ in bot.gateway.spaces())
    except WebexError:
        return None


def _harden(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'unsafe-inline'; img-src https: data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response


def main() -> None:
    """Serve the bot with waitress, until it is told to stop."""
    from waitress import serve  # noqa: PLC0415 – only this way of serving needs it

    signal.signal(signal.SIGTERM, _stop)
    bot: Services = app.extensions["broadcast"]
    try:
        if not bot.settings.token:
            raise ConfigError(bot.texts.say("page_no_token") + "\n" + bot.texts.say("page_no_token_how"))
        click.echo(cli.next_steps(bot))
    except ConfigError as error:
        sys.exit(str(error))
    bot.start()
    try:
        serve(app, host="0.0.0.0", port=bot.settings.port, threads=8)  # noqa: S104 – Webex must reach it
    except OSError as error:
        sys.exit(f"Port {bot.settings.port} cannot be used: {error.strerror}. Set PORT to another one.")
    finally:
        bot.stop()


def _stop(*_: object) -> NoReturn:
    sys.exit(0)


try:
    app = create_app()
except ConfigError as error:
    sys.exit(str(error))

if __name__ == "__main__":
    main()
