"""Intervals over boots: what holds for a kernel on a device, and not only in the boot that was measured.

Memory layout, placement and timers differ from boot to boot, so the blocks of one boot share an error that
more blocks do not reduce. The boots are therefore the replicates (T. Kalibera and R. Jones, Rigorous
Benchmarking in Reasonable Time, ISMM 2013): each boot gives one value, such as the median of its blocks.

Six boots or more are judged like blocks (``statistics.paired``, ``statistics.sign_flip``), without
assumptions. Here is Student's t for three to five boots, and for two runs. It assumes that the boots' values
scatter about normally; few boots cannot show whether they do. In simulations it covered the truth in 94 to
98 % of runs, for lognormal, t2 and outlier noise and standard deviations of 0 to 20 % between boots
(bench/boots.py).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr
from scipy.special import stdtrit

from lmkd_core.statistics.bounds import Bounds
from lmkd_core.statistics.bounds import Floats
from lmkd_core.statistics.bounds import quantile
from lmkd_core.statistics.shares import CONFIDENCE

MIN_BOOTS = 3
"""Fewest boots for an interval over boots. With two, Student's t is so wide that nothing is ever claimed."""

MAX_BOOTS = 1000
"""More boots than a run can have."""


@dataclass(frozen=True, slots=True)
class BootValues:
    """One value a boot, between its bounds ``least`` and ``greatest``: a log time, a log ratio, a count.

    ``unit`` is the smallest step of a boot's value, or 0 where it is continuous.
    """

    least: Floats
    greatest: Floats
    unit: float = 0.0

    def __len__(self) -> int:
        return len(self.least)

    @property
    def mean(self) -> Bounds:
        return Bounds(float(self.least.mean()), float(self.greatest.mean()))


@dataclass(frozen=True, slots=True)
class OverBoots:
    """A mean over boots, or a difference of two: its two-sided interval, and the two-sided p of zero."""

    estimate: Bounds
    interval: Bounds
    p: float


@dataclass(frozen=True, slots=True)
class Deviations:
    """Standard deviations of the boots' true values, and of the blocks of one boot."""

    between: float
    within: float


def medians_of_boots(lower: Floats, upper: Floats, boots: Sequence[str]) -> BootValues:
    """Returns the median of each boot's blocks.

    ``lower`` and ``upper`` bound the value of each block, and ``boots`` names its boot.
    """
    least, greatest = (
        np.array([quantile(group, 0.5) for group in _of_each_boot(values, boots)])
        for values in (lower, upper)
    )
    return BootValues(least, greatest)


def means_of_boots(counts: Floats, boots: Sequence[str]) -> BootValues:
    """Returns the mean of each boot's counts; ``boots`` names the boot of each count."""
    groups = _of_each_boot(counts, boots)
    means = np.array([float(group.mean()) for group in groups])
    return BootValues(means, means, unit=len(groups) / max(1, len(counts)))


def over_boots(values: BootValues, confidence: float = CONFIDENCE) -> OverBoots | None:
    """Returns the mean over boots; None for fewer than ``MIN_BOOTS`` boots.

    The lower end is that of the least values, and the upper one that of the greatest, so an end may be
    infinite. A claim must hold for the values that favour it least.
    """
    if len(values) < MIN_BOOTS:
        return None
    ends = _End.of(values.least, values.unit), _End.of(values.greatest, values.unit)
    return _judged(values.mean, *ends, confidence)


def difference_over_boots(
    candidate: BootValues, base: BootValues, confidence: float = CONFIDENCE
) -> OverBoots | None:
    """Returns the candidate's mean minus the base's, boots of two runs; None if either has too few.

    Welch's t (B. L. Welch, Biometrika 34, 1947, 28-35); the ends as in ``over_boots``.
    """
    if min(len(candidate), len(base)) < MIN_BOOTS:
        return None
    low, high = _low_end(candidate, base), _high_end(candidate, base)
    return _judged(Bounds(low.mean, high.mean), low, high, confidence)


def beyond_over_boots_p(candidate: BootValues, base: BootValues, allowed: float) -> float:
    """Returns the one-sided p of a candidate mean that exceeds the base's by at most ``allowed``."""
    return _low_end(candidate, base).tail(allowed)


