"""The device's own lmkd, as it was observed with real apps."""

from __future__ import annotations

from collections.abc import Iterator

from lmkd_reports.analysis.model import Analysis
from lmkd_reports.analysis.model import DeviceResult
from lmkd_reports.analysis.observed import Observed
from lmkd_reports.format.notes import Notes
from lmkd_reports.format.plain import wrapped
from lmkd_reports.presentation import observed
from lmkd_reports.presentation.page import Page
from lmkd_reports.presentation.section import Section


class AppsSection(Section):
    name = "apps"
    title = "The device’s own lmkd"

    def is_shown(self, page: Page) -> bool:
        return page.analysis.has_apps

    def data(self, page: Page) -> str:
        return observed.LEGEND

    def body(self, device: DeviceResult, analysis: Analysis, notes: Notes) -> Iterator[str]:
        for scenario in device.observed:
            yield from _observed(scenario)

    def legends(self, analysis: Analysis) -> Iterator[str]:
        if analysis.has_apps:
            yield from wrapped(observed.LEGEND)


def _observed(result: Observed) -> Iterator[str]:
    yield ""
    yield from wrapped(
        f"-- {result.scenario}, the device's own lmkd: {observed.headline(result)}", indent="   "
    )
    for name, text in observed.rows(result):
        yield from wrapped(f"   {name:<13} {text}", indent=" " * 17)
