"""The Webex broadcast bot: one message to the bot becomes a message in every space it is in.

What happens to a message, from top to bottom: `POST /webhook` checks the signature, drops the bot's own messages,
writes the event into the ledger and answers 200. Everything else happens after the answer: a handler below fetches the
message, decides who may send and who gets it, and opens a broadcast in the ledger; the fan-out sends it from there.
"""

import sys
from collections.abc import Callable, Iterable, Iterator

from flask import Blueprint, Flask, Response, jsonify, render_template, request

from broadcast import asking, cli, narration, steering
from broadcast.commands import DECISIONS, Order, command_in, decision_in, meant, question_in
from broadcast.config import in_words, warnings
from broadcast.errors import BroadcastError, ConfigError, NotAnEvent, Refused, SetupRefused, TryLater
from broadcast.events import MAX_BODY, parse, verify
from broadcast.hurry import in_a_hurry
from broadcast.intake import body_of, is_for_me
from broadcast.links import same
from broadcast.live import live
from broadcast.membership import ask_for_promotion, is_member, leave
from broadcast.model import Destination, Draft, Job, Message, Person, Reply, SpaceKind, Why
from broadcast.pages import (
    answer_errors,
    count_spaces,
    fault_and_me,
    harden,
    may_move_webhooks,
    plain,
    point_webhooks_to,
    public_url,
    services_here,
)
from broadcast.policy import may_join, may_send
from broadcast.questions import answer
from broadcast.reading import fetch, fetch_again, fetch_press, look_again
from broadcast.services import Services
from broadcast.serving import serve
from broadcast.threads import on_stray_word

pages = Blueprint("pages", __name__)
SETUP_PATH = "/webhook"


def create_app(services: Services | None = None) -> Flask:
    """Return the web application. Talks to nobody; the first request, or the server's start, begins the work."""
    app = Flask(__name__, template_folder="broadcast/templates", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    services = services or Services.from_environment()
    services.use(handle, give_up)
    app.extensions["broadcast"] = services
    app.register_blueprint(pages)
    app.register_blueprint(live)
    cli.add_to(app)
    app.before_request(services.start)
    app.after_request(harden)
    answer_errors(app)
    return app


# Routes


@pages.get("/")
def home() -> str:
    """Say that the bot runs, and what to do next."""
    bot = services_here()
    with in_a_hurry():
        fault, me = fault_and_me(bot)
        facts = {"fault": fault, "me": me, "is_set_up": bool(me and bot.health.webhooks_work())}
    return render_template(
        "home.html", texts=bot.texts, version=bot.version, setup_url=public_url() + SETUP_PATH, **facts
    )


@pages.get(SETUP_PATH)
def setup() -> tuple[str, int]:
    """Set up the webhooks at this very URL, as seen from outside, and show what the bot is set to."""
    bot = services_here()
    target = public_url() + SETUP_PATH
    try:
        with in_a_hurry():
            registrations = point_webhooks_to(bot, target, may_move=may_move_webhooks(bot))
            me, spaces = bot.me(), count_spaces(bot)
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
        spaces=spaces,
        config_file=bot.settings.config_path.name if bot.settings.config_path.exists() else None,
        config_fault=bot.config_file.fault,
        config=in_words(bot.config, bot.texts),
        warnings=warnings(bot.config, bot.texts),
    )
    return page, 200


@pages.post(SETUP_PATH)
def receive() -> Response:
    """Take an event: verified, written down, answered. No call to Webex happens here."""
    bot = services_here()
    body = request.get_data()
    if not bot.settings.secret:
        return plain(bot.texts.say("page_no_token"), 503)
    if not verify(body, dict(request.headers), bot.settings.secret):
        bot.log.warning("event.unsigned", hint="open /webhook once: webhooks made by another program have no secret")
        return plain("The signature is missing or wrong.", 401)
    try:
        event = parse(body, received_at=bot.clock.now())
    except NotAnEvent as error:
        return plain(f"This is no event: {error}", 400)
    if event.resource == "messages" and same(event.person_id, bot.known_me()):
        return plain("OK", 200)
    bot.ledger.record(event, bot.clock.now())
    bot.ring()
    return plain("OK", 200)


@pages.get("/healthz")
def health() -> tuple[Response, int]:
    """Tell whether the bot can do its job: 503 if not."""
    state = services_here().health.state()
    return jsonify(state), 200 if state["ok"] else 503


# Handlers: they run after the answer, one event at a time, and may be repeated


def handle(bot: Services, job: Job) -> str:
    """Do what an event asks for; return the outcome in a few words."""
    handler = HANDLERS.get((job.event.resource, job.event.action)) or HANDLERS.get((job.event.resource, ""))
    return handler(bot, job) if handler else "nothing to do"


