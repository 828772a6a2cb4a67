"""Text for terminals and mails: printable ASCII in at most 72 columns."""

from __future__ import annotations

import textwrap

COLUMNS = 72
DASH = "–"


def capitalised(text: str) -> str:
    """``text`` with a capital at its start; the rest, such as names, stays as it is."""
    return text[:1].upper() + text[1:]


def plain(text: str) -> str:
    """``text`` in printable ASCII: part of it comes from devices."""
    shown = text.replace(DASH, "-").encode("ascii", "backslashreplace").decode()
    return "".join(letter if letter.isprintable() else "?" for letter in shown)


def wrapped(text: str, indent: str = "") -> list[str]:
    """``text`` in lines of at most 72 columns; longer words are broken."""
    return textwrap.wrap(plain(text), COLUMNS, subsequent_indent=indent, break_on_hyphens=False)
