"""The conformance cases of one device on the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from lmkd_core.records.case import CaseRecord
from lmkd_reports.analysis.cases import is_broken
from lmkd_reports.analysis.model import DeviceResult
from lmkd_reports.presentation import cases


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One conformance case; ``broken`` if it counted an impossible result."""

    name: str
    way: str
    answer: str
    expected: str
    broken: bool


@dataclass(frozen=True, slots=True)
class CaseGroup:
    """One counted case, with each way in which it was tried."""

    name: str
    meaning: str
    rows: list[CaseRow]


@dataclass(frozen=True, slots=True)
class ConformanceView:
    """The results of one device; ``good`` if none is wrong."""

    headline: str
    good: bool
    failed: list[CaseRow]
    passed: list[CaseRow]
    counted: list[CaseGroup]


def conformance_view(device: DeviceResult) -> ConformanceView | None:
    results = device.conformance
    if results is None:
        return None
    return ConformanceView(
        headline=cases.headline(results),
        good=not results.failed and not results.broken,
        failed=list(map(_row, results.failed)),
        passed=list(map(_row, results.passed)),
        counted=[_group(list(group)) for _, group in groupby(results.counted, lambda case: case.case)],
    )


def _group(counted: Sequence[CaseRecord]) -> CaseGroup:
    return CaseGroup(counted[0].case, cases.meaning(counted[0]), list(map(_row, counted)))


def _row(case: CaseRecord) -> CaseRow:
    return CaseRow(
        name=case.case,
        way=cases.way(case),
        answer=case.answer,
        expected=case.expected,
        broken=is_broken(case),
    )
