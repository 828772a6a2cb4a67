"""Finds which series of a history changed their level, and between which builds.

Judged are the values of each arm relative to the baseline arm of the same run, and the baseline arm's own
values: an arm's own values are made of these two. A change of the baseline arm's own values is one of the
device or the host if no arm changed relative to it at the same time.

Holm's procedure corrects all tests of a page together: if all builds are equal, at most one page in twenty
names a change. The choice of series to test depends only on the number of builds and on whether all values
are equal, never on the order of the values.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from itertools import pairwise

import numpy as np

from lmkd_core.statistics.bounds import Bounds
from lmkd_core.statistics.bounds import Floats
from lmkd_core.statistics.changepoints import FEWEST_ASIDE
from lmkd_core.statistics.changepoints import LEVEL
from lmkd_core.statistics.changepoints import change_tests
from lmkd_core.statistics.changepoints import fewest_values
from lmkd_core.statistics.changepoints import lag_one_correlation
from lmkd_core.statistics.multiplicity import holm
from lmkd_reports.analysis.verdicts import Verdict
from lmkd_reports.format import units
from lmkd_reports.history.series import Build
from lmkd_reports.history.series import History
from lmkd_reports.history.series import Point
from lmkd_reports.history.series import Series
from lmkd_reports.metrics.kinds import Kind

CONSTANT = "equal in every build"
RELATIVE = "judged relative to the baseline arm"

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


class Cause(StrEnum):
    """What a change is a change of."""

    ARM = "the arm, relative to its baseline arm"
    ALONE = "the arm, the device or the host: no other arm was tested with it"
    BASELINE = "the baseline arm, as others changed relative to it at the same time"
    DEVICE = "the device or the host, as no arm changed relative to it at the same time"


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
    cause: Cause = Cause.ARM

    @property
    def between(self) -> int:
        """The number of builds between the two levels that have no value of this series."""
        return self.after.first.number - self.before.last.number - 1

    @property
    def started(self) -> datetime:
        return self.after.first.started

    @property
    def label(self) -> str:
        """The verdict, if the change is one of an arm."""
        return "device or host" if self.cause is Cause.DEVICE else str(self.verdict)

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

    ``note`` is the reason why the series was not tested; empty if it was. ``correlation`` is that of a build
    with the next, within the levels; 0 if it was not tested.
    """

    series: Series
    levels: tuple[Level, ...]
    changes: tuple[Change, ...]
    note: str
    correlation: float = 0.0

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
    def judged(self) -> list[SeriesResult]:
        return [result for result in self.results if result.series.is_judged]

    @property
    def tested(self) -> int:
        return sum(not result.note for result in self.judged)

    @property
    def newest_first(self) -> list[Change]:
        changes = [change for result in self.results for change in result.changes]
        return sorted(changes, key=lambda change: change.started, reverse=True)


def find_changes(history: History) -> Changes:
    """Tests every judged series that has enough builds, all of them as one family."""
    all_series = [series for device in history.devices for series in device.series]
    judged = [series for series in all_series if series.is_judged]
    tested = _with_causes(_tested(judged))
    by_series = dict(zip(map(id, judged), tested, strict=True))
    return Changes(tuple(by_series.get(id(series)) or _shown(series) for series in all_series))


def _tested(all_series: Sequence[Series]) -> list[SeriesResult]:
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
            certain[index] |= dict.fromkeys(test.places, p)
    notes = [_note(sample, level, len(lengths)) for sample in samples]
    columns = zip(all_series, samples, certain, notes, strict=True)
    return [_series_result(*column) for column in columns]


def _shown(series: Series) -> SeriesResult:
    """The result of an arm's own values, if the arm is judged relative to its baseline arm."""
    return SeriesResult(series, (_level(series.metric.kind, series.points),), (), RELATIVE)


def _with_causes(results: Sequence[SeriesResult]) -> list[SeriesResult]:
    return [
        replace(
            result, changes=tuple(replace(change, cause=_cause(change, results)) for change in result.changes)
        )
        for result in results
    ]


def _cause(change: Change, results: Sequence[SeriesResult]) -> Cause:
    if change.series.baseline:
        return Cause.ARM
    beside = [result for result in results if _is_relative_to(result.series, change.series)]
    places = [other.after.first.number for result in beside for other in result.changes]
    if any(abs(place - change.after.first.number) < FEWEST_ASIDE for place in places):
        return Cause.BASELINE
    return Cause.DEVICE if any(not result.note for result in beside) else Cause.ALONE


def _is_relative_to(series: Series, baseline: Series) -> bool:
    here, there = ((own.device, own.place, own.metric.name) for own in (series, baseline))
    return here == there and series.baseline == baseline.arm


def tested_values(series: Series) -> Floats:
    """One number per point: the log of a time in ns or of a ratio, a share, a count or a difference.

    A median beyond its timeout counts as the highest value of the series, wherever the timeout was; a ratio
    to one as the lowest.
    """
    values = [point.measure.value for point in series.points]
    highest = max((bounds.low for bounds in values), default=0.0)
    lowest = min((bounds.high for bounds in values), default=0.0)
    numbers = [
        bounds.low if bounds.exact else highest if math.isinf(bounds.high) else lowest for bounds in values
    ]
    return series.metric.kind.tested(np.array(numbers, dtype=np.float64))


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
    correlation = 0.0 if note else lag_one_correlation(values, tuple(edges[1:-1]))
    return SeriesResult(series, tuple(levels), tuple(changes), note, correlation)


def _higher(before: Floats, after: Floats) -> float:
    return float((1 + np.sign(np.subtract.outer(after, before)).mean()) / 2)


def _level(kind: Kind, points: Sequence[Point]) -> Level:
    values = [point.measure.value for point in points]
    return Level(points[0].build, points[-1].build, kind.level(values))