def on_message(bot: Services, job: Job) -> str:
    """Open a broadcast of a message, if its sender may send."""
    me, event = bot.me(), job.event
    if same(event.person_id, me.id):
        return "own message"
    if opened := bot.ledger.broadcast_of(event.id):
        steering.announce(bot, opened)
        return "opened before"
    message = fetch(bot, job)
    if message is None:
        return "the message is gone"
    if same(message.person_id, me.id) or not is_for_me(message, me):
        return "not for the bot"
    sender = bot.gateway.person(message.person_id)
    if message.space_kind is SpaceKind.DIRECT and sender.org_id:
        bot.ledger.remember_person(message.space_id, sender.org_id, bot.clock.now())
    return _steer(bot, job, message, sender) or _broadcast(bot, job, message, sender)


def _steer(bot: Services, job: Job, message: Message, sender: Person) -> str:
    """Do what a reply in the thread of a broadcast, or of a question, asks for; nothing where it is neither."""
    if message.parent_id is None or message.file_urls:
        return ""
    body = body_of(message, bot.me(), allow_all=False)
    question, decision = asking.find_in_thread(bot, message.parent_id), decision_in(body)
    is_sent = bot.ledger.broadcast_in_thread(message.parent_id) is not None
    is_asked = question is not None and asking.waits_for(bot, question, sender)
    if question and decision and (is_asked or decision is Order.SEND or not is_sent):
        return _take_word(bot, job, question, decision, sender.id)
    if is_asked and not is_sent and (word := meant(body, *DECISIONS)):
        _answer(bot, message, "word", bot.texts.say("steer_did_you_mean", word=word))
        return "nearly a word"
    steered = steering.on_reply(bot, message, sender, body, job.event.asked_at)
    is_word = bool(command_in(body) or (decision and not is_sent))
    return on_stray_word(bot, job, message, sender) if is_word and not steered else steered


def _broadcast(bot: Services, job: Job, message: Message, sender: Person) -> str:
    verdict = may_send(sender, bot.me(), bot.config.source)
    if not verdict.allowed:
        return _refuse(bot, message, verdict.why)
    if not message.file_urls and (wanted := question_in(body_of(message, bot.me(), allow_all=False))):
        return answer(bot, wanted, message, sender)
    return _open(bot, job, message, sender)


def _open(bot: Services, job: Job, message: Message, sender: Person, *, agreed: asking.Question | None = None) -> str:
    """Open a broadcast; `agreed` is the question that its sender has said yes to."""
    me, rules = bot.me(), bot.config.destination
    parcel = bot.intake.take(
        message, sender, me, texts=bot.texts, allow_all=rules.allow_mention_all, is_last_try=job.is_last_try
    )
    if parcel.notes:
        _answer(bot, message, "notes", "\n\n".join(parcel.notes))
    if parcel.content is None:
        return "nothing to send"
    if agreed and parcel.content.digest != agreed.digest:
        asking.close(bot, agreed, "void", "ask_void", job.event.id)
        return "changed since"
    if not agreed and bot.is_overtaking(job.event):
        raise TryLater("a message that was sent before has come meanwhile", seconds=0)
    draft = Draft(
        source_id=message.id,
        space_id=message.space_id,
        thread_id=message.thread_id,
        sender=sender,
        content=parcel.content,
        asked_at=job.event.asked_at,
        is_private=message.space_kind is SpaceKind.DIRECT,
    )
    places: Iterable[Destination] = bot.audience.of(sender, me, rules)
    if not agreed and asking.is_needed(bot.config):
        places = list(places)
        included = sum(place.why is Why.NONE for place in places)
        if why := asking.reasons(bot, sender, parcel.content, included):
            return asking.ask(bot, message, sender, parcel.content, places=places, why=why)
    number = bot.open_broadcast(draft, _told(bot, message, places))
    bot.log.info("broadcast.opened", broadcast=number, message_id=message.id)
    if agreed:
        asking.close(bot, agreed, "sent")
    if opened := bot.ledger.broadcast_of(message.id):
        steering.announce(bot, opened)
    return "opened" if number else "opened before"


def on_edited(bot: Services, job: Job) -> str:
    """Give every copy the new text of a message that its sender has edited."""
    event = job.event
    broadcast, question = bot.ledger.broadcast_of(event.id), asking.find(bot, event.id)
    if broadcast is None and not (question and question.is_open):
        return "nothing to change"
    message = fetch_again(bot, event.id)
    if message is None:
        return "the message is gone"
    sender = bot.gateway.person(message.person_id)
    if broadcast:
        outcome = steering.follow_source(bot, broadcast, message, sender, event)
        if outcome == steering.SAME_TEXT:
            look_again(job, outcome)
        return outcome
    if question and not steering.is_same(bot, message, sender, question.digest):
        asking.close(bot, question, "void", "ask_void", event.key)
    return "changed before it was sent"


def on_deleted(bot: Services, job: Job) -> str:
    """Take every copy of a message back that its sender has deleted."""
    event = job.event
    broadcast, question = bot.ledger.broadcast_of(event.id), asking.find(bot, event.id)
    if broadcast is None and question is None:
        return "nothing to take back"
    if fetch_again(bot, event.id):
        look_again(job, "Webex still shows the message")
        return "it is still there"
    if question and question.is_open:
        asking.close(bot, question, "void")
    return steering.follow_deletion(bot, broadcast, event) if broadcast else "void"


