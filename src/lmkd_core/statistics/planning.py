"""Number of blocks needed to detect a difference of a given size in four of five runs: as a range.

The number follows from the scatter of the blocks, which few blocks show only roughly. So it is given for the
least and the greatest scatter that the blocks leave possible.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from scipy.special import chdtri
from scipy.special import ndtri

from lmkd_core.statistics.differences import typical_reach
from lmkd_core.statistics.paired import MIN_BLOCKS
from lmkd_core.statistics.power import sign_flip_power
from lmkd_core.statistics.scale import ScaleLimits

POWER = 0.8
"""Probability of detecting a real difference: the usual choice (J. Cohen, 1988)."""

MAX_BLOCKS = 1000
"""More blocks than a run can have: a difference that needs more cannot be detected this way."""

LIMITS_TAIL = 0.06
"""Probability of a deviation beyond each of its limits: they hold it in 88 % of runs, as for ratios."""

SCALE_STEP = 0.02
"""Distance of the logarithms of the deviations for which numbers are computed."""

PowerOf = Callable[[int, float, float], float]
"""Of a number of blocks, the standard deviation of their log ratios, and a true ratio: the probability that
the verdict claims the difference. It must be hashable: numbers of blocks are kept."""


@dataclass(frozen=True, slots=True)
class BlockRange:
    """From ``low`` to ``high`` blocks; ``high`` is None if ``MAX_BLOCKS`` may not be enough."""

    low: int
    high: int | None


def blocks_for_ratio(
    scale: ScaleLimits, ratio: float, power_of: PowerOf = sign_flip_power
) -> BlockRange | None:
    """Returns the blocks needed to detect ``ratio``; None if ``MAX_BLOCKS`` are certainly not enough."""
    low, high = (_fewest_for_ratio(_rounded(log_sd), ratio, power_of) for log_sd in (scale.low, scale.high))
    return None if low is None else BlockRange(low, high)


def blocks_for_difference(blocks: int, deviation: float, difference: float) -> BlockRange | None:
    """Returns the blocks needed to detect a mean ``difference``, given the deviation over ``blocks`` blocks.

    The interval's half-width, plus the error that the mean exceeds in only one of five runs, must not exceed
    the difference. Returns None if ``MAX_BLOCKS`` are certainly not enough, or there is only one block.
    """
    if blocks < 2:
        return None
    low, high = (_fewest_for_difference(limit, difference) for limit in _deviation_limits(blocks, deviation))
    return None if low is None else BlockRange(low, high)


@lru_cache(maxsize=1024)
def _fewest_for_ratio(log_sd: float, ratio: float, power_of: PowerOf) -> int | None:
    return _fewest(lambda blocks: power_of(blocks, log_sd, ratio) >= POWER)


def _rounded(log_sd: float) -> float:
    """``log_sd`` to 1 %, far finer than it is known, so that a page of many comparisons asks for few."""
    return math.exp(round(math.log(log_sd) / SCALE_STEP) * SCALE_STEP) if log_sd else 0.0


def _deviation_limits(blocks: int, deviation: float) -> tuple[float, float]:
    """The chi-square limits; the upper one allows for differences of 1 in blocks that were not seen."""
    below, above = (chdtri(blocks - 1, tail) / (blocks - 1) for tail in (LIMITS_TAIL, 1 - LIMITS_TAIL))
    unseen = 1 - LIMITS_TAIL ** (1 / blocks)
    least = math.sqrt(unseen * (1 - unseen))
    return deviation / math.sqrt(below), max(deviation / math.sqrt(above), least)


def _fewest_for_difference(deviation: float, difference: float) -> int | None:
    mean_error = float(ndtri(POWER)) * deviation
    return _fewest(
        lambda blocks: typical_reach(blocks, deviation) + mean_error / math.sqrt(blocks) <= difference
    )


def _fewest(is_enough: Callable[[int], bool]) -> int | None:
    return next((blocks for blocks in range(MIN_BLOCKS, MAX_BLOCKS + 1) if is_enough(blocks)), None)
