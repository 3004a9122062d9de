"""Says whether Webex would take an Adaptive Card, and if not, why. No I/O.

Checks the outer shape, element types and required keys; not enumerations, not the version against the element. The form
of the complaints ("#/body/5: required key [text] not found") follows a public note on Webex's answers.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from webexsim import refusals

CONTENT_TYPE = "application/vnd.microsoft.card.adaptive"

_REQUIRED: Mapping[str, tuple[str, ...]] = {
    "TextBlock": ("text",),
    "Image": ("url",),
    "Media": ("sources",),
    "RichTextBlock": ("inlines",),
    "TextRun": ("text",),
    "Container": ("items",),
    "ColumnSet": (),
    "Column": (),
    "FactSet": ("facts",),
    "ImageSet": ("images",),
    "ActionSet": ("actions",),
    "Table": (),
    "TableRow": (),
    "TableCell": (),
    "Input.Text": ("id",),
    "Input.Number": ("id",),
    "Input.Date": ("id",),
    "Input.Time": ("id",),
    "Input.Toggle": ("id", "title"),
    "Input.ChoiceSet": ("id",),
    "Action.OpenUrl": ("url",),
    "Action.Submit": (),
    "Action.Execute": (),
    "Action.ShowCard": ("card",),
    "Action.ToggleVisibility": ("targetElements",),
    "AdaptiveCard": (),
}
_CHILDREN: Mapping[str, str] = {  # key of a list of elements to the type an element has when it names none
    "body": "",
    "items": "",
    "actions": "",
    "columns": "Column",
    "images": "Image",
    "rows": "TableRow",
    "cells": "TableCell",
}


def check(attachments: Sequence[Any]) -> None:
    """Raise the refusal that fits, if there is one: 400 for more than one attachment or for a bad card."""
    if len(attachments) > 1:
        raise refusals.one_card()
    for attachment in attachments:
        _check_attachment(attachment)


def _check_attachment(attachment: Any) -> None:
    if not isinstance(attachment, Mapping) or attachment.get("contentType") != CONTENT_TYPE:
        raise refusals.bad_field("attachments")
    card = attachment.get("content")
    if not isinstance(card, Mapping) or card.get("type") != "AdaptiveCard":
        raise refusals.bad_card(["#: required key [type] not found"])
    if not isinstance(card.get("version"), str):
        raise refusals.no_card_version()
    if complaints := list(_complaints(card, "#", "AdaptiveCard")):
        raise refusals.bad_card(complaints)


def _complaints(element: Any, path: str, assumed: str) -> Iterator[str]:
    if not isinstance(element, Mapping):
        yield f"{path}: expected type: JSONObject, found: {type(element).__name__}"
        return
    kind = element.get("type", assumed)
    if kind not in _REQUIRED:
        yield f"{path}: {kind or 'null'} is not a valid type"
        return
    for key in _REQUIRED[kind]:
        if key not in element:
            yield f"{path}: required key [{key}] not found"
    for key, child_type in _CHILDREN.items():
        if key in element:
            yield from _list_complaints(element[key], f"{path}/{key}", child_type)
    if kind == "Action.ShowCard" and "card" in element:
        yield from _complaints(element["card"], f"{path}/card", "AdaptiveCard")


def _list_complaints(children: Any, path: str, assumed: str) -> Iterator[str]:
    if not isinstance(children, Sequence) or isinstance(children, str):
        yield f"{path}: expected type: JSONArray, found: {type(children).__name__}"
        return
    for index, child in enumerate(children):
        yield from _complaints(child, f"{path}/{index}", assumed)
