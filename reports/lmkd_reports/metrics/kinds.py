"""The kinds of metrics: how each is compared, summed up and shown. Less is better in all of them.

Code that handles metrics asks the metric's ``kind`` and never which kind it is.
"""

from __future__ import annotations

import math
from abc import ABC
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from typing import ClassVar

import numpy as np

from lmkd_core.statistics.beyond import counts_beyond_p
from lmkd_core.statistics.beyond import shares_beyond_p
from lmkd_core.statistics.beyond import times_beyond_p
from lmkd_core.statistics.boots import MIN_BOOTS
from lmkd_core.statistics.boots import BootValues
from lmkd_core.statistics.boots import beyond_over_boots_p
from lmkd_core.statistics.boots import difference_over_boots
from lmkd_core.statistics.boots import means_of_boots
from lmkd_core.statistics.boots import medians_of_boots
from lmkd_core.statistics.bounds import Bounds
from lmkd_core.statistics.bounds import Floats
from lmkd_core.statistics.bounds import censored_quantile
from lmkd_core.statistics.bounds import time_limits
from lmkd_core.statistics.independent import FEWEST
from lmkd_core.statistics.independent import Estimate
from lmkd_core.statistics.independent import fewest_for_medians
from lmkd_core.statistics.independent import mean_difference
from lmkd_core.statistics.independent import median_ratio
from lmkd_core.statistics.independent import share_difference
from lmkd_core.statistics.paired import SHORTEST_NS
from lmkd_core.statistics.paired import log_times
from lmkd_core.statistics.paired import ratio_from_log
from lmkd_core.statistics.shares import exact_share
from lmkd_reports.format import units

QUARTILES = (0.25, 0.75)


@dataclass(frozen=True, slots=True)
class Sample:
    """One metric's values in one arm: ns, counts, or 0 and 1 for a share.

    NaN is a time longer than its timeout; only times have ``timeouts``, in ns. ``boots`` and ``blocks`` name
    the boot and the block of each value. ``baseline`` is the arm that the values are relative to, or empty.
    """

    values: Floats
    timeouts: Floats
    boots: tuple[str, ...] = ()
    blocks: Floats = field(default_factory=lambda: np.empty(0))
    baseline: str = ""

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True, slots=True)
class Axis:
    """The axis of a figure: its number format, whether it begins at 0, and its fixed ends."""

    format: str
    zero: bool
    ends: tuple[float, float] | None = None
    may_be_log: bool = False


