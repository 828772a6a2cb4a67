"""Evidence over boots: with enough boots they are the replicates, and a claim is about the kernel.

The test combines two statistics of each boot by the smaller p, doubled (Bonferroni): the median log ratio,
and the mean difference in ms, which also sees races lost by a minority.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lmkd_core.statistics.block_logs import BlockLogs
from lmkd_core.statistics.boots import MIN_BOOTS
from lmkd_core.statistics.boots import BootValues
from lmkd_core.statistics.boots import OverBoots
from lmkd_core.statistics.boots import deviations
from lmkd_core.statistics.boots import means_of_boots
from lmkd_core.statistics.boots import medians_of_boots
from lmkd_core.statistics.boots import over_boots
from lmkd_core.statistics.bounds import Bounds
from lmkd_core.statistics.lateness import PATIENCE_NS
from lmkd_core.statistics.lateness import PairedShares
from lmkd_core.statistics.lateness import late
from lmkd_core.statistics.paired import NARROW_CONFIDENCE
from lmkd_core.statistics.paired import PairedRatio
from lmkd_core.statistics.paired import ratio_from_log
from lmkd_core.statistics.shares import CONFIDENCE
from lmkd_core.statistics.sign_flip import FlipTest
from lmkd_reports.analysis.evidence import Evidence
from lmkd_reports.analysis.evidence import MeanTimes
from lmkd_reports.analysis.evidence import Times
from lmkd_reports.analysis.evidence import evidence_of

STATISTICS = 2


def evidence_by_boots(
    candidate: Times,
    baseline: Times,
    boots: Sequence[str],
    patience_ns: float = PATIENCE_NS,
    *,
    mean_interval: bool = True,
) -> Evidence | None:
    """The evidence of times paired by position, over boots if they are enough; None if there is no pair.

    ``boots`` names the boot of each pair. Over blocks, the interval of the mean can be left out.
    """
    over_blocks = len(set(boots)) < MIN_BOOTS  # else test and interval are made of boots
    evidence = evidence_of(
        candidate, baseline, patience_ns, tested=over_blocks, mean_interval=over_blocks and mean_interval
    )
    if evidence is None:
        return None
    return evidence_over_boots(evidence, candidate, baseline, candidate.logs(baseline), boots, patience_ns)


def evidence_over_boots(
    evidence: Evidence,
    candidate: Times,
    baseline: Times,
    logs: BlockLogs,
    boots: Sequence[str],
    patience_ns: float,
) -> Evidence:
    """``evidence`` with its number of boots, and if they are enough with all intervals and p over boots.

    ``boots`` names the boot of each block.
    """
    scatter = deviations(logs.known, boots) if logs.exact else None
    counted = replace(evidence, boots=len(set(boots)), scatter=scatter)
    if counted.boots < MIN_BOOTS:
        return counted
    ratios = medians_of_boots(np.array(logs.low), np.array(logs.high), boots)
    means = _mean_differences(candidate, baseline, boots)
    lates = late(candidate.ns, patience_ns).astype(float) - late(baseline.ns, patience_ns)
    return replace(
        counted,
        ratio=_ratio(evidence.ratio, ratios),
        test=_test(_over(ratios), _over(means)),
        mean=_mean(evidence.mean, _over(means)),
        late=_late(evidence.late, _over(means_of_boots(lates, boots))),
    )


def _mean_differences(candidate: Times, baseline: Times, boots: Sequence[str]) -> BootValues:
    low, high = candidate.differences(baseline)
    return BootValues(means_of_boots(low, boots).least, means_of_boots(high, boots).greatest)


def _over(values: BootValues, confidence: float = CONFIDENCE) -> OverBoots:
    result = over_boots(values, confidence)
    assert result is not None  # there are enough boots
    return result


def _ratio(of_blocks: PairedRatio, logs: BootValues) -> PairedRatio:
    result = _over(logs)
    return replace(
        of_blocks,
        estimate=_ratios(result.estimate),
        interval=_ratios(result.interval),
        confidence=CONFIDENCE,
        narrow=_ratios(_over(logs, NARROW_CONFIDENCE).interval),
    )


def _ratios(logs: Bounds) -> Bounds:
    return Bounds(ratio_from_log(logs.low), ratio_from_log(logs.high))


def _test(ratios: OverBoots, means: OverBoots) -> FlipTest:
    decisive = min((ratios, means), key=lambda result: result.p)
    direction = int(np.sign(decisive.estimate.low + decisive.estimate.high)) if decisive.p < 1 else 0
    return FlipTest(min(1.0, STATISTICS * decisive.p), 0.0, direction)


def _mean(of_blocks: MeanTimes, difference: OverBoots) -> MeanTimes:
    return replace(of_blocks, interval_ns=difference.interval)


def _late(of_blocks: PairedShares, difference: OverBoots) -> PairedShares:
    """The interval over boots, within what shares can differ by."""
    low, high = max(-1.0, difference.interval.low), min(1.0, difference.interval.high)
    return replace(of_blocks, low=low, high=high, p=difference.p)
