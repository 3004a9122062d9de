"""The outcome of a broadcast in words, for the sender's thread. Never quotes the message. No I/O.

The report is one message, so it is cut to what fits: all counts and reasons, and a few spaces by name.
"""

from collections.abc import Iterable, Sequence

from broadcast.compose import SAFE
from broadcast.links import space_link
from broadcast.markup import inline
from broadcast.model import Broadcast, Delivery, SpaceKind, State, Tally, Why
from broadcast.texts import Texts

LONGEST_TITLE = 60
HEADINGS = {
    State.FAILED: "outcome_failed",
    State.SKIPPED: "outcome_skipped",
    State.UNKNOWN: "outcome_unknown",
}


def outcome_text(broadcast: Broadcast, tallies: Sequence[Tally], texts: Texts) -> str:
    """Return what became of a broadcast, as markdown of at most `SAFE` bytes."""
    for examples in (10, 3, 0):
        text = "\n\n".join(_paragraphs(broadcast, tallies, texts, examples))
        if len(text.encode()) <= SAFE:
            break
    return text


def _paragraphs(broadcast: Broadcast, tallies: Sequence[Tally], texts: Texts, examples: int) -> Iterable[str]:
    yield _sent(broadcast, tallies, texts)
    if broadcast.card_refused:
        yield texts.say("card_as_file")
    for state, heading in HEADINGS.items():
        found = [tally for tally in tallies if tally.state is state]
        if found:
            yield (
                texts.say(heading, count=sum(tally.count for tally in found)) + "\n" + _reasons(found, texts, examples)
            )


def _sent(broadcast: Broadcast, tallies: Sequence[Tally], texts: Texts) -> str:
    counts = broadcast.counts
    if not (counts.sent or counts.failed or counts.unknown):
        return texts.say("outcome_nobody")
    by_kind = {tally.kind: tally.count for tally in tallies if tally.state is State.SENT}
    return texts.say(
        "outcome_done",
        sent=counts.sent,
        group=by_kind.get(SpaceKind.GROUP, 0),
        direct=by_kind.get(SpaceKind.DIRECT, 0),
    )


def _reasons(tallies: Sequence[Tally], texts: Texts, examples: int) -> str:
    whys = dict.fromkeys(tally.why for tally in tallies)
    return "\n".join(
        f"- {_reason(why, [tally for tally in tallies if tally.why is why], texts, examples)}" for why in whys
    )


def _reason(why: Why, tallies: Sequence[Tally], texts: Texts, examples: int) -> str:
    count = sum(tally.count for tally in tallies)
    line = texts.say("outcome_reason", count=count, why=texts.why(why))
    shown = [delivery for tally in tallies for delivery in tally.examples][:examples]
    names = [_name(delivery, texts) for delivery in shown]
    if names and count > len(names):
        names.append(texts.say("outcome_more", count=count - len(names)))
    return f"{line}: {', '.join(names)}" if names else line


def _name(delivery: Delivery, texts: Texts) -> str:
    title = inline(delivery.title[:LONGEST_TITLE]) or "…"
    return texts.say("outcome_space", space=title, link=space_link(delivery.space_id))