class Kind(ABC):
    """How a metric is compared, and how its numbers are shown."""

    compared_by: ClassVar[str]
    unit: ClassVar[str]
    """The unit of ``typical`` in JSON."""

    equal: ClassVar[float]
    """The estimate at which nothing differs."""

    typical_name: ClassVar[str]
    spread_name: ClassVar[str]
    suffix: ClassVar[str]
    """Follows a number in a sentence; the number of a share includes its own."""

    limit_unit: ClassVar[str]
    limit_example: ClassVar[str]
    limit_divisor: ClassVar[float]
    """Divides the number of a limit."""

    axis: ClassVar[Axis]

    def __str__(self) -> str:
        return self.compared_by

    def compare(self, candidate: Sample, base: Sample, confidence: float) -> Estimate | None:
        """None if either sample is empty. If both have enough boots, the boots are the replicates."""
        if not is_over_boots(candidate, base):
            return self.compare_values(candidate, base, confidence)
        return self.compare_boots(candidate, base, confidence)

    def compare_boots(self, candidate: Sample, base: Sample, confidence: float) -> Estimate | None:
        """As ``compare``, over boots."""
        boots = difference_over_boots(self.of_boots(candidate), self.of_boots(base), confidence)
        assert boots is not None  # both have enough
        return Estimate(self.estimate_of(boots.estimate), self.estimate_of(boots.interval))

    def p_beyond(self, candidate: Sample, base: Sample, allowed: float) -> float:
        """The one-sided p of a candidate that is worse by at most ``allowed``; both have an interval."""
        if not is_over_boots(candidate, base):
            return self.values_beyond_p(candidate, base, allowed)
        return beyond_over_boots_p(
            self.of_boots(candidate), self.of_boots(base), self.difference_of(self.equal + allowed)
        )

    @abstractmethod
    def compare_values(self, candidate: Sample, base: Sample, confidence: float) -> Estimate | None:
        """As ``compare``, with the single values as the replicates."""

    @abstractmethod
    def values_beyond_p(self, candidate: Sample, base: Sample, allowed: float) -> float:
        """As ``p_beyond``, with the single values as the replicates."""

    def of_boots(self, sample: Sample) -> BootValues:
        """One value a boot: the mean, or of times the median of the logarithms."""
        return means_of_boots(sample.values, sample.boots)

    def estimate_of(self, difference: Bounds) -> Bounds:
        """The estimate that belongs to a difference of ``of_boots``."""
        return difference

    def difference_of(self, estimate: float) -> float:
        """The difference of ``of_boots`` that belongs to an estimate."""
        return estimate

    def fewest(self, confidence: float) -> int:
        """The fewest values on each side for an interval."""
        return FEWEST

    def typical(self, sample: Sample) -> Bounds | None:
        """The sample's mean, or its median for times (ns); None without a value."""
        return _exactly(float(sample.values.mean())) if len(sample) else None

    def typical_of_boots(self, sample: Sample) -> Bounds:
        """The mean over boots; of times the geometric mean of the boots' medians."""
        return self.estimate_of(self.of_boots(sample).mean)

    def spread(self, sample: Sample) -> tuple[Bounds, Bounds]:
        """The quartiles; for a share its 95 % interval. The sample has a value."""
        return _quartiles(sample.values, sample.values)

    def is_open(self, interval: Bounds) -> bool:
        """Whether both ends of the interval are unknown."""
        return False

    def constant_note(self, name: str, base: Sample, candidate: Sample) -> str:
        """A note about samples without scatter; empty if they have some, or if that is usual."""
        if not is_constant(base, candidate):
            return ""
        if base.values[0] != candidate.values[0]:
            return "all values of each run are equal"
        return "all values of both runs are equal"

    @abstractmethod
    def text(self, value: Bounds) -> str:
        """A typical value: a median in ms, a mean, a share in percent."""

    @abstractmethod
    def estimate_text(self, estimate: Estimate) -> str:
        """For example ``0.78x (0.59 to 1.11)``, ``+0.5 (+0.1 to +0.9)``, ``+40 (+10 to +60) pp``."""

    @abstractmethod
    def limit_text(self, allowed: float) -> str:
        """The limit of a gate in the form of ``estimate_text``."""

    @abstractmethod
    def step_text(self, before: Bounds, after: Bounds) -> str:
        """The size of a step between two levels: ``1.80x``, ``by 0.5``, ``by 40 pp``."""

    def level(self, values: Sequence[Bounds]) -> Bounds:
        """The common value of several typical values: their mean, or their median for times."""
        return _exactly(float(np.mean([value.low for value in values])))

    def tested(self, values: Floats) -> Floats:
        """The scale on which changes are tested."""
        return values

    def drawn(self, value: Bounds) -> float:
        """The place on a figure's axis. A value that is only bounded lies at its bound."""
        return value.low


