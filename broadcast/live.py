"""The live pages: what became of a broadcast, and what a person has sent, in a browser.

Whoever holds a valid ticket sees and steers. Nothing is sent or changed here: an order is written down, and carried out
by the worker. Everything works without JavaScript; with it, the parts of a page are replaced while it is open.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NoReturn, cast

from flask import Blueprint, Response, abort, current_app, g, jsonify, make_response, redirect, render_template, request
from flask import url_for as address_of
from werkzeug.wrappers import Response as AnyResponse

from broadcast import tickets
from broadcast.commands import Order
from broadcast.model import Broadcast, Delivery, Kind, State
from broadcast.narration import duration, in_groups, in_utc
from broadcast.pacing import PAUSE_KEY
from broadcast.services import Services
from broadcast.standing import Progress, content_key, possible_orders, state_key
from broadcast.tables import ROWS_A_PAGE, Plot, Query, Slice, Sort, csv_text, rate, select
from broadcast.texts import Texts
from broadcast.tickets import Page, Ticket

live = Blueprint("live", __name__)

PARTS = ("status", "orders", "changes", "table")
PAUSE_WORTH_A_WORD = 5.0
STEP_PERCENT = 10
"""How often a screen reader tells the progress."""

STATES = (State.SENT, State.FAILED, State.UNKNOWN, State.SKIPPED, State.SENDING, State.WAITING)
BROADCASTS_A_PAGE = 100
MOST_BROADCASTS = 1000
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'nonce-{nonce}'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A broadcast as others name it: how far it is, where it stands in a sentence, and the link to its own page."""

    progress: Progress
    sentence: str
    link: str

    @property
    def gaps(self) -> list[tuple[State, int]]:
        """Where not everybody has it: states, and how many deliveries are in them."""
        counts = self.progress.counts
        found = {State.FAILED: counts.failed, State.UNKNOWN: counts.unknown, State.SKIPPED: counts.skipped}
        return [(state, count) for state, count in found.items() if count]


@dataclass(frozen=True, kw_only=True)
class View:
    """What the page of one broadcast shows. `orders` are those that make sense now, `origin` links to what it changes.

    `left` is how long it will take, in words, where that can be said; `took` how long it did, since it was opened or
    sent again last, as the plot; `paused_until` belongs behind the sentence.
    """

    texts: Texts
    ticket: str
    form_key: str
    expires_at: float
    broadcast: Broadcast
    progress: Progress
    sentence: str
    paused_until: float | None
    left: str
    took: str
    changes: tuple[Entry, ...]
    origin: str
    orders: tuple[Order, ...]
    may_steer: bool
    plot: Plot
    query: Query
    table: Slice

    @property
    def title(self) -> str:
        """What the page is about."""
        return self.texts.say(f"page_live_title_{self.broadcast.kind}", number=self.broadcast.root)

    @property
    def is_running(self) -> bool:
        """Whether anything is still being done."""
        progresses = (self.progress, *(change.progress for change in self.changes))
        return any(progress.broadcast.finished_at is None for progress in progresses)

    @property
    def is_recalled(self) -> bool:
        """Whether it was, or is being, taken back."""
        return any(change.progress.broadcast.kind is Kind.RECALL for change in self.changes)

    @property
    def peak(self) -> str:
        """The highest rate, in words."""
        peak = self.plot.peak
        if peak >= 1:
            return self.texts.say("page_live_rate_second", rate=in_groups(round(peak), self.texts))
        return self.texts.say("page_live_rate_minute", rate=in_groups(max(1, round(peak * 60)), self.texts))

    @property
    def found(self) -> str:
        """Which rows the table shows, in words."""
        if not self.table.rows:
            return self.texts.say("page_live_found_none")
        first = (self.table.page - 1) * ROWS_A_PAGE + 1
        shown = (first, first + len(self.table.rows) - 1, self.table.matching)
        first_words, last_words, matching = (in_groups(number, self.texts) for number in shown)
        return self.texts.say("page_live_found", first=first_words, last=last_words, matching=matching)

    @property
    def news(self) -> str:
        """What a screen reader tells; it changes in steps only."""
        if not self.is_running:
            return self.sentence
        percent = self.progress.percent // STEP_PERCENT * STEP_PERCENT
        return self.texts.say("page_live_progress", percent=percent)

    def link(self, query: Query) -> str:
        """Return the address of this page with another view of its table."""
        return address_of("live.broadcast", ticket=self.ticket, **cast("dict[str, Any]", query.args))


# Routes


@live.get("/broadcasts/<ticket>")
def broadcast(ticket: str) -> str:
    """Show what became of a broadcast."""
    return render_template("live.html", view=_view(ticket), said=request.args.get("said", ""))


