"""Conformance: the answers of process_mrelease."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence
from itertools import groupby

from lmkd_core.records.case import CaseRecord
from lmkd_reports.analysis.cases import Conformance
from lmkd_reports.analysis.cases import is_broken
from lmkd_reports.analysis.model import Analysis
from lmkd_reports.analysis.model import DeviceResult
from lmkd_reports.format import units
from lmkd_reports.format.plain import wrapped
from lmkd_reports.presentation import cases
from lmkd_reports.presentation.page import Page
from lmkd_reports.presentation.section import Section


class ConformanceSection(Section):
    name = "conformance"
    title = "Conformance"
    rank = 2

    def is_shown(self, page: Page) -> bool:
        return page.analysis.has_answers

    def headlines(self, device: DeviceResult, analysis: Analysis) -> Iterator[str]:
        if device.conformance:
            yield from _conformance(device.conformance)

    def legends(self, analysis: Analysis) -> Iterator[str]:
        tried = [device.conformance for device in analysis.devices if device.conformance]
        for text in dict.fromkeys(cases.legend(case) for results in tried for case in results.counted):
            yield from wrapped(text)


def _conformance(conformance: Conformance) -> Iterator[str]:
    """What came of the cases in a line, then each wrong answer, then a line each for what is counted."""
    yield from wrapped(f"   conformance, {cases.headline(conformance)}", indent="     ")
    for case in conformance.failed:
        yield from wrapped(f"   !! {case.case}, {cases.way(case)}: {case.answer}", indent="      ")
        yield from wrapped(f"      expected: {case.expected or units.NOTHING}", indent="      ")
    for name, group in groupby(conformance.counted, lambda case: case.case):
        yield from wrapped(f"     {name}: {_seen(list(group))}", indent="       ")


def _seen(counted: Sequence[CaseRecord]) -> str:
    """Counts per action on the target; one row where the action made no difference."""
    seen = [cases.counted(case.answer) for case in counted]
    ways = ["!! " * is_broken(case) + cases.way(case) for case in counted]
    if len(seen) > 1 and len(set(seen)) == 1 and not any(map(is_broken, counted)):
        return f"{seen[0]} ({', '.join(ways)})"
    return "; ".join(f"{way} {what}" for way, what in zip(ways, seen, strict=True))
