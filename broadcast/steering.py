"""What a sender can do about a broadcast after it was opened: look, stop it, take it back, send again, change it.

The words come from a reply in the thread, a button, the live page, or an edit or deletion of the message itself; the
answer always goes into the thread. Everything here may be repeated after a crash without harm: what can be said is
said before it is done, because it is said once, and what an order has done already is known by its key.
"""

import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass

from broadcast import narration
from broadcast.commands import Command, Order, command_in, meant, question_in
from broadcast.errors import Refused
from broadcast.intake import body_of, content_of
from broadcast.links import same
from broadcast.markup import inline
from broadcast.model import (
    NOTHING,
    Broadcast,
    Change,
    Content,
    Event,
    Form,
    Kind,
    Message,
    Person,
    State,
    StoredFile,
    Why,
)
from broadcast.policy import may_send, may_steer
from broadcast.posting import post_in_thread, reply_about
from broadcast.reports import outcome_text
from broadcast.retry import is_permanent
from broadcast.services import Services
from broadcast.tables import csv_text

FAR_BACK = 50
SAME_TEXT = "the text is the same"
NOT_ARRIVED = [State.FAILED, State.UNKNOWN]
MOST_EDITS = 10
"""Edits that Webex takes of one message."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """An order as somebody gave it. `key` is the same when it is repeated; `text` is the new one of an edit."""

    key: str
    order: Order
    asked_at: float
    text: str = ""


def announce(bot: Services, broadcast: Broadcast) -> None:
    """Tell the sender to whom the message goes: once, however often this is called."""
    is_news = broadcast.finished_at is None and bot.config.report.in_thread
    if is_news and (reply := bot.voice.opened(broadcast, bot.ledger.tallies(broadcast.number, examples=0))):
        bot.say(reply)


def on_reply(bot: Services, message: Message, sender: Person, body: str, asked_at: float) -> str:
    """Do what a reply in a broadcast's thread asks for; return the outcome, or nothing where it is no command."""
    broadcast = _meant_in(bot, message.parent_id or "", sender)
    if broadcast is None or question_in(body):
        return ""
    command = command_in(body) or Command(order=Order.HELP, text=meant(body))
    wish = Wish(key=message.id, order=command.order, text=command.text, asked_at=asked_at)
    if command_in(body) is None:
        if command.text:
            _say(bot, broadcast, wish, bot.texts.say("steer_did_you_mean", word=command.text))
        return "nearly a command" if command.text else ""
    return obey(bot, broadcast, wish, sender)


def _meant_in(bot: Services, thread_id: str, person: Person) -> Broadcast | None:
    """Return the broadcast that a word in a thread is about: one's own, that of the thread's message, any other."""
    own = (one for one in bot.ledger.broadcasts_of(person.id, limit=FAR_BACK) if one.thread_id == thread_id)
    return next(own, None) or bot.ledger.broadcast_of(thread_id) or bot.ledger.broadcast_in_thread(thread_id)


def obey(bot: Services, broadcast: Broadcast, wish: Wish, person: Person) -> str:
    """Carry out an order, if the person may give it."""
    if not may_steer(person, broadcast.sender_id, bot.config.source):
        _say(bot, broadcast, wish, bot.texts.say("steer_not_yours", name=inline(broadcast.sender_name)))
        return "not theirs to steer"
    return carry_out(bot, broadcast, wish)


def carry_out(bot: Services, broadcast: Broadcast, wish: Wish) -> str:
    """Carry out an order; return the outcome."""
    bot.log.info("broadcast.steered", broadcast=broadcast.number, order=wish.order.value)
    if wish.order is Order.REPORT:
        _report(bot, broadcast)
    else:
        with bot.telling:
            # As it is now: another order may have changed it while this one waited.
            _carry_out(bot, bot.ledger.broadcast(broadcast.number) or broadcast, wish)
    return wish.order.value


def _carry_out(bot: Services, broadcast: Broadcast, wish: Wish) -> None:
    match wish.order:
        case Order.STATUS:
            _say(bot, broadcast, wish, status_text(bot, broadcast), bot.voice.orders(broadcast))
        case Order.CANCEL:
            _cancel(bot, broadcast, wish)
        case Order.RECALL:
            recall(bot, broadcast, wish)
        case Order.RETRY | Order.RETRY_UNKNOWN:
            _retry(bot, broadcast, wish)
        case Order.EDIT:
            edit(bot, broadcast, wish)
        case Order.HELP:
            _say(bot, broadcast, wish, bot.texts.say("steer_help"))


