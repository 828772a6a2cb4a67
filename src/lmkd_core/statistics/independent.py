"""Differences between two independent samples: ratio of medians, difference of means or of shares.

Two runs share no blocks, so nothing is paired here. Every interval is two-sided; each of its ends is wrong
in at most half of ``1 - confidence`` of runs. A gate relies on this.

Ratio of medians: the sign test gives each median a confidence distribution without assumptions (the median
lies above the k-th smallest of n values as often as k of n coins show heads). The two are melded into one
for the ratio, using of each the end that is worse for the claim (M. P. Fay, M. A. Proschan, E. Brittain,
Biometrics 71, 2015, 146-156). The interval is exact up to the melding, deterministic, and valid for heavy
tails, ties, races that are lost six times in ten, and times censored at a timeout. The percentile bootstrap
of both samples, the usual choice, is not (test_gate_coverage.py simulates both). The price is width, and
that it needs 7 values a side (or 6 and 7).

Difference of means: a percentile bootstrap of both samples, which draws n - 1 of n values and takes its
tails from Student's t with the degrees of freedom of the smaller sample, so that few values do not make it
too narrow (T. C. Hesterberg, The American Statistician 69, 2015, 371-386). A sample of equal values says
nothing about its spread: one value a unit higher and one a unit lower are added to it, as in the interval
of A. Agresti and B. Caffo (The American Statistician 54, 2000, 280-288) for shares.

Difference of shares: R. G. Newcombe's hybrid of two Wilson intervals (Statistics in Medicine 17, 1998,
873-890, method 10).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln
from scipy.special import ndtr
from scipy.special import stdtrit

from lmkd_core.statistics.bounds import Bounds
from lmkd_core.statistics.bounds import Floats
from lmkd_core.statistics.bounds import censored_quantile
from lmkd_core.statistics.bounds import quantile
from lmkd_core.statistics.bounds import time_limits
from lmkd_core.statistics.differences import RESAMPLES
from lmkd_core.statistics.differences import SEED
from lmkd_core.statistics.paired import MIN_BLOCKS
from lmkd_core.statistics.paired import SHORTEST_NS
from lmkd_core.statistics.paired import log_times
from lmkd_core.statistics.paired import ratio_from_log
from lmkd_core.statistics.shares import CONFIDENCE
from lmkd_core.statistics.shares import wilson_ends

FEWEST = MIN_BLOCKS
"""Fewest values a side for an interval of means or shares, at any confidence."""

NEGLIGIBLE = 1e-14
"""Ranks less probable than this are skipped: they do not affect any tail."""

FEWEST_IN_TAIL = 20
"""Fewest resamples in a tail; with fewer, the extreme possible differences are the interval's ends."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """``value`` compares the candidate with the base; ``interval`` is None for too few values."""

    value: Bounds
    interval: Bounds | None


def median_ratio(
    candidate_ns: Floats,
    base_ns: Floats,
    candidate_timeout_ns: Floats,
    base_timeout_ns: Floats,
    confidence: float = CONFIDENCE,
) -> Estimate | None:
    """Returns the candidate's median time over the base's; None without data.

    NaN means longer than the timeout. Setting all censored times to their least and then to their greatest
    possible value bounds the ratio and both ends of the interval.
    """
    candidate = censored_quantile(candidate_ns, candidate_timeout_ns, 0.5)
    base = censored_quantile(base_ns, base_timeout_ns, 0.5)
    if candidate is None or base is None:
        return None
    value = Bounds(_ratio(candidate.low, base.high), _ratio(candidate.high, base.low))
    least, greatest = map(log_times, time_limits(candidate_ns, candidate_timeout_ns))
    base_least, base_greatest = map(log_times, time_limits(base_ns, base_timeout_ns))
    return Estimate(value, _ratio_interval((least, greatest), (base_least, base_greatest), confidence))


def ratio_of_median_ratios(
    candidate: tuple[Floats, Floats], base: tuple[Floats, Floats], confidence: float = CONFIDENCE
) -> Estimate | None:
    """Returns the candidate's median ratio over the base's; None without data.

    Each sample is given as the logarithms of the least and of the greatest possible ratios, one per block.
    """
    if not len(candidate[0]) or not len(base[0]):
        return None
    low = quantile(candidate[0], 0.5) - quantile(base[1], 0.5)
    high = quantile(candidate[1], 0.5) - quantile(base[0], 0.5)
    value = Bounds(ratio_from_log(low), ratio_from_log(high))
    return Estimate(value, _ratio_interval(candidate, base, confidence))