def deviations(values: Floats, boots: Sequence[str]) -> Deviations | None:
    """Returns the standard deviations between and within boots, by analysis of variance.

    None where there is one boot, where no boot has several blocks, and where a value is not known.
    """
    groups = _of_each_boot(values, boots)
    spare = len(values) - len(groups)
    if len(groups) < 2 or spare == 0 or not np.isfinite(values).all():
        return None
    within = sum(float(((group - group.mean()) ** 2).sum()) for group in groups) / spare
    of_means = float(np.var([group.mean() for group in groups], ddof=1))
    from_blocks = within * float(np.mean([1 / len(group) for group in groups]))
    return Deviations(math.sqrt(max(0.0, of_means - from_blocks)), math.sqrt(within))


def boots_for(scatter: Deviations, blocks: int, reach: float) -> int:
    """Returns how many boots of ``blocks`` blocks have an interval that reaches ``reach`` from the mean."""
    deviation = math.sqrt(scatter.between**2 + scatter.within**2 / blocks)
    tail = (1 + CONFIDENCE) / 2
    sufficient = (
        boots
        for boots in range(MIN_BOOTS, MAX_BOOTS)
        if float(stdtrit(boots - 1, tail)) * deviation / math.sqrt(boots) <= reach
    )
    return next(sufficient, MAX_BOOTS)


def _of_each_boot(values: Floats, boots: Sequence[str]) -> list[Floats]:
    """The values by boot, boots in the order of their first value."""
    labels = np.asarray(boots, dtype=object)
    return [values[labels == boot] for boot in dict.fromkeys(boots)]


@dataclass(frozen=True, slots=True)
class _End:
    """A mean, its standard error, and the degrees of freedom of that; the mean may be infinite."""

    mean: float
    error: float
    freedom: float

    @classmethod
    def of(cls, values: Floats, unit: float) -> _End:
        """Of boots with these values.

        Values that are all equal say nothing about their spread: two more are added, a unit higher and a unit
        lower (A. Agresti and B. Caffo, The American Statistician 54, 2000, 280-288).
        """
        if not np.isfinite(values).all():
            return cls(float(values.sum()), 0.0, 1.0)
        if unit and np.ptp(values) == 0:
            values = np.append(values, [values[0] - unit, values[0] + unit])
        return cls(float(values.mean()), float(values.std(ddof=1)) / math.sqrt(len(values)), len(values) - 1)

    def minus(self, other: _End) -> _End:
        """Of independent means (F. E. Satterthwaite, Biometrics Bulletin 2, 1946, 110-114)."""
        squares = self.error**2, other.error**2
        weight = squares[0] ** 2 / self.freedom + squares[1] ** 2 / other.freedom
        freedom = sum(squares) ** 2 / weight if weight else self.freedom + other.freedom
        return _End(self.mean - other.mean, math.sqrt(sum(squares)), freedom)

    def limit(self, share: float) -> float:
        """The end of a one-sided interval: below ``share`` of the distribution of the mean."""
        return self.mean + float(stdtrit(self.freedom, share)) * self.error

    def tail(self, value: float) -> float:
        """The one-sided p of a mean that is at most ``value``."""
        if self.error == 0 or not math.isfinite(self.mean):
            return 0.0 if math.isfinite(self.mean) and self.mean > value else 1.0
        return float(stdtr(self.freedom, (value - self.mean) / self.error))

    def mirrored(self) -> _End:
        return _End(-self.mean, self.error, self.freedom)


def _low_end(candidate: BootValues, base: BootValues) -> _End:
    return _End.of(candidate.least, candidate.unit).minus(_End.of(base.greatest, base.unit))


def _high_end(candidate: BootValues, base: BootValues) -> _End:
    return _End.of(candidate.greatest, candidate.unit).minus(_End.of(base.least, base.unit))


def _judged(estimate: Bounds, low: _End, high: _End, confidence: float) -> OverBoots:
    tail = (1 - confidence) / 2
    p = min(1.0, 2 * min(low.tail(0), high.mirrored().tail(0)))
    return OverBoots(estimate, Bounds(low.limit(tail), high.limit(1 - tail)), p)
