"""The summary on the terminal: the text of summary.txt, with its verdicts in colour."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_lmkd.run.summary_text import write_summary

GOLDEN = Path(__file__).parents[1] / "reports/golden/summary.txt"


class Writer:
    """pytest's reporter, as far as the summary is written by it."""

    def __init__(self) -> None:
        self.written: list[tuple[str, tuple[str, ...]]] = []

    def write(self, text: str, **markup: bool) -> None:
        self.written.append((text, tuple(markup)))

    @property
    def coloured(self) -> list[tuple[str, str]]:
        return [(text, markup[0]) for text, markup in self.written if markup]


def written(text: str) -> Writer:
    writer: Any = Writer()
    write_summary(writer, text)
    result: Writer = writer
    return result


def test_the_text_is_that_of_the_file() -> None:
    text = GOLDEN.read_text()
    assert "".join(part for part, _ in written(text).written) == text


@pytest.mark.parametrize(
    ("line", "coloured"),
    [
        ("  reap-kill / kill            0.87x (0.78 to 0.89)   better", [("better", "green")]),
        ("  reap-kill / kill            1.87x (1.78 to 1.89)   worse [1]", [("worse", "red")]),
        (
            "   with REAP_KILL against SIGKILL only: better in 3 of 8 strata, equivalent in 2",
            [("better", "green"), ("equivalent", "cyan")],
        ),
        (
            "   time back    0.13x (0.12 to 0.14, 97.9 %) better; SIGKILL only: 346",
            [("better", "green")],
        ),
        ("  no clear difference  1.01x  undisturbed", [("no clear difference", "yellow")]),
        ("    A row is better if its interval lies below 1.", []),
        ("Less is better", []),
    ],
)
def test_a_verdict_about_arms_has_its_colour_and_the_same_word_elsewhere_has_none(
    line: str, coloured: list[tuple[str, str]]
) -> None:
    assert written(line).coloured == coloured
