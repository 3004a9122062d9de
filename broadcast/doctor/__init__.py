"""The doctor: looks at everything the bot needs, and says what is wrong and what to do about it, in English.

Mends nothing. It writes one remembered value into the ledger and takes the lease for a moment if nobody has it, both to
see that this can be done. What it finds holds no token, no secret and no setup key.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from broadcast.doctor import config, machine, webex, webhooks, work
from broadcast.doctor.findings import Finding, Grade, unseen
from broadcast.logs import redactor
from broadcast.services import ROOT, Services

__all__ = ["Finding", "Grade", "count", "examine"]


def examine(bot: Services, env_file: Path) -> Iterator[Finding]:
    """Yield what there is to say about everything the bot needs; `env_file` is where its variables may come from."""
    hide = redactor(bot.settings.token)
    for finding in _examine(bot, env_file):
        yield replace(finding, says=_printable(hide(finding.says)), remedy=_printable(hide(finding.remedy)))


def _examine(bot: Services, env_file: Path) -> Iterator[Finding]:
    yield from machine.versions(ROOT / "requirements.txt")
    yield from machine.settings(bot.settings)
    yield from machine.env_file(env_file)
    yield from config.examine(bot)
    yield machine.secret(bot.settings)
    me, found = webex.ask(bot)
    yield from found
    if me:
        yield from webex.account(bot, me)
        yield from webhooks.examine(bot)
    works, found = work.store(bot, me)
    yield from found
    yield from work.queue(bot) if works else (unseen("queue", "Not looked at, because the ledger does not work."),)


def count(findings: Iterable[Finding], grade: Grade) -> int:
    """Return how many findings are of a grade."""
    return sum(finding.grade is grade for finding in findings)


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)
