"""Opens archives and compressed files, also within each other: zip, tar, gzip, bzip2, xz, zstd if installed.

An archive may be a bomb. The expanded bytes are therefore counted while they are read, never taken from the
archive's directory, and reading stops at a limit for all that one file contains.
"""

from __future__ import annotations

import bz2
import gzip
import importlib
import io
import lzma
import struct
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from typing import cast

from lmkd_core.logs.encodings import PEEK_BYTES
from lmkd_core.logs.encodings import is_text

MAX_BYTES = 4 * 1024**3
"""Limit of one archive, expanded: several times the largest bug report."""

MAX_RATIO = 500
"""Logs compress 10 to 50 times; content that expands further is not a log."""

RATIO_FROM_BYTES = 64 * 1024**2
MAX_DEPTH = 4
"""Archives within each other, and compressions of one file."""

SPOOL_BYTES = 16 * 1024**2
"""A zip within an archive is copied, to memory up to this size: its directory is at its end."""

CHUNK_BYTES = 64 * 1024
MAX_CUT_BYTES = 256 * 1024**2
ZIP, EMPTY_ZIP = b"PK\x03\x04", b"PK\x05\x06"
TAR_AT, TAR = 257, b"ustar"
ZSTD = b"\x28\xb5\x2f\xfd"
LOCAL_HEADER = struct.Struct("<4s2xHH8xI4xHH")
"""Of a member in a zip: mark, flags, method, packed size, lengths of name and extra field (APPNOTE 4.3.7)."""

DEFLATED = 8

Stream = io.BufferedReader


class ArchiveTooLarge(Exception):
    """An archive expands beyond the limits."""


READ_ERRORS = (
    *(EOFError, OSError, ValueError, NotImplementedError, RuntimeError, struct.error),
    *(zlib.error, lzma.LZMAError, tarfile.TarError, zipfile.BadZipFile, ArchiveTooLarge),
)
"""What damaged, encrypted and unsupported archives raise."""


@dataclass(slots=True)
class Budget:
    """Counts the bytes that one file expands to, in all of its archives together."""

    packed_bytes: int
    spent_bytes: int = 0

    def spend(self, length_bytes: int) -> None:
        """Raises ArchiveTooLarge beyond the limits."""
        self.spent_bytes += length_bytes
        if self.spent_bytes > MAX_BYTES:
            raise ArchiveTooLarge(f"it expands to more than {MAX_BYTES // 1024**3} GB")
        if self.spent_bytes > max(RATIO_FROM_BYTES, MAX_RATIO * self.packed_bytes):
            raise ArchiveTooLarge(f"it expands more than {MAX_RATIO} times")


class _Counted(io.RawIOBase):
    """The expanded bytes of ``source``, as they come."""

    def __init__(self, source: Any, budget: Budget) -> None:  # noqa: ANN401 - any of the libraries' readers
        self._source, self._budget = source, budget

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - as in io
        read = getattr(self._source, "read1", self._source.read)
        data: bytes = read(len(buffer))
        self._budget.spend(len(data))
        buffer[: len(data)] = data
        return len(data)


def _zstd(stream: Stream) -> Any:  # noqa: ANN401 - the library may not be installed
    try:
        library = importlib.import_module("zstandard")
    except ImportError as error:
        raise ValueError("reading zstd needs the package zstandard") from error
    return library.ZstdDecompressor().stream_reader(stream, read_across_frames=True)


COMPRESSIONS: dict[bytes, Callable[[Stream], Any]] = {
    b"\x1f\x8b": lambda stream: gzip.GzipFile(fileobj=stream),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\0": lzma.LZMAFile,
    ZSTD: _zstd,
}


