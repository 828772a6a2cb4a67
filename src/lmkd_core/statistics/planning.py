"""Number of blocks needed to detect a difference of a given size in four of five runs."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import bdtr
from scipy.special import ndtri

from lmkd_core.statistics.bounds import Floats
from lmkd_core.statistics.differences import typical_reach
from lmkd_core.statistics.paired import MIN_BLOCKS
from lmkd_core.statistics.paired import interval_rank

POWER = 0.8
"""Probability of detecting a real difference: the usual choice (J. Cohen, 1988)."""

MAX_BLOCKS = 1000
"""More blocks than a run can have: a difference that needs more cannot be detected this way."""


def blocks_for_ratio(log_ratios: Floats, ratio: float) -> int | None:
    """Returns the blocks needed for the sign test to detect ``ratio``.

    Assumes that the logarithms of the ratios scatter as ``log_ratios`` do around their median. Counts the
    blocks whose sign such a shift settles (G. E. Noether, JASA 82, 1987, 645-647). Returns None for fewer
    than ``MIN_BLOCKS`` values, for an infinite value, and if ``MAX_BLOCKS`` are not enough.
    """
    if len(log_ratios) < MIN_BLOCKS or not np.isfinite(log_ratios).all():
        return None
    settled = _settled_share(log_ratios - np.median(log_ratios), abs(math.log(ratio)))
    counts = range(MIN_BLOCKS, MAX_BLOCKS + 1)
    return next((blocks for blocks in counts if _sign_test_power(blocks, settled) >= POWER), None)


def blocks_for_difference(deviation: float, difference: float) -> int | None:
    """Returns the blocks needed to detect a mean ``difference``, given the differences' standard deviation.

    The interval's half-width, plus the error that the mean exceeds in only one of five runs, must not exceed
    the difference. Returns None if ``MAX_BLOCKS`` are not enough.
    """
    counts = range(MIN_BLOCKS, MAX_BLOCKS + 1)
    mean_error = float(ndtri(POWER)) * deviation
    sufficient = (
        blocks
        for blocks in counts
        if typical_reach(blocks, deviation) + mean_error / math.sqrt(blocks) <= difference
    )
    return next(sufficient, None)


def _settled_share(centred: Floats, shift: float) -> float:
    """Returns the share of blocks whose sign ``shift`` settles, in the worse of the two directions.

    Half a block is added to both sides, because a few values may look too favourable.
    """
    below, above = (centred < shift).sum(), (centred > -shift).sum()
    return float((min(below, above) + 0.5) / (len(centred) + 1))


def _sign_test_power(blocks: int, share: float) -> float:
    """Returns the probability that at most ``rank - 1`` of the blocks fall on the other side."""
    return float(bdtr(interval_rank(blocks) - 1, blocks, 1 - share))
