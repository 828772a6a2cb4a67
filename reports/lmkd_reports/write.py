"""Writes the reports of one results directory, or of several on one page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lmkd_core.base.errors import UsageProblem
from lmkd_core.records.reading import EVERYTHING
from lmkd_core.records.reading import Reading

if TYPE_CHECKING:
    from lmkd_reports.analysis.model import Analysis
    from lmkd_reports.analysis.model import Detectable


@dataclass(frozen=True, slots=True)
class ReportPaths:
    """Where the reports of a run were written; no ``summary`` if only the page was.

    ``text`` is the summary, and ``answer`` the part of it that answers the run's question.
    """

    html: Path
    summary: Path | None
    text: str = field(default="", compare=False, repr=False)
    answer: str = field(default="", compare=False, repr=False)


def write_report(
    run_dirs: Path | Sequence[Path],
    html_path: Path | None = None,
    *,
    reading: Reading = EVERYTHING,
    detectable: Detectable | None = None,
    equivalent_pct: float | None = None,
    joined: bool = False,
) -> ReportPaths:
    """Writes the page and ``summary.txt``: of one run into its folder, of several into the current one.

    With ``html_path`` only this page is written, and the reports beside the records stay a pair. ``joined``:
    the runs are of the same devices and are taken as one (``analysis.joined``), not side by side.

    Raises:
        UsageProblem: a folder holds no run, a run is named twice, or a report cannot be written.
    """
    folders = [run_dirs] if isinstance(run_dirs, Path) else list(run_dirs)
    analysis = analysis_of(folders, reading, detectable, equivalent_pct, joined=joined)
    from lmkd_reports.presentation.html import render_html  # noqa: PLC0415 - pandas and Altair take two seconds
    from lmkd_reports.presentation.summary import render_answers  # noqa: PLC0415
    from lmkd_reports.presentation.summary import render_summary  # noqa: PLC0415

    text = render_summary(analysis)
    paths = replace(_paths(folders, html_path, text), answer=render_answers(analysis))
    if paths.summary is not None:
        _write(paths.summary, text)
    _write(paths.html, render_html(analysis))
    return paths


def analysis_of(
    folders: Sequence[Path],
    reading: Reading = EVERYTHING,
    detectable: Detectable | None = None,
    equivalent_pct: float | None = None,
    *,
    joined: bool = False,
) -> Analysis:
    """What ``write_report`` writes. Raises: UsageProblem, as there."""
    from lmkd_reports.analysis.analyse import analyse  # noqa: PLC0415 - as above
    from lmkd_reports.analysis.combine import combine  # noqa: PLC0415
    from lmkd_reports.analysis.frames import load_run  # noqa: PLC0415
    from lmkd_reports.analysis.joined import check_names  # noqa: PLC0415
    from lmkd_reports.analysis.joined import join_runs  # noqa: PLC0415

    runs = [load_run(folder, reading) for folder in folders]
    check_names(runs)
    if joined:
        infos = tuple(run.info for run in runs)
        analyses = [replace(analyse(join_runs(runs), detectable, equivalent_pct), runs=infos)]
    else:
        analyses = [analyse(run, detectable, equivalent_pct) for run in runs]
    if reading.devices and not any(analysis.devices for analysis in analyses):
        raise UsageProblem(f"no run has a device of the name {' or '.join(reading.devices)}")
    return combine([analysis for analysis in analyses if analysis.devices] or analyses)


def _paths(folders: Sequence[Path], html_path: Path | None, text: str) -> ReportPaths:
    if html_path is not None:
        return ReportPaths(html_path, None, text)
    folder = folders[0] if len(folders) == 1 else Path()
    return ReportPaths(folder / "report.html", folder / "summary.txt", text)


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageProblem(f"the report {path} cannot be written: {error.strerror}") from error
