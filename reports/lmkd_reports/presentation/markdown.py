"""``--markdown``: the answer and its numbers for a pull request or an issue tracker."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence

from lmkd_core.records.arms import full_name
from lmkd_core.records.arms import meaning_of
from lmkd_core.records.arms import plain_name
from lmkd_reports.analysis.model import Analysis
from lmkd_reports.analysis.model import DeviceResult
from lmkd_reports.format.identity import accelerator_text
from lmkd_reports.presentation.answer import answer_of
from lmkd_reports.presentation.brief import REPRODUCE
from lmkd_reports.presentation.brief import Row
from lmkd_reports.presentation.brief import Table
from lmkd_reports.presentation.brief import arms_of
from lmkd_reports.presentation.brief import injected_scenarios
from lmkd_reports.presentation.brief import origin
from lmkd_reports.presentation.brief import tables
from lmkd_reports.presentation.wording import pair_name

SPECIAL = str.maketrans({letter: f"\\{letter}" for letter in "\\`*_{}[]<>#|~"} | {"&": "&amp;", "@": "&#64;"})
"""Letters with a meaning in Markdown, and those of entities and mentions: part of the text is a device's."""


def render_markdown(analysis: Analysis) -> str:
    lines = [line for device in analysis.devices for line in _device(device, analysis)]
    return "\n".join(lines) + "\n"


def _device(device: DeviceResult, analysis: Analysis) -> Iterator[str]:
    arms = arms_of(device, analysis)
    pair = analysis.pairs[0] if analysis.pairs else None
    title = f": {pair_name(pair)}" if pair else ""
    yield from (f"### {_text(device.name + title)}", "")
    if pair:
        answer = answer_of(device, pair)
        for text in filter(None, (answer.sentence, answer.worse, *answer.damage, answer.evidence)):
            yield from (_text(text), "")
        yield from (_text(accelerator_text(device.record)) if device.record else "", "")
    yield from (*(f"- {_text(_arm(arm))}" for arm in arms), "")
    for table in tables(device, arms, pair):
        yield from (*_table(table, arms), "")
    injected = ", ".join(injected_scenarios(device))
    if injected:
        yield from (_text(f"Stalls injected on purpose: {injected}."), "")
    yield from ("<details><summary>What ran, and how to reproduce it</summary>", "")
    for label, value in origin(analysis, device):
        yield from ("", "```", value, "```", "") if label == REPRODUCE else (f"- {label}: {_text(value)}",)
    yield from ("", "</details>", "")


def _arm(arm: str) -> str:
    return ": ".join(filter(None, (full_name(arm), meaning_of(arm))))


def _table(table: Table, arms: Sequence[str]) -> Iterator[str]:
    judged = any(row.verdict for row in table.rows)
    last = [f"{table.compared}, interval of 95 % at least", "verdict"] if judged else []
    yield _row([table.heading, *map(plain_name, arms), *last])
    yield "|---" + "|--:" * len(arms) + "|---" * len(last) + "|"
    for row in table.rows:
        yield _row([row.name, *row.cells, *(_compared(row) if judged else [])])


def _compared(row: Row) -> list[str]:
    interval = f" ({row.interval})" if row.interval else ""
    return [f"{row.difference}{interval}", str(row.verdict or "")]


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(_text(cell.strip()) for cell in cells) + " |"


def _text(text: str) -> str:
    return " ".join(text.split()).translate(SPECIAL)
