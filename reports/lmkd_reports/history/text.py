"""The history in at most 72 columns of printable ASCII, as the terminal shows it."""

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
    """What ``pytest-lmkd report --history`` prints, but for where the page is."""
    return "\n".join(_lines(history, changes)) + "\n"


def _lines(history: History, changes: Changes) -> Iterator[str]:
    yield from _wrap(f"pytest-lmkd: history of {history.name}: {units.count(history.runs, 'run')}")
    for device in history.devices:
        judged = [one for one in changes.judged if one.series.device == device.name]
        yield from _wrap(
            f"{device.name}: {units.count(len(device.builds), 'build')}, {words.tally(judged)}", "  "
        )
        for reason in words.untested(judged):
            yield from _wrap(f"  {reason}", "    ")
    yield ""
    yield from _changes(changes)
    if history.left_out:
        yield from ("", "Left out:")
    for one in history.left_out:
        yield from _wrap(f"  {one}", "    ")


def _changes(changes: Changes) -> Iterator[str]:
    found = changes.newest_first
    if found:
        yield "Changes, the newest first:"
    elif changes.tested:
        yield from _wrap(f"No change was found in the {changes.tested} series that were tested.")
    else:
        yield "Nothing could be tested for changes."
    for change in found:
        said = f"{change.series.device}: {words.sentence(change)}; {words.p_value(change.p)}"
        yield from _wrap(f"  {change.verdict}: {said}", "    ")


def _wrap(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(plain(text), COLUMNS, subsequent_indent=indent, break_on_hyphens=False)
