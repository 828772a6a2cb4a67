"""Writes the page of a history and prints its changes: ``pytest-lmkd report --history``."""

from __future__ import annotations

from pathlib import Path

from lmkd_core.records.reading import EVERYTHING
from lmkd_core.records.reading import Reading
from lmkd_reports.history.changes import find_changes
from lmkd_reports.history.page import render_page
from lmkd_reports.history.series import load_history
from lmkd_reports.history.text import history_text
from lmkd_reports.presentation.pages import write_page


def write_history(folder: Path, html_path: Path | None = None, reading: Reading = EVERYTHING) -> Path:
    """Writes the page of all runs below ``folder``, prints the changes, and returns the path of the page.

    The page goes to ``html_path``, by default to ``history.html`` in the folder.

    Raises:
        UsageProblem: no run can be used, or the page cannot be written.
    """
    history = load_history(folder, reading)
    changes = find_changes(history)
    path = html_path or folder / "history.html"
    write_page(path, render_page(history, changes))
    print(history_text(history, changes))
    print(f"history: {path}")
    return path
