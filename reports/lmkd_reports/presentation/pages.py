"""Writes a finished page to its file."""

from __future__ import annotations

from pathlib import Path

from lmkd_core.base.errors import UsageProblem
from lmkd_core.base.errors import error_text


def write_page(path: Path, page: str) -> None:
    """Writes ``page`` in UTF-8, and makes missing folders.

    Raises:
        UsageProblem: the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise UsageProblem(f"the page {path} cannot be written: {error_text(error)}") from error
