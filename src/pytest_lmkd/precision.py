"""When a stratum may end before its last block: every arm's ratio to the baseline is known well enough.

The rule looks at the data, so an interval at the moment of stopping covers a little less often than it
says; docs/method.md tells. A stratum is therefore never ended before its interval could be computed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from lmkd_reports.statistics.paired import paired_ratio
from pytest_lmkd.pairs import Block
from pytest_lmkd.pairs import paired_trials
from pytest_lmkd.pairs import reclaim_times
from pytest_lmkd.pairs import timeouts


def is_precise(blocks: Sequence[Block], baseline: str, arms: Sequence[str], precision_pct: int) -> bool:
    """Whether each arm's interval of reclaim_90 reaches at most ``precision_pct`` percent from its middle."""
    return all(_spread_pct(blocks, baseline, arm) <= precision_pct for arm in arms if arm != baseline)


def _spread_pct(blocks: Sequence[Block], baseline: str, arm: str) -> float:
    """How far the interval's ends lie from the estimate, in percent; infinite while there is no interval."""
    base, candidate = paired_trials(blocks, baseline, arm)
    ratio = paired_ratio(reclaim_times(candidate), reclaim_times(base), timeouts(candidate), timeouts(base))
    if ratio is None or ratio.interval is None or ratio.interval.low <= 0:
        return float("inf")
    middle = math.sqrt(ratio.interval.low * ratio.interval.high)
    return (ratio.interval.high / middle - 1) * 100
