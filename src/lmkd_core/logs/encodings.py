"""Turns the bytes of logs into UTF-8: UTF-16 with and without a mark, NUL bytes, and mixtures.

Editors and shells append text of another encoding to a log, and file systems leave NUL bytes where a write
was lost. Bytes of unknown encodings (GBK, Latin-1) stay: what tells of kills is ASCII.
"""

from __future__ import annotations

import codecs

from lmkd_core.logs.search import tells_of_kills

PEEK_BYTES = 4096
CONTROLS = bytes(code for code in range(1, 32) if chr(code) not in "\t\n\v\f\r\b\x1b")
MOST_CONTROLS = 0.05
"""Share of control characters in a text; in random bytes it is 0.1."""

LEAST_NULS = 0.3
"""Share of the pairs of bytes with one NUL, always on the same side, from which on a text is UTF-16."""

MARKS = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


def is_text(start: bytes) -> bool:
    """Returns whether a file that starts so may be text."""
    if utf16_of(start):
        return True
    text = without_nuls(start)
    if len(text) < len(start) and text and b"\n" not in text:
        return False
    return len(text) - len(text.translate(None, CONTROLS)) <= MOST_CONTROLS * len(text)


def utf16_of(start: bytes) -> str:
    """Returns the name of the UTF-16 that a file starts with; empty for any other encoding."""
    if start[:2] in MARKS:
        return MARKS[start[:2]]
    even, odd = start[0::2].count(0), start[1::2].count(0)
    least = LEAST_NULS * len(start) / 2
    if odd > least and even < odd / 10:
        return "utf-16-le"
    return "utf-16-be" if even > least and odd < even / 10 else ""


def without_nuls(data: bytes) -> bytes:
    """Returns the bytes without NULs: of UTF-16, this leaves its ASCII."""
    return data.translate(None, b"\0")


class ToUtf8:
    """Converts one file, piece by piece. ``start``: its first bytes."""

    def __init__(self, start: bytes) -> None:
        name = utf16_of(start)
        self._decoder = codecs.getincrementaldecoder(name)("replace") if name else None

    def convert(self, data: bytes) -> bytes:
        """Returns a piece as UTF-8; a piece that is only in part UTF-16 loses what is not ASCII."""
        if b"\0" not in data:
            return data
        if self._decoder is None or tells_of_kills(data):
            return without_nuls(data)
        return self._decoder.decode(data).encode("utf-8", "replace")
