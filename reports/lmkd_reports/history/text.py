"""Renders the history for the terminal: printable ASCII in at most 72 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from lmkd_reports.history import words
from lmkd_reports.history.changes import Changes
from lmkd_reports.history.series import History
from lmkd_reports.presentation import units
from lmkd_reports.presentation.summary import COLUMNS
from lmkd_reports.presentation.summary import plain


def history_text(history: History, changes: Changes) -> str:
    """Returns the text that ``pytest-lmkd report --history`` prints before the path of the page."""
    return "\n".join(_lines(history, changes)) + "\n"


def _lines(history: History, changes: Changes) -> Iterator[str]:
    yield from _wrap(f"pytest-lmkd: history of {history.name}: {units.count(history.runs, 'run')}")
    for device in history.devices:
        results = [result for result in changes.results if result.series.device == device.name]
        yield from _wrap(
            f"{device.name}: {units.count(len(device.builds), 'build')}, {words.tally(results)}", "  "
        )
        for reason in words.untested(results):
            yield from _wrap(f"  {reason}", "    ")
    yield ""
    yield from _changes(changes)
    if history.left_out:
        yield from ("", "Left out:")
    for entry in history.left_out:
        yield from _wrap(f"  {entry}", "    ")


def _changes(changes: Changes) -> Iterator[str]:
    newest_first = changes.newest_first
    if newest_first:
        yield "Changes, newest first:"
    elif changes.tested:
        yield from _wrap(f"No change was found in {changes.tested} tested series.")
    else:
        yield "No series could be tested for changes."
    for change in newest_first:
        text = f"{change.series.device}: {words.sentence(change)}; {words.p_value(change.p)}"
        yield from _wrap(f"  {change.verdict}: {text}", "    ")


def _wrap(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(plain(text), COLUMNS, subsequent_indent=indent, break_on_hyphens=False)
