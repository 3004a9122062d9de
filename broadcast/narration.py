"""What the sender reads in the thread of his message while a broadcast is on its way. Pure: no I/O, no clock.

The outcome is in `reports.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from broadcast.compose import SAFE
from broadcast.errors import Refused
from broadcast.markup import inline
from broadcast.model import Broadcast, Kind, SpaceKind, State, Tally, Why
from broadcast.reports import reasons
from broadcast.retry import is_permanent
from broadcast.texts import Texts

PROGRESS = {Kind.SEND: "progress", Kind.EDIT: "progress_edit", Kind.RECALL: "progress_recall"}


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """What is known about the time to come: `rate` in messages a second, `ahead` deliveries of earlier broadcasts.

    `paused_until` and `outage_until` are times at which the bot goes on or tries again; `link` leads to the live page.
    """

    rate: float = 0.0
    ahead: int = 0
    paused_until: float | None = None
    outage_until: float | None = None
    link: str = ""

    def seconds_for(self, count: int) -> float:
        """Return how long so many deliveries take, with those ahead; 0 while the rate is not known."""
        return (count + self.ahead) / self.rate if self.rate else 0.0


def duration(seconds: float, texts: Texts) -> str:
    """Return a time in words, rounded up to what a person cares about."""
    if seconds < 90:
        return texts.say("duration_seconds", count=max(1, round(seconds)))
    if seconds < 90 * 60:
        return texts.say("duration_minutes", count=round(seconds / 60))
    return texts.say("duration_hours", count=round(seconds / 3600))


def clock_time(at: float) -> str:
    """Return the time of the day, in UTC and said to be so."""
    return in_utc(at, "%H:%M UTC")


def in_utc(at: float, pattern: str = "%Y-%m-%d %H:%M:%S UTC") -> str:
    """Return a time in UTC."""
    return datetime.fromtimestamp(at, UTC).strftime(pattern)


def in_groups(number: int, texts: Texts) -> str:
    """Return a number with its thousands set apart, as the language does it."""
    return f"{number:,}" if texts.locale.startswith("en") else f"{number:,}".replace(",", "\N{NO-BREAK SPACE}")


def opened_text(tallies: Sequence[Tally], outlook: Outlook, texts: Texts) -> str:
    """Return what is said as soon as a broadcast is open: to how many, where not and why, and how long it takes."""
    included = [tally for tally in tallies if tally.state is not State.SKIPPED]
    skipped = [tally for tally in tallies if tally.state is State.SKIPPED]
    lines = [_audience("opened", included, outlook, texts)]
    if outlook.ahead:
        lines.append(texts.say("opened_behind", ahead=outlook.ahead))
    if skipped:
        lines.append(reasons("outcome_skipped", skipped, texts, examples=0))
    if outlook.link:
        lines.append(texts.say("live_page", link=outlook.link))
    return "\n\n".join(lines)


def audience_text(key: str, tallies: Sequence[Tally], outlook: Outlook, texts: Texts, *, examples: int = 3) -> str:
    """Return who would get a message and who would not, and why."""
    included = [tally for tally in tallies if tally.state is not State.SKIPPED]
    skipped = [tally for tally in tallies if tally.state is State.SKIPPED]
    for shown in (examples, 0):
        lines = [_audience(key, included, outlook, texts)]
        if skipped:
            lines.append(reasons("outcome_skipped", skipped, texts, examples=shown))
        text = "\n\n".join(lines)
        if len(text.encode()) < SAFE / 2:
            break
    return text


def _audience(key: str, included: Sequence[Tally], outlook: Outlook, texts: Texts) -> str:
    by_kind = {kind: sum(tally.count for tally in included if tally.kind is kind) for kind in SpaceKind}
    planned = sum(by_kind.values())
    seconds = outlook.seconds_for(planned)
    return texts.say(
        key,
        planned=planned,
        group=by_kind[SpaceKind.GROUP],
        direct=by_kind[SpaceKind.DIRECT],
        time=texts.say("opened_time", time=duration(seconds, texts)) if seconds else "",
    )


def progress_text(broadcast: Broadcast, outlook: Outlook, texts: Texts) -> str:
    """Return how far a broadcast is, and what it waits for."""
    counts = broadcast.counts
    to_do = counts.planned - counts.skipped
    if broadcast.finished_at is not None:
        return texts.say("progress_done", planned=to_do)
    done = to_do - counts.unsettled
    seconds = outlook.seconds_for(counts.unsettled)
    line = texts.say(
        PROGRESS[broadcast.kind],
        sent=counts.sent,
        planned=to_do,
        percent=round(100 * done / to_do) if to_do else 100,
        time=texts.say("progress_time", time=duration(seconds, texts)) if seconds else "",
    )
    return " ".join([line, *_waits(outlook, texts)])


def _waits(outlook: Outlook, texts: Texts) -> list[str]:
    if outlook.paused_until is not None:
        return [texts.say("progress_paused", until=clock_time(outlook.paused_until))]
    if outlook.outage_until is not None:
        return [texts.say("progress_outage", until=clock_time(outlook.outage_until))]
    return [texts.say("progress_behind")] if outlook.ahead else []


def given_up_text(error: Exception, texts: Texts) -> str:
    """Return that a message could not be passed on, and why: in Webex's own words where it said no for good."""
    if isinstance(error, Refused) and is_permanent(error):
        return texts.say("event_failed", reason=inline(error.fault))
    return texts.say("event_failed", reason=texts.why(Why.GAVE_UP))
