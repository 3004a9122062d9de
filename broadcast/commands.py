"""What people say to steer a broadcast: words in its thread, buttons of a card, questions with a slash. Pure.

Everything else they say is a message to be passed on.
"""

import re
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum

QUESTIONS = ("/help", "/spaces", "/history")
TRIM = r".,;:!?*_`\\\u2013\u2014\u2026-"
"""What people write around a word after a mention, or copy with it: punctuation and the signs of Markdown."""

SHORTEST_SLIP = 4
LIKENESS = 0.75


class Order(StrEnum):
    """What is to be done about a broadcast, or about a message that waits for its sender's word."""

    STATUS = "status"
    CANCEL = "cancel"
    RECALL = "recall"
    RETRY = "retry"
    RETRY_UNKNOWN = "retry unknown"
    REPORT = "report"
    HELP = "help"
    EDIT = "edit"
    SEND = "send"
    DROP = "drop"


WORDS = tuple(order.value for order in Order if order not in (Order.EDIT, Order.SEND, Order.DROP))
DECISIONS = {"send": Order.SEND, "cancel": Order.DROP}


@dataclass(frozen=True, kw_only=True)
class Command:
    """An order; an edit comes with the new text, as Markdown."""

    order: Order
    text: str = ""


def command_in(body: str) -> Command | None:
    """Return the command that a reply in a thread is; None where it is none."""
    edit = re.match(rf"[\s{TRIM}]*edit\s*:\s*", body, re.IGNORECASE)
    if edit:
        return Command(order=Order.EDIT, text=body[edit.end() :].strip())
    word = _bare(body)
    return Command(order=Order(word)) if word in WORDS else None


def decision_in(body: str) -> Order | None:
    """Return what a reply says about a message that waits for its sender's word."""
    return DECISIONS.get(_bare(body))


def meant(body: str, *others: str) -> str:
    """Return the word, or which of the others, a reply was probably meant to be; nothing where it is nearly none."""
    word = _bare(body)
    if len(word) < SHORTEST_SLIP or len(word.split()) > 1:
        return ""
    return next(iter(get_close_matches(word, (*WORDS, *others), n=1, cutoff=LIKENESS)), "")


def question_in(body: str) -> str:
    """Return which of the questions that begin with a slash a message is; nothing where it is none."""
    word = _bare(body)
    return word if word in QUESTIONS else ""


def _bare(body: str) -> str:
    return re.sub(rf"^[\s{TRIM}]+|[\s{TRIM}]+$", "", " ".join(body.casefold().split()))