def status_text(bot: Services, broadcast: Broadcast) -> str:
    """Return how far a broadcast and its changes are."""
    lines = []
    for one in (broadcast, *bot.ledger.changes_of(broadcast.number)):
        if one.finished_at is None:
            lines.append(narration.progress_text(one, bot.voice.outlook(one), bot.texts))
        else:
            lines.append(outcome_text(one, bot.ledger.tallies(one.number, examples=0), bot.texts))
    if link := bot.voice.link_to(broadcast):
        lines.append(bot.texts.say("live_page", link=link))
    return "\n\n".join(lines)


def recall(bot: Services, broadcast: Broadcast, wish: Wish, text: str = "steer_recalling", **values: str) -> None:
    """Take every copy back, and send no more."""
    before, opener = _recall_of(bot, broadcast), f"recalled_by:{broadcast.number}"
    if before is None:
        bot.ledger.remember(opener, wish.key, noted_at=bot.clock.now())
        opened = _open_recall(bot, broadcast, wish.asked_at)
        waiting = _held_back(bot, broadcast)
        _log_cancelled(bot, broadcast, 0 if broadcast.cancelled_at else waiting)
    else:
        is_repeated = bot.ledger.recall(opener) == wish.key
        opened, waiting = (before, _held_back(bot, broadcast)) if is_repeated else (None, 0)
    if opened:
        _say(bot, broadcast, wish, bot.texts.say(text, count=opened.counts.planned, waiting=waiting, **values))
        return
    # Where it could not be opened, the page and the thread have asked for it at the same moment.
    before = before or _recall_of(bot, broadcast)
    if before and before.finished_at is None:
        running = narration.progress_text(before, bot.voice.outlook(before), bot.texts)
        _say(bot, broadcast, wish, bot.texts.say("steer_recall_runs", text=running))
    elif before:
        again = _not_arrived(before)
        key = "steer_recalling_again" if again else "steer_recall_done"
        _say(bot, broadcast, wish, bot.texts.say(key, count=again))
        if again:
            _send_again(bot, before, wish, NOT_ARRIVED)


def _open_recall(bot: Services, broadcast: Broadcast, asked_at: float) -> Broadcast | None:
    key = f"recall:{broadcast.source_id}"
    change = Change(key=key, kind=Kind.RECALL, root=broadcast.number, asked_at=asked_at)
    return bot.ledger.broadcast(bot.open_change(change) or 0)


def edit(bot: Services, broadcast: Broadcast, wish: Wish) -> None:
    """Give every copy a new text."""
    content = _new_content(bot, broadcast, wish.text) if wish.text else NOTHING
    key = _edit_key(broadcast, wish, content)
    opened = bot.ledger.broadcast_of(key)
    if opened is None:
        refusal = _why_not_edit(bot, broadcast, content)
        if refusal == "steer_same_text" and (unfinished := _edit_to_finish(bot, broadcast)):
            _edit_again(bot, broadcast, wish, unfinished)
            return
        if refusal:
            _say(bot, broadcast, wish, bot.texts.say(refusal))
            return
        change = Change(key=key, kind=Kind.EDIT, root=broadcast.number, content=content, asked_at=wish.asked_at)
        opened = bot.ledger.broadcast(bot.open_change(change) or 0)
    if opened:
        _say(bot, broadcast, wish, bot.texts.say("steer_editing", count=opened.counts.planned))


def _edit_key(broadcast: Broadcast, wish: Wish, content: Content) -> str:
    """Return what stands for this order with this text: a message that is read again may say something else."""
    return f"edit:{broadcast.source_id}:{wish.key}:{content.digest}"