class Times(Kind):
    """Times in ns, compared by the ratio of their medians."""

    compared_by = "ratio of medians"
    unit = "ns"
    equal = 1.0
    typical_name = "median, ms"
    spread_name = "quartiles of the trials"
    suffix = " ms"
    limit_unit = "%"
    limit_example = "a percentage of the base's median such as 10%"
    limit_divisor = 100.0
    axis = Axis(".4~g", zero=False, may_be_log=True)

    def compare_values(self, candidate: Sample, base: Sample, confidence: float) -> Estimate | None:
        return median_ratio(candidate.values, base.values, candidate.timeouts, base.timeouts, confidence)

    def values_beyond_p(self, candidate: Sample, base: Sample, allowed: float) -> float:
        values = candidate.values, base.values, candidate.timeouts, base.timeouts
        return times_beyond_p(*values, self.equal + allowed)

    def of_boots(self, sample: Sample) -> BootValues:
        least, greatest = map(log_times, time_limits(sample.values, sample.timeouts))
        return medians_of_boots(least, greatest, sample.boots)

    def estimate_of(self, difference: Bounds) -> Bounds:
        return Bounds(ratio_from_log(difference.low), ratio_from_log(difference.high))

    def difference_of(self, estimate: float) -> float:
        return math.log(estimate)

    def fewest(self, confidence: float) -> int:
        return fewest_for_medians(confidence)

    def typical(self, sample: Sample) -> Bounds | None:
        return censored_quantile(sample.values, sample.timeouts, 0.5)

    def spread(self, sample: Sample) -> tuple[Bounds, Bounds]:
        return _quartiles(sample.values, sample.timeouts)

    def is_open(self, interval: Bounds) -> bool:
        return not interval.known

    def text(self, value: Bounds) -> str:
        return units.ms(value)

    def estimate_text(self, estimate: Estimate) -> str:
        ends = f" ({units.interval(estimate.interval)})" if estimate.interval else ""
        return units.ratio(estimate.value) + ends

    def limit_text(self, allowed: float) -> str:
        return f"{self.equal + allowed:.6g}x"

    def step_text(self, before: Bounds, after: Bounds) -> str:
        shortest_ns = max(before.low, SHORTEST_NS)
        ratio = units.ratio(Bounds(after.low / max(before.high, shortest_ns), after.high / shortest_ns))
        words = ratio.replace("> ", "more than ").replace("< ", "below ")
        return words if after.low > before.low else f"to {words}"

    def level(self, values: Sequence[Bounds]) -> Bounds:
        low = np.array([value.low for value in values])
        times = np.array([value.low if value.exact else np.nan for value in values])
        median = censored_quantile(times, low, 0.5)
        assert median is not None  # a level has at least one build
        return median

    def tested(self, values: Floats) -> Floats:
        return np.asarray(np.log(np.maximum(values, SHORTEST_NS)), dtype=np.float64)

    def drawn(self, value: Bounds) -> float:
        """In ms, and at least a nanosecond, because the axis may be logarithmic."""
        return max(value.low, 1.0) / units.NS_PER_MS


class Discrete(Kind):
    """Whole numbers make boots alike by coincidence: a claim must hold over boots and over single values."""

    def compare_boots(self, candidate: Sample, base: Sample, confidence: float) -> Estimate | None:
        boots = super().compare_boots(candidate, base, confidence)
        values = self.compare_values(candidate, base, confidence)
        if boots is None or values is None or boots.interval is None or values.interval is None:
            return values
        low = min(boots.interval.low, values.interval.low)
        return Estimate(boots.value, Bounds(low, max(boots.interval.high, values.interval.high)))

    def p_beyond(self, candidate: Sample, base: Sample, allowed: float) -> float:
        p = super().p_beyond(candidate, base, allowed)
        return max(p, self.values_beyond_p(candidate, base, allowed))


