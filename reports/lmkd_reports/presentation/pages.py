"""Makes the jinja2 environment of a page, and writes a finished page to its file."""

from __future__ import annotations

from pathlib import Path

import jinja2

from lmkd_core.base.errors import UsageProblem
from lmkd_core.base.errors import error_text


def page_environment(package: str) -> jinja2.Environment:
    """Loads templates from ``package``, then from ``lmkd_reports.presentation``; escapes everything."""
    return jinja2.Environment(
        loader=jinja2.ChoiceLoader(
            [jinja2.PackageLoader(package), jinja2.PackageLoader("lmkd_reports.presentation")]
        ),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


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
