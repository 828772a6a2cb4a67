"""Whether times lie in two groups far apart, as those of races that are won or lost do.

No single ratio describes such times: the median ratio jumps from one group to the other by chance. The rule
was chosen by simulation (bench/races.py, 2,000 draws a cell, 12 and 20 times): it finds 97 % or more of races
lost in four of ten trials, and 90 % at three of ten. It mistakes at most 1 % of lognormal times (spread 0.15
and 0.3), of t times with 2 degrees of freedom, and of times that drift to threefold.
"""

from __future__ import annotations

import math

import numpy as np

from lmkd_core.statistics.bounds import Floats
from lmkd_core.statistics.paired import log_times

LEAST_FACTOR = 2.0
"""The shortest time of the slow group is at least this many times the longest of the fast one."""

LEAST_OF_RANGE = 0.5
"""The gap between the groups, in logarithms, as a part of the wider group's range."""

LEAST_SHARE, FEWEST = 0.15, 2
"""A group has at least this share of the times, and so many: fewer are outliers."""


def in_two_groups(times_ns: Floats) -> bool:
    """Returns whether ``times_ns``, all known, lie in two groups."""
    logs = np.sort(log_times(times_ns))
    fewest = max(FEWEST, math.ceil(LEAST_SHARE * len(logs)))
    if len(logs) < 2 * fewest:
        return False
    gaps = np.diff(logs)[fewest - 1 : len(logs) - fewest]
    last_fast = int(gaps.argmax()) + fewest - 1
    gap = logs[last_fast + 1] - logs[last_fast]
    wider = max(logs[last_fast] - logs[0], logs[-1] - logs[last_fast + 1])
    return bool(gap >= math.log(LEAST_FACTOR) and gap > LEAST_OF_RANGE * wider)