def follow_source(bot: Services, broadcast: Broadcast, message: Message, sender: Person, event: Event) -> str:
    """Pass an edit of the sender's message on, if its text has changed."""
    me, rules = bot.me(), bot.config
    body = body_of(message, me, allow_all=rules.destination.allow_mention_all)
    # What cannot be edited is said once: nobody knows what else makes Webex say that a message was updated.
    key = event.key if broadcast.form is Form.TEXT else broadcast.source_id
    wish = Wish(key=key, order=Order.EDIT, text=body, asked_at=event.asked_at)
    # A text that was followed before is no news, even if a reply has brought another one since.
    followed = f"followed:{broadcast.number}"
    content, before = _new_content(bot, broadcast, body), bot.ledger.recall(followed) or broadcast.digest
    digest, is_begun = content.digest, bot.ledger.broadcast_of(_edit_key(broadcast, wish, content)) is not None
    if broadcast.form is Form.TEXT and not is_begun and digest in (before, _digest_now(bot, broadcast)):
        bot.ledger.remember(followed, digest, noted_at=bot.clock.now())
        return SAME_TEXT
    verdict = may_send(sender, me, rules.source)
    if not verdict.allowed:
        _say(bot, broadcast, wish, bot.texts.say("steer_edit_refused", why=bot.texts.why(verdict.why)))
        return "refused"
    with bot.telling:
        edit(bot, broadcast, wish)
    bot.ledger.remember(followed, digest, noted_at=bot.clock.now())
    return "edited"


def follow_deletion(bot: Services, broadcast: Broadcast, event: Event) -> str:
    """Take every copy back of a message that its sender, or an administrator, has deleted; tell of others who did."""
    wish = Wish(key=event.key, order=Order.RECALL, asked_at=event.asked_at)
    when = narration.clock_time(broadcast.opened_at)
    if _is_by_others(bot, broadcast, event.actor_id):
        text = bot.texts.say("steer_deleted_by_other", time=when)
        _say(bot, broadcast, wish, text, (Order.RECALL,) if _recall_of(bot, broadcast) is None else ())
        return "deleted by somebody else"
    with bot.telling:
        recall(bot, broadcast, wish, "steer_deleted", time=when)
    return "taken back"


def _is_by_others(bot: Services, broadcast: Broadcast, actor_id: str) -> bool:
    if not actor_id or same(actor_id, broadcast.sender_id):
        return False
    try:
        actor = bot.gateway.person(actor_id)
    except Refused as error:
        if not is_permanent(error):
            raise
        return True
    return not may_steer(actor, broadcast.sender_id, bot.config.source)


def is_same(bot: Services, message: Message, sender: Person, digest: str) -> bool:
    """Whether a message without a file still says what a digest was made of."""
    body = body_of(message, bot.me(), allow_all=bot.config.destination.allow_mention_all)
    return content_of(body, sender, None, bot.texts).digest == digest


def _cancel(bot: Services, broadcast: Broadcast, wish: Wish) -> None:
    waiting = bot.ledger.cancel(broadcast.number, bot.clock.now())
    _log_cancelled(bot, broadcast, waiting)
    now = bot.ledger.broadcast(broadcast.number) or broadcast
    counts, texts = now.counts, bot.texts
    if not waiting and now.cancelled_at:
        waiting = _held_back(bot, broadcast)
    if not waiting and now.cancelled_at is None:
        said = texts.say("steer_nothing_waits", sent=counts.sent, failed=counts.failed, unknown=counts.unknown)
    else:
        said = texts.say("steer_cancelled", waiting=waiting, sent=counts.sent + counts.sending)
    reached = counts.sent + counts.sending + counts.unknown
    if reached and _recall_of(bot, broadcast) is None:
        said += "\n\n" + texts.say("steer_cancelled_recall")
    _say(bot, broadcast, wish, said, (Order.RECALL,) if reached else ())
    bot.ring()


def _held_back(bot: Services, broadcast: Broadcast) -> int:
    """Return how many were cancelled."""
    tallies = bot.ledger.tallies(broadcast.number, examples=0)
    return sum(tally.count for tally in tallies if tally.why is Why.CANCELLED)


def _log_cancelled(bot: Services, broadcast: Broadcast, count: int) -> None:
    """Tell the log about every space that is left out now, as it is told about those left out from the start."""
    if count:
        for place in bot.ledger.deliveries(broadcast.number):
            if place.why is Why.CANCELLED:
                why = bot.texts.why(Why.CANCELLED)
                fields = {"broadcast": broadcast.number, "reason": Why.CANCELLED.value, "why": why}
                bot.log.info("delivery.skipped", room_id=place.space_id, **fields)


