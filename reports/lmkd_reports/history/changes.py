"""Finds which series of a history changed their level, and between which builds.

Holm's procedure corrects all tests of a page together: if all builds are equal, at most one page in twenty
names a change. The choice of series to test depends only on the number of builds and on whether all values
are equal, never on the order of the values.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

import numpy as np

from lmkd_core.statistics.bounds import Bounds
from lmkd_core.statistics.bounds import Floats
from lmkd_core.statistics.changepoints import LEVEL
from lmkd_core.statistics.changepoints import change_tests
from lmkd_core.statistics.changepoints import fewest_values
from lmkd_core.statistics.multiplicity import holm
from lmkd_reports.analysis.verdicts import Verdict
from lmkd_reports.format import units
from lmkd_reports.history.series import Build
from lmkd_reports.history.series import History
from lmkd_reports.history.series import Point
from lmkd_reports.history.series import Series
from lmkd_reports.metrics.kinds import Kind

CONSTANT = "equal in every build"

AGREEING = 0.75
"""Share of pairs of builds that must agree for a rise or a fall; below it, only the scatter changed."""


@dataclass(frozen=True, slots=True)
class Level:
    """The builds ``first`` to ``last`` without a change between them.

    ``value`` is the median of their medians (ns for times), or their mean.
    """

    first: Build
    last: Build
    value: Bounds


@dataclass(frozen=True, slots=True)
class Change:
    """Two successive levels.

    ``higher`` is the share of pairs (a build before, a build after) in which the later build has the higher
    value; ties count half. ``p`` is corrected for all tests of the page.
    """

    series: Series
    before: Level
    after: Level
    higher: float
    p: float

    @property
    def between(self) -> int:
        """The number of builds between the two levels that have no value of this series."""
        return self.after.first.number - self.before.last.number - 1

    @property
    def started(self) -> datetime:
        return self.after.first.started

    @property
    def verdict(self) -> Verdict:
        """Lower is better; if only the scatter changed, there is no clear difference."""
        if self.higher >= AGREEING and self.after.value.low > self.before.value.high:
            return Verdict.WORSE
        if self.higher <= 1 - AGREEING and self.after.value.high < self.before.value.low:
            return Verdict.BETTER
        return Verdict.NO_CLEAR_DIFFERENCE


@dataclass(frozen=True, slots=True)
class SeriesResult:
    """A series with its levels and the changes between them, oldest first.

    ``note`` is the reason why the series was not tested; empty if it was.
    """

    series: Series
    levels: tuple[Level, ...]
    changes: tuple[Change, ...]
    note: str

    @property
    def verdict(self) -> Verdict:
        """The verdict of the newest change."""
        if self.changes:
            return self.changes[-1].verdict
        return Verdict.NOT_ENOUGH_DATA if self.note and self.note != CONSTANT else Verdict.NO_CLEAR_DIFFERENCE


@dataclass(frozen=True, slots=True)
class Changes:
    """``results`` is in the order of the history's series."""

    results: tuple[SeriesResult, ...]

    @property
    def tested(self) -> int:
        return sum(not result.note for result in self.results)

    @property
    def newest_first(self) -> list[Change]:
        changes = [change for result in self.results for change in result.changes]
        return sorted(changes, key=lambda change: change.started, reverse=True)


def find_changes(history: History) -> Changes:
    """Tests every series that has enough builds, all of them as one family."""
    all_series = [series for device in history.devices for series in device.series]
    samples = [tested_values(series) for series in all_series]
    lengths = [len(sample) for sample in samples if _can_be_tested(sample)]
    level = page_level(lengths)
    tests = [
        (index, test)
        for index, sample in enumerate(samples)
        if _can_be_tested(sample)
        for test in change_tests(sample, level)
    ]
    certain: list[dict[int, float]] = [{} for _ in all_series]
    for (index, test), p in zip(tests, holm([test.p for _, test in tests]), strict=True):
        if p <= LEVEL:
            certain[index][test.at] = p
    notes = [_note(sample, level, len(lengths)) for sample in samples]
    columns = zip(all_series, samples, certain, notes, strict=True)
    return Changes(tuple(_series_result(*column) for column in columns))


def tested_values(series: Series) -> Floats:
    """One number per point: the log of a time in ns, a share or a count.

    A median beyond its timeout counts as the highest value of the series, wherever the timeout was.
    """
    values = [point.measure.value for point in series.points]
    highest = max((bounds.low for bounds in values), default=0.0)
    numbers = np.array([bounds.low if bounds.exact else highest for bounds in values], dtype=np.float64)
    return series.metric.kind.tested(numbers)


def page_level(lengths: Sequence[int]) -> float:
    """The greatest level of one test at which the testable series do not outnumber the shares of ``LEVEL``.

    ``lengths`` are the numbers of builds of the series.
    """
    tests = 1
    while sum(length >= fewest_values(LEVEL / tests) for length in lengths) > tests:
        tests += 1
    return LEVEL / tests


def _can_be_tested(values: Floats) -> bool:
    return len(values) >= fewest_values() and bool(np.ptp(values))


def _note(values: Floats, level: float, candidates: int) -> str:
    if len(values) < fewest_values():
        return _too_few(len(values), fewest_values(), "")
    if not _can_be_tested(values):
        return CONSTANT
    if len(values) < fewest_values(level):
        needed = fewest_values(LEVEL / candidates)
        return _too_few(len(values), needed, f" when {candidates} series are tested together")
    return ""


def _too_few(builds: int, needed: int, where: str) -> str:
    return f"{units.count(builds, 'build')}; finding a change needs at least {needed}{where}"


def _series_result(series: Series, values: Floats, certain: Mapping[int, float], note: str) -> SeriesResult:
    """``certain`` maps the index at which a new level begins to its corrected p."""
    edges = [0, *sorted(certain), len(values)]
    levels = [_level(series.metric.kind, series.points[start:end]) for start, end in pairwise(edges)]
    parts = [values[start:end] for start, end in pairwise(edges)]
    changes = [
        Change(series, before, after, _higher(*samples), certain[at])
        for at, (before, after), samples in zip(edges[1:-1], pairwise(levels), pairwise(parts), strict=True)
    ]
    return SeriesResult(series, tuple(levels), tuple(changes), note)


def _higher(before: Floats, after: Floats) -> float:
    return float((1 + np.sign(np.subtract.outer(after, before)).mean()) / 2)


def _level(kind: Kind, points: Sequence[Point]) -> Level:
    values = [point.measure.value for point in points]
    return Level(points[0].build, points[-1].build, kind.level(values))
