"""Integers in untrusted logs: a length limit keeps hostile digits out of the records."""

from __future__ import annotations

MAX_DIGITS = 18
"""Digits that fit into 64 bits with any sign; no log prints a larger number."""


def is_integer(text: str) -> bool:
    """Returns whether ``text`` is an integer of at most ``MAX_DIGITS``."""
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdigit() and len(digits) <= MAX_DIGITS
