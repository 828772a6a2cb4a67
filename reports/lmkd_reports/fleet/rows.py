"""A row a device, stratum and pair of arms: how the one compares with the other there.

Pure functions on frames that hold any number of whole devices, so that the work can be split by device: the
rows of two halves are the rows of the whole. Pairs of arms, statistics (over boots where there are enough)
and verdicts are computed by the functions that a device's own page uses. A run's devices are judged by that
run alone: blocks of two runs never meet.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lmkd_core.records.run import DEFAULT_EQUIVALENT_PCT
from lmkd_core.statistics.bounds import Floats
from lmkd_core.statistics.bounds import least_times
from lmkd_core.statistics.differences import PairedDifference
from lmkd_core.statistics.differences import difference_by_boots
from lmkd_reports.analysis.comparisons import control_pairs_of
from lmkd_reports.analysis.comparisons import pairs_of
from lmkd_reports.analysis.comparisons import verdict_on
from lmkd_reports.analysis.evidence import Evidence
from lmkd_reports.analysis.evidence import Times
from lmkd_reports.analysis.over_boots import evidence_by_boots
from lmkd_reports.analysis.pressure import judge_kills
from lmkd_reports.analysis.pressure import kill_pairs_of
from lmkd_reports.analysis.verdicts import Verdict
from lmkd_reports.fleet.frames import CLASSES
from lmkd_reports.fleet.frames import COUNTS
from lmkd_reports.fleet.frames import RUN
from lmkd_reports.format.strata import EPISODE_STRATUM
from lmkd_reports.format.strata import STRATUM

PAIR = ("candidate", "baseline")
MEASURE = ("blocks", "boots", "estimate", "low", "high", "p", "verdict")
"""Of a comparison: NaN where there is none. Kills: a difference of means; times: a median ratio.

With ``MIN_BOOTS`` boots or more, estimate, interval and p are over boots.
"""

ARM_MEANS = ("total", "needed", "extra", *CLASSES.values())  # in the order of COUNTS
KILL_ROWS = (
    *RUN,
    *EPISODE_STRATUM,
    *PAIR,
    *MEASURE,
    *(f"{side}_{name}" for side in PAIR for name in ARM_MEANS),
)
"""Columns of the rows of kills; ``candidate_total`` is the arm's mean over its episodes on that device."""

TIME_ROWS = (*RUN, *STRATUM, *PAIR, *MEASURE, "candidate_median_ns", "baseline_median_ns")
"""Columns of the rows of times."""

TIMES = ("reclaim_90_ns", "timeout_ns", "reclaim_90_after_ns")
NO_NUMBERS = (np.nan, np.nan, np.nan, np.nan)
REGIME = len(RUN) + STRATUM.index("regime")


@dataclass(frozen=True, slots=True)
class _Arm:
    """One arm in one stratum on one device: its valid blocks in order, with their boots and rows of values.

    An arm has no blocks if all of its trials are invalid.
    """

    blocks: NDArray[np.int64]
    boots: NDArray[np.object_]
    values: Floats

    @property
    def is_usable(self) -> bool:
        return len(self.blocks) > 0


@dataclass(frozen=True, slots=True)
class _Paired:
    """The values of two arms in the blocks that both have, and the boot of each block."""

    candidate: Floats
    baseline: Floats
    boots: list[str]

    @property
    def counts(self) -> tuple[int, int]:
        """Blocks and boots."""
        return len(self.boots), len(set(self.boots))


Arms = dict[str, _Arm]
Key = tuple[Any, ...]


def kill_rows(episodes: pd.DataFrame, arms: Sequence[str]) -> pd.DataFrame:
    """``episodes`` as ``frames.EPISODES``; ``arms`` are those that were asked for, the baseline first."""
    rows: list[tuple[Any, ...]] = []
    for key, by_arm in _groups(episodes, (*RUN, *EPISODE_STRATUM), COUNTS):
        pairs = kill_pairs_of([arm for arm in arms if arm in by_arm], arms[0])
        rows += [(*key, *pair, *_kills_compared(by_arm, *pair)) for pair in pairs]
    return pd.DataFrame(rows, columns=list(KILL_ROWS))