def members(
    name: str, stream: Stream, budget: Budget, problems: list[str], depth: int = 0
) -> Iterator[tuple[str, Stream]]:
    """Yields the files in ``stream``, or itself; ``name!member`` names one. Adds errors to ``problems``."""
    start = stream.peek(PEEK_BYTES)
    expand = next((expand for mark, expand in COMPRESSIONS.items() if start.startswith(mark)), None)
    is_tar = start[TAR_AT:].startswith(TAR)
    is_zip = start.startswith((ZIP, EMPTY_ZIP)) or (not (is_tar or is_text(start)) and _ends_as_zip(stream))
    if not (expand or is_tar or is_zip):
        yield name, stream
    elif depth == MAX_DEPTH:
        problems.append(f"{name}: more than {MAX_DEPTH} archives within each other")
    elif expand:
        yield from members(name, _counted(expand(stream), budget), budget, problems, depth + 1)
    else:
        inner = _tar(stream) if is_tar else _zip(name, stream, budget, problems)
        for member, opened in inner:
            try:
                content = _counted(opened(), budget)
                yield from members(f"{name}!{member}", content, budget, problems, depth + 1)
            except READ_ERRORS as error:
                problems.append(f"{name}!{member}: not readable ({error})")


def _counted(source: Any, budget: Budget) -> Stream:  # noqa: ANN401 - any of the libraries' readers
    return io.BufferedReader(cast("io.RawIOBase", _Counted(source, budget)), CHUNK_BYTES)


def _ends_as_zip(stream: Stream) -> bool:
    """Returns whether a zip follows other bytes, as in a self-extracting file."""
    if not stream.seekable():
        return False
    is_zip = zipfile.is_zipfile(stream)
    stream.seek(0)
    return is_zip


def _tar(stream: Stream) -> Iterator[tuple[str, Callable[[], Any]]]:
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for member in archive:
            if member.isfile():
                yield member.name, lambda member=member: archive.extractfile(member)  # type: ignore[misc]


def _zip(
    name: str, stream: Stream, budget: Budget, problems: list[str]
) -> Iterator[tuple[str, Callable[[], Any]]]:
    with tempfile.SpooledTemporaryFile(SPOOL_BYTES) as spool:
        seekable: Any = stream
        if not stream.seekable():
            while chunk := stream.read1(CHUNK_BYTES):
                spool.write(chunk)
            seekable = spool
        try:
            archive = zipfile.ZipFile(seekable)
        except zipfile.BadZipFile as error:
            problems.append(f"{name}: no usable zip archive ({error})")
            seekable.seek(0)
            yield from _cut_zip(seekable.read(MAX_CUT_BYTES))
            return
        for info in archive.infolist():
            if not info.is_dir():
                yield info.filename, lambda info=info: archive.open(info)  # type: ignore[misc]


def _cut_zip(data: bytes) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yields the members of a zip whose end, with its directory, is missing."""
    at = data.find(ZIP)
    while 0 <= at <= len(data) - LOCAL_HEADER.size:
        _, _, method, packed_bytes, name_bytes, extra_bytes = LOCAL_HEADER.unpack_from(data, at)
        name_at = at + LOCAL_HEADER.size
        start = name_at + name_bytes + extra_bytes
        member = data[name_at : name_at + name_bytes].decode(errors="replace")
        if method == DEFLATED:
            yield member, lambda start=start: _Inflated(data, start)  # type: ignore[misc]
        elif method == 0:
            yield member, lambda start=start, size=packed_bytes: io.BytesIO(data[start : start + size])  # type: ignore[misc]
        at = data.find(ZIP, start)


class _Inflated:
    """A deflated member of a zip in memory, up to its end or the data's."""

    def __init__(self, data: bytes, start: int) -> None:
        self._data, self._at = data, start
        self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)

    def read(self, length: int) -> bytes:
        while not self._inflater.eof:
            packed = self._inflater.unconsumed_tail
            if not packed:
                packed = self._data[self._at : self._at + CHUNK_BYTES]
                self._at += CHUNK_BYTES
            if not packed:
                raise EOFError("it ends in the middle of a member")
            if inflated := self._inflater.decompress(packed, length):
                return inflated
        return b""
