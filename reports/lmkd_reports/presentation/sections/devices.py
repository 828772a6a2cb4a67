"""Device by device: one question for all devices that measured it."""

from __future__ import annotations

from lmkd_reports.presentation.forest import Forest
from lmkd_reports.presentation.forest import forests
from lmkd_reports.presentation.page import Page
from lmkd_reports.presentation.section import Section


class DevicesSection(Section):
    name = "devices"
    title = "Device by device"

    def is_shown(self, page: Page) -> bool:
        return bool(forests(page.analysis))

    def data(self, page: Page) -> list[Forest]:
        return forests(page.analysis)
