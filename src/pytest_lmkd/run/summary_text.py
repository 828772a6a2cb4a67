"""Writes the summary of a run to the terminal, its verdicts in colour."""

from __future__ import annotations

import re

import pytest

COLOURS = {
    "better": "green",
    "worse": "red",
    "invalid": "red",
    "equivalent": "cyan",
    "no clear difference": "yellow",
    "not enough data": "yellow",
}

VERDICT = re.compile(rf"(?<![\w-])({'|'.join(COLOURS)})(?= in \d| \[|  |[,;]|$)")
"""A verdict where it is stated: at the end of a line or a part of it, or as ``better in 3 of 4 strata``."""

OF_ARMS = re.compile(r"^(?: {2,3}| {5,6})\S")
"""Lines about arms; legends and notes, indented by 0 and 4, explain the same words and have no colour."""


def write_summary(reporter: pytest.TerminalReporter, text: str) -> None:
    """Writes the text by pytest's own writer, which knows whether colours are wanted."""
    for line in text.splitlines():
        parts = VERDICT.split(line) if OF_ARMS.match(line) else [line]
        for part in parts:
            colour = COLOURS.get(part)
            reporter.write(part, **({colour: True} if colour else {}))
        reporter.write("\n")
