"""The questions that begin with a slash: `/help`, `/spaces`, `/history`."""

from broadcast import narration
from broadcast.audience import tallies_of
from broadcast.model import Broadcast, Message, Person, Reply, SpaceKind
from broadcast.services import Services

LATELY = 10
MINUTE = "%Y-%m-%d %H:%M UTC"


def answer(bot: Services, question: str, message: Message, sender: Person) -> str:
    """Answer a question that begins with a slash; what a person has sent is told to that person alone."""
    is_private = question == "/history" and message.space_kind is not SpaceKind.DIRECT
    bot.say(
        Reply(
            key=f"{question}:{message.id}",
            markdown=_answer_to(bot, question, sender),
            space_id="" if is_private else message.space_id,
            parent_id=None if is_private else message.thread_id,
            person_id=sender.id if is_private else "",
        )
    )
    return question


def _answer_to(bot: Services, question: str, sender: Person) -> str:
    if question == "/history":
        return _history_text(bot, sender)
    if question == "/help":
        return bot.texts.say("slash_help")
    places = bot.audience.of(sender, bot.me(), bot.config.destination)
    return narration.audience_text("slash_spaces", tallies_of(places), narration.Outlook(), bot.texts)


def _history_text(bot: Services, sender: Person) -> str:
    found = bot.ledger.broadcasts_of(sender.id, limit=LATELY)
    if not found:
        return bot.texts.say("slash_history_none")
    lines = [
        bot.texts.say("slash_history_line", time=narration.in_utc(one.opened_at, MINUTE), **_counts(one))
        for one in found
    ]
    text = "\n".join(f"- {line}" for line in lines)
    link = bot.voice.history_link(sender.id)
    return f"{text}\n\n{bot.texts.say('slash_history_page', link=link)}" if link else text


def _counts(broadcast: Broadcast) -> dict[str, int]:
    counts = broadcast.counts
    return {
        "planned": counts.planned,
        "sent": counts.sent,
        "failed": counts.failed,
        "skipped": counts.skipped,
        "unknown": counts.unknown,
    }
