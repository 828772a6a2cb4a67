"""``--lkml``: the answer and its numbers in 72 columns, to paste into a mail to a kernel list."""

from __future__ import annotations

import shlex
import string
from collections.abc import Iterator
from collections.abc import Sequence

from lmkd_core.records.arms import meaning_of
from lmkd_core.records.arms import plain_name
from lmkd_reports.analysis.model import Analysis
from lmkd_reports.analysis.model import DeviceResult
from lmkd_reports.analysis.verdicts import Verdict
from lmkd_reports.format.identity import accelerator_text
from lmkd_reports.format.plain import COLUMNS
from lmkd_reports.format.plain import plain
from lmkd_reports.format.plain import wrapped
from lmkd_reports.presentation.answer import answer_of
from lmkd_reports.presentation.brief import REPRODUCE
from lmkd_reports.presentation.brief import Row
from lmkd_reports.presentation.brief import Table
from lmkd_reports.presentation.brief import arms_of
from lmkd_reports.presentation.brief import injected_scenarios
from lmkd_reports.presentation.brief import origin
from lmkd_reports.presentation.brief import tables
from lmkd_reports.presentation.kills import MINUS

CELL = 6
DIFFERENCE = 27
"""Columns of an arm, and of the difference with its interval and verdict."""

MARKS = {Verdict.NO_CLEAR_DIFFERENCE: "~"}
"""Verdicts that have a mark instead of a word here."""

MOST_ARMS = 4
"""Columns: the first arms of the run. The page has all."""

CONTINUED = " \\"


def render_lkml(analysis: Analysis) -> str:
    """The text, its lines at most 72 columns of ASCII but for a command, which is never broken in a word."""
    lines: list[str] = []
    for device in analysis.devices:
        lines += [*_device(device, analysis), ""]
    return "\n".join(line.rstrip() for line in lines[:-1]) + "\n"


def _device(device: DeviceResult, analysis: Analysis) -> Iterator[str]:
    arms = arms_of(device, analysis)[:MOST_ARMS]
    pair = analysis.pairs[0] if analysis.pairs else None
    said = _answer(device, pair) if pair else ""
    if device.record:
        said = f"{said} {accelerator_text(device.record)}".rstrip()
    yield from wrapped(f"{device.name}: {said}")
    yield ""
    for letter, arm in zip(string.ascii_uppercase, arms, strict=False):
        yield from wrapped(_arm(letter, arm), indent="  ")
    for table in tables(device, arms, pair):
        yield from _table(table, arms, pair)
    injected = injected_scenarios(device)
    if injected:
        yield from wrapped(f"Stalls injected on purpose: {', '.join(injected)}.")
    yield ""
    for label, value in origin(analysis, device):
        yield from _trailer(label, value)


def _answer(device: DeviceResult, pair: tuple[str, str]) -> str:
    answer = answer_of(device, pair)
    return " ".join(filter(None, (answer.sentence, answer.worse, *answer.damage, answer.evidence)))


def _arm(letter: str, arm: str) -> str:
    return ": ".join(filter(None, (f"{letter} {plain_name(arm)}", meaning_of(arm))))


def _table(table: Table, arms: Sequence[str], pair: tuple[str, str] | None) -> Iterator[str]:
    letters = string.ascii_uppercase[: len(arms)]
    heads = "".join(f"{letter:>{CELL}}" for letter in letters)
    names = [row.short for row in table.rows]
    yield from _line(table.heading, heads, f" {_compared(table, arms, pair)}")
    for row in table.rows:
        cells = "".join(f" {_ascii(cell):>{CELL - 1}}" for cell in row.cells)
        yield from _line(
            row.short if names.count(row.short) == 1 else row.name, cells, f" {_difference(row)}"
        )


def _compared(table: Table, arms: Sequence[str], pair: tuple[str, str] | None) -> str:
    """``B/A [>=95 %], ~: not clear``, or ``B-A ...``; empty where nothing is compared."""
    if not table.compared or pair is None or not set(pair) <= set(arms):
        return ""
    candidate, baseline = (string.ascii_uppercase[arms.index(arm)] for arm in pair)
    operator = "/" if table.compared == "ratio" else "-"
    return f"{candidate}{operator}{baseline} [>=95 %], ~: not clear"


def _difference(row: Row) -> str:
    """``0.31 [0.17,0.48] better``."""
    if row.verdict is None:
        return ""
    interval = f"[{row.interval.replace(' to ', ',')}]" if row.interval else ""
    amount = row.difference.removesuffix("x") if row.difference != "-" else ""
    return _ascii(" ".join(filter(None, (amount, interval, MARKS.get(row.verdict, row.verdict)))))


def _line(name: str, cells: str, difference: str) -> Iterator[str]:
    """One line; a name that is too long has a line of its own."""
    width = max(COLUMNS - DIFFERENCE - len(cells), 1)
    if len(plain(name)) > width:
        yield from wrapped(name)
        name = ""
    yield from wrapped(f"{plain(name):<{width}}{cells}{difference}", indent=" " * 4)


def _trailer(label: str, value: str) -> Iterator[str]:
    if label == REPRODUCE:
        yield from _command(f"{label}: ", value)
    else:
        yield from wrapped(f"{label}: {value}", indent="  ")


def _command(label: str, command: str) -> Iterator[str]:
    """The command, to be copied into a shell: its lines end between words only."""
    line = label.rstrip()
    for word in map(shlex.quote, shlex.split(command)):
        if len(line) + len(word) + len(" " + CONTINUED) > COLUMNS:
            yield line + CONTINUED
            line = " "
        line += f" {plain(word)}"
    yield line


def _ascii(text: str) -> str:
    return plain(text.replace(MINUS, "-"))
