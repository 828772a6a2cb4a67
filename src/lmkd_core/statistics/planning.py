"""How many blocks a difference of a stated size would need to be found in four of five runs."""

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
"""How often the difference is to be found where it is there: the usual choice (J. Cohen, 1988)."""

MOST_BLOCKS = 1000
"""More than anybody runs: a difference that needs more cannot be found this way."""


def blocks_for_ratio(log_ratios: Floats, ratio: float) -> int | None:
    """Blocks until the sign test finds ``ratio``, if ratios scatter as ``log_ratios`` do around theirs.

    Counts the blocks whose sign such a shift settles (G. E. Noether, JASA 82, 1987, 645-647). None below
    ``MIN_BLOCKS`` values, with an infinite one, and where ``MOST_BLOCKS`` do not do.
    """
    if len(log_ratios) < MIN_BLOCKS or not np.isfinite(log_ratios).all():
        return None
    settled = _settled_share(log_ratios - np.median(log_ratios), abs(math.log(ratio)))
    counts = range(MIN_BLOCKS, MOST_BLOCKS + 1)
    return next((blocks for blocks in counts if _sign_test_power(blocks, settled) >= POWER), None)


def blocks_for_difference(deviation: float, difference: float) -> int | None:
    """Blocks until a mean ``difference`` is found, if differences have this standard deviation.

    The first number of blocks for which the interval reaches less far than the difference, and chance takes
    less than the rest, in four of five runs. None beyond ``MOST_BLOCKS``.
    """
    counts = range(MIN_BLOCKS, MOST_BLOCKS + 1)
    chance = float(ndtri(POWER)) * deviation
    found = (
        blocks
        for blocks in counts
        if typical_reach(blocks, deviation) + chance / math.sqrt(blocks) <= difference
    )
    return next(found, None)


def _settled_share(centred: Floats, shift: float) -> float:
    """Of the two directions the worse; half a block is added to both sides, since few values promise much."""
    below, above = (centred < shift).sum(), (centred > -shift).sum()
    return float((min(below, above) + 0.5) / (len(centred) + 1))


def _sign_test_power(blocks: int, share: float) -> float:
    """How often at most ``rank - 1`` of the blocks fall on the other side."""
    return float(bdtr(interval_rank(blocks) - 1, blocks, 1 - share))
