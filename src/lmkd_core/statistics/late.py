"""The share of late trials, compared between two arms within blocks.

A trial is late if its memory is not back within lmkd's patience: lmkd may then kill another app.
The interval for the difference is T. Tango's (Statistics in Medicine 17, 1998, 891-908), which inverts a
score test and keeps its coverage for few pairs; the p-value is the exact one of Q. McNemar (Psychometrika
12, 1947, 153-157).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import bdtr
from scipy.special import ndtri

from lmkd_core.statistics.shares import CONFIDENCE

PATIENCE_NS = 100_000_000
"""AOSP's default of ro.lmk.kill_timeout_ms."""

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class LateDifference:
    """``baseline`` and ``candidate`` count late trials in ``blocks`` pairs.

    ``low`` and ``high`` bound the candidate's share minus the baseline's.
    """

    blocks: int
    candidate: int
    baseline: int
    low: float
    high: float
    p: float


def late_difference(candidate: Flags, baseline: Flags) -> LateDifference | None:
    """Compares which trials are late, paired by position; None without pairs."""
    blocks = len(candidate)
    if blocks == 0:
        return None
    only_candidate = int((candidate & ~baseline).sum())
    only_baseline = int((baseline & ~candidate).sum())
    low, high = tango_ends(only_candidate, only_baseline, blocks)
    p = mcnemar_p(only_candidate, only_baseline)
    return LateDifference(blocks, int(candidate.sum()), int(baseline.sum()), low, high, p)


def mcnemar_p(only_candidate: int, only_baseline: int) -> float:
    """Returns the exact two-sided p-value, from the blocks in which just one of the two is late."""
    discordant = only_candidate + only_baseline
    return min(1.0, 2 * float(bdtr(min(only_candidate, only_baseline), discordant, 0.5)))


def tango_ends(only_candidate: int, only_baseline: int, blocks: int) -> tuple[float, float]:
    """Returns the ends of the interval: the differences at which the score statistic is at its limit."""
    limit = float(ndtri((1 + CONFIDENCE) / 2))

    def beyond(difference: float, side: int) -> float:
        return side * _score(difference, only_candidate, only_baseline, blocks) - limit

    estimate = (only_candidate - only_baseline) / blocks
    low = -1.0 if beyond(-1.0, 1) <= 0 else brentq(beyond, -1.0, estimate, args=(1,))
    high = 1.0 if beyond(1.0, -1) <= 0 else brentq(beyond, estimate, 1.0, args=(-1,))
    return float(low), float(high)


def _score(difference: float, only_candidate: int, only_baseline: int, blocks: int) -> float:
    """Returns Tango's statistic (equation 5), with the nuisance share at its constrained estimate."""
    gap = only_candidate - only_baseline - blocks * difference
    linear = -only_candidate - only_baseline + (2 * blocks - only_candidate + only_baseline) * difference
    constant = -only_baseline * difference * (1 - difference)
    root = math.sqrt(max(0.0, linear * linear - 8 * blocks * constant))
    share = (root - linear) / (4 * blocks)
    variance = blocks * (2 * share + difference * (1 - difference))
    if variance <= 0:
        return 0.0 if gap == 0 else math.copysign(math.inf, gap)
    return gap / math.sqrt(variance)