@live.get("/broadcasts/<ticket>/state")
def state(ticket: str) -> Response:
    """Return the parts of the page as they are now."""
    view = _view(ticket)
    parts = {name: render_template(f"live_{name}.html", view=view) for name in PARTS}
    return jsonify(running=view.is_running, news=view.news, parts=parts)


@live.get("/broadcasts/<ticket>/report.csv")
def report(ticket: str) -> Response:
    """Return every destination, with what became of it, as a file."""
    bot = _services()
    number = _broadcast_of(bot, ticket).number
    answer = Response(csv_text(bot.ledger.deliveries(number), bot.texts), mimetype="text/csv")
    answer.headers.set("Content-Disposition", "attachment", filename=f"broadcast-{number}.csv")
    return answer


@live.post("/broadcasts/<ticket>/orders")
def order(ticket: str) -> AnyResponse:
    """Write down what is to be done about a broadcast, and come back to its page."""
    bot = _services()
    found = _broadcast_of(bot, ticket)
    _check_form(bot, ticket)
    wish = next((one for one in _orders(bot, found) if one == request.form.get("do")), None)
    if wish:
        bot.order(found.root if found.kind is Kind.RECALL else found.number, wish)
    return redirect(address_of("live.broadcast", ticket=ticket, said=wish.name.lower() if wish else "late"), 303)


@live.post("/broadcasts/<ticket>/revoke")
def revoke(ticket: str) -> AnyResponse:
    """Make every link to a broadcast worthless, this one too."""
    bot = _services()
    found = _broadcast_of(bot, ticket)
    _check_form(bot, ticket)
    _raise(bot, tickets.broadcast_key(found))
    return redirect(address_of("live.broadcast", ticket=ticket), 303)


@live.get("/history/<ticket>")
def history(ticket: str) -> str:
    """Show what a person has sent, newest first."""
    bot = _services()
    opened = _history_ticket(bot, ticket)
    count = min(_number(request.args.get("count", "")) or BROADCASTS_A_PAGE, MOST_BROADCASTS)
    sent = bot.ledger.broadcasts_of(opened.subject, limit=count + 1)
    return render_template(
        "history.html",
        ticket=ticket,
        form_key=tickets.form_key(ticket, bot.settings.secret),
        expires_at=opened.expires_at,
        entries=[_entry(bot, one, opened) for one in sent[:count]],
        more=count + BROADCASTS_A_PAGE if len(sent) > count < MOST_BROADCASTS else 0,
    )


@live.post("/history/<ticket>/revoke")
def revoke_history(ticket: str) -> AnyResponse:
    """Make every link to a person's history worthless, this one too."""
    bot = _services()
    opened = _history_ticket(bot, ticket)
    _check_form(bot, ticket)
    _raise(bot, tickets.history_key(opened.subject))
    return redirect(address_of("live.history", ticket=ticket), 303)


# What is shown


def _view(text: str) -> View:
    bot, now = _services(), _services().clock.now()
    found = _broadcast_of(bot, text)
    ticket = _ticket(bot, text)
    changes = bot.ledger.changes_of(found.number) if found.kind is Kind.SEND else []
    deliveries = list(bot.ledger.deliveries(found.number))
    query, progress = Query.of(request.args), Progress(broadcast=found)
    pause = _pause(bot, found)
    begun_at, finished_at = bot.voice.begun_at(found), found.finished_at
    lately = deliveries if begun_at == found.opened_at else [one for one in deliveries if _since(one, begun_at)]
    plot = rate(lately, begun_at, finished_at or now)
    return View(
        texts=bot.texts,
        ticket=text,
        form_key=tickets.form_key(text, bot.settings.secret),
        expires_at=ticket.expires_at,
        broadcast=found,
        progress=progress,
        sentence=_sentence(bot, found, changes, is_paused=bool(pause)),
        paused_until=now + pause if pause else None,
        left="" if pause else _left(bot, progress, plot),
        took="" if finished_at is None else duration(finished_at - begun_at, bot.texts),
        changes=tuple(_entry(bot, one, ticket) for one in changes),
        origin=_origin(bot, found, ticket),
        orders=_orders(bot, found) if ticket.may_steer else (),
        may_steer=ticket.may_steer,
        plot=plot,
        query=query,
        table=select(deliveries, query, bot.texts, found.kind),
    )


def _since(delivery: Delivery, begun_at: float) -> bool:
    return delivery.settled_at is not None and delivery.settled_at >= begun_at


def _orders(bot: Services, broadcast: Broadcast) -> tuple[Order, ...]:
    return possible_orders(broadcast, bot.ledger.changes_of(broadcast.root))


def _sentence(bot: Services, broadcast: Broadcast, changes: Sequence[Broadcast], *, is_paused: bool) -> str:
    key = state_key(broadcast, changes)
    if is_paused:
        return bot.texts.say("page_live_is_paused")
    if key == "page_live_is_send" and _is_queued(bot, broadcast):
        return bot.texts.say("page_live_is_queued")
    return bot.texts.say(key)


