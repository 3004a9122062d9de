"""What the doctor finds: a thing that was looked at, how it is, and what to do about it. Data only."""

from dataclasses import dataclass
from enum import StrEnum


class Grade(StrEnum):
    """How bad it is: only WRONG keeps the bot from its job, or lets somebody in. UNSEEN could not be looked at."""

    OK = "ok"
    MIND = "mind"
    WRONG = "wrong"
    UNSEEN = "unseen"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One line of the doctor: `says` is a sentence, and so is `remedy`, which is empty where nothing is to be done."""

    subject: str
    grade: Grade
    says: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.grade:6}  {self.subject:9} {self.says} {self.remedy}".rstrip()


def ok(subject: str, says: str) -> Finding:
    """Return that something is as it should be."""
    return Finding(subject=subject, grade=Grade.OK, says=says)


def mind(subject: str, says: str, remedy: str = "") -> Finding:
    """Return that something works and may still not be meant so."""
    return Finding(subject=subject, grade=Grade.MIND, says=says, remedy=remedy)


def wrong(subject: str, says: str, remedy: str = "") -> Finding:
    """Return that something must be mended."""
    return Finding(subject=subject, grade=Grade.WRONG, says=says, remedy=remedy)


def unseen(subject: str, says: str) -> Finding:
    """Return that something could not be looked at, because of something else that is wrong."""
    return Finding(subject=subject, grade=Grade.UNSEEN, says=says)


def fault(error: Exception) -> str:
    """Return what went wrong as a part of a sentence."""
    return str(error).rstrip(".")
