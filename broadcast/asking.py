"""Look before you leap: a message that waits for its sender's word before it goes out.

The question is written into the ledger, so it outlives a restart; it is dropped after an hour, when the message changes
and when it has been answered. Opens no broadcast itself.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from math import ceil

from broadcast import narration
from broadcast.audience import tallies_of
from broadcast.buttons import card
from broadcast.commands import Order
from broadcast.config import Config
from broadcast.links import same, space_link
from broadcast.markup import inline
from broadcast.model import Content, Destination, Form, Message, Person, Reply, SpaceKind, Why
from broadcast.posting import post_in_thread
from broadcast.services import Services

ASK_SECONDS = 3600.0
SAMPLE = 5
HOUR = 3600.0


@dataclass(frozen=True, kw_only=True)
class Question:
    """A message that waits for its sender's word; `state` is "open", "sending" or how it was decided."""

    source_id: str
    space_id: str
    thread_id: str
    sender_id: str
    sender_name: str
    digest: str
    until: float
    state: str = "open"

    @property
    def is_open(self) -> bool:
        """Whether it can still be decided."""
        return self.state in ("open", "sending")


def is_needed(config: Config) -> bool:
    """Whether any rule of the configuration may make the bot ask."""
    rules = (config.confirm.above, config.guard.same_within_minutes, config.guard.most_per_hour)
    return any(rule is not None for rule in rules)


def reasons(bot: Services, sender: Person, content: Content, planned: int) -> list[str]:
    """Return why the sender should be asked before this goes out; nothing where he need not be."""
    config, now = bot.config, bot.clock.now()
    found: list[str] = []
    if config.confirm.above is not None and planned > config.confirm.above:
        found.append(bot.texts.say("ask_many", above=config.confirm.above))
    guard = config.guard
    is_guarded = guard.same_within_minutes is not None or guard.most_per_hour is not None
    recent = bot.ledger.broadcasts_of(sender.id, limit=max(guard.most_per_hour or 0, 50)) if is_guarded else []
    if guard.same_within_minutes is not None:
        ages = [now - one.opened_at for one in recent if one.digest == content.digest]
        if ages and min(ages) < guard.same_within_minutes * 60:
            found.append(bot.texts.say("ask_same", minutes=max(1, ceil(min(ages) / 60))))
    if guard.most_per_hour is not None:
        count = sum(now - one.opened_at < HOUR for one in recent)
        if count >= guard.most_per_hour:
            found.append(bot.texts.say("ask_often", count=count))
    return found


def ask(
    bot: Services,
    message: Message,
    sender: Person,
    content: Content,
    *,
    places: Sequence[Destination],
    why: Sequence[str],
) -> str:
    """Show the sender what would go out, and to whom, and ask; return the outcome."""
    question = Question(
        source_id=message.id,
        space_id=message.space_id,
        thread_id=message.thread_id,
        sender_id=sender.id,
        sender_name=sender.name,
        digest=content.digest,
        until=bot.clock.now() + ASK_SECONDS,
    )
    if find(bot, message.id) is None:
        _keep(bot, question)
        bot.ledger.remember(_thread_key(message.thread_id), message.id, noted_at=bot.clock.now())
    _show(bot, message, content, places)
    text = "\n\n".join([*_audience(bot, places), *why, _until(bot, question)])
    bot.say(
        Reply(
            key=f"ask:{message.id}",
            markdown=text,
            space_id=message.space_id,
            parent_id=message.thread_id,
            card=card(text, _buttons(bot, message.id)),
        )
    )
    return "asked"


def find(bot: Services, source_id: str) -> Question | None:
    """Return the question about a message, decided or not."""
    kept = bot.ledger.recall(_key(source_id))
    return Question(**json.loads(kept)) if kept else None


def find_in_thread(bot: Services, thread_id: str | None) -> Question | None:
    """Return the newest question in a thread, decided or not."""
    source_id = bot.ledger.recall(_thread_key(thread_id)) if thread_id else None
    return find(bot, source_id) if source_id else None


def waits_for(bot: Services, question: Question, person: Person) -> bool:
    """Whether a question can still be decided, and by this person."""
    is_in_time = question.state == "sending" or bot.clock.now() <= question.until
    is_undecided = question.is_open and not bot.ledger.is_open(question.source_id)
    return is_in_time and is_undecided and same(person.id, question.sender_id)


def decide(bot: Services, question: Question, order: Order, person_id: str, key: str) -> bool:
    """Take somebody's word on a question; say whether the message is to be sent now."""
    if not same(person_id, question.sender_id):
        _answer(bot, question, key, bot.texts.say("ask_not_yours", name=inline(question.sender_name)))
    elif not question.is_open or bot.ledger.is_open(question.source_id):
        _answer(bot, question, key, bot.texts.say("ask_over"))
    elif question.state == "open" and bot.clock.now() > question.until:
        close(bot, question, "expired", "ask_expired", key)
    elif order is Order.SEND:
        _keep(bot, replace(question, state="sending"))
        return True
    else:
        close(bot, question, "dropped", "ask_dropped", key)
    return False


def close(bot: Services, question: Question, state: str, text: str = "", key: str = "") -> None:
    """Note how a question was decided, and say so where there is a text for it."""
    _keep(bot, replace(question, state=state))
    if text:
        _answer(bot, question, key, bot.texts.say(text))


def _show(bot: Services, message: Message, content: Content, destinations: Sequence[Destination]) -> None:
    """Post what would go out, as it would go out, but for the mention of everybody: nobody is called for a draft."""
    kinds = {place.kind for place in destinations if place.why is Why.NONE}
    kind = SpaceKind.GROUP if SpaceKind.GROUP in kinds else SpaceKind.DIRECT
    post = partial(post_in_thread, bot.gateway, message.space_id, thread_id=message.thread_id)
    post(bot.texts.say("ask_preview"))
    first, *others = (part.replace("<@all>", "@all") for part in content.parts(kind))
    post(first, forms=[content, replace(content, form=Form.FILE)] if content.form is Form.UNTRIED else [content])
    for part in others:
        post(part)


def _audience(bot: Services, destinations: Sequence[Destination]) -> list[str]:
    included = [place for place in destinations if place.why is Why.NONE]
    texts = bot.texts
    lines = [narration.audience_text("ask_heading", tallies_of(destinations), bot.voice.outlook(), texts)]
    if included:
        names = [
            texts.say("outcome_space", space=inline(place.title[:60]) or "…", link=space_link(place.space_id))
            for place in included[:SAMPLE]
        ]
        lines.append(texts.say("ask_sample", names=", ".join(names)))
    return lines


def _until(bot: Services, question: Question) -> str:
    return bot.texts.say("ask_until", until=narration.clock_time(question.until))


def _buttons(bot: Services, source_id: str) -> list[tuple[str, dict[str, str]]]:
    return [
        (bot.texts.say(f"button_{order}"), bot.voice.seal.inputs(order, source_id))
        for order in (Order.SEND, Order.DROP)
    ]


def _answer(bot: Services, question: Question, key: str, text: str) -> None:
    bot.say(Reply(key=f"asked:{key}", markdown=text, space_id=question.space_id, parent_id=question.thread_id))


def _keep(bot: Services, question: Question) -> None:
    bot.ledger.remember(_key(question.source_id), json.dumps(asdict(question)), noted_at=bot.clock.now())


def _key(source_id: str) -> str:
    return f"ask:{source_id}"


def _thread_key(thread_id: str) -> str:
    return f"ask-thread:{thread_id}"