def time_rows(
    trials: pd.DataFrame, arms: Sequence[str], equivalent_pct: float = DEFAULT_EQUIVALENT_PCT
) -> pd.DataFrame:
    """``trials`` as ``frames.TRIALS``, ``arms`` as of ``kill_rows``, ``equivalent_pct`` as of the run."""
    rows: list[tuple[Any, ...]] = []
    for key, by_arm in _groups(trials, (*RUN, *STRATUM), TIMES):
        pairs = control_pairs_of([*arms, *by_arm]) if key[REGIME] == "control" else pairs_of(arms)
        measured = [pair for pair in pairs if set(pair) <= set(by_arm)]
        rows += [(*key, *pair, *_times_compared(by_arm, *pair, equivalent_pct)) for pair in measured]
    return pd.DataFrame(rows, columns=list(TIME_ROWS))


def _groups(frame: pd.DataFrame, keys: Sequence[str], columns: Sequence[str]) -> Iterator[tuple[Key, Arms]]:
    """Each group's arms. Arrays instead of frames: a fleet has tens of thousands of groups."""
    arms, blocks = frame["arm"].to_numpy(), frame["block"].to_numpy(dtype="int64")
    boots, valid = frame["boot_id"].to_numpy(dtype=object), frame["valid"].to_numpy(dtype=bool)
    values = frame[list(columns)].to_numpy(dtype="float64")
    for key, places in frame.groupby(list(keys), sort=True).indices.items():
        ordered = places[np.argsort(blocks[places], kind="stable")]
        yield (
            key,
            {
                str(arm): _Arm(blocks[of_arm], boots[of_arm], values[of_arm])
                for arm in dict.fromkeys(arms[ordered])
                for of_arm in [ordered[(arms[ordered] == arm) & valid[ordered]]]
            },
        )


def _paired(candidate: _Arm, baseline: _Arm) -> _Paired:
    _, left, right = np.intersect1d(
        candidate.blocks, baseline.blocks, assume_unique=True, return_indices=True
    )
    return _Paired(candidate.values[left], baseline.values[right], candidate.boots[left].tolist())


def _kills_compared(by_arm: Arms, candidate: str, baseline: str) -> Iterator[Any]:
    arms = by_arm[candidate], by_arm[baseline]
    pairs = _paired(*arms)
    yield from pairs.counts
    total = COUNTS.index("kills_total")
    difference = difference_by_boots(pairs.candidate[:, total], pairs.baseline[:, total], pairs.boots)
    yield from _kill_numbers(difference)
    yield str(judge_kills(difference, usable=all(arm.is_usable for arm in arms)))
    for arm in arms:
        yield from map(float, arm.values.mean(axis=0)) if arm.is_usable else (np.nan,) * len(COUNTS)


def _kill_numbers(difference: PairedDifference | None) -> tuple[float, float, float, float]:
    """Estimate, low, high and p."""
    if difference is None:
        return NO_NUMBERS
    low, high, p = (
        np.nan if value is None else value for value in (difference.low, difference.high, difference.p)
    )
    return difference.mean, low, high, p


def _times_compared(by_arm: Arms, candidate: str, baseline: str, equivalent_pct: float) -> Iterator[Any]:
    arms = by_arm[candidate], by_arm[baseline]
    pairs = _paired(*arms)
    yield from pairs.counts
    sides = _times(pairs.candidate), _times(pairs.baseline)
    evidence = evidence_by_boots(*sides, pairs.boots, mean_interval=False)
    yield from _time_numbers(evidence)
    usable = all(arm.is_usable for arm in arms)
    yield str(verdict_on(evidence, equivalent_pct) if usable else Verdict.INVALID)
    yield from (_median_ns(arm.values[:, 0]) for arm in arms)


def _times(values: Floats) -> Times:
    """Of rows of ``TIMES``."""
    return Times(values[:, 0], least_times(*values.T))


def _time_numbers(evidence: Evidence | None) -> tuple[float, float, float, float]:
    """Estimate, low, high and p; no ratio where an arm's times lie in two groups, as on the device's page."""
    if evidence is None or evidence.test is None:
        return NO_NUMBERS
    ratio = evidence.single_ratio
    if ratio is None or ratio.interval is None:
        return np.nan, np.nan, np.nan, evidence.test.p
    estimate = ratio.estimate.low if ratio.estimate.exact else np.nan
    return estimate, ratio.interval.low, ratio.interval.high, evidence.test.p


def _median_ns(times_ns: Floats) -> float:
    """NaN without any trial, and where half of them or more were not done by their timeout."""
    if not len(times_ns):
        return np.nan
    middle = float(np.median(np.where(np.isnan(times_ns), np.inf, times_ns)))
    return middle if np.isfinite(middle) else np.nan
