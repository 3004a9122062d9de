"""One request and its answer, as the translation sees them; reads bodies. Knows no rules, opens no sockets."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO, Any, cast

from werkzeug.exceptions import HTTPException
from werkzeug.formparser import MultiPartParser
from werkzeug.http import parse_options_header

from webexsim import refusals
from webexsim.model import Person
from webexsim.storage import Blob, SimFile, Spool

UPLOAD_BYTES = 110 * 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Body:
    """What a request carried: fields by name, uploaded files."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[SimFile, ...] = ()
    multipart: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """A request whose caller is known. `path` starts after `/v1`; `base` is the API's root with its slash."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Body
    actor: Person
    base: str
    args: tuple[str, ...] = ()
    empty_pages: bool = False

    def text(self, name: str) -> str:
        """Return a field that is a string, "" where it is absent; 400 for another type."""
        value = self.body.fields.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise refusals.bad_field(name)
        return value

    def needed(self, name: str) -> str:
        """Return a field that must be there."""
        value = self.text(name)
        if not value:
            raise refusals.missing(name)
        return value

    def flag(self, name: str) -> bool | None:
        """Return a field that is true or false; None where it is absent."""
        value = self.body.fields.get(name)
        if value is not None and not isinstance(value, bool):
            raise refusals.bad_field(name)
        return value

    def rows(self, name: str) -> tuple[Any, ...]:
        """Return a field that is a list, () where it is absent."""
        value = self.body.fields.get(name)
        if value is None:
            return ()
        if not isinstance(value, list):
            raise refusals.bad_field(name)
        return tuple(value)

    def size(self, default: int, most: int) -> int:
        """Return the page size asked for with `max`, silently cut to `most`."""
        asked = self.query.get("max", str(default))
        if not asked.isdecimal() or int(asked) < 1:
            raise refusals.bad_field("max")
        return min(int(asked), most)


@dataclass(kw_only=True, slots=True)
class Reply:
    """An answer: JSON, or a file's content, or nothing."""

    status: int = 200
    json: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    blob: Blob | None = None


def read(content_type: str, stream: IO[bytes], length: int) -> Body:
    """Read a request's body to its end; 400 or 415 for one that does not parse."""
    if length == 0:
        return Body()
    kind, options = parse_options_header(content_type)
    if kind == "multipart/form-data":
        return _multipart(stream, length, options.get("boundary", ""))
    raw = stream.read(length)
    if kind != "application/json":
        raise refusals.wrong_media(kind or "text/plain")
    return Body(fields=_fields(raw))


def _fields(raw: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(raw)
    except ValueError:
        raise refusals.bad_body() from None
    if isinstance(fields, list):
        return {"items": fields}
    if not isinstance(fields, dict):
        raise refusals.bad_body()
    return fields


def _multipart(stream: IO[bytes], length: int, boundary: str) -> Body:
    limited = _Limited(stream, length)
    parser = MultiPartParser(stream_factory=_spool, buffer_size=256 * 1024)
    try:
        form, uploads = parser.parse(cast(IO[bytes], limited), boundary.encode(), length)
    except (ValueError, HTTPException):
        limited.drain()
        raise refusals.bad_body() from None
    files = [_uploaded(upload.filename, upload.stream, upload.mimetype) for upload in uploads.getlist("files")]
    return Body(fields=form.to_dict(), files=tuple(files), multipart=True)


def _spool(
    total_content_length: int | None,  # noqa: ARG001 – the parser calls by these names
    content_type: str | None,  # noqa: ARG001
    filename: str | None,  # noqa: ARG001
    content_length: int | None = None,  # noqa: ARG001
) -> IO[bytes]:
    return cast(IO[bytes], Spool())


def _uploaded(name: str | None, stream: IO[bytes], content_type: str) -> SimFile:
    return SimFile(name or "file", cast(Spool, stream).blob(), content_type or "application/octet-stream")


class _Limited:
    """A stream that ends where the request's body does; the connection goes on after it."""

    def __init__(self, stream: IO[bytes], length: int) -> None:
        self._stream = stream
        self._left = length

    def read(self, size: int = -1) -> bytes:
        wanted = self._left if size < 0 else min(size, self._left)
        data = self._stream.read(wanted)
        self._left -= len(data)
        return data

    def drain(self) -> None:
        while self._left and self.read(64 * 1024):
            pass
