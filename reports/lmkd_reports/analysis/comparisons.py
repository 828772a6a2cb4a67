"""Two arms of one stratum on one device: paired by block, judged by the interval of their ratio."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lmkd_core.records.arms import once
from lmkd_core.statistics.bounds import Floats
from lmkd_core.statistics.paired import PairedRatio
from lmkd_core.statistics.paired import fewest_blocks
from lmkd_core.statistics.paired import paired_ratio
from lmkd_core.statistics.planning import blocks_for_ratio
from lmkd_reports.analysis.arms import floats
from lmkd_reports.analysis.frames import least_ns
from lmkd_reports.analysis.model import ArmResult
from lmkd_reports.analysis.model import Comparison
from lmkd_reports.analysis.model import Detectable
from lmkd_reports.analysis.verdicts import Verdict
from lmkd_reports.analysis.verdicts import judge

SUBJECT = "reap-kill"
CONTROL_BASELINE = "kill+mrelease"


def pairs_of(arms: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """(candidate, baseline): the flag (else the last arm) against all, then the others against the first.

    An arm that is run again is compared with itself only, last.
    """
    again = tuple((arm, once(arm)) for arm in arms if once(arm) != arm and once(arm) in arms)
    distinct = [arm for arm in arms if arm not in dict(again)]
    if len(distinct) < 2:
        return again
    asked = SUBJECT if SUBJECT in distinct[1:] else distinct[-1]
    others = [arm for arm in distinct if arm != asked]
    return (*((asked, other) for other in others), *((arm, distinct[0]) for arm in others[1:]), *again)


def control_pairs_of(arms: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """(candidate, baseline) in controls: every arm that reaps, against the one that reaps without the flag.

    Against ``kill``, everything that reaps looks good in a control.
    """
    if CONTROL_BASELINE not in arms:
        return ()
    return tuple((arm, CONTROL_BASELINE) for arm in arms if once(arm) not in {"kill", CONTROL_BASELINE})


def compare(
    trials: pd.DataFrame, candidate: ArmResult, baseline: ArmResult, detectable: Detectable, confidence: float
) -> Comparison:
    """``trials`` are those of one stratum on one device, of all arms; ``confidence`` is the interval's."""
    for arm in (candidate, baseline):
        if arm.invalid and not arm.valid:
            note = f"every trial of {arm.arm} is invalid"
            return Comparison(candidate.arm, baseline.arm, None, Verdict.INVALID, (note,))
    both = _paired(trials, candidate.arm, baseline.arm)
    ratio = _ratio(both, confidence)
    return Comparison(
        candidate.arm,
        baseline.arm,
        ratio,
        judge(ratio),
        tuple(_notes(ratio, candidate, baseline, fewest_blocks(confidence))),
        blocks_for_ratio(_log_ratios(both), detectable.ratio),
    )


def _paired(trials: pd.DataFrame, candidate: str, baseline: str) -> pd.DataFrame:
    """A row a block in which both arms have a valid trial."""
    valid = trials[trials["valid"].astype(bool)]
    left = valid[valid["arm"] == candidate]
    right = valid[valid["arm"] == baseline]
    return left.merge(right, on="block", suffixes=("_candidate", "_baseline"))


def _log_ratios(both: pd.DataFrame) -> Floats:
    """NaN where a time is longer than its timeout."""
    times = floats(both, "reclaim_90_ns_candidate"), floats(both, "reclaim_90_ns_baseline")
    with np.errstate(divide="ignore", invalid="ignore"):  # a time of 0 has no ratio, and none is used then
        return np.asarray(np.log(times[0] / times[1]), dtype=np.float64)


def _ratio(both: pd.DataFrame, confidence: float) -> PairedRatio | None:
    return paired_ratio(
        floats(both, "reclaim_90_ns_candidate"),
        floats(both, "reclaim_90_ns_baseline"),
        least_ns(both, "reclaim_90_ns", "_candidate"),
        least_ns(both, "reclaim_90_ns", "_baseline"),
        confidence,
    )


def _notes(ratio: PairedRatio | None, candidate: ArmResult, baseline: ArmResult, fewest: int) -> list[str]:
    absent = [f"{arm.arm}: {arm.missing}" for arm in (candidate, baseline) if arm.missing]
    if absent:
        return absent
    blocks = ratio.blocks if ratio else 0
    if blocks < fewest:
        return [f"{blocks} of the {fewest} blocks that an interval needs"]
    if ratio and not ratio.estimate.known:
        return ["neither arm's memory was back by the timeout"]
    return []
