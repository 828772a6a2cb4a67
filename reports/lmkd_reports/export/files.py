"""Writes files completely or not at all, under names without meaning to a file system."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

LONGEST_NAME = 120
"""Longest name in a path, in characters; file systems allow 255 bytes."""

KEPT_LETTERS = 16


def safe_name(text: str) -> str:
    """Returns ``text`` percent-encoded, or the start of a long text and a digest, which cannot be decoded.

    The result has only letters, digits and ``_.-~%``. ``.`` and ``..`` stay unchanged: callers add a prefix.
    """
    data = text.encode("utf-8", "surrogateescape")  # names of files may be any bytes
    name = quote(data, safe="")
    if len(name) <= LONGEST_NAME:
        return name
    start = text[:KEPT_LETTERS].encode("utf-8", "surrogateescape")
    return f"{quote(start, safe='')}~{hashlib.sha256(data).hexdigest()[:KEPT_LETTERS]}"


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """Yields a path to write to; the file replaces ``path`` at the end, or is removed after an error.

    Raises:
        OSError: the folder cannot be made, or the file cannot be moved to ``path``.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")  # readers of a Parquet folder skip hidden files
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
