"""One space as Webex has it, as far as one broadcast and its changes go; calls end as they are told to."""

from collections.abc import Callable
from dataclasses import dataclass, field

from broadcast.errors import NoAnswer, Refused

FATES = ("done", "done without an answer", "lost without an answer", "busy", "refused")


@dataclass
class Corner:
    """A gateway to one space. `messages` are those there now, in order; `fate` is how the next calls end."""

    name: str
    messages: dict[str, str] = field(default_factory=dict)
    ever: list[str] = field(default_factory=list)
    fate: str = "done"

    def post(self, space_id: str, markdown: str) -> str:
        """Take a message."""
        message_id = f"{self.name}-{len(self.ever)}"
        self._act(space_id, lambda: self._take(message_id, markdown))
        return message_id

    def edit(self, message_id: str, space_id: str, markdown: str) -> None:
        """Put a new text under an old id; a message that is gone cannot be edited."""
        if message_id not in self.messages:
            raise Refused("gone", call="PUT messages", status=404)
        self._act(space_id, lambda: self.messages.update({message_id: markdown}))

    def delete(self, message_id: str) -> None:
        """Remove a message, if it is there."""
        self._act("", lambda: self.messages.pop(message_id, None))

    def space(self, space_id: str) -> None:
        """Be there: the bot is never removed."""

    def _take(self, message_id: str, markdown: str) -> None:
        self.ever.append(message_id)
        self.messages[message_id] = markdown

    def _act(self, space_id: str, act: Callable[[], object]) -> None:
        call = f"messages {space_id}"
        if self.fate in ("busy", "refused"):
            raise Refused(self.fate, call=call, status=503 if self.fate == "busy" else 403)
        if self.fate.startswith("done"):
            act()
        if self.fate.endswith("without an answer"):
            raise NoAnswer(self.fate, call=call)
