"""What ``pytest-lmkd report --history`` does, once it is clear what is asked for."""

from __future__ import annotations

from pathlib import Path

from lmkd_core.base.errors import UsageProblem
from lmkd_core.records.reading import EVERYTHING
from lmkd_core.records.reading import Reading
from lmkd_reports.history.changes import find_changes
from lmkd_reports.history.page import render_page
from lmkd_reports.history.series import load_history
from lmkd_reports.history.text import history_text


def write_history(folder: Path, html_path: Path | None = None, reading: Reading = EVERYTHING) -> Path:
    """Writes the page of all runs below ``folder``, prints what changed, and returns where the page is.

    The page goes to ``html_path``, else to ``history.html`` in the folder.

    Raises:
        UsageProblem: there is nothing to be shown, or the page cannot be written.
    """
    history = load_history(folder, reading)
    changes = find_changes(history)
    path = html_path or folder / "history.html"
    page = render_page(history, changes)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise UsageProblem(f"the page {path} cannot be written: {error.strerror}") from error
    print(history_text(history, changes))
    print(f"history: {path}")
    return path
