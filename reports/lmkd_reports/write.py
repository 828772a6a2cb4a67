"""Writes the reports of one results directory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import lmkd_reports
from pytest_lmkd.errors import UsageProblem


@dataclass(frozen=True, slots=True)
class ReportPaths:
    """Where the reports of a run were written."""

    html: Path
    summary: Path


def write_report(run_dir: Path, html_path: Path | None = None) -> ReportPaths:
    """Writes ``summary.txt`` into ``run_dir``, and the page there too or to ``html_path``.

    Raises:
        UsageProblem: ``run_dir`` holds no run, or a report cannot be written.
    """
    paths = ReportPaths(html=html_path or run_dir / "report.html", summary=run_dir / "summary.txt")
    analysis = lmkd_reports.analyse(lmkd_reports.load_run(run_dir))
    _write(paths.summary, lmkd_reports.render_summary(analysis))
    _write(paths.html, lmkd_reports.render_html(analysis))
    return paths


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageProblem(f"the report {path} cannot be written: {error.strerror}") from error
