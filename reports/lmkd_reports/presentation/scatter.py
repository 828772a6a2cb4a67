"""Sentences about the scatter of blocks."""

from __future__ import annotations

import math

from lmkd_core.statistics.planning import BlockRange
from lmkd_core.statistics.serial import is_noteworthy
from lmkd_reports.analysis.model import DeviceResult
from lmkd_reports.format import units
from lmkd_reports.presentation.wording import strata_count

COARSE = 5
"""From 20 blocks on, numbers of blocks are rounded to multiples of this, and from 100 on to ten times it."""


def blocks_needed(needed: BlockRange) -> str:
    """For example ``about 25 to 60 blocks``, rounded outwards."""
    low = math.floor(needed.low / _step(needed.low)) * _step(needed.low)
    if needed.high is None:
        return f"at least {low} blocks"
    high = math.ceil(needed.high / _step(needed.high)) * _step(needed.high)
    return f"about {units.span(str(low), str(high))} blocks"


def _step(blocks: int) -> int:
    if blocks < 20:
        return 1
    return COARSE if blocks < 100 else 10 * COARSE


def serial(device: DeviceResult) -> str:
    """That consecutive blocks depend on each other, if they do; else empty."""
    correlation = device.serial
    if correlation is None or not is_noteworthy(correlation):
        return ""
    return (
        f"blocks depend on each other: the lag-1 correlation of the block ratios is "
        f"{correlation.correlation:.2f} (over {strata_count(correlation.series)}, p {correlation.p:.1g}). "
        "The intervals take blocks as independent, and are too narrow: at 0.3 they cover about 90 %"
    )
