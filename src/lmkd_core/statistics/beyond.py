"""One-sided tests: whether a candidate's values lie beyond a limit on the base's values.

Each is exact or a permutation test, and so valid for few values and any distribution. Where an interval
answers for one comparison, these p-values answer for many at once (Holm's procedure).
"""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
from scipy.special import comb

from lmkd_core.statistics.bounds import Floats
from lmkd_core.statistics.bounds import time_limits
from lmkd_core.statistics.differences import RESAMPLES
from lmkd_core.statistics.differences import SEED
from lmkd_core.statistics.independent import share_difference
from lmkd_core.statistics.paired import log_times

MAX_EXACT = 13_000
"""Up to this many ways to split the values, all are counted (8 values on each side)."""

ROUNDING = 1e-9


def times_beyond_p(
    candidate_ns: Floats,
    base_ns: Floats,
    candidate_timeout_ns: Floats,
    base_timeout_ns: Floats,
    factor: float,
) -> float:
    """Returns the p of candidate times that are not longer than ``factor`` times the base's.

    Wilcoxon's rank-sum test (H. B. Mann and D. R. Whitney, Annals of Mathematical Statistics 18, 1947,
    50-60). NaN means longer than the timeout; the limit of each censored time that favours the candidate is
    used.
    """
    candidate = log_times(time_limits(candidate_ns, candidate_timeout_ns)[0])
    return ratios_beyond_p(candidate, log_times(time_limits(base_ns, base_timeout_ns)[1]), factor)


def ratios_beyond_p(candidate: Floats, base: Floats, factor: float) -> float:
    """Returns the p of a candidate that is not greater than ``factor`` times the base, of their logarithms.

    The test is that of ``times_beyond_p``. Of values that are only bounded, ``candidate`` has the least
    possible ones and ``base`` the greatest.
    """
    from scipy.stats import mannwhitneyu  # noqa: PLC0415 - scipy.stats takes 0.4 s to load

    candidate = candidate - math.log(factor)
    values = np.concatenate([candidate, base])
    if len(np.unique(values)) < len(values):
        ranks = np.searchsorted(np.sort(values), values) + np.searchsorted(np.sort(values), values, "right")
        return permutation_p(ranks[: len(candidate)].astype(float), ranks[len(candidate) :].astype(float))
    return float(mannwhitneyu(candidate, base, alternative="greater", method="exact").pvalue)


def counts_beyond_p(candidate: Floats, base: Floats, allowed: float) -> float:
    """Returns the p of a candidate mean that exceeds the base's by at most ``allowed``."""
    return permutation_p(candidate - allowed, base)


def shares_beyond_p(candidate: tuple[int, int], base: tuple[int, int], allowed: float) -> float:
    """Returns the p of a candidate share that exceeds the base's by at most ``allowed``.

    It inverts Newcombe's interval: p is half of 1 minus the confidence at which the interval's lower end is
    at the limit.
    """
    sure, unsure = 1 - 1e-12, 0.0
    for _ in range(60):
        middle = (sure + unsure) / 2
        estimate = share_difference(candidate, base, middle)
        assert estimate is not None
        assert estimate.interval is not None  # checks without an interval have no p
        sure, unsure = (sure, middle) if estimate.interval.low > allowed else (middle, unsure)
    return (1 - sure) / 2


def permutation_p(candidate: Floats, base: Floats) -> float:
    """Returns how often a random split of all values has a candidate sum as large as the data's."""
    values = np.concatenate([candidate, base])
    threshold = candidate.sum() - ROUNDING * max(1.0, float(np.abs(values).sum()))
    size = len(candidate)
    if comb(len(values), size) <= MAX_EXACT:
        sums = np.array([values[list(chosen)].sum() for chosen in combinations(range(len(values)), size)])
        return float((sums >= threshold).mean())
    rng = np.random.default_rng(SEED)
    sums = rng.permuted(np.tile(values, (RESAMPLES, 1)), axis=1)[:, :size].sum(axis=1)
    return float(((sums >= threshold).sum() + 1) / (RESAMPLES + 1))  # the data are one of the splits
