"""From the records of a run to a report: a page, and a text table for a mail.

Layers, each of which knows only those above it: ``strata`` (the order of a stratum's fields), ``analysis``
(records to data frames to all values of a report), ``format`` (numbers, names and plain text), ``metrics``
(samples by metric), ``presentation`` (page, text, figures; no arithmetic on measurements), ``gate`` (two runs
compared, and held to limits), ``history`` (many builds). ``export``, ``fleet`` and ``ingest`` stand beside
them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

from lmkd_reports.alarms import control_alarms
from lmkd_reports.write import ReportPaths
from lmkd_reports.write import write_report

if TYPE_CHECKING:
    from lmkd_reports.api import analyse
    from lmkd_reports.api import combine
    from lmkd_reports.api import load_run
    from lmkd_reports.api import render_html
    from lmkd_reports.api import render_summary

__all__ = [
    "ReportPaths",
    "analyse",
    "combine",
    "control_alarms",
    "load_run",
    "render_html",
    "render_summary",
    "write_report",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - any function of the api
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from lmkd_reports import api  # noqa: PLC0415 - it takes two seconds to load

    return getattr(api, name)
