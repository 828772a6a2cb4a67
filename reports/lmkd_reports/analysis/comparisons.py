"""Two arms of one stratum on one device: paired by block, judged by their sign-flip test."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from lmkd_core.records.arms import BACK_TO_BACK
from lmkd_core.records.arms import FLAG
from lmkd_core.records.arms import once
from lmkd_core.statistics.paired import MIN_BLOCKS
from lmkd_reports.analysis.arms import floats
from lmkd_reports.analysis.evidence import Evidence
from lmkd_reports.analysis.evidence import Times
from lmkd_reports.analysis.frames import least_ns
from lmkd_reports.analysis.model import ArmResult
from lmkd_reports.analysis.model import Comparison
from lmkd_reports.analysis.over_boots import evidence_by_boots
from lmkd_reports.analysis.verdicts import Verdict
from lmkd_reports.analysis.verdicts import is_within
from lmkd_reports.analysis.verdicts import judge


def pairs_of(arms: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """(candidate, baseline): the flag (else the last arm) against all, then the others against the first.

    An arm that is run again is compared with itself only, last.
    """
    again = tuple((arm, once(arm)) for arm in arms if once(arm) != arm and once(arm) in arms)
    distinct = [arm for arm in arms if arm not in dict(again)]
    if len(distinct) < 2:
        return again
    asked = FLAG if FLAG in distinct[1:] else distinct[-1]
    others = [arm for arm in distinct if arm != asked]
    return (*((asked, other) for other in others), *((arm, distinct[0]) for arm in others[1:]), *again)


def control_pairs_of(arms: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """(candidate, baseline) in controls: every arm that reaps, against the one that reaps without the flag.

    Against ``kill``, everything that reaps looks good in a control.
    """
    if BACK_TO_BACK not in arms:
        return ()
    return tuple(
        (arm, BACK_TO_BACK) for arm in dict.fromkeys(arms) if once(arm) not in {"kill", BACK_TO_BACK}
    )


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of a comparison: lmkd's patience on the device, and the limit of equivalence."""

    patience_ns: int
    equivalent_pct: float


def compare(trials: pd.DataFrame, candidate: ArmResult, baseline: ArmResult, rules: Rules) -> Comparison:
    """``trials`` are those of one stratum on one device, of all arms."""
    for arm in (candidate, baseline):
        if arm.invalid and not arm.valid:
            note = f"every trial of {arm.arm} is invalid"
            return Comparison(candidate.arm, baseline.arm, None, Verdict.INVALID, (note,))
    both = _paired(trials, candidate.arm, baseline.arm)
    times = _times(both, "candidate"), _times(both, "baseline")
    evidence = evidence_by_boots(*times, list(both["boot_id_candidate"]), rules.patience_ns)
    verdict = verdict_on(evidence, rules.equivalent_pct)
    return Comparison(
        candidate.arm,
        baseline.arm,
        evidence,
        verdict,
        (
            *_gaps(evidence, candidate, baseline),
            *_explanations(evidence, verdict, candidate, baseline, rules),
        ),
        block_logs=times[0].logs(times[1]),
    )


def verdict_on(evidence: Evidence | None, equivalent_pct: float) -> Verdict:
    if evidence is None:
        return Verdict.NOT_ENOUGH_DATA
    return judge(evidence.ratio, evidence.test, evidence.mean.ratio, equivalent_pct)


def _paired(trials: pd.DataFrame, candidate: str, baseline: str) -> pd.DataFrame:
    """A row a block in which both arms have a valid trial, in the order of the blocks."""
    valid = trials[trials["valid"].astype(bool)]
    left = valid[valid["arm"] == candidate]
    right = valid[valid["arm"] == baseline]
    return left.merge(right, on="block", suffixes=("_candidate", "_baseline")).sort_values("block")


def _times(both: pd.DataFrame, side: str) -> Times:
    return Times(floats(both, f"reclaim_90_ns_{side}"), least_ns(both, "reclaim_90_ns", f"_{side}"))


def _gaps(evidence: Evidence | None, candidate: ArmResult, baseline: ArmResult) -> list[str]:
    """Why there is no verdict, or no number."""
    absent = [f"{arm.arm}: {arm.missing}" for arm in (candidate, baseline) if arm.missing]
    if absent:
        return absent
    blocks = evidence.ratio.blocks if evidence else 0
    if blocks < MIN_BLOCKS:
        return [f"{blocks} of the {MIN_BLOCKS} blocks that an interval needs"]
    if evidence and not evidence.ratio.estimate.known:
        return ["neither arm's memory was back by the timeout"]
    return []


def _explanations(
    evidence: Evidence | None, verdict: Verdict, candidate: ArmResult, baseline: ArmResult, rules: Rules
) -> Iterator[str]:
    """Where the numbers beside a verdict seem to say something else."""
    if evidence is None or evidence.test is None or evidence.ratio.interval is None:
        return
    arms = {candidate.arm: evidence.candidate_split, baseline.arm: evidence.baseline_split}
    for arm, is_split in arms.items():
        if is_split:
            yield f"{arm}: its times lie in two groups far apart, as of races won and lost: no single ratio"
    claimed = verdict in {Verdict.BETTER, Verdict.WORSE}
    interval = evidence.ratio.interval
    excludes_1 = interval.high < 1 or interval.low > 1
    if excludes_1 and not claimed and not evidence.split:
        yield "the interval excludes 1, but p is above 0.05: no claim"
    if claimed and not excludes_1 and not evidence.split:
        yield "claimed by the test, which also counts how large the differences are: the interval includes 1"
    if claimed and is_within(evidence.ratio, rules.equivalent_pct):
        yield f"the median difference is smaller than the equivalence limit of {rules.equivalent_pct:g} %"
