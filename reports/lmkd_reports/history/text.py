"""Renders the history for the terminal: printable ASCII in at most 72 columns."""

from __future__ import annotations

from collections.abc import Iterator

from lmkd_reports.format import units
from lmkd_reports.format.plain import wrapped
from lmkd_reports.history import words
from lmkd_reports.history.changes import Changes
from lmkd_reports.history.series import History


def history_text(history: History, changes: Changes) -> str:
    """Returns the text that ``pytest-lmkd report --history`` prints before the path of the page."""
    return "\n".join(_lines(history, changes)) + "\n"


def _lines(history: History, changes: Changes) -> Iterator[str]:
    yield from wrapped(f"pytest-lmkd: history of {history.name}: {units.count(history.runs, 'run')}")
    for device in history.devices:
        results = [result for result in changes.judged if result.series.device == device.name]
        yield from wrapped(
            f"{device.name}: {units.count(len(device.builds), 'build')}, {words.tally(results)}", "  "
        )
        for reason in words.untested(results):
            yield from wrapped(f"  {reason}", "    ")
        if warning := words.dependence(results):
            yield from wrapped(f"  {warning}", "    ")
    yield ""
    yield from _changes(changes)
    if history.left_out:
        yield from ("", "Left out:")
    for entry in history.left_out:
        yield from wrapped(f"  {entry}", "    ")


def _changes(changes: Changes) -> Iterator[str]:
    newest_first = changes.newest_first
    if newest_first:
        yield "Changes, newest first:"
    elif changes.tested:
        yield from wrapped(f"No change was found in {changes.tested} tested series.")
    else:
        yield "No series could be tested for changes."
    for change in newest_first:
        yield from wrapped(f"  {change.label}: {change.series.device}: {words.headline(change)}", "    ")
        yield from wrapped(f"    {words.details(change)}; {words.p_value(change.p)}", "    ")
