"""Every refusal of the API, in Webex's words where a public source shows them; decides nothing.

Sources: the emulator of the Webex API by ObjectIsAdvantag, the Webex API reference, and public issues of the Webex
SDKs and bots. Where no source shows the words (or even the status) the line says "assumed".
"""

from collections.abc import Mapping, Sequence


class Refusal(Exception):
    """The API says no: a status, a sentence, perhaps headers and more than one description."""

    def __init__(
        self, status: int, message: str, *, headers: Mapping[str, str] | None = None, details: Sequence[str] = ()
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = dict(headers or {})
        self.details = tuple(details) or (message,)


def bad_token() -> Refusal:
    """No token, or one nobody has."""
    return Refusal(401, "The request requires a valid access token set in the Authorization request header.")


def too_many(headers: Mapping[str, str]) -> Refusal:
    """The rate limit (words assumed)."""
    return Refusal(429, "Too many requests. Please retry later.", headers=headers)


def no_such_resource() -> Refusal:
    """No endpoint at this path (words assumed)."""
    return Refusal(404, "The requested resource could not be found.")


def wrong_method(method: str) -> Refusal:
    """The endpoint is there, the method is not."""
    return Refusal(405, f"Request method '{method}' not supported")


def wrong_media(content_type: str) -> Refusal:
    """A body that is neither JSON nor multipart."""
    return Refusal(415, f"Content type '{content_type}' not supported")


def bad_body() -> Refusal:
    """A body that does not parse."""
    return Refusal(400, "The request could not be understood by the server due to malformed syntax.")


def bad_field(name: str) -> Refusal:
    """A field of the wrong type (words assumed)."""
    return Refusal(400, f"Invalid value for field '{name}'.")


def missing(name: str) -> Refusal:
    """A required parameter is absent."""
    return Refusal(400, f"Required String parameter '{name}' is not present")


def one_destination() -> Refusal:
    """None or several of the three destination fields."""
    return Refusal(400, "Exactly one of the destination fields must not be empty (roomId, toPersonEmail, toPersonId)")


def nothing_to_say() -> Refusal:
    """No text, no file, no card."""
    return Refusal(400, "Both text and file cannot be empty.")


def too_long() -> Refusal:
    """More than 7439 bytes of text or of markdown."""
    return Refusal(
        400, "Message length limited to 7439 characters before encryption and 10000 characters after encryption"
    )


def one_file() -> Refusal:
    """More than one file in a message (words assumed)."""
    return Refusal(400, "Only one file is allowed per message.")


def one_card() -> Refusal:
    """More than one card in a message (words assumed)."""
    return Refusal(400, "Only one attachment is allowed per message.")


def file_too_large() -> Refusal:
    """A file of more than 100 MB (status and words assumed)."""
    return Refusal(400, "The file exceeds the maximum size of 100 MB.")


def content_unreachable() -> Refusal:
    """The file's URL gave nothing."""
    return Refusal(400, "Unable to retrieve content")


def bad_card(details: Sequence[str]) -> Refusal:
    """An Adaptive Card that is none."""
    return Refusal(400, "Invalid Adaptive Card Json", details=details)


def no_card_version() -> Refusal:
    """An Adaptive Card without a version."""
    return Refusal(400, "Missing Adaptive Card Version")


def no_room() -> Refusal:
    """No such room, or the caller is not in it."""
    return Refusal(404, "Could not find a room with provided ID.")


def no_person() -> Refusal:
    """No such person (words assumed)."""
    return Refusal(404, "Could not find a person with provided ID.")


def no_organization() -> Refusal:
    """No such organization, or none of the caller's business (words assumed)."""
    return Refusal(404, "Could not find an organization with provided ID.")


def no_membership() -> Refusal:
    """No such membership, or in a room the caller is not in (words assumed)."""
    return Refusal(404, "Could not find a membership with provided ID.")


def no_message() -> Refusal:
    """No such message, or one the caller may not read."""
    return Refusal(404, "Unable to get message.")


def no_webhook() -> Refusal:
    """No such webhook of the caller (words assumed)."""
    return Refusal(404, "Could not find a webhook with provided ID.")


def no_action() -> Refusal:
    """No such attachment action (words assumed)."""
    return Refusal(404, "Could not find an attachment action with provided ID.")


def bot_must_ask_for_mentions() -> Refusal:
    """A bot lists a group room without `mentionedPeople=me`."""
    return Refusal(403, "Failed to get activity.")


def no_parent() -> Refusal:
    """The message to be answered is not in that room (words assumed)."""
    return Refusal(400, "Could not find the parent message with provided ID.")


def reply_to_reply() -> Refusal:
    """The message to be answered is itself an answer (words assumed)."""
    return Refusal(400, "Replies to a threaded message are not allowed.")


def announcement_only() -> Refusal:
    """Only moderators may post here (status and words assumed)."""
    return Refusal(403, "Only moderators are allowed to post in an announcement space.")


def read_only() -> Refusal:
    """A compliance officer has frozen this direct room (status and words assumed)."""
    return Refusal(403, "This room is read-only.")


def other_is_gone() -> Refusal:
    """The other person of a direct room is no longer there (status and words assumed)."""
    return Refusal(403, "The other participant of this room is not available.")


def not_your_message() -> Refusal:
    """Only one's own messages may be changed or removed (words assumed)."""
    return Refusal(403, "You are not allowed to change this message.")


def edit_not_supported() -> Refusal:
    """Messages with a file or a card cannot be edited."""
    return Refusal(400, "Editing messages with files or attachments is not supported.")


def too_many_edits() -> Refusal:
    """A message can be edited ten times (words assumed)."""
    return Refusal(400, "The maximum number of edits for this message has been reached.")


def already_member() -> Refusal:
    """The person is in the room."""
    return Refusal(409, "Person is already in the room.")


def not_moderator() -> Refusal:
    """Members of a moderated room are the moderators' business (words assumed)."""
    return Refusal(403, "Only moderators are allowed to perform this action.")


def direct_room_members() -> Refusal:
    """Nobody joins, leaves or moderates a direct room (words assumed)."""
    return Refusal(403, "Memberships of a direct room cannot be changed.")


def person_query() -> Refusal:
    """A list of people needs something to look for."""
    return Refusal(400, "Email, displayName, or id list should be specified.")


def bad_webhook(what: str) -> Refusal:
    """A webhook asks for what there is none of (words assumed)."""
    return Refusal(400, f"Invalid webhook: {what}")


def org_webhook() -> Refusal:
    """Webhooks for a whole organization are for its administrators (words assumed)."""
    return Refusal(403, "You are not allowed to create an organization-wide webhook.")


def cannot_deactivate() -> Refusal:
    """A webhook's status can be set to "active" only (words assumed)."""
    return Refusal(400, "A webhook cannot be deactivated; only 'active' is allowed.")


def scanning(seconds: int) -> Refusal:
    """The file is still being scanned for malware (words assumed)."""
    return Refusal(423, "The file is being scanned for malware.", headers={"Retry-After": str(seconds)})


def infected() -> Refusal:
    """The file was found to be malware (words assumed)."""
    return Refusal(410, "The file was removed because it contains malware.")


def unscannable() -> Refusal:
    """The file cannot be scanned; `?allow=unscannable` takes the risk (words assumed)."""
    return Refusal(428, "The file cannot be scanned for malware.")
