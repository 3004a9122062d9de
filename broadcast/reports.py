"""The outcome of a broadcast in words, for the sender's thread. Never quotes the message. No I/O.

The report is one message, so it is cut to what fits: all counts and reasons, and a few spaces by name.
"""

from collections.abc import Iterable, Sequence

from broadcast.compose import SAFE
from broadcast.links import space_link
from broadcast.markup import inline
from broadcast.model import Broadcast, Delivery, Kind, SpaceKind, State, Tally, Why
from broadcast.texts import Texts

LONGEST_TITLE = 60
HEADINGS = {
    Kind.SEND: {
        State.FAILED: "outcome_failed",
        State.SKIPPED: "outcome_skipped",
        State.UNKNOWN: "outcome_unknown",
    },
    Kind.EDIT: {
        State.FAILED: "outcome_not_edited",
        State.SKIPPED: "outcome_skipped",
        State.UNKNOWN: "outcome_unsure",
    },
    Kind.RECALL: {
        State.FAILED: "outcome_not_recalled",
        State.SKIPPED: "outcome_skipped",
        State.UNKNOWN: "outcome_unsure",
    },
}


def outcome_text(broadcast: Broadcast, tallies: Sequence[Tally], texts: Texts) -> str:
    """Return what became of a broadcast, as markdown of at most `SAFE` bytes."""
    for examples in (10, 3, 0):
        text = "\n\n".join(_paragraphs(broadcast, tallies, texts, examples))
        if len(text.encode()) <= SAFE:
            break
    return text


def _paragraphs(broadcast: Broadcast, tallies: Sequence[Tally], texts: Texts, examples: int) -> Iterable[str]:
    yield _done(broadcast, tallies, texts)
    if broadcast.cancelled_at is not None:
        yield texts.say("outcome_cancelled")
    if broadcast.card_refused:
        yield texts.say("card_as_file")
    for state, heading in HEADINGS[broadcast.kind].items():
        found = [tally for tally in tallies if tally.state is state]
        if found:
            yield reasons(heading, found, texts, examples=examples)


def _done(broadcast: Broadcast, tallies: Sequence[Tally], texts: Texts) -> str:
    counts = broadcast.counts
    if broadcast.kind is not Kind.SEND:
        if not (counts.sent or counts.failed or counts.unknown):
            return texts.say("outcome_nothing_to_change")
        return texts.say("outcome_edited" if broadcast.kind is Kind.EDIT else "outcome_recalled", count=counts.sent)
    if not (counts.sent or counts.failed or counts.unknown or broadcast.cancelled_at):
        return texts.say("outcome_nobody")
    by_kind = {tally.kind: tally.count for tally in tallies if tally.state is State.SENT}
    return texts.say(
        "outcome_done",
        sent=counts.sent,
        group=by_kind.get(SpaceKind.GROUP, 0),
        direct=by_kind.get(SpaceKind.DIRECT, 0),
    )


def reasons(heading: str, tallies: Sequence[Tally], texts: Texts, *, examples: int) -> str:
    """Return a heading with the number of all, and a line for each reason with some spaces by name."""
    whys = dict.fromkeys(tally.why for tally in tallies)
    lines = [_reason(why, [tally for tally in tallies if tally.why is why], texts, examples) for why in whys]
    total = sum(tally.count for tally in tallies)
    return "\n".join([texts.say(heading, count=total), *(f"- {line}" for line in lines)])


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
