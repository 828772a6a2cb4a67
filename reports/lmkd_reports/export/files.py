"""Files that are there in full or not at all, under names that mean nothing to a file system."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

LONGEST_NAME = 120
"""Of a name in a path; file systems end at 255 bytes."""

KEPT_LETTERS = 16


def safe_name(text: str) -> str:
    """``text`` percent-encoded; of a long one the beginning and a digest, which nobody can decode.

    No letter of it but letters, digits and ``_.-~%`` is left; ``.`` and ``..`` stay as they are: put
    something before it.
    """
    data = text.encode("utf-8", "surrogateescape")  # names of files may be any bytes
    name = quote(data, safe="")
    if len(name) <= LONGEST_NAME:
        return name
    start = text[:KEPT_LETTERS].encode("utf-8", "surrogateescape")
    return f"{quote(start, safe='')}~{hashlib.sha256(data).hexdigest()[:KEPT_LETTERS]}"


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """A path beside ``path`` to write to, that takes its place at the end; after an error it is removed.

    Raises:
        OSError: the folder cannot be made, or the file not put in its place.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")  # readers of a folder of Parquet pass over hidden files
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
