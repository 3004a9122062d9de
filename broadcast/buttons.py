"""Cards with a text and buttons, and the seal that shows that a button was made here. Pure.

What a card sends along when a button is pressed could be made by anybody whose card was passed on, so each button
carries a seal over its order and what it is about.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from itsdangerous import BadSignature, URLSafeSerializer

from broadcast.cards import attachment
from broadcast.commands import Order

FIELD = "broadcast_bot"
MOST_BUTTONS = 6
"""As many actions as Webex shows (source: Webex guide "Buttons and Cards")."""


class Seal:
    """Makes and checks what buttons send along. `secret` is the one that signs the webhooks."""

    def __init__(self, secret: str) -> None:
        self._serializer = URLSafeSerializer(secret, salt="buttons of the broadcast bot")

    def inputs(self, order: Order, subject: str) -> dict[str, str]:
        """Return what a button sends along; `subject` is the id of the sender's message."""
        return {FIELD: str(self._serializer.dumps([order.value, subject]))}

    def read(self, inputs: Mapping[str, str]) -> tuple[Order, str] | None:
        """Return order and subject; None for what was not made here."""
        try:
            order, subject = self._serializer.loads(inputs.get(FIELD, ""))
            return Order(order), str(subject)
        except (BadSignature, ValueError, TypeError):
            return None


def card(text: str, buttons: Sequence[tuple[str, Mapping[str, str]]]) -> str:
    """Return an attachment, as JSON text, that shows some paragraphs and, below them, buttons with their data."""
    # The Markdown of cards knows no code (source: Adaptive Cards documentation, "Text Features").
    paragraphs = re.sub(r"`([^`\n]+)`", r"**\1**", text).split("\n\n")
    content: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.2",
        "body": [{"type": "TextBlock", "text": part, "wrap": True} for part in paragraphs],
        "actions": [
            {"type": "Action.Submit", "title": title, "data": dict(data)} for title, data in buttons[:MOST_BUTTONS]
        ],
    }
    return attachment(content)
