"""Memory that is late: not back within lmkd's patience. Two arms' shares of late trials, paired by block.

Only blocks in which one arm was late and the other was not tell the arms apart: their exact test is
Q. McNemar's (Psychometrika 12, 1947, 153-157) with binomial probabilities. The interval of the difference is
R. G. Newcombe's for paired shares (Statistics in Medicine 17, 1998, 2635-2650, method 10).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr

from lmkd_core.statistics.bounds import Floats
from lmkd_core.statistics.shares import wilson_ends

PATIENCE_NS = 100_000_000
"""AOSP's default of ro.lmk.kill_timeout_ms: how long lmkd waits for a victim before it may kill again."""

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class PairedShares:
    """The late trials of two arms over ``blocks`` pairs.

    ``only_candidate`` and ``only_baseline`` count the blocks in which one of them was late alone.
    ``difference`` is the candidate's share minus the baseline's, with its 95 % interval.
    """

    blocks: int
    candidate: int
    baseline: int
    only_candidate: int
    only_baseline: int
    difference: float
    low: float
    high: float
    p: float


def late(times_ns: Floats, patience_ns: float) -> Flags:
    """Returns which times are beyond ``patience_ns``; NaN (censored) is."""
    return np.asarray(~(times_ns <= patience_ns), dtype=np.bool_)


def paired_shares(candidate: Flags, baseline: Flags) -> PairedShares | None:
    """Returns the comparison of which trials were late, paired by position; None if there is no pair."""
    blocks = len(candidate)
    if blocks == 0:
        return None
    only_candidate, only_baseline = int((candidate & ~baseline).sum()), int((~candidate & baseline).sum())
    counts = int(candidate.sum()), int(baseline.sum())
    low, high = _newcombe(int((candidate & baseline).sum()), only_candidate, only_baseline, blocks)
    return PairedShares(
        blocks,
        *counts,
        only_candidate,
        only_baseline,
        difference=(counts[0] - counts[1]) / blocks,
        low=low,
        high=high,
        p=mcnemar_p(only_candidate, only_baseline),
    )


def mcnemar_p(only_one: int, only_other: int) -> float:
    """Returns the two-sided p of the exact test; the counts are blocks in which only that arm was late."""
    total = only_one + only_other
    return min(1.0, 2 * float(bdtr(min(only_one, only_other), total, 0.5))) if total else 1.0


def _newcombe(both: int, only_candidate: int, only_baseline: int, blocks: int) -> tuple[float, float]:
    counts = both + only_candidate, both + only_baseline
    share, base_share = (count / blocks for count in counts)
    low, high = wilson_ends(counts[0], blocks)
    base_low, base_high = wilson_ends(counts[1], blocks)
    phi = _phi(both, only_candidate, only_baseline, blocks)
    difference = share - base_share
    return (
        difference - _distance(share - low, base_high - base_share, phi),
        difference + _distance(high - share, base_share - base_low, phi),
    )


def _distance(one: float, other: float, phi: float) -> float:
    return math.sqrt(max(0.0, one * one - 2 * phi * one * other + other * other))


def _phi(both: int, only_candidate: int, only_baseline: int, blocks: int) -> float:
    """The correlation of the two arms, with Newcombe's correction for continuity."""
    neither = blocks - both - only_candidate - only_baseline
    margins = (both + only_candidate) * (only_baseline + neither)
    margins *= (both + only_baseline) * (only_candidate + neither)
    if margins == 0:
        return 0.0
    excess = float(both * neither - only_candidate * only_baseline)
    if excess > 0:
        excess = max(excess - blocks / 2, 0)
    return excess / math.sqrt(margins)
