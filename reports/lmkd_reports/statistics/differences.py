"""How many more or fewer: the mean, over blocks, of the difference within a block.

The interval is the percentile bootstrap's over blocks (B. Efron, Annals of Statistics 7, 1979, 1-26). For few
blocks it is known to be too narrow, so a difference is claimed only where the sign-flip permutation test
(R. A. Fisher, The Design of Experiments, 1935, section 21) agrees, which is exact: all flips of up to 14
blocks are counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lmkd_reports.statistics.bounds import Floats
from lmkd_reports.statistics.paired import MIN_BLOCKS
from lmkd_reports.statistics.shares import CONFIDENCE

RESAMPLES = 10_000
MOST_EXACT = 14
"""Blocks up to which all sign flips are counted; beyond, as many random ones as resamples."""

SEED = 20210701
"""Of the resampling: the same data always give the same interval."""

ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """Mean difference over ``blocks`` pairs; interval and p are None below ``MIN_BLOCKS``.

    ``deviation`` is the standard deviation of the differences; 0 for a single block.
    """

    blocks: int
    mean: float
    low: float | None
    high: float | None
    p: float | None
    deviation: float = 0.0

    @property
    def is_constant(self) -> bool:
        """Whether it is the same in every block."""
        return self.low is not None and self.low == self.high

    @property
    def is_clear(self) -> bool:
        """Whether it is not put down to chance: interval and test agree."""
        if self.low is None or self.high is None or self.p is None:
            return False
        return (self.low > 0 or self.high < 0) and self.p <= 1 - CONFIDENCE


def paired_difference(candidate: Floats, baseline: Floats) -> PairedDifference | None:
    """Candidate minus baseline, paired by position. None when there is no pair."""
    differences = candidate - baseline
    blocks = len(differences)
    if blocks == 0:
        return None
    mean = float(differences.mean())
    deviation = float(differences.std(ddof=1)) if blocks > 1 else 0.0
    if blocks < MIN_BLOCKS:
        return PairedDifference(blocks, mean, None, None, None, deviation)
    low, high = _interval(differences)
    return PairedDifference(blocks, mean, low, high, _sign_flip_p(differences), deviation)


def _interval(differences: Floats) -> tuple[float, float]:
    means = differences[_resampled(len(differences))].mean(axis=1)
    tail = 100 * (1 - CONFIDENCE) / 2
    low, high = np.percentile(means, [tail, 100 - tail])
    return float(low), float(high)


@lru_cache(maxsize=4)
def _resampled(blocks: int) -> NDArray[np.int64]:
    """Which blocks each resample holds: the same in every comparison of as many blocks."""
    return np.random.default_rng(SEED).integers(0, blocks, (RESAMPLES, blocks))


def _sign_flip_p(differences: Floats) -> float:
    """How often the mean would be as far from 0 if each difference could as well have the other sign."""
    seen = abs(differences.sum()) - ROUNDING
    if len(differences) <= MOST_EXACT:
        flipped = np.zeros(1)
        for difference in np.abs(differences):
            flipped = np.concatenate([flipped + difference, flipped - difference])
        return float((np.abs(flipped) >= seen).mean())
    signs = np.random.default_rng(SEED).choice([-1.0, 1.0], (RESAMPLES, len(differences)))
    hits = (np.abs(signs @ differences) >= seen).sum()
    return float((hits + 1) / (RESAMPLES + 1))  # the data themselves are one of the flips
