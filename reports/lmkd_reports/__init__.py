"""From the records of a run to a report: a page, and a text table for a mail.

Layers, each of which knows only those above it: ``strata`` (the order of a stratum's fields), ``analysis``
(records to data frames to all values of a report), ``format`` (numbers, names and plain text), ``metrics``
(samples by metric), ``gate`` (two runs compared, and held to limits), ``presentation`` (page, text, figures;
no arithmetic on measurements), ``history`` (many builds). ``export``, ``fleet`` and ``ingest`` stand beside
them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING
from typing import Any

from lmkd_reports.write import ReportPaths
from lmkd_reports.write import write_report

if TYPE_CHECKING:
    from lmkd_reports.analysis import analyse
    from lmkd_reports.analysis import combine
    from lmkd_reports.analysis.frames import load_run
    from lmkd_reports.presentation.html import render_html
    from lmkd_reports.presentation.summary import render_summary

__all__ = [
    "ReportPaths",
    "analyse",
    "combine",
    "load_run",
    "render_html",
    "render_summary",
    "write_report",
]

_HOMES = {
    "load_run": "lmkd_reports.analysis.frames",
    "analyse": "lmkd_reports.analysis",
    "combine": "lmkd_reports.analysis",
    "render_html": "lmkd_reports.presentation.html",
    "render_summary": "lmkd_reports.presentation.summary",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - it may be any of the functions above
    # pandas, scipy and Altair take two seconds to load: nobody should wait for them who writes no report
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
