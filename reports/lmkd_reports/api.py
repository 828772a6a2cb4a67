"""The functions of a report, for scripts. Importing them takes two seconds: pandas, scipy and Altair."""

from __future__ import annotations

from lmkd_reports.analysis.analyse import analyse
from lmkd_reports.analysis.combine import combine
from lmkd_reports.analysis.frames import load_run
from lmkd_reports.presentation.html import render_html
from lmkd_reports.presentation.summary import render_summary

__all__ = ["analyse", "combine", "load_run", "render_html", "render_summary"]
