"""How far the block ratios of a comparison scatter: a robust scale, with limits.

Each comparison's scale is Qn (P. J. Rousseeuw and C. Croux, JASA 88, 1993, 1273-1283): the first quarter of
all distances between its log ratios. Outliers and a few censored times hardly move it, and it needs half as
many blocks as the median deviation for the same precision. Comparisons of one device scatter alike or not,
and the data say how much: each scale is drawn to their mean by as much as their differences allow (empirical
Bayes; B. Efron and C. Morris, JASA 68, 1973, 117-130), counting only differences that chance could not hide.
bench/planning.py and tests/reports/test_planning.py check the limits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtri

from lmkd_core.statistics.bounds import Floats

NORMAL = 2.21914
"""Makes Qn the standard deviation of normal values."""

EFFICIENCY = 0.82
"""Of Qn for normal values: its variance is that of the standard deviation of 0.82 times as many."""

SHAPE = 0.1
"""Error of the log scale that is left with any number of blocks: it is that of normal values, and these are
not. To the verdict's test, t4 or Laplace tails or outliers are a scale 6 to 13 % above their Qn."""

LIMITS_Z = 1.55
"""The limits hold the scale of normal values in 88 % of runs, so that they hold others in 80 %."""

FAR = 4.0
"""Distance from the median, in scales, at which a block is not of the same kind as most."""

MAX_FAR = 0.2
"""Share of such blocks up to which they are outliers; of a race that is lost more often there is no scale."""

DIFFERENCE_TAIL = 0.2
"""Probability with which the true differences between scales are larger than assumed."""


@dataclass(frozen=True, slots=True)
class ScaleLimits:
    """Limits of a standard deviation of log ratios."""

    low: float
    high: float


def scale_limits(log_ratios: Sequence[Floats]) -> list[ScaleLimits | None]:
    """Returns the limits of each comparison's scale, given the finite log ratios of its blocks (at least 2).

    Comparisons whose ratios are mostly equal have the scale 0, and do not count for the others. Those whose
    blocks are of two kinds, such as races won and lost, have None.
    """
    scales = [qn(values) for values in log_ratios]
    of_two_kinds = [
        _far_share(values, scale) > MAX_FAR for values, scale in zip(log_ratios, scales, strict=True)
    ]
    known = [place for place, scale in enumerate(scales) if scale > 0 and not of_two_kinds[place]]
    log_scales = np.array([_unbiased_log(scales[place], len(log_ratios[place])) for place in known])
    errors = np.array([_log_error(len(log_ratios[place])) for place in known])
    limits = [None if two_kinds else ScaleLimits(0.0, 0.0) for two_kinds in of_two_kinds]
    for place, centre, error in zip(known, *_drawn_together(log_scales, errors), strict=True):
        reach = LIMITS_Z * math.hypot(float(error), SHAPE)
        limits[place] = ScaleLimits(math.exp(centre - reach), math.exp(centre + reach))
    return limits


def qn(values: Floats) -> float:
    """Returns Qn without its correction for few values: the first quarter of the distances between them."""
    first, second = np.triu_indices(len(values), 1)
    half = len(values) // 2 + 1
    quarter = half * (half - 1) // 2
    return float(np.sort(np.abs(values[first] - values[second]))[quarter - 1]) * NORMAL


def _far_share(values: Floats, scale: float) -> float:
    """The share of blocks far from the median; of all that differ from it where most are equal."""
    far = FAR * math.exp(_unbiased_log(scale, len(values))) if scale else 0.0
    return float((np.abs(values - np.median(values)) > far).mean())


def _unbiased_log(scale: float, count: int) -> float:
    """Qn's logarithm without its bias for few values (C. Croux, P. J. Rousseeuw, COMPSTAT 1992, 411-428)."""
    larger = 1.4 if count % 2 else 3.8
    return math.log(scale * count / (count + larger)) + _log_error(count) ** 2 / 2


def _log_error(count: int) -> float:
    """The standard error of the log scale: the asymptotic one, and for few values what simulation shows."""
    return (1 + 3.3 / count) / math.sqrt(2 * EFFICIENCY * count)


def _drawn_together(log_scales: Floats, errors: Floats) -> tuple[Floats, Floats]:
    """Returns each log scale drawn to the mean of all, and its standard error."""
    count = len(log_scales)
    if count < 2:
        return log_scales, errors
    sampling = errors**2
    largest_variance = log_scales.var(ddof=1) * (count - 1) / chdtri(count - 1, 1 - DIFFERENCE_TAIL)
    between = max(0.0, float(largest_variance - sampling.mean()))
    own = between / (between + sampling)
    variance = sampling * own + (1 - own) ** 2 * (between + sampling) / count
    centres = own * log_scales + (1 - own) * log_scales.mean()
    return centres, np.asarray(np.sqrt(np.minimum(variance, sampling)), dtype=np.float64)
