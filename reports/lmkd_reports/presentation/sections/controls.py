"""Controls: strata in which no gain is possible."""

from __future__ import annotations

from lmkd_reports.presentation.page import Page
from lmkd_reports.presentation.section import Section


class ControlsSection(Section):
    name = "controls"
    title = "Controls"

    def is_shown(self, page: Page) -> bool:
        return any(view.controls for view in page.devices)
