"""Evidence over boots: with enough boots they are the replicates, and a claim is about the kernel.

Each boot gives a median log ratio and a mean difference in ms. Six boots or more are judged as blocks are.
For three to five, Student's t tests of both are combined by the smaller p, doubled (Bonferroni).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lmkd_core.statistics.block_logs import BlockLogs
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
from lmkd_core.statistics.paired import MIN_BLOCKS
from lmkd_core.statistics.paired import NARROW_CONFIDENCE
from lmkd_core.statistics.paired import PairedRatio
from lmkd_core.statistics.paired import ratio_from_log
from lmkd_core.statistics.paired import ratio_of_logs
from lmkd_core.statistics.shares import CONFIDENCE
from lmkd_core.statistics.sign_flip import FlipTest
from lmkd_core.statistics.sign_flip import mean_interval
from lmkd_core.statistics.sign_flip import sign_flip_test
from lmkd_reports.analysis.evidence import Evidence
from lmkd_reports.analysis.evidence import MeanTimes
from lmkd_reports.analysis.evidence import Times
from lmkd_reports.analysis.evidence import are_enough
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
    count = len(set(boots))
    over_blocks = not are_enough(count, len(boots))  # else test and interval are made of boots
    evidence = evidence_of(
        candidate, baseline, patience_ns, tested=over_blocks, mean_interval=over_blocks and mean_interval
    )
    if evidence is None:
        return None
    logs = candidate.logs(baseline)
    scatter = deviations(logs.known, boots) if logs.exact else None
    counted = replace(evidence, boots=count, scatter=scatter)
    return counted if over_blocks else _over_boots(counted, candidate, baseline, logs, boots, patience_ns)


def _over_boots(
    of_blocks: Evidence,
    candidate: Times,
    baseline: Times,
    logs: BlockLogs,
    boots: Sequence[str],
    patience_ns: float,
) -> Evidence:
    ratios = medians_of_boots(np.array(logs.low), np.array(logs.high), boots)
    means = _mean_differences(candidate, baseline, boots)
    lates = late(candidate.ns, patience_ns).astype(float) - late(baseline.ns, patience_ns)
    judge = _as_blocks if of_blocks.boots >= MIN_BLOCKS else _by_t
    ratio, test, interval_ns = judge(ratios, means)
    return replace(
        of_blocks,
        ratio=replace(ratio, **_counts(of_blocks.ratio)),
        test=test,
        mean=_mean(candidate, baseline, boots, interval_ns),
        late=_late(of_blocks.late, _over(means_of_boots(lates, boots))),
    )


Judged = tuple[PairedRatio, FlipTest, Bounds]
"""The ratio, the verdict's test, and the interval of the mean difference in ns."""


def _as_blocks(ratios: BootValues, means: BootValues) -> Judged:
    return (
        ratio_of_logs(ratios.least, ratios.greatest),
        sign_flip_test(means.least, means.greatest),
        Bounds(*mean_interval(means.least, means.greatest)),
    )


def _by_t(ratios: BootValues, means: BootValues) -> Judged:
    of_logs, of_means = _over(ratios), _over(means)
    ratio = PairedRatio(
        blocks=0,
        estimate=_ratios(of_logs.estimate),
        interval=_ratios(of_logs.interval),
        confidence=CONFIDENCE,
        narrow=_ratios(_over(ratios, NARROW_CONFIDENCE).interval),
    )
    decisive = min((of_logs, of_means), key=lambda result: result.p)
    direction = 1 if decisive.estimate.low > 0 else -1
    return ratio, FlipTest(min(1.0, STATISTICS * decisive.p), 0.0, direction), of_means.interval


def _counts(ratio: PairedRatio) -> dict[str, Any]:
    """The numbers of blocks, which a ratio over boots keeps."""
    return {"blocks": ratio.blocks, "faster": ratio.faster, "slower": ratio.slower}


def _mean_differences(candidate: Times, baseline: Times, boots: Sequence[str]) -> BootValues:
    low, high = candidate.differences(baseline)
    return BootValues(means_of_boots(low, boots).least, means_of_boots(high, boots).greatest)


def _over(values: BootValues, confidence: float = CONFIDENCE) -> OverBoots:
    result = over_boots(values, confidence)
    assert result is not None  # there are enough boots
    return result


def _ratios(logs: Bounds) -> Bounds:
    return Bounds(ratio_from_log(logs.low), ratio_from_log(logs.high))


def _mean(candidate: Times, baseline: Times, boots: Sequence[str], interval_ns: Bounds) -> MeanTimes:
    """Means over boots, each of which counts once whatever its number of blocks."""
    means_ns = [means_of_boots(side.restricted_ns, boots).mean.low for side in (candidate, baseline)]
    return MeanTimes(means_ns[0], means_ns[1], interval_ns)


def _late(of_blocks: PairedShares, difference: OverBoots) -> PairedShares:
    """The difference over boots; its interval within what shares can differ by."""
    low, high = max(-1.0, difference.interval.low), min(1.0, difference.interval.high)
    return replace(of_blocks, difference=difference.estimate.low, low=low, high=high, p=difference.p)
