"""The evidence for a difference between two arms of one stratum: all that paired trials show about times.

The test decides on a difference; the median ratio, the mean difference and the shares of late trials give its
size. A verdict rests on one test only, so a comparison is one member of its family (``together``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lmkd_core.statistics.block_logs import BlockLogs
from lmkd_core.statistics.block_logs import block_logs
from lmkd_core.statistics.boots import MIN_BOOTS
from lmkd_core.statistics.boots import Deviations
from lmkd_core.statistics.bounds import Bounds
from lmkd_core.statistics.bounds import Floats
from lmkd_core.statistics.lateness import PATIENCE_NS
from lmkd_core.statistics.lateness import PairedShares
from lmkd_core.statistics.lateness import late
from lmkd_core.statistics.lateness import paired_shares
from lmkd_core.statistics.paired import MIN_BLOCKS
from lmkd_core.statistics.paired import PairedRatio
from lmkd_core.statistics.paired import paired_ratio
from lmkd_core.statistics.sign_flip import FlipTest
from lmkd_core.statistics.sign_flip import mean_interval
from lmkd_core.statistics.sign_flip import sign_flip_test
from lmkd_core.statistics.two_groups import in_two_groups


@dataclass(frozen=True, slots=True)
class Times:
    """An arm's times in the paired blocks, NaN for longer than its timeout.

    ``least_ns`` are their least possible values: the timeout, or the last sample before a gap.
    """

    ns: Floats
    least_ns: Floats

    @property
    def restricted_ns(self) -> Floats:
        """The times up to the timeout: their mean is known even if some are censored."""
        return np.asarray(np.where(np.isnan(self.ns), self.least_ns, self.ns), dtype=np.float64)

    @property
    def least_restricted_ns(self) -> Floats:
        return np.asarray(np.fmin(self.ns, self.least_ns), dtype=np.float64)

    def differences(self, baseline: Times) -> tuple[Floats, Floats]:
        """The least and the greatest possible difference to the baseline's time up to the timeout."""
        low = self.least_restricted_ns - baseline.restricted_ns
        high = self.restricted_ns - baseline.least_restricted_ns
        return low, high

    def logs(self, baseline: Times) -> BlockLogs:
        """The log ratio of each pair."""
        return block_logs(self.ns, baseline.ns, self.least_ns, baseline.least_ns)


@dataclass(frozen=True, slots=True)
class MeanTimes:
    """Mean times up to the timeout, in ns, and the difference with its 95 % interval (None without one)."""

    candidate_ns: float
    baseline_ns: float
    interval_ns: Bounds | None

    @property
    def difference_ns(self) -> float:
        return self.candidate_ns - self.baseline_ns

    @property
    def ratio(self) -> float:
        return self.candidate_ns / self.baseline_ns if self.baseline_ns else float("inf")


@dataclass(frozen=True, slots=True)
class Evidence:
    """``test`` is None for too few blocks. ``late`` counts times beyond lmkd's patience.

    ``split``: which arms' times lie in two groups far apart, so that no single ratio describes them. With
    enough ``boots`` the intervals and the test are over boots (``over_boots``). ``scatter`` is that of the
    log ratios, None where it is not known.
    """

    ratio: PairedRatio
    test: FlipTest | None
    mean: MeanTimes
    late: PairedShares
    candidate_split: bool = False
    baseline_split: bool = False
    boots: int = 1
    scatter: Deviations | None = None

    @property
    def is_over_boots(self) -> bool:
        """Whether intervals and test include what differs between boots."""
        return are_enough(self.boots, self.ratio.blocks)

    @property
    def split(self) -> bool:
        return self.candidate_split or self.baseline_split

    @property
    def single_ratio(self) -> PairedRatio | None:
        """The median ratio if there is a test beside it and it describes the times."""
        return self.ratio if self.test and not self.split else None


def are_enough(boots: int, blocks: int) -> bool:
    """Whether the boots are the replicates."""
    return boots >= MIN_BOOTS and blocks >= MIN_BLOCKS


def evidence_of(
    candidate: Times,
    baseline: Times,
    patience_ns: float = PATIENCE_NS,
    *,
    tested: bool = True,
    mean_interval: bool = True,
) -> Evidence | None:
    """The evidence of times paired by position; None if there is no pair.

    The test and the interval of the mean take most of the time: a caller that has no use for them can leave
    them out.
    """
    ratio = paired_ratio(candidate.ns, baseline.ns, candidate.least_ns, baseline.least_ns)
    shares = paired_shares(late(candidate.ns, patience_ns), late(baseline.ns, patience_ns))
    if ratio is None or shares is None:
        return None
    return Evidence(
        ratio,
        flip_test(candidate, baseline) if tested else None,
        _mean_times(candidate, baseline, with_interval=mean_interval),
        shares,
        in_two_groups(candidate.restricted_ns),
        in_two_groups(baseline.restricted_ns),
    )


def flip_test(candidate: Times, baseline: Times) -> FlipTest | None:
    """The test of the times up to the timeout; None for too few blocks."""
    low, high = candidate.differences(baseline)
    return sign_flip_test(low, high) if len(low) >= MIN_BLOCKS else None


def _mean_times(candidate: Times, baseline: Times, *, with_interval: bool) -> MeanTimes:
    interval = None
    if with_interval and len(candidate.ns) >= MIN_BLOCKS:
        interval = Bounds(*mean_interval(*candidate.differences(baseline)))
    return MeanTimes(float(candidate.restricted_ns.mean()), float(baseline.restricted_ns.mean()), interval)
