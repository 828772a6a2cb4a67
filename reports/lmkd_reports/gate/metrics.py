"""What two runs are compared by. Of every metric less is better."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from lmkd_core.statistics.bounds import Bounds
from lmkd_core.statistics.bounds import Floats
from lmkd_core.statistics.bounds import censored_quantile
from lmkd_core.statistics.independent import FEWEST
from lmkd_core.statistics.independent import Estimate
from lmkd_core.statistics.independent import fewest_for_medians
from lmkd_core.statistics.independent import mean_difference
from lmkd_core.statistics.independent import median_ratio
from lmkd_core.statistics.independent import share_difference


class Kind(StrEnum):
    """How a metric is compared, and so what its numbers are."""

    TIME = "ratio of medians"
    """ns; the candidate's median over the base's."""

    COUNT = "difference of means"
    """a number an episode; the candidate's mean minus the base's."""

    SHARE = "difference of shares"
    """0 to 1; the candidate's minus the base's."""

    @property
    def equal(self) -> float:
        """The value where nothing differs."""
        return 1.0 if self is Kind.TIME else 0.0


@dataclass(frozen=True, slots=True)
class Sample:
    """One metric's values in one arm: ns, counts, or 0 and 1 for a share.

    NaN is a time longer than its timeout; ``timeouts`` are ns, of times only.
    """

    values: Floats
    timeouts: Floats

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True, slots=True)
class Metric:
    """``field`` is that of the records; ``of`` is what a value is measured in."""

    name: str
    kind: Kind
    of: str
    field: str
    meaning: str


METRICS = {
    metric.name: metric
    for metric in (
        Metric("reclaim_50", Kind.TIME, "trial", "reclaim_50_ns", "until 50 % of the memory was back"),
        Metric("reclaim_90", Kind.TIME, "trial", "reclaim_90_ns", "until 90 % of the memory was back"),
        Metric("reclaim_99", Kind.TIME, "trial", "reclaim_99_ns", "until 99 % of the memory was back"),
        Metric("exit", Kind.TIME, "trial", "exit_ns", "until the pidfd was readable"),
        Metric("esrch", Kind.SHARE, "trial", "mrelease_errno", "process_mrelease came too late"),
        Metric("kills_total", Kind.COUNT, "episode", "kills_total", "apps killed"),
        Metric(
            "kills_extra", Kind.COUNT, "episode", "kills_extra", "apps killed only because memory came late"
        ),
        Metric(
            "fg_fault_p99",
            Kind.TIME,
            "episode",
            "fg_fault_p99_ns",
            "99 % quantile of the foreground's faults",
        ),
    )
}
"""By name, in the order in which they are told."""


def compare_samples(kind: Kind, candidate: Sample, base: Sample, confidence: float) -> Estimate | None:
    """None where either sample is empty."""
    if kind is Kind.TIME:
        limits = candidate.timeouts, base.timeouts
        return median_ratio(candidate.values, base.values, *limits, confidence)
    if kind is Kind.COUNT:
        return mean_difference(candidate.values, base.values, confidence)
    return share_difference(_tally(candidate), _tally(base), confidence)


def _tally(sample: Sample) -> tuple[int, int]:
    return int(sample.values.sum()), len(sample)


def typical(kind: Kind, sample: Sample) -> Bounds | None:
    """The median of times (ns), the mean of counts, the share; None without a value."""
    if kind is Kind.TIME:
        return censored_quantile(sample.values, sample.timeouts, 0.5)
    if not len(sample):
        return None
    mean = float(sample.values.mean())
    return Bounds(mean, mean)


def fewest(kind: Kind, confidence: float) -> int:
    """The fewest values on each side for an interval."""
    return fewest_for_medians(confidence) if kind is Kind.TIME else FEWEST


def is_constant(*samples: Sample) -> bool:
    """Whether each sample has but one value; a censored one is no value."""
    return all(len(one) > 1 and bool(np.ptp(one.values) == 0) for one in samples)
