"""All devices at a glance: a heat map of the main pair of arms, and its numbers."""

from __future__ import annotations

from lmkd_reports.presentation.heatmap import FEWEST_DEVICES
from lmkd_reports.presentation.heatmap import Glance
from lmkd_reports.presentation.heatmap import glance
from lmkd_reports.presentation.page import Page
from lmkd_reports.presentation.section import Section


class HeatmapSection(Section):
    name = "heatmap"
    title = "All devices"

    def is_shown(self, page: Page) -> bool:
        return page.compares_arms and len(page.devices) >= FEWEST_DEVICES

    def data(self, page: Page) -> Glance:
        return glance(page.analysis)
