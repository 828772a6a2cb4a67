"""Intervals over boots: what holds for a kernel on a device, and not only in the boot that was measured.

Memory layout, placement and timers differ from boot to boot, so the blocks of one boot share an error that
more blocks do not reduce. The boots are therefore the replicates (T. Kalibera and R. Jones, Rigorous
Benchmarking in Reasonable Time, ISMM 2013): each boot gives one value, the median of its blocks, and the
interval is Student's t over those values. The median keeps outliers of single blocks out of it.

In simulations the interval covered the truth in 94 to 98 % of runs of 3 to 12 boots with 1 to 6 blocks each,
for lognormal, t2 and outlier noise and standard deviations of 0 to 20 % between boots (bench/boots.py). It
assumes that the boots' values scatter about normally; few boots cannot show whether they do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import bdtr
from scipy.special import stdtr
from scipy.special import stdtrit

from lmkd_core.statistics.bounds import Bounds
from lmkd_core.statistics.bounds import Floats
from lmkd_core.statistics.bounds import quantile
from lmkd_core.statistics.paired import interval_rank
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
    def known(self) -> bool:
        """Whether all bounds are finite."""
        return bool(np.isfinite(self.least).all() and np.isfinite(self.greatest).all())

    @property
    def mean(self) -> Bounds:
        return Bounds(float(self.least.mean()), float(self.greatest.mean()))

    @property
    def error(self) -> float:
        """The largest standard error of the mean that values within these bounds can have.

        By the triangle inequality. Values that are all equal say nothing about their spread: two more are
        added, a unit higher and a unit lower (A. Agresti and B. Caffo, The American Statistician 54, 2000,
        280-288).
        """
        middle, reach = (self.least + self.greatest) / 2, (self.greatest - self.least) / 2
        if self.unit and np.ptp(middle) == 0:
            middle = np.append(middle, [middle[0] - self.unit, middle[0] + self.unit])
        norm = float(np.linalg.norm(middle - middle.mean()) + np.linalg.norm(reach))
        return norm / math.sqrt(len(middle) * (len(middle) - 1))


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

    If a boot's value lacks a bound, Student's t says nothing. Median and interval are then those of the sign
    test, which takes six boots; with fewer the interval is open.
    """
    if len(values) < MIN_BOOTS:
        return None
    if not values.known:
        return _by_signs(values, confidence)
    return _judged(values.mean, values.error, len(values) - 1, confidence)


def difference_over_boots(
    candidate: BootValues, base: BootValues, confidence: float = CONFIDENCE
) -> OverBoots | None:
    """Returns the candidate's mean minus the base's, boots of two runs; None if either has too few.

    Welch's t (B. L. Welch, Biometrika 34, 1947, 28-35).
    """
    if min(len(candidate), len(base)) < MIN_BOOTS:
        return None
    estimate, error, freedom = _welch(candidate, base)
    return _judged(estimate, error, freedom, confidence)


def beyond_over_boots_p(candidate: BootValues, base: BootValues, allowed: float) -> float:
    """Returns the one-sided p of a candidate mean that exceeds the base's by at most ``allowed``."""
    estimate, error, freedom = _welch(candidate, base)
    return _tail(estimate.low - allowed, error, freedom)


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


def _judged(estimate: Bounds, error: float, freedom: float, confidence: float) -> OverBoots:
    if math.isinf(error):
        return OverBoots(estimate, Bounds(-math.inf, math.inf), 1.0)
    reach = float(stdtrit(freedom, (1 + confidence) / 2)) * error
    distance = max(estimate.low, -estimate.high, 0.0)
    p = min(1.0, 2 * _tail(distance, error, freedom))
    return OverBoots(estimate, Bounds(estimate.low - reach, estimate.high + reach), p)


def _tail(distance: float, error: float, freedom: float) -> float:
    """The one-sided p of a mean that far above zero."""
    if error == 0:
        return 0.0 if distance > 0 else 1.0
    return float(stdtr(freedom, -distance / error))


def _by_signs(values: BootValues, confidence: float) -> OverBoots:
    """As in ``statistics.paired``, with a boot for a block."""
    rank = interval_rank(len(values), confidence)
    middle = Bounds(quantile(values.least, 0.5), quantile(values.greatest, 0.5))
    if not rank:
        return OverBoots(middle, Bounds(-math.inf, math.inf), 1.0)
    ends = Bounds(float(np.sort(values.least)[rank - 1]), float(np.sort(values.greatest)[-rank]))
    same = max(int((values.greatest < 0).sum()), int((values.least > 0).sum()))
    return OverBoots(middle, ends, min(1.0, 2 * float(bdtr(len(values) - same, len(values), 0.5))))


def _welch(candidate: BootValues, base: BootValues) -> tuple[Bounds, float, float]:
    """The difference of the means, its standard error, and the degrees of freedom (F. E. Satterthwaite)."""
    estimate = Bounds(candidate.mean.low - base.mean.high, candidate.mean.high - base.mean.low)
    if not (candidate.known and base.known):
        return estimate, math.inf, 1.0
    squares = candidate.error**2, base.error**2
    weight = sum(square**2 / (len(side) - 1) for square, side in zip(squares, (candidate, base), strict=True))
    freedom = sum(squares) ** 2 / weight if weight else float(len(candidate) + len(base) - 2)
    return estimate, math.sqrt(sum(squares)), freedom
