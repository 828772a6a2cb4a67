"""Reads files and archives as numbered lines: text of any encoding, gzip, zip (bug reports), within limits.

An archive may be a bomb. The expanded bytes are therefore counted while they are read, never taken from the
archive's directory, and reading stops at a limit.
"""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from typing import cast

from lmkd_core.base.errors import UsageProblem
from lmkd_core.base.errors import error_text

MAX_BYTES = 4 * 1024**3
"""Limit of one archive, expanded: several times the largest bug report."""

MAX_RATIO = 500
"""Logs compress 10 to 50 times; content that expands further is not a log."""

RATIO_FROM_BYTES = 64 * 1024**2
MAX_LINE_CHARACTERS = 64 * 1024
PEEK_BYTES = 4096
GZIP = b"\x1f\x8b"
ZIP = b"PK\x03\x04"


class ArchiveTooLarge(Exception):
    """An archive expands beyond the limits."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line; ``file`` names an archive's member after a ``!``, ``number`` counts from 1."""

    file: str
    number: int
    text: str


def read_lines(path: Path, problems: list[str]) -> Iterator[Line]:
    """Yields the lines of a text file, or of all text files in an archive.

    Read errors are added to ``problems``; the lines before an error count.

    Raises:
        UsageProblem: the file cannot be opened.
    """
    try:
        with path.open("rb") as stream:
            start = stream.peek(PEEK_BYTES)
            if start.startswith(ZIP):
                yield from _members(path, stream, problems)
            else:
                content = io.BufferedReader(_gunzip(stream)) if start.startswith(GZIP) else stream
                yield from _guarded(str(path), content, path.stat().st_size, problems)
    except OSError as error:
        raise UsageProblem(f"{path} cannot be read: {error_text(error)}") from error


def _members(path: Path, stream: io.BufferedReader[Any], problems: list[str]) -> Iterator[Line]:
    try:
        archive = zipfile.ZipFile(stream)
    except zipfile.BadZipFile as error:
        problems.append(f"{path}: no usable zip archive ({error})")
        return
    for info in archive.infolist():
        name = f"{path}!{info.filename}"
        if info.is_dir():
            continue
        try:
            with archive.open(info) as member:
                content = io.BufferedReader(cast("io.RawIOBase", member))
                yield from _guarded(name, content, max(info.compress_size, 1), problems)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
            problems.append(f"{name}: not readable ({error})")  # damaged, unsupported or encrypted


def _gunzip(stream: io.BufferedReader[Any]) -> io.RawIOBase:
    return cast("io.RawIOBase", gzip.GzipFile(fileobj=stream))


def _guarded(
    name: str, stream: io.BufferedReader[Any], packed_bytes: int, problems: list[str]
) -> Iterator[Line]:
    """Yields the lines of ``stream`` up to its end or the first error."""
    try:
        yield from _text_lines(name, stream, packed_bytes)
    except (ArchiveTooLarge, EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
        problems.append(f"{name}: not read to its end ({error})")


def _text_lines(name: str, stream: io.BufferedReader[Any], packed_bytes: int) -> Iterator[Line]:
    """Yields nothing for binary files."""
    encoding = _encoding(stream.peek(PEEK_BYTES)[:PEEK_BYTES])
    if encoding is None:
        return
    read_bytes = 0
    for number, text in enumerate(_lines(stream, encoding), start=1):
        read_bytes += len(text)
        _check_size(read_bytes, packed_bytes)
        yield Line(name, number, text.rstrip("\r\n\0").lstrip("\ufeff"))


def _lines(stream: io.BufferedReader[Any], encoding: str) -> Iterator[str]:
    """Yields lines, those beyond ``MAX_LINE_CHARACTERS`` in pieces. Undecodable bytes are replaced."""
    text = io.TextIOWrapper(stream, encoding, "replace", newline="\n")
    while line := text.readline(MAX_LINE_CHARACTERS):
        yield line


def _encoding(start: bytes) -> str | None:
    """Returns the encoding by the byte order mark, else UTF-8; None for binary content."""
    if start.startswith(b"\xff\xfe"):
        return "utf-16-le"
    if start.startswith(b"\xfe\xff"):
        return "utf-16-be"
    return None if b"\0" in start else "utf-8"


def _check_size(read_bytes: int, packed_bytes: int) -> None:
    if read_bytes > MAX_BYTES:
        raise ArchiveTooLarge(f"it expands to more than {MAX_BYTES // 1024**3} GB")
    if read_bytes > RATIO_FROM_BYTES and read_bytes > MAX_RATIO * packed_bytes:
        raise ArchiveTooLarge(f"it expands more than {MAX_RATIO} times")
