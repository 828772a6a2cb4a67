"""Two arms' times of the same blocks, side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lmkd_core.records.trial import TrialRecord

Block = Sequence[TrialRecord]
Floats = np.ndarray[tuple[int], np.dtype[np.float64]]


def paired_trials(
    blocks: Sequence[Block], baseline: str, arm: str
) -> tuple[list[TrialRecord], list[TrialRecord]]:
    """The baseline's and the arm's valid trials of the blocks that have both."""
    valid = [{record.arm: record for record in block if record.valid} for block in blocks]
    both = [found for found in valid if baseline in found and arm in found]
    return [found[baseline] for found in both], [found[arm] for found in both]


def reclaim_times(records: Sequence[TrialRecord]) -> Floats:
    """``reclaim_90_ns``; NaN where it was not reached by the timeout."""
    return np.array(
        [np.nan if r.reclaim_90_ns is None else r.reclaim_90_ns for r in records], dtype=np.float64
    )


def timeouts(records: Sequence[TrialRecord]) -> Floats:
    return np.array([r.timeout_ns for r in records], dtype=np.float64)
