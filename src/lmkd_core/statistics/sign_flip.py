"""Whether paired times differ: an exact sign-flip test that sees races lost by a minority; and their mean.

If two arms do not differ, a block's difference is as likely with the other sign (R. A. Fisher, The Design of
Experiments, 1935, section 21). The test takes every way to flip the signs, and combines two statistics by the
smaller of their p-values (L. H. C. Tippett, The Methods of Statistics, 1931), each divided by its weight:

- the sum of the differences, the largest of which are capped. It sees a race that is lost in a minority of
  blocks: there the median ratio hardly moves, but the mean does.
- the number of blocks won minus those lost. It sees what outliers hide from the sum.

The smaller p is itself ranked among all flips, so the combination is exact as well, for any distribution.
bench/races.py shows the power, and what each statistic has alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lmkd_core.statistics.bounds import Floats
from lmkd_core.statistics.shares import CONFIDENCE

MAX_EXACT_BLOCKS = 15
"""Up to this many blocks all flips are taken; beyond, none and ``RANDOM_FLIPS`` random ones."""

RANDOM_FLIPS = 4095
SEED = 20240607
"""Seed of the random flips: the same differences always give the same p."""

WINS_WEIGHT = 0.15
"""The part of the 5 % that the blocks won have; the sum has the rest."""

CAPPED_SHARE, MOST_CAPPED = 0.15, 3
"""The largest differences, this share of the blocks but at most so many, count as the next smaller one."""

ROUNDING = 9
"""Decimal places at which two sums are the same, as parts of the sum of all absolute differences."""


@dataclass(frozen=True, slots=True)
class FlipTest:
    """``p`` is two-sided; ``direction`` is the sign of the decisive statistic (-1: the candidate is faster).

    ``least_p`` is the smallest p that this number of blocks can give.
    """

    p: float
    least_p: float
    direction: int


def sign_flip_test(low: Floats, high: Floats) -> FlipTest:
    """Returns the test of paired differences, candidate minus baseline, each between ``low`` and ``high``.

    A claim must hold for the least favourable differences: those of ``high`` for a faster candidate, those of
    ``low`` for a slower one. Without either, p is 1.
    """
    faster = _test(high)
    slower = faster if np.array_equal(low, high) else _test(low)
    if faster.direction < 0:
        return faster
    return slower if slower.direction > 0 else FlipTest(1.0, slower.least_p, 0)


def mean_interval(low: Floats, high: Floats) -> tuple[float, float]:
    """Returns the 95 % interval of the mean difference, for differences between ``low`` and ``high``.

    It inverts the sign-flip test of the sum: its ends are quantiles of the means of all subsets of blocks
    (J. A. Hartigan, JASA 64, 1969, 1303-1317, "typical values"). Exact for symmetric differences.
    """
    tail = (1 - CONFIDENCE) / 2
    return _subset_mean(low, tail), _subset_mean(high, 1 - tail)


def _test(differences: Floats) -> FlipTest:
    flips = _flips(len(differences))
    least_p = 1 / len(flips)
    capped = _capped(differences)
    scale = float(np.abs(capped).sum())
    if scale == 0:
        return FlipTest(1.0, least_p, 0)
    signs = np.sign(differences)
    sums = np.round(np.abs(flips @ capped) / scale, ROUNDING)
    wins = np.abs(flips @ signs)
    by_sum = np.count_nonzero(sums >= sums[0]) / (1 - WINS_WEIGHT)
    by_wins = np.count_nonzero(wins >= wins[0]) / WINS_WEIGHT
    smaller = min(by_sum, by_wins) * (1 + 1e-9)
    as_extreme = _largest(sums, int(smaller * (1 - WINS_WEIGHT))) | _largest(wins, int(smaller * WINS_WEIGHT))
    decisive = capped if by_sum <= by_wins else signs
    direction = int(np.sign(np.round(decisive.sum() / scale, ROUNDING)))
    return FlipTest(float(as_extreme.mean()), least_p, direction)


def _capped(differences: Floats) -> Floats:
    """``differences`` with the largest ones cut to the size of the next: their signs can still be flipped."""
    capped_blocks = min(MOST_CAPPED, int(CAPPED_SHARE * len(differences) + 0.5))
    limit = np.sort(np.abs(differences))[len(differences) - 1 - capped_blocks]
    return np.clip(differences, -limit, limit)


def _largest(statistic: Floats, most: int) -> NDArray[np.bool_]:
    """Which flips have a statistic that at most ``most`` flips reach: those above the next one in order."""
    place = len(statistic) - 1 - most
    return statistic > (np.partition(statistic, place)[place] if place >= 0 else -np.inf)


def _subset_mean(differences: Floats, share: float) -> float:
    """The quantile of the means of all non-empty subsets of blocks."""
    blocks, total = len(differences), differences.sum()
    flips = _flips(blocks)
    sizes, sums = (blocks + flips.sum(axis=1)) / 2, (total + flips @ differences) / 2
    sizes, sums = np.concatenate([sizes, blocks - sizes]), np.concatenate([sums, total - sums])
    means = np.sort(sums[sizes > 0] / sizes[sizes > 0])
    place = share * (len(means) + 1) - 1
    return float(means[int(np.clip(np.floor(place) if share < 0.5 else np.ceil(place), 0, len(means) - 1))])


@lru_cache(maxsize=8)
def _flips(blocks: int) -> Floats:
    """Signs, a row a flip; the first row flips nothing. Of two opposite flips, one is left out."""
    if blocks <= MAX_EXACT_BLOCKS:
        bits = np.arange(2 ** (blocks - 1))[:, None] >> np.arange(blocks) & 1
        return np.asarray(1.0 - 2.0 * bits, dtype=np.float64)
    rng = np.random.default_rng(SEED)
    drawn = rng.choice([-1.0, 1.0], (RANDOM_FLIPS, blocks))
    return np.concatenate([np.ones((1, blocks)), drawn])
