"""Blocks left out because a trial is invalid: do they favour an arm, and could they undo a claim?

A check may be more likely to exclude a slow trial than a fast one: a longer trial meets more foreign kills.
So the arms are compared by how often only the one or only the other was invalid in a block (exact test of Q.
McNemar, Psychometrika 12, 1947), and each claim is judged again with every left-out block at its worst.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from lmkd_core.records.stratum import Stratum
from lmkd_core.statistics.lateness import mcnemar_p
from lmkd_core.statistics.shares import CONFIDENCE
from lmkd_reports.analysis.arms import floats
from lmkd_reports.analysis.comparisons import Rules
from lmkd_reports.analysis.comparisons import verdict_on
from lmkd_reports.analysis.evidence import Times
from lmkd_reports.analysis.frames import least_ns
from lmkd_reports.analysis.model import Comparison
from lmkd_reports.analysis.model import Exclusions
from lmkd_reports.analysis.model import StratumResult
from lmkd_reports.analysis.model import Uneven
from lmkd_reports.analysis.over_boots import evidence_by_boots
from lmkd_reports.analysis.verdicts import Verdict
from lmkd_reports.format.strata import STRATUM


def exclusions_of(
    by_stratum: Mapping[Stratum, pd.DataFrame], results: Sequence[StratumResult], rules: Rules
) -> Exclusions:
    claims = [
        (result.stratum, comparison, by_stratum[result.stratum])
        for result in results
        for comparison in result.comparisons
        if comparison.is_claim and result.stratum in by_stratum
    ]
    at_worst = [
        (stratum, claim, _survives(both, claim, rules))
        for stratum, claim, trials in claims
        if not (both := _both(trials, claim))["valid"].all()
    ]
    undone = tuple((stratum, claim) for stratum, claim, survives in at_worst if not survives)
    return Exclusions(tuple(_uneven(by_stratum)), undone, len(at_worst) - len(undone))


def _uneven(by_stratum: Mapping[Stratum, pd.DataFrame]) -> Iterator[Uneven]:
    """The pairs of arms of which one is invalid more often than chance explains."""
    if not by_stratum:
        return
    trials = pd.concat(by_stratum.values())
    valid = trials.pivot_table(
        index=[*STRATUM, "block"], columns="arm", values="valid", aggfunc="last", sort=False
    )
    pairs = list(combinations(valid.columns, 2))
    for pair in pairs:
        both = valid[list(pair)].dropna().astype(bool)
        first, second = (int((both[a] < both[b]).sum()) for a, b in (pair, pair[::-1]))
        p = min(1.0, mcnemar_p(first, second) * len(pairs))
        if p <= 1 - CONFIDENCE:
            arm, other = pair if first > second else pair[::-1]
            yield Uneven(arm, other, max(first, second), min(first, second), p)


def _both(trials: pd.DataFrame, claim: Comparison) -> pd.DataFrame:
    """A row for each block that ran both arms; ``valid``: both count."""
    left, right = (trials[trials["arm"] == arm] for arm in (claim.candidate, claim.baseline))
    both = left.merge(right, on="block", suffixes=("_candidate", "_baseline"))
    return both.assign(valid=both["valid_candidate"].astype(bool) & both["valid_baseline"].astype(bool))


def _survives(both: pd.DataFrame, claim: Comparison, rules: Rules) -> bool:
    """Whether the verdict stays the same with the worst possible times in the blocks that are left out."""
    counts = both["valid"].to_numpy()
    timeout_ns = float(both[["timeout_ns_candidate", "timeout_ns_baseline"]].max(axis=None))
    worst_ns = (timeout_ns, 0.0) if claim.verdict == Verdict.BETTER else (0.0, timeout_ns)

    def times(side: str, worst: float) -> Times:
        known, least = floats(both, "reclaim_90_ns" + side), least_ns(both, "reclaim_90_ns", side)
        return Times(np.where(counts, known, worst), np.where(counts, least, worst))

    sides = times("_candidate", worst_ns[0]), times("_baseline", worst_ns[1])
    evidence = evidence_by_boots(*sides, list(both["boot_id_candidate"]), rules.patience_ns)
    return verdict_on(evidence, rules.equivalent_pct) == claim.verdict
