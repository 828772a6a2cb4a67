"""The history in at most 72 columns of printable ASCII, as the terminal shows it."""

from __future__ import annotations

from collections.abc import Iterator

from lmkd_reports.format import units
from lmkd_reports.format.plain import wrapped
from lmkd_reports.history import words
from lmkd_reports.history.changes import Changes
from lmkd_reports.history.series import History


def history_text(history: History, changes: Changes) -> str:
    """What ``pytest-lmkd report --history`` prints, but for where the page is."""
    return "\n".join(_lines(history, changes)) + "\n"


def _lines(history: History, changes: Changes) -> Iterator[str]:
    yield from wrapped(f"pytest-lmkd: history of {history.name}: {units.count(history.runs, 'run')}")
    for device in history.devices:
        judged = [one for one in changes.judged if one.series.device == device.name]
        yield from wrapped(
            f"{device.name}: {units.count(len(device.builds), 'build')}, {words.tally(judged)}", "  "
        )
        for reason in words.untested(judged):
            yield from wrapped(f"  {reason}", "    ")
    yield ""
    yield from _changes(changes)
    if history.left_out:
        yield from ("", "Left out:")
    for one in history.left_out:
        yield from wrapped(f"  {one}", "    ")


def _changes(changes: Changes) -> Iterator[str]:
    found = changes.newest_first
    if found:
        yield "Changes, the newest first:"
    elif changes.tested:
        yield from wrapped(f"No change was found in the {changes.tested} series that were tested.")
    else:
        yield "Nothing could be tested for changes."
    for change in found:
        said = f"{change.series.device}: {words.sentence(change)}; {words.p_value(change.p)}"
        yield from wrapped(f"  {change.verdict}: {said}", "    ")
