"""Pairs of two arms' times from the same blocks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lmkd_core.records.trial import TrialRecord
from lmkd_core.statistics.bounds import least_times

Block = Sequence[TrialRecord]
Floats = np.ndarray[tuple[int], np.dtype[np.float64]]


def paired_trials(
    blocks: Sequence[Block], baseline: str, arm: str
) -> tuple[list[TrialRecord], list[TrialRecord]]:
    """The valid trials of the baseline and of the arm, from blocks that have both."""
    valid = [{record.arm: record for record in block if record.valid} for block in blocks]
    both = [by_arm for by_arm in valid if baseline in by_arm and arm in by_arm]
    return [by_arm[baseline] for by_arm in both], [by_arm[arm] for by_arm in both]


def reclaim_times(records: Sequence[TrialRecord]) -> Floats:
    """Each ``reclaim_90_ns``; NaN where it is censored at the timeout."""
    return np.array(
        [np.nan if r.reclaim_90_ns is None else r.reclaim_90_ns for r in records], dtype=np.float64
    )


def least_reclaim_times(records: Sequence[TrialRecord]) -> Floats:
    """The least possible value of each, as in the report: the timeout, or a bound where samples were lost."""
    timeouts = np.array([r.timeout_ns for r in records], dtype=np.float64)
    after = [np.nan if r.reclaim_90_after_ns is None else r.reclaim_90_after_ns for r in records]
    return least_times(reclaim_times(records), timeouts, np.array(after, dtype=np.float64))