def _retry(bot: Services, broadcast: Broadcast, wish: Wish) -> None:
    texts, counts = bot.texts, broadcast.counts
    is_unknown = wish.order is Order.RETRY_UNKNOWN
    count, left = (counts.unknown, 0) if is_unknown else (counts.failed, counts.unknown)
    hint = "\n\n" + texts.say("steer_unknown_left", count=left) if left else ""
    if _recall_of(bot, broadcast):
        said = texts.say("steer_was_recalled")
    elif broadcast.finished_at is None:
        said = texts.say("steer_still_runs")
    elif count:
        _say(bot, broadcast, wish, texts.say("steer_retrying", count=count) + hint)
        _send_again(bot, broadcast, wish, [State.UNKNOWN if is_unknown else State.FAILED])
        return
    elif not is_unknown and (unfinished := _edit_to_finish(bot, broadcast)):
        _edit_again(bot, broadcast, wish, unfinished, hint)
        return
    else:
        said = texts.say("steer_nothing_unknown" if is_unknown else "steer_nothing_failed")
    _say(bot, broadcast, wish, said + hint)


def _report(bot: Services, broadcast: Broadcast) -> None:
    folder = bot.files / f"report-{broadcast.number}-{secrets.token_hex(4)}"
    path = folder / "content"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(csv_text(bot.ledger.deliveries(broadcast.number), bot.texts), encoding="utf-8", newline="")
    name = f"broadcast-{broadcast.number}.csv"
    file = StoredFile(path=path, name=name, content_type="text/csv", size=path.stat().st_size)
    said = bot.texts.say("steer_report", count=broadcast.counts.planned)
    content = Content(group_parts=(said,), direct_parts=(said,), form=Form.FILE, file=file)
    try:
        post_in_thread(bot.gateway, broadcast.space_id, said, thread_id=broadcast.thread_id, forms=[content])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _edit_to_finish(bot: Services, broadcast: Broadcast) -> Broadcast | None:
    """Return the newest edit if it is over and did not arrive everywhere."""
    newest = next(reversed(_edits_of(bot, broadcast)), None)
    return newest if newest and newest.finished_at is not None and _not_arrived(newest) else None


def _edit_again(bot: Services, broadcast: Broadcast, wish: Wish, change: Broadcast, hint: str = "") -> None:
    _say(bot, broadcast, wish, bot.texts.say("steer_editing_again", count=_not_arrived(change)) + hint)
    _send_again(bot, change, wish, NOT_ARRIVED)


def _send_again(bot: Services, broadcast: Broadcast, wish: Wish, states: Sequence[State]) -> None:
    """Have it sent once more, but once for an order: one that is repeated may find it over for the second time."""
    note, finished = f"again:{broadcast.number}:{wish.key}", repr(broadcast.finished_at)
    if bot.ledger.recall(note) in (None, finished):
        bot.ledger.remember(note, finished, noted_at=bot.clock.now())
        bot.send_again(broadcast.number, states)


def _not_arrived(change: Broadcast) -> int:
    return change.counts.failed + change.counts.unknown


def _why_not_edit(bot: Services, broadcast: Broadcast, content: Content) -> str:
    if _recall_of(bot, broadcast):
        return "steer_was_recalled"
    if broadcast.form is not Form.TEXT:
        return "steer_edit_form"
    if not content.group_parts:
        return "steer_edit_empty"
    edits = _edits_of(bot, broadcast)
    if len(edits) >= MOST_EDITS:
        return "steer_edit_spent"
    # After an edit that was cancelled in the middle the copies have either text.
    is_mixed = bool(edits) and edits[-1].cancelled_at is not None
    return "steer_same_text" if content.digest == _digest_now(bot, broadcast) and not is_mixed else ""


def _new_content(bot: Services, broadcast: Broadcast, body: str) -> Content:
    sender = Person(id=broadcast.sender_id, name=broadcast.sender_name, emails=(broadcast.sender_email,))
    return content_of(body, sender, None, bot.texts)


def _recall_of(bot: Services, broadcast: Broadcast) -> Broadcast | None:
    return next((one for one in bot.ledger.changes_of(broadcast.number) if one.kind is Kind.RECALL), None)


def _digest_now(bot: Services, broadcast: Broadcast) -> str:
    """Return what tells the text that the copies have, or will have, from others."""
    return [broadcast, *_edits_of(bot, broadcast)][-1].digest


def _edits_of(bot: Services, broadcast: Broadcast) -> list[Broadcast]:
    return [one for one in bot.ledger.changes_of(broadcast.number) if one.kind is Kind.EDIT]


def _say(bot: Services, broadcast: Broadcast, wish: Wish, text: str, orders: tuple[Order, ...] = ()) -> None:
    bot.say(reply_about(broadcast, f"steer:{wish.order}:{wish.key}", text, bot.voice.buttons(broadcast, orders)))