def on_pressed(bot: Services, job: Job) -> str:
    """Do what a button of one of the bot's own cards asks for."""
    press = fetch_press(bot, job)
    if press is None:
        return "the press is gone"
    order, subject = bot.voice.seal.read(press.inputs) or (None, "")
    if order is None or same(press.person_id, bot.me().id):
        return "not a button of the bot"
    if order in (Order.SEND, Order.DROP):
        question = asking.find(bot, subject)
        return _take_word(bot, job, question, order, press.person_id) if question else "no such question"
    broadcast = bot.ledger.broadcast_of(subject)
    if broadcast is None:
        return "no such broadcast"
    wish = steering.Wish(key=press.id, order=order, asked_at=job.event.asked_at)
    return steering.obey(bot, broadcast, wish, bot.gateway.person(press.person_id))


def on_order(bot: Services, job: Job) -> str:
    """Do what somebody asked for on the live page, or the operator on the command line."""
    event = job.event
    broadcast = bot.ledger.broadcast(int(event.id))
    if broadcast is None:
        return "no such broadcast"
    wish = steering.Wish(key=event.key, order=Order(event.action), asked_at=event.asked_at)
    return steering.carry_out(bot, broadcast, wish)


def on_joined(bot: Services, job: Job) -> str:
    """Leave a space the bot may not be in; ask to be made moderator where only moderators post."""
    me, event = bot.me(), job.event
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
        return leave(bot, event, me)
    if space.announcement_only and not membership.moderator and event.actor_id and not same(event.actor_id, me.id):
        return ask_for_promotion(bot, event, space)
    return "accepted"


def on_left(bot: Services, job: Job) -> str:
    """Skip what waits for a space the bot was removed from."""
    event = job.event
    if not same(event.person_id, bot.me().id):
        bot.ledger.forget_person(event.space_id)
        return "somebody else"
    if is_member(bot, event.id):
        return "back again"
    bot.ledger.forget_events(f"memberships:created:{event.id}")
    skipped = bot.ledger.skip_space(event.space_id, Why.BOT_REMOVED, bot.clock.now())
    if skipped:
        _log_skip(bot, event.space_id, Why.BOT_REMOVED, deliveries=skipped)
    return "removed"


def give_up(bot: Services, job: Job, error: Exception) -> None:
    """Tell the sender that a message could not be broadcast at all."""
    bot.log.error("event.given_up", resource=job.event.resource, id=job.event.id, reason=repr(error))
    if (job.event.resource, job.event.action) == ("messages", "created") and job.event.space_id:
        text = narration.given_up_text(error, bot.texts)
        bot.say(Reply(key=f"failed:{job.event.id}", markdown=text, space_id=job.event.space_id, parent_id=job.event.id))


def _take_word(bot: Services, job: Job, question: asking.Question, order: Order, person_id: str) -> str:
    opened = bot.ledger.broadcast_of(question.source_id)
    if opened and question.state == "sending":
        # A crash has kept this from being said.
        asking.close(bot, question, "sent")
        steering.announce(bot, opened)
        return "opened before"
    if not asking.decide(bot, question, order, person_id, job.event.id):
        return "not to be sent"
    message = fetch_again(bot, question.source_id)
    if message is None:
        asking.close(bot, question, "void", "ask_void", job.event.id)
        return "the message is gone"
    sender = bot.gateway.person(message.person_id)
    verdict = may_send(sender, bot.me(), bot.config.source)
    if not verdict.allowed:
        asking.close(bot, question, "void")
        return _refuse(bot, message, verdict.why)
    return _open(bot, job, message, sender, agreed=question)


def _told(bot: Services, message: Message, destinations: Iterable[Destination]) -> Iterator[Destination]:
    for place in destinations:
        if place.why:
            _log_skip(bot, place.space_id, place.why, message_id=message.id)
        yield place


HANDLERS: dict[tuple[str, str], Callable[[Services, Job], str]] = {
    ("messages", "created"): on_message,
    ("messages", "updated"): on_edited,
    ("messages", "deleted"): on_deleted,
    ("memberships", "created"): on_joined,
    ("memberships", "deleted"): on_left,
    ("attachmentActions", "created"): on_pressed,
    ("orders", ""): on_order,
}


def _log_skip(bot: Services, space_id: str, why: Why, **fields: object) -> None:
    bot.log.info("delivery.skipped", room_id=space_id, reason=why.value, why=bot.texts.why(why), **fields)


def _refuse(bot: Services, message: Message, why: Why) -> str:
    bot.log.info("sender.refused", message=message.id, why=why.value)
    if bot.config.source.tell_refused and why is not Why.SENDER_IS_BOT:
        _answer(bot, message, "refused", bot.texts.say("refused", why=bot.texts.why(why)))
    return f"refused: {why}"


def _answer(bot: Services, message: Message, kind: str, text: str) -> None:
    key = f"{kind}:{message.id}"
    bot.say(Reply(key=key, markdown=text, space_id=message.space_id, parent_id=message.thread_id))


try:
    app = create_app()
except ConfigError as error:
    sys.exit(str(error))

if __name__ == "__main__":
    serve(app)
