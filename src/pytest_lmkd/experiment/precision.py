"""Ends a stratum early once every arm's ratio to the baseline is known precisely enough.

It looks only at the width of the interval, which says nothing about its place, and only at a few numbers of
blocks (``lmkd_core.statistics.sequential``). The report uses the same intervals.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from lmkd_core.statistics.paired import paired_ratio
from lmkd_core.statistics.sequential import looks
from pytest_lmkd.experiment.pairs import Block
from pytest_lmkd.experiment.pairs import least_reclaim_times
from pytest_lmkd.experiment.pairs import paired_trials
from pytest_lmkd.experiment.pairs import reclaim_times
from pytest_lmkd.experiment.rules import Rules


def may_end(blocks: Sequence[Block], baseline: str, rules: Rules) -> bool:
    """Whether this is a look, and each arm's ratio is known to ``rules.precision_pct``."""
    if rules.precision_pct is None or len(blocks) not in looks(rules.blocks):
        return False
    arms = dict.fromkeys(record.arm for block in blocks for record in block)
    others = [arm for arm in arms if arm != baseline]
    return all(_spread_pct(blocks, baseline, arm) <= rules.precision_pct for arm in others)


def _spread_pct(blocks: Sequence[Block], baseline: str, arm: str) -> float:
    """The distance of the interval's ends from its middle, in percent; infinite without an interval."""
    base, candidate = paired_trials(blocks, baseline, arm)
    least = least_reclaim_times(candidate), least_reclaim_times(base)
    ratio = paired_ratio(reclaim_times(candidate), reclaim_times(base), *least)
    if ratio is None or ratio.interval is None or ratio.interval.low <= 0:
        return float("inf")
    middle = math.sqrt(ratio.interval.low * ratio.interval.high)
    return (ratio.interval.high / middle - 1) * 100
