"""Reads files, folders, archives and standard input as blocks of whole lines in UTF-8."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from lmkd_core.base.errors import UsageProblem
from lmkd_core.base.errors import error_text
from lmkd_core.logs.archives import READ_ERRORS
from lmkd_core.logs.archives import ArchiveTooLarge
from lmkd_core.logs.archives import Budget
from lmkd_core.logs.archives import Stream
from lmkd_core.logs.archives import members
from lmkd_core.logs.encodings import PEEK_BYTES
from lmkd_core.logs.encodings import ToUtf8
from lmkd_core.logs.encodings import is_text

BLOCK_BYTES = 1024**2
STANDARD_INPUT = Path("-")


@dataclass(frozen=True, slots=True)
class Line:
    """One line; ``file`` names an archive's member after a ``!``, ``number`` counts from 1."""

    file: str
    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines of one file in UTF-8; ``number`` is that of the first. An endless line comes in pieces."""

    file: str
    number: int
    data: bytes


def block_of(line: Line) -> Block:
    return Block(line.file, line.number, line.text.encode("utf-8", "replace"))


def read_blocks(path: Path, problems: list[str]) -> Iterator[Block]:
    """Yields the text of a file, of all files in a folder or an archive, or of standard input (``-``).

    Read errors are added to ``problems``, also that an input has no text at all; what comes before an error
    counts.

    Raises:
        UsageProblem: the file cannot be opened.
    """
    has_text, known = False, len(problems)
    for file in _files(path):
        try:
            for block in _blocks_of(file, problems):
                has_text = True
                yield block
        except UsageProblem as error:
            if file is path:
                raise
            problems.append(str(error))
    if not has_text and len(problems) == known and not _is_empty(path):
        problems.append(f"{shown(path)}: neither text nor an archive that can be read")


def _files(path: Path) -> Iterator[Path]:
    if path != STANDARD_INPUT and path.is_dir():
        yield from sorted(file for file in path.rglob("*") if file.is_file())
    else:
        yield path


def _is_empty(path: Path) -> bool:
    return path == STANDARD_INPUT or (path.is_file() and path.stat().st_size == 0)


def shown(path: Path) -> str:
    """Returns the path for output; bytes that are no UTF-8 are escaped."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _blocks_of(path: Path, problems: list[str]) -> Iterator[Block]:
    if path == STANDARD_INPUT:
        yield from _opened("standard input", cast("Stream", sys.stdin.buffer), 0, problems)
        return
    try:
        with path.open("rb") as stream:
            yield from _opened(shown(path), stream, path.stat().st_size, problems)
    except OSError as error:
        raise UsageProblem(f"{shown(path)} cannot be read: {error_text(error)}") from error


def _opened(name: str, stream: Stream, packed_bytes: int, problems: list[str]) -> Iterator[Block]:
    try:
        for member, content in members(name, stream, Budget(packed_bytes), problems):
            try:
                yield from _blocks(member, content)
            except ArchiveTooLarge as error:
                problems.append(f"{member}: not read to its end ({error})")
                return
            except READ_ERRORS as error:
                problems.append(f"{member}: not read to its end ({error})")
    except READ_ERRORS as error:
        problems.append(f"{name}: not read to its end ({error})")


def _blocks(name: str, stream: Stream) -> Iterator[Block]:
    """Yields nothing for binary files."""
    start = stream.peek(PEEK_BYTES)[:PEEK_BYTES]
    if not is_text(start):
        return
    number = 1
    for data in _whole_lines(stream, ToUtf8(start)):
        yield Block(name, number, data)
        number += data.count(b"\n")


def _whole_lines(stream: Stream, encoding: ToUtf8) -> Iterator[bytes]:
    """Yields the text in pieces that end with a line, up to its end or the first error."""
    rest: list[bytes] = []
    length = 0
    error = None
    while True:
        try:
            raw = stream.read1(BLOCK_BYTES)
        except READ_ERRORS as problem:
            error = problem
            break
        if not raw:
            break
        data = encoding.convert(raw)
        rest.append(data)
        length += len(data)
        if length >= BLOCK_BYTES:
            text = b"".join(rest)
            end = text.rfind(b"\n") + 1 or len(text)
            yield text[:end]
            rest, length = [text[end:]], len(text) - end
    if length:
        yield b"".join(rest)
    if error is not None:
        raise error
