"""Webex ids, compared and turned into links. No I/O; no id is ever made up here, only read.

An id is base64 (often without its padding) of `ciscospark://CLUSTER/TYPE/UUID`; the cluster differs from region to
region, so the same thing may arrive under ids that differ as text. Source: Webex JS SDK, `uuid-utils.js`.
"""

import binascii
import re
from base64 import b64decode
from urllib.parse import quote

_SCHEME = "ciscospark://"
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_STANDARD_ALPHABET = str.maketrans("-_", "+/")


def uuid_of(id: str) -> str:
    """Return the part of an id that names the thing: what follows the last slash of the decoded id.

    The `orgId` of a webhook's envelope is base64 of the bare UUID and is decoded too. What cannot be decoded
    comes back as it is, so a raw UUID stays one. Never raises.
    """
    decoded = _decoded(id)
    if decoded.startswith(_SCHEME):
        return decoded.rpartition("/")[2] or id
    return decoded if _UUID.fullmatch(decoded) else id


def same(a: str | None, b: str | None) -> bool:
    """Say whether two ids denote the same thing. A missing id (None or empty) is the same as nothing."""
    return bool(a and b) and uuid_of(a or "").lower() == uuid_of(b or "").lower()


def space_link(space_id: str) -> str:
    """Return the link that opens a space in the Webex app (source: help.webex.com, article n5yzg8y)."""
    return f"webexteams://im?space={quote(uuid_of(space_id), safe='')}"


def _decoded(id: str) -> str:
    """Return what the id is base64 of, or nothing where it is not."""
    bare = id.rstrip("=").translate(_STANDARD_ALPHABET)
    try:
        return b64decode(bare + "=" * (-len(bare) % 4), validate=True).decode()
    except (binascii.Error, ValueError):
        return ""