class Counts(Discrete):
    """Numbers per episode, compared by the difference of their means."""

    compared_by = "difference of means"
    unit = "per episode"
    equal = 0.0
    typical_name = "mean per episode"
    spread_name = "quartiles of the episodes"
    suffix = " per episode"
    limit_unit = ""
    limit_example = "a number per episode such as 0.2"
    limit_divisor = 1.0
    axis = Axis(".4~g", zero=True)

    def compare_values(self, candidate: Sample, base: Sample, confidence: float) -> Estimate | None:
        return mean_difference(candidate.values, base.values, confidence)

    def values_beyond_p(self, candidate: Sample, base: Sample, allowed: float) -> float:
        return counts_beyond_p(candidate.values, base.values, allowed)

    def constant_note(self, name: str, base: Sample, candidate: Sample) -> str:
        if is_constant(base, candidate) and not base.values[0] and not candidate.values[0]:
            return f"{name} is 0 in every episode of both runs"
        return super().constant_note(name, base, candidate)

    def text(self, value: Bounds) -> str:
        return f"{value.low:.3g}"

    def estimate_text(self, estimate: Estimate) -> str:
        ends = estimate.interval
        shown = f" ({units.signed(ends.low)} to {units.signed(ends.high)})" if ends else ""
        return units.signed(estimate.value.low) + shown

    def limit_text(self, allowed: float) -> str:
        return f"{allowed:+.6g}"

    def step_text(self, before: Bounds, after: Bounds) -> str:
        return f"by {abs(after.low - before.low):.3g}"


class Shares(Discrete):
    """Shares from 0 to 1, compared by their difference."""

    compared_by = "difference of shares"
    unit = "of calls"
    equal = 0.0
    typical_name = "share of calls"
    spread_name = "95 % interval (exact)"
    suffix = ""
    limit_unit = "pp"
    limit_example = "percentage points such as 5pp"
    limit_divisor = 100.0
    axis = Axis(".0%", zero=True, ends=(0.0, 1.0))
    largest_difference: ClassVar[float] = 1.0

    def estimate_of(self, difference: Bounds) -> Bounds:
        least, most = -self.largest_difference, self.largest_difference
        return Bounds(max(least, difference.low), min(most, difference.high))

    def compare_values(self, candidate: Sample, base: Sample, confidence: float) -> Estimate | None:
        return share_difference(_tally(candidate), _tally(base), confidence)

    def values_beyond_p(self, candidate: Sample, base: Sample, allowed: float) -> float:
        return shares_beyond_p(_tally(candidate), _tally(base), allowed)

    def spread(self, sample: Sample) -> tuple[Bounds, Bounds]:
        share = exact_share(*_tally(sample))
        assert share is not None  # the sample has a value
        return _exactly(share.low), _exactly(share.high)

    def constant_note(self, name: str, base: Sample, candidate: Sample) -> str:
        return ""

    def text(self, value: Bounds) -> str:
        return units.percent(value.low)

    def estimate_text(self, estimate: Estimate) -> str:
        ends = estimate.interval
        shown = f" ({units.points(ends.low)} to {units.points(ends.high)})" if ends else ""
        return f"{units.points(estimate.value.low)}{shown} pp"

    def limit_text(self, allowed: float) -> str:
        return f"{100 * allowed:+.6g} pp"

    def step_text(self, before: Bounds, after: Bounds) -> str:
        return f"by {units.points(abs(after.low - before.low)).lstrip('+')} pp"


TIME, COUNT, SHARE = Times(), Counts(), Shares()


def is_over_boots(*samples: Sample) -> bool:
    """Whether each sample is of enough boots to compare the boots."""
    return all(len(set(sample.boots)) >= MIN_BOOTS for sample in samples)


def is_constant(*samples: Sample) -> bool:
    """Whether each sample has several values, all equal; a censored one is no value."""
    return all(len(sample) > 1 and bool(np.ptp(sample.values) == 0) for sample in samples)


def _exactly(value: float) -> Bounds:
    return Bounds(value, value)


def _tally(sample: Sample) -> tuple[int, int]:
    return int(sample.values.sum()), len(sample)


def _quartiles(values: Floats, limits: Floats) -> tuple[Bounds, Bounds]:
    low, high = (censored_quantile(values, limits, share) for share in QUARTILES)
    assert low is not None
    assert high is not None
    return low, high
