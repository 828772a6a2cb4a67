"""Left out: skipped, invalid or not readable."""

from __future__ import annotations

from collections.abc import Iterator

from lmkd_reports.analysis.model import Analysis
from lmkd_reports.analysis.model import DeviceResult
from lmkd_reports.format.plain import wrapped
from lmkd_reports.presentation.section import Section
from lmkd_reports.presentation.wording import exclusions


class LeftOutSection(Section):
    name = "left-out"
    title = "Left out"
    rank = 2

    def headlines(self, device: DeviceResult, analysis: Analysis) -> Iterator[str]:
        for skip in device.skips:
            yield from wrapped(f"   skipped: {skip.what} {skip.name} ({skip.reason})", indent="     ")
        for sentence in exclusions(device):
            yield from wrapped(f"   left out: {sentence}", indent="     ")

    def closing(self, analysis: Analysis) -> Iterator[str]:
        if analysis.problems:
            yield from ("", "Not used:")
        for problem in analysis.problems:
            yield from wrapped(f"  {problem}", indent="    ")
