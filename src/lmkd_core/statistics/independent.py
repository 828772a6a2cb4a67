"""How two independent samples differ: ratio of medians, difference of means, difference of shares.

Two runs share no blocks, so nothing is paired here. Every interval is two-sided; each of its ends is
wrong in at most half of ``1 - confidence`` of runs, which is what a gate relies on.

Ratio of medians: the sign test gives each median a confidence distribution that needs no assumption (the
median lies above the k-th smallest of n values as often as k of n coins show heads); the two are melded
into one for the ratio, taking of each the end that is worse for the claim (M. P. Fay, M. A. Proschan,
E. Brittain, Biometrics 71, 2015, 146-156). It is exact up to the melding, draws nothing at random, and
holds for heavy tails, ties, races that are lost six times in ten, and times that are known only to exceed
a timeout. The percentile bootstrap of both samples, the usual choice, does not (test_gate_coverage.py
simulates both). The price is width, and that it takes 7 values a side (or 6 and 7).

Difference of means: percentile bootstrap of both samples, which draws n - 1 of n values and takes its tails
from Student's t with as many degrees of freedom as the smaller sample has, so that few values do not make
it too narrow (T. C. Hesterberg, The American Statistician 69, 2015, 371-386). Values that are all equal
tell nothing of their spread: beside such a sample stand one value a unit higher and one a unit lower, as
in the interval of A. Agresti and B. Caffo (The American Statistician 54, 2000, 280-288) for shares.

Difference of shares: R. G. Newcombe's hybrid of two Wilson intervals (Statistics in Medicine 17, 1998,
873-890, method 10).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln
from scipy.special import ndtr
from scipy.special import ndtri
from scipy.special import stdtrit

from lmkd_core.statistics.bounds import Bounds
from lmkd_core.statistics.bounds import Floats
from lmkd_core.statistics.bounds import censored_quantile
from lmkd_core.statistics.bounds import time_limits
from lmkd_core.statistics.differences import RESAMPLES
from lmkd_core.statistics.differences import SEED
from lmkd_core.statistics.paired import MIN_BLOCKS
from lmkd_core.statistics.paired import SHORTEST_NS
from lmkd_core.statistics.shares import CONFIDENCE

FEWEST = MIN_BLOCKS
"""Fewest values a side for an interval of means or shares, at any confidence."""

NEGLIGIBLE = 1e-14
"""Ranks that are less probable than this are left out: beyond them lies nothing that a tail could notice."""

FEWEST_IN_TAIL = 20
"""Resamples that a tail must hold; a thinner one is replaced by the least and the greatest that can be."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """``value`` of the candidate against the base; ``interval`` is None where there are too few values."""

    value: Bounds
    interval: Bounds | None


def median_ratio(
    candidate_ns: Floats,
    base_ns: Floats,
    candidate_timeout_ns: Floats,
    base_timeout_ns: Floats,
    confidence: float = CONFIDENCE,
) -> Estimate | None:
    """The candidate's median time over the base's; NaN means longer than the timeout. None without data.

    Taking all censored times at their least and then at their greatest bounds the ratio and both ends.
    """
    candidate = censored_quantile(candidate_ns, candidate_timeout_ns, 0.5)
    base = censored_quantile(base_ns, base_timeout_ns, 0.5)
    if candidate is None or base is None:
        return None
    value = Bounds(_ratio(candidate.low, base.high), _ratio(candidate.high, base.low))
    least, greatest = (_logs(one) for one in time_limits(candidate_ns, candidate_timeout_ns))
    base_least, base_greatest = (_logs(one) for one in time_limits(base_ns, base_timeout_ns))
    tail = (1 - confidence) / 2
    if enough_for_medians(len(least), len(base_least), confidence):
        low = _melded_end(least, base_greatest, tail)
        high = -_melded_end(base_least, greatest, tail)
        return Estimate(value, Bounds(_exp(low), _exp(high)))
    return Estimate(value, None)


def enough_for_medians(candidate: int, base: int, confidence: float = CONFIDENCE) -> bool:
    """Whether so many values can bound a ratio of medians: they cannot where chance may put all of one
    side's above (or below) its median more often than the interval may be wrong.
    """
    return 1 - (1 - 0.5**candidate) * (1 - 0.5**base) <= (1 - confidence) / 2


def fewest_for_medians(confidence: float = CONFIDENCE) -> int:
    """The fewest values on each side for an interval of medians."""
    values = FEWEST
    while not enough_for_medians(values, values, confidence):
        values += 1
    return values


def _melded_end(upper: Floats, lower: Floats, tail: float) -> float:
    """The lower confidence limit of median(upper) - median(lower), wrong in at most ``tail`` of runs."""
    ranks, weights = _ranks(len(upper))
    others, other_weights = _ranks(len(lower))
    ends = np.concatenate([[-np.inf], np.sort(upper)])[ranks]
    other_ends = np.concatenate([np.sort(lower), [np.inf]])[others]
    differences = np.subtract.outer(ends, other_ends).ravel()
    order = np.argsort(differences, kind="stable")
    reached = np.cumsum(np.multiply.outer(weights, other_weights).ravel()[order])
    return float(differences[order][np.searchsorted(reached, tail, side="right")])


def _ranks(values: int) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], Floats]:
    """How many of ``values`` lie below their median, and how probable that is."""
    ranks = np.arange(values + 1)
    logs = gammaln(values + 1) - gammaln(ranks + 1) - gammaln(values - ranks + 1) - values * math.log(2)
    weights = np.exp(logs)
    kept = weights > NEGLIGIBLE
    return ranks[kept], weights[kept]


def _logs(times: Floats) -> Floats:
    return np.asarray(np.log(np.maximum(times, SHORTEST_NS)), dtype=np.float64)


def _ratio(numerator: float, denominator: float) -> float:
    return max(numerator, SHORTEST_NS) / max(denominator, SHORTEST_NS)


def _exp(value: float) -> float:
    with np.errstate(over="ignore"):  # an infinite ratio is a bound like any other
        return float(np.exp(value))


def mean_difference(candidate: Floats, base: Floats, confidence: float = CONFIDENCE) -> Estimate | None:
    """The candidate's mean minus the base's. None without data."""
    if not len(candidate) or not len(base):
        return None
    value = float(candidate.mean() - base.mean())
    if min(len(candidate), len(base)) < FEWEST:
        return Estimate(Bounds(value, value), None)
    return Estimate(Bounds(value, value), _mean_interval(candidate, base, (1 - confidence) / 2))


def _mean_interval(candidate: Floats, base: Floats, tail: float) -> Bounds:
    samples = _with_spread(candidate), _with_spread(base)
    wider = float(ndtr(stdtrit(min(map(len, samples)) - 1, tail)))
    if wider * RESAMPLES < FEWEST_IN_TAIL:
        one, other = samples
        return Bounds(float(one.min() - other.max()), float(one.max() - other.min()))
    rng = np.random.default_rng(SEED)
    means = [rng.choice(values, (RESAMPLES, len(values) - 1)).mean(axis=1) for values in samples]
    low, high = np.percentile(means[0] - means[1], [100 * wider, 100 * (1 - wider)])
    return Bounds(float(low), float(high))


def _with_spread(values: Floats) -> Floats:
    """The sample; one in which all are equal with a value one higher and a value one lower beside it."""
    return values if np.ptp(values) else np.append(values, [values[0] - 1, values[0] + 1])


def share_difference(
    candidate: tuple[int, int], base: tuple[int, int], confidence: float = CONFIDENCE
) -> Estimate | None:
    """The candidate's share minus the base's, each as (count, total). None where either has no total."""
    if not candidate[1] or not base[1]:
        return None
    share, other = (count / total for count, total in (candidate, base))
    value = Bounds(share - other, share - other)
    if min(candidate[1], base[1]) < FEWEST:
        return Estimate(value, None)
    low, high = wilson_ends(*candidate, confidence)
    other_low, other_high = wilson_ends(*base, confidence)
    down = math.hypot(share - low, other_high - other)
    up = math.hypot(high - share, other - other_low)
    return Estimate(value, Bounds(share - other - down, share - other + up))


def wilson_ends(count: int, total: int, confidence: float) -> tuple[float, float]:
    """Ends of Wilson's interval, as ``statistics.shares.wilson`` for a confidence of one's own."""
    z = float(ndtri((1 + confidence) / 2))
    share = count / total
    centre = share + z * z / (2 * total)
    spread = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    low = 0.0 if count == 0 else (centre - spread) / scale
    return low, 1.0 if count == total else (centre + spread) / scale