def _is_queued(bot: Services, broadcast: Broadcast) -> bool:
    earlier = (one for one in bot.ledger.unfinished() if one.number < broadcast.number and one.counts.waiting)
    return not Progress(broadcast=broadcast).done and any(one.kind is Kind.SEND for one in earlier)


def _pause(bot: Services, broadcast: Broadcast) -> float:
    """Return for how many seconds Webex wants nothing to be sent; 0 where that is not worth a word."""
    # The process that shows the page need not be the one that sends.
    noted = float(bot.ledger.recall(PAUSE_KEY) or 0.0) - bot.clock.now()
    closed = max(bot.gate.closed_for(), noted)
    return closed if broadcast.finished_at is None and closed > PAUSE_WORTH_A_WORD else 0.0


def _left(bot: Services, progress: Progress, plot: Plot) -> str:
    """Return how long it will take, in words; nothing where that cannot be said."""
    recent = plot.recent(bot.clock.now())
    if progress.broadcast.finished_at is not None or not progress.counts.unsettled or not recent:
        return ""
    return duration(progress.counts.unsettled / recent, bot.texts)


def _entry(bot: Services, broadcast: Broadcast, ticket: Ticket) -> Entry:
    key = state_key(broadcast, bot.ledger.changes_of(broadcast.number))
    return Entry(
        progress=Progress(broadcast=broadcast),
        sentence=bot.texts.say(key),
        link=_link(bot, broadcast, ticket),
    )


def _origin(bot: Services, broadcast: Broadcast, ticket: Ticket) -> str:
    """Return the link to the broadcast that an edit or a recall changes."""
    if broadcast.kind is Kind.SEND:
        return ""
    root = bot.ledger.broadcast(broadcast.root)
    return _link(bot, root, ticket) if root else ""


def _link(bot: Services, broadcast: Broadcast, ticket: Ticket) -> str:
    """Return the link to another page, which lives no longer than this one."""
    generation = _generation(bot, tickets.broadcast_key(broadcast))
    may_steer = ticket.may_steer
    other = tickets.for_broadcast(broadcast, generation=generation, now=bot.clock.now(), may_steer=may_steer)
    text = tickets.sign(replace(other, expires_at=ticket.expires_at), bot.settings.secret)
    return address_of("live.broadcast", ticket=text)


# Who may see it


def _broadcast_of(bot: Services, text: str) -> Broadcast:
    ticket = _ticket(bot, text)
    if ticket.page is not Page.BROADCAST:
        abort(404)
    found = bot.ledger.broadcast(ticket.number)
    if found is None:
        _gone(bot)
    if not ticket.is_for(found):
        abort(404)
    _check_current(bot, ticket, tickets.broadcast_key(found))
    return found


def _history_ticket(bot: Services, text: str) -> Ticket:
    ticket = _ticket(bot, text)
    if ticket.page is not Page.HISTORY:
        abort(404)
    _check_current(bot, ticket, tickets.history_key(ticket.subject))
    return ticket


def _ticket(bot: Services, text: str) -> Ticket:
    return tickets.read(text, bot.settings.secret) or abort(404)


def _check_current(bot: Services, ticket: Ticket, key: str) -> None:
    if ticket.expires_at <= bot.clock.now() or ticket.generation != _generation(bot, key):
        _gone(bot)


def _check_form(bot: Services, text: str) -> None:
    if not _ticket(bot, text).may_steer:
        abort(403, bot.texts.say("page_live_look_only"))
    if not tickets.is_form_key(request.form.get("key", ""), text, bot.settings.secret):
        abort(400, bot.texts.say("page_live_form_refused"))


def _gone(bot: Services) -> NoReturn:
    abort(make_response(render_template("gone.html", texts=bot.texts), 410))


def _generation(bot: Services, key: str) -> int:
    return int(bot.ledger.recall(key) or 0)


def _raise(bot: Services, key: str) -> None:
    # As long as a link lives that was made until now, however soon the rest is forgotten.
    until = bot.clock.now() + tickets.LIVES_SECONDS
    bot.ledger.remember(key, str(_generation(bot, key) + 1), noted_at=until)


# What the templates need


@live.before_request
def _choose_nonce() -> None:
    g.nonce = secrets.token_urlsafe(16)


@live.after_request
def _allow_own_script(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = POLICY.format(nonce=g.nonce)
    return response


@live.context_processor
def _words() -> dict[str, object]:
    texts = _services().texts
    return {
        "texts": texts,
        "nonce": g.nonce,
        "in_utc": in_utc,
        "count": lambda number: in_groups(number, texts),
        "content_key": content_key,
        "states": STATES,
        "columns": tuple(Sort),
    }


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 7 else 0


def _services() -> Services:
    services: Services = current_app.extensions["broadcast"]
    return services
