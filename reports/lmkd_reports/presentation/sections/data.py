"""The raw data, to download from the page."""

from __future__ import annotations

from lmkd_reports.presentation.section import Section


class DataSection(Section):
    name = "data"
    title = "Data"
