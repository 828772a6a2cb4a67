"""A row a device, stratum and pair of arms: how the one compares with the other there.

Pure functions on frames that hold any number of whole devices, so that the work can be split by device: the
rows of two halves are the rows of the whole. Statistics, pairs of arms and verdicts are those of a run's
page.
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
from lmkd_core.statistics.differences import paired_difference
from lmkd_core.statistics.paired import paired_ratio
from lmkd_core.statistics.two_groups import in_two_groups
from lmkd_reports.analysis.comparisons import control_pairs_of
from lmkd_reports.analysis.comparisons import pairs_of
from lmkd_reports.analysis.evidence import Times
from lmkd_reports.analysis.evidence import flip_test
from lmkd_reports.analysis.pressure import judge_difference
from lmkd_reports.analysis.pressure import kill_pairs_of
from lmkd_reports.analysis.verdicts import Verdict
from lmkd_reports.analysis.verdicts import judge
from lmkd_reports.fleet.frames import CLASSES
from lmkd_reports.fleet.frames import COUNTS
from lmkd_reports.fleet.frames import RUN
from lmkd_reports.format.strata import EPISODE_STRATUM
from lmkd_reports.format.strata import STRATUM

PAIR = ("candidate", "baseline")
MEASURE = ("blocks", "estimate", "low", "high", "p", "verdict")
"""Of a comparison: NaN where there is none. Kills: a difference of means; times: a median ratio."""

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
REGIME = len(RUN) + STRATUM.index("regime")


@dataclass(frozen=True, slots=True)
class _Arm:
    """One arm in one stratum on one device: its blocks in order, and a row of values each."""

    blocks: NDArray[np.int64]
    values: Floats


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
        pairs = control_pairs_of(arms) if key[REGIME] == "control" else pairs_of(arms)
        measured = [pair for pair in pairs if set(pair) <= set(by_arm)]
        rows += [(*key, *pair, *_times_compared(by_arm, *pair, equivalent_pct)) for pair in measured]
    return pd.DataFrame(rows, columns=list(TIME_ROWS))


def _groups(frame: pd.DataFrame, keys: Sequence[str], columns: Sequence[str]) -> Iterator[tuple[Key, Arms]]:
    """Each group's arms. Arrays instead of frames: a fleet has tens of thousands of groups."""
    arms, blocks = frame["arm"].to_numpy(), frame["block"].to_numpy(dtype="int64")
    values = frame[list(columns)].to_numpy(dtype="float64")
    for key, places in frame.groupby(list(keys), sort=True).indices.items():
        ordered = places[np.argsort(blocks[places], kind="stable")]
        yield (
            key,
            {
                str(arm): _Arm(blocks[of_arm], values[of_arm])
                for arm in dict.fromkeys(arms[ordered])
                if len(of_arm := ordered[arms[ordered] == arm])
            },
        )


def _paired(candidate: _Arm, baseline: _Arm) -> tuple[Floats, Floats]:
    """The values of both in the blocks that both have."""
    _, left, right = np.intersect1d(
        candidate.blocks, baseline.blocks, assume_unique=True, return_indices=True
    )
    return candidate.values[left], baseline.values[right]


def _kills_compared(by_arm: Arms, candidate: str, baseline: str) -> Iterator[Any]:
    values, base_values = _paired(by_arm[candidate], by_arm[baseline])
    yield len(values)
    total = COUNTS.index("kills_total")
    yield from _kill_values(paired_difference(values[:, total], base_values[:, total]))
    for arm in (by_arm[candidate], by_arm[baseline]):
        yield from map(float, arm.values.mean(axis=0))


def _kill_values(difference: PairedDifference | None) -> tuple[Any, ...]:
    if difference is None:
        return (np.nan, np.nan, np.nan, np.nan, str(judge_difference(None)))
    low, high, p = (
        np.nan if value is None else value for value in (difference.low, difference.high, difference.p)
    )
    return (difference.mean, low, high, p, str(judge_difference(difference)))


def _times_compared(by_arm: Arms, candidate: str, baseline: str, equivalent_pct: float) -> Iterator[Any]:
    values, base_values = _paired(by_arm[candidate], by_arm[baseline])
    yield len(values)
    times, base_times = (Times(side[:, 0], least_times(*side.T)) for side in (values, base_values))
    yield from _time_values(times, base_times, equivalent_pct)
    yield from (_median_ns(by_arm[arm].values[:, 0]) for arm in (candidate, baseline))


def _time_values(candidate: Times, baseline: Times, equivalent_pct: float) -> tuple[Any, ...]:
    """No ratio where an arm's times lie in two groups, as on the device's own page."""
    ratio = paired_ratio(candidate.ns, baseline.ns, candidate.least_ns, baseline.least_ns)
    test = flip_test(candidate, baseline)
    if ratio is None or ratio.interval is None or test is None:
        return (np.nan, np.nan, np.nan, np.nan, str(Verdict.NOT_ENOUGH_DATA))
    restricted = candidate.restricted_ns, baseline.restricted_ns
    verdict = judge(ratio, test, float(restricted[0].mean() / restricted[1].mean()), equivalent_pct)
    if any(map(in_two_groups, restricted)):
        return (np.nan, np.nan, np.nan, test.p, str(verdict))
    estimate = ratio.estimate.low if ratio.estimate.exact else np.nan
    return (estimate, ratio.interval.low, ratio.interval.high, test.p, str(verdict))


def _median_ns(times_ns: Floats) -> float:
    """NaN where half of the trials or more were not done by their timeout."""
    middle = float(np.median(np.where(np.isnan(times_ns), np.inf, times_ns)))
    return middle if np.isfinite(middle) else np.nan
