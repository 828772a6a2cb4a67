"""When a stratum may end before its last block: every arm's ratio to the baseline is known well enough.

The rule looks at the data, so an interval at the moment of stopping covers a little less often than it
says; docs/method.md tells. A stratum is therefore never ended before its interval could be computed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lmkd_reports.statistics.paired import paired_ratio
from pytest_lmkd.wire import TrialRecord

Block = Sequence[TrialRecord]


def is_precise(blocks: Sequence[Block], baseline: str, arms: Sequence[str], precision_pct: int) -> bool:
    """Whether each arm's interval of reclaim_90 reaches at most ``precision_pct`` percent from its middle."""
    return all(_spread_pct(blocks, baseline, arm) <= precision_pct for arm in arms if arm != baseline)


def _spread_pct(blocks: Sequence[Block], baseline: str, arm: str) -> float:
    """How far the interval's ends lie from the estimate, in percent; infinite while there is no interval."""
    pairs = [pair for pair in (_pair(block, baseline, arm) for block in blocks) if pair is not None]
    if not pairs:
        return float("inf")
    base, candidate = zip(*pairs, strict=True)
    ratio = paired_ratio(_times(candidate), _times(base), _timeouts(candidate), _timeouts(base))
    if ratio is None or ratio.interval is None or ratio.interval.low <= 0:
        return float("inf")
    middle = math.sqrt(ratio.interval.low * ratio.interval.high)
    return (ratio.interval.high / middle - 1) * 100


def _pair(block: Block, baseline: str, arm: str) -> tuple[TrialRecord, TrialRecord] | None:
    valid = {record.arm: record for record in block if record.valid}
    return (valid[baseline], valid[arm]) if baseline in valid and arm in valid else None


def _times(records: Sequence[TrialRecord]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array(
        [np.nan if r.reclaim_90_ns is None else r.reclaim_90_ns for r in records], dtype=np.float64
    )


def _timeouts(records: Sequence[TrialRecord]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array([r.timeout_ns for r in records], dtype=np.float64)
