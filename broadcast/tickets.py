"""Links that let their holder see and steer a broadcast, or see a person's broadcasts: signed, expiring, revocable.

Pure: secret, time and generation are handed in. Whether a ticket's generation is still the current one is for the
caller to compare with what the ledger remembers under `memory_key`; revoking raises it.
"""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from itsdangerous import BadSignature, Signer, URLSafeSerializer

from broadcast.model import Broadcast

LIVES_SECONDS = 7 * 24 * 3600
TICKET_SALT = "webex-broadcast-bot.ticket"
FORM_SALT = "webex-broadcast-bot.form"


class Page(StrEnum):
    """What a ticket opens."""

    BROADCAST = "broadcasts"
    HISTORY = "history"


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """The right to open one page until `expires_at`.

    `subject` is a broadcast's number or a person's id. `mark` tells the broadcast from one that has the same number in
    another ledger: a ledger that was lost counts from 1 again. `generation` is how often such links were revoked.
    `may_steer`: its holder may give orders; a link that others read in a space is for looking only.
    """

    page: Page
    subject: str
    mark: str = ""
    generation: int = 0
    may_steer: bool = True
    expires_at: int

    @property
    def number(self) -> int:
        """The broadcast's number; 0 where it opens another page."""
        return int(self.subject) if self.page is Page.BROADCAST else 0

    def is_for(self, broadcast: Broadcast) -> bool:
        """Say whether this is the broadcast that the ticket was made for."""
        return self.number == broadcast.number and self.mark == _mark(broadcast)


def for_broadcast(broadcast: Broadcast, *, generation: int, now: float, may_steer: bool) -> Ticket:
    """Return a new ticket for a broadcast, an edit or a recall."""
    return Ticket(
        page=Page.BROADCAST,
        subject=str(broadcast.number),
        mark=_mark(broadcast),
        generation=generation,
        may_steer=may_steer,
        expires_at=int(now) + LIVES_SECONDS,
    )


def for_person(person_id: str, *, generation: int, now: float) -> Ticket:
    """Return a new ticket for the history of a person's broadcasts."""
    return Ticket(page=Page.HISTORY, subject=person_id, generation=generation, expires_at=int(now) + LIVES_SECONDS)


def broadcast_key(broadcast: Broadcast) -> str:
    """Return the ledger's memory key of the generation; edits and recalls share that of what they change."""
    return f"links:{broadcast.root or broadcast.number}"


def history_key(person_id: str) -> str:
    """Return the ledger's memory key of the generation of a person's history links."""
    return f"history:{person_id}"


def sign(ticket: Ticket, secret: str) -> str:
    """Return the ticket as text for a URL. ValueError without a secret: everybody could make such tickets."""
    if not secret:
        raise ValueError("a ticket needs a secret")
    fields = [ticket.page.value, ticket.subject, ticket.mark, ticket.generation, ticket.may_steer, ticket.expires_at]
    return _serializer(secret).dumps(fields)


def path(ticket: Ticket, secret: str) -> str:
    """Return the path of the ticket's page, below the bot's address."""
    return f"/{ticket.page}/{sign(ticket, secret)}"


def read(text: str, secret: str) -> Ticket | None:
    """Return the ticket that was signed with this secret, None for anything else. It may have expired."""
    if not secret:
        return None
    try:
        page, subject, mark, generation, may_steer, expires_at = _serializer(secret).loads(text)
    except BadSignature:
        return None
    return Ticket(
        page=Page(page),
        subject=subject,
        mark=mark,
        generation=generation,
        may_steer=may_steer,
        expires_at=expires_at,
    )


def form_key(text: str, secret: str) -> str:
    """Return what the forms of a ticket's page carry: other sites that send a browser there do not know it."""
    return _form_signer(secret).get_signature(text).decode()


def is_form_key(key: str, text: str, secret: str) -> bool:
    """Say, in constant time, whether a form comes from the page of this ticket."""
    return _form_signer(secret).verify_signature(text, key)


def _mark(broadcast: Broadcast) -> str:
    return hashlib.sha256(broadcast.source_id.encode()).hexdigest()[:12]


def _serializer(secret: str) -> URLSafeSerializer:
    options = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
    return URLSafeSerializer(secret, salt=TICKET_SALT, signer_kwargs=options)


def _form_signer(secret: str) -> Signer:
    return Signer(secret, salt=FORM_SALT, key_derivation="hmac", digest_method=hashlib.sha256)
