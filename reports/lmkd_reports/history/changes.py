"""Which series of a history changed their level, and between which builds.

All tests of a page are corrected together (Holm), so that a page of builds which are all equal names a change
in one of twenty cases at most. Which series are tested at all is decided by what says nothing of their
order: how many builds they have, and whether all their values are equal.
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

CONSTANT = "the same in every build"

AGREEING = 0.75
"""Share of pairs of builds that a rise or a fall takes; where it is smaller, rather the scatter changed."""


@dataclass(frozen=True, slots=True)
class Level:
    """What the builds from ``first`` to ``last`` have in common: median of the medians, or mean."""

    first: Build
    last: Build
    value: Bounds


@dataclass(frozen=True, slots=True)
class Change:
    """Two levels that follow each other.

    ``higher``: of all pairs of a build before and one after, the share in which the later has the higher
    value; ties count half. ``p`` is corrected for all tests of the page.
    """

    series: Series
    before: Level
    after: Level
    higher: float
    p: float

    @property
    def between(self) -> int:
        """How many builds lie between the two that have no value of it."""
        return self.after.first.number - self.before.last.number - 1

    @property
    def started(self) -> datetime:
        return self.after.first.started

    @property
    def verdict(self) -> Verdict:
        """Less is better; no clear difference where only the scatter of the values changed."""
        if self.higher >= AGREEING and self.after.value.low > self.before.value.high:
            return Verdict.WORSE
        if self.higher <= 1 - AGREEING and self.after.value.high < self.before.value.low:
            return Verdict.BETTER
        return Verdict.NO_CLEAR_DIFFERENCE


@dataclass(frozen=True, slots=True)
class Judged:
    """A series with its levels and the changes between them, the oldest first.

    ``note`` is why it was not tested; empty where it was.
    """

    series: Series
    levels: tuple[Level, ...]
    changes: tuple[Change, ...]
    note: str

    @property
    def verdict(self) -> Verdict:
        """That of the newest change."""
        if self.changes:
            return self.changes[-1].verdict
        return Verdict.NOT_ENOUGH_DATA if self.note and self.note != CONSTANT else Verdict.NO_CLEAR_DIFFERENCE


@dataclass(frozen=True, slots=True)
class Changes:
    """``judged`` is in the order of the history's series."""

    judged: tuple[Judged, ...]

    @property
    def tested(self) -> int:
        return sum(not one.note for one in self.judged)

    @property
    def newest_first(self) -> list[Change]:
        found = [change for one in self.judged for change in one.changes]
        return sorted(found, key=lambda change: change.started, reverse=True)


def find_changes(history: History) -> Changes:
    """Tests every series of the history that has enough builds, all of them as one family."""
    series = [one for device in history.devices for one in device.series]
    values = [tested_values(one) for one in series]
    lengths = [len(one) for one in values if _can_be_tested(one)]
    level = page_level(lengths)
    tests = [
        (place, tested)
        for place, one in enumerate(values)
        if _can_be_tested(one)
        for tested in change_tests(one, level)
    ]
    certain: list[dict[int, float]] = [{} for _ in series]
    for (place, tested), p in zip(tests, holm([tested.p for _, tested in tests]), strict=True):
        if p <= LEVEL:
            certain[place][tested.at] = p
    notes = [_note(one, level, len(lengths)) for one in values]
    return Changes(tuple(_judged(*one) for one in zip(series, values, certain, notes, strict=True)))


def tested_values(series: Series) -> Floats:
    """The numbers that are tested: logs of times, shares and counts as they are.

    A median beyond its timeout lies as high as the highest of the series, wherever the timeout was.
    """
    values = [point.measure.value for point in series.points]
    highest = max((one.low for one in values), default=0.0)
    numbers = np.array([one.low if one.exact else highest for one in values], dtype=np.float64)
    return series.metric.kind.tested(numbers)


def page_level(lengths: Sequence[int]) -> float:
    """The level of one test: the greatest at which no more series can be tested than share ``LEVEL``."""
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
        return _too_few(len(values), needed, f" where {candidates} series are tested together")
    return ""


def _too_few(builds: int, needed: int, where: str) -> str:
    return f"{units.count(builds, 'build')}, a change takes at least {needed}{where}"


def _judged(series: Series, values: Floats, certain: Mapping[int, float], note: str) -> Judged:
    """``certain``: the places at which a new level begins, with their p."""
    edges = [0, *sorted(certain), len(values)]
    levels = [_level(series.metric.kind, series.points[start:end]) for start, end in pairwise(edges)]
    parts = [values[start:end] for start, end in pairwise(edges)]
    changes = [
        Change(series, before, after, _higher(*values_of_both), certain[at])
        for at, (before, after), values_of_both in zip(
            edges[1:-1], pairwise(levels), pairwise(parts), strict=True
        )
    ]
    return Judged(series, tuple(levels), tuple(changes), note)


def _higher(before: Floats, after: Floats) -> float:
    return float((1 + np.sign(np.subtract.outer(after, before)).mean()) / 2)


def _level(kind: Kind, points: Sequence[Point]) -> Level:
    values = [point.measure.value for point in points]
    return Level(points[0].build, points[-1].build, kind.level(values))
