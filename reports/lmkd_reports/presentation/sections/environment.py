"""The environment: devices side by side, their facts, and the run's command and versions."""

from __future__ import annotations

from lmkd_reports.format.properties import Property
from lmkd_reports.presentation.environment import side_by_side
from lmkd_reports.presentation.page import Page
from lmkd_reports.presentation.section import Section


class EnvironmentSection(Section):
    name = "environment"
    title = "Environment"

    def data(self, page: Page) -> list[Property]:
        return side_by_side(page.analysis.devices)