def _ratio_interval(
    candidate: tuple[Floats, Floats], base: tuple[Floats, Floats], confidence: float
) -> Bounds | None:
    """The samples are logarithms: the least and the greatest possible ones. None for too few of them."""
    if not enough_for_medians(len(candidate[0]), len(base[0]), confidence):
        return None
    tail = (1 - confidence) / 2
    low = _melded_end(candidate[0], base[1], tail)
    high = -_melded_end(base[0], candidate[1], tail)
    return Bounds(ratio_from_log(low), ratio_from_log(high))


def enough_for_medians(candidate: int, base: int, confidence: float = CONFIDENCE) -> bool:
    """Returns whether this many values of the two samples can bound a ratio of medians.

    They cannot if chance puts all values of one side above (or below) its median more often than the
    interval may be wrong.
    """
    return 1 - (1 - 0.5**candidate) * (1 - 0.5**base) <= (1 - confidence) / 2


def fewest_for_medians(confidence: float = CONFIDENCE) -> int:
    """Returns the fewest values on each side for an interval of medians."""
    values = FEWEST
    while not enough_for_medians(values, values, confidence):
        values += 1
    return values


def _melded_end(upper: Floats, lower: Floats, tail: float) -> float:
    """Returns the lower confidence limit, of level ``1 - tail``, of median(upper) - median(lower)."""
    upper_ranks, upper_weights = _ranks(len(upper))
    lower_ranks, lower_weights = _ranks(len(lower))
    upper_ends = np.concatenate([[-np.inf], np.sort(upper)])[upper_ranks]
    lower_ends = np.concatenate([np.sort(lower), [np.inf]])[lower_ranks]
    differences = np.subtract.outer(upper_ends, lower_ends).ravel()
    order = np.argsort(differences, kind="stable")
    cumulative = np.cumsum(np.multiply.outer(upper_weights, lower_weights).ravel()[order])
    return float(differences[order][np.searchsorted(cumulative, tail, side="right")])


def _ranks(values: int) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], Floats]:
    """Returns the probable counts of ``values`` below the median, and the probability of each."""
    ranks = np.arange(values + 1)
    logs = gammaln(values + 1) - gammaln(ranks + 1) - gammaln(values - ranks + 1) - values * math.log(2)
    weights = np.exp(logs)
    kept = weights > NEGLIGIBLE
    return ranks[kept], weights[kept]


def _ratio(numerator: float, denominator: float) -> float:
    return max(numerator, SHORTEST_NS) / max(denominator, SHORTEST_NS)


def mean_difference(candidate: Floats, base: Floats, confidence: float = CONFIDENCE) -> Estimate | None:
    """Returns the candidate's mean minus the base's; None without data."""
    if not len(candidate) or not len(base):
        return None
    value = float(candidate.mean() - base.mean())
    if min(len(candidate), len(base)) < FEWEST:
        return Estimate(Bounds(value, value), None)
    return Estimate(Bounds(value, value), _mean_interval(candidate, base, (1 - confidence) / 2))


def _mean_interval(candidate: Floats, base: Floats, tail: float) -> Bounds:
    samples = _with_spread(candidate), _with_spread(base)
    wider_tail = float(ndtr(stdtrit(min(map(len, samples)) - 1, tail)))
    if wider_tail * RESAMPLES < FEWEST_IN_TAIL:
        spread_candidate, spread_base = samples
        return Bounds(
            float(spread_candidate.min() - spread_base.max()),
            float(spread_candidate.max() - spread_base.min()),
        )
    rng = np.random.default_rng(SEED)
    means = [rng.choice(values, (RESAMPLES, len(values) - 1)).mean(axis=1) for values in samples]
    low, high = np.percentile(means[0] - means[1], [100 * wider_tail, 100 * (1 - wider_tail)])
    return Bounds(float(low), float(high))


def _with_spread(values: Floats) -> Floats:
    """Returns ``values``; if all are equal, with one value a unit higher and one a unit lower added."""
    return values if np.ptp(values) else np.append(values, [values[0] - 1, values[0] + 1])


def share_difference(
    candidate: tuple[int, int], base: tuple[int, int], confidence: float = CONFIDENCE
) -> Estimate | None:
    """Returns the candidate's share minus the base's, each given as (count, total); None if a total is 0."""
    if not candidate[1] or not base[1]:
        return None
    share, base_share = (count / total for count, total in (candidate, base))
    difference = share - base_share
    value = Bounds(difference, difference)
    if min(candidate[1], base[1]) < FEWEST:
        return Estimate(value, None)
    low, high = wilson_ends(*candidate, confidence)
    base_low, base_high = wilson_ends(*base, confidence)
    down = math.hypot(share - low, base_high - base_share)
    up = math.hypot(high - share, base_share - base_low)
    return Estimate(value, Bounds(difference - down, difference + up))
