"""File contents: each kept once by its SHA-256, above 1 MB in a temporary file. Knows nothing of who may read them."""

import hashlib
import os
import tempfile
import threading
import weakref
from collections.abc import Iterator, Mapping
from typing import IO, cast

IN_MEMORY = 1024 * 1024
CHUNK = 256 * 1024


class Blob:
    """Bytes that do not change: in memory, or in an unnamed temporary file that goes with the last reference."""

    def __init__(self, *, sha256: str, size: int, data: bytes | None = None, file: IO[bytes] | None = None) -> None:
        self.sha256 = sha256
        self.size = size
        self._data = data
        self._file = file
        if file is not None:
            weakref.finalize(self, file.close)

    @classmethod
    def of(cls, data: bytes) -> "Blob":
        """Return a blob around bytes that are in memory already."""
        return cls(sha256=hashlib.sha256(data).hexdigest(), size=len(data), data=data)

    def read(self) -> bytes:
        """Return the whole content."""
        return self._data if self._data is not None else b"".join(self.chunks())

    def chunks(self) -> Iterator[bytes]:
        """Yield the content piece by piece; several threads may do so at once."""
        if self._file is None:
            yield self._data or b""
            return
        for offset in range(0, self.size, CHUNK):
            yield os.pread(self._file.fileno(), CHUNK, offset)


class Spool:
    """Takes an upload as it comes in, hashing it on the way; moves to a temporary file above `IN_MEMORY` bytes.

    An upload that is cut off leaves nothing behind: the file goes with the spool.
    """

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 – closed with the spool or blob
        self._closing = weakref.finalize(self, self._file.close)
        self._hash = hashlib.sha256()
        self._size = 0

    def write(self, data: bytes) -> int:
        """Append."""
        self._hash.update(data)
        self._size += len(data)
        return self._file.write(data)

    def seek(self, offset: int) -> int:
        """Move the read position, for the multipart parser's sake."""
        return self._file.seek(offset)

    def close(self) -> None:
        """Forget what came in."""
        self._file.close()

    def blob(self) -> Blob:
        """Return what came in; the spool is used up by it."""
        digest = self._hash.hexdigest()
        if self._size > IN_MEMORY:
            self._file.flush()
            self._closing.detach()
            return Blob(sha256=digest, size=self._size, file=cast(IO[bytes], self._file))
        self._file.seek(0)
        data = self._file.read()
        self._file.close()
        return Blob(sha256=digest, size=self._size, data=data)


class SimFile:
    """A file of a message: name, content, type. `headers` override what a download answers with ("" leaves one out)."""

    __slots__ = ("blob", "content_type", "headers", "id", "name")

    def __init__(
        self,
        name: str,
        content: bytes | Blob,
        content_type: str = "application/octet-stream",
        headers: Mapping[str, str] | None = None,
        *,
        id: str = "",
    ) -> None:
        self.name = name
        self.blob = content if isinstance(content, Blob) else Blob.of(content)
        self.content_type = content_type
        self.headers = dict(headers or {})
        self.id = id

    @property
    def content(self) -> bytes:
        """The whole content."""
        return self.blob.read()

    @property
    def size(self) -> int:
        """Length of the content in bytes."""
        return self.blob.size


class Shelf:
    """Holds each content once, however many messages carry it."""

    def __init__(self) -> None:
        self._blobs: weakref.WeakValueDictionary[str, Blob] = weakref.WeakValueDictionary()
        self._lock = threading.Lock()

    def keep(self, file: SimFile, content_id: str) -> SimFile:
        """Return the file under its id, sharing a content that is here already."""
        with self._lock:
            blob = self._blobs.setdefault(file.blob.sha256, file.blob)
        return SimFile(file.name, blob, file.content_type, file.headers, id=content_id)

    def __len__(self) -> int:
        return len(self._blobs)
