"""The metrics of an arm relative to the baseline arm of its own run, paired within blocks.

Times: the ratio within each block. Counts and shares: the difference within each block. What host, day and
device do to all arms of a run alike cancels out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lmkd_core.records.arms import BACK_TO_BACK
from lmkd_core.statistics.beyond import counts_beyond_p
from lmkd_core.statistics.beyond import ratios_beyond_p
from lmkd_core.statistics.boots import BootValues
from lmkd_core.statistics.boots import medians_of_boots
from lmkd_core.statistics.bounds import Bounds
from lmkd_core.statistics.bounds import Floats
from lmkd_core.statistics.bounds import quantile
from lmkd_core.statistics.bounds import time_limits
from lmkd_core.statistics.independent import Estimate
from lmkd_core.statistics.independent import mean_difference
from lmkd_core.statistics.independent import ratio_of_median_ratios
from lmkd_core.statistics.paired import log_times
from lmkd_core.statistics.paired import ratio_from_log
from lmkd_reports.format import units
from lmkd_reports.metrics.cells import Cells
from lmkd_reports.metrics.cells import Place
from lmkd_reports.metrics.kinds import COUNT
from lmkd_reports.metrics.kinds import QUARTILES
from lmkd_reports.metrics.kinds import SHARE
from lmkd_reports.metrics.kinds import TIME
from lmkd_reports.metrics.kinds import Axis
from lmkd_reports.metrics.kinds import Counts
from lmkd_reports.metrics.kinds import Kind
from lmkd_reports.metrics.kinds import Sample
from lmkd_reports.metrics.kinds import Shares
from lmkd_reports.metrics.kinds import Times
from lmkd_reports.metrics.metrics import METRICS

LEAST_RATIO = 1e-9
"""Smaller ratios, which only a bound can have, are drawn and tested as this one."""


class RelativeTimes(Times):
    """Ratios of times within blocks. A sample has their logarithms.

    ``values`` are the least possible ones and ``timeouts`` the greatest: a time may be longer than its
    timeout.
    """

    compared_by = "ratio of median ratios to the baseline arm"
    unit = "times the baseline arm's"
    typical_name = "median ratio to the baseline arm"
    spread_name = "quartiles of the blocks"
    suffix = ""
    limit_example = "a percentage of the base's ratio to the baseline arm such as 10%"

    def compare_values(self, candidate: Sample, base: Sample, confidence: float) -> Estimate | None:
        return ratio_of_median_ratios(_limits(candidate), _limits(base), confidence)

    def values_beyond_p(self, candidate: Sample, base: Sample, allowed: float) -> float:
        return ratios_beyond_p(candidate.values, base.timeouts, self.equal + allowed)

    def of_boots(self, sample: Sample) -> BootValues:
        return medians_of_boots(*_limits(sample), sample.boots)

    def typical(self, sample: Sample) -> Bounds | None:
        return _ratio_quantile(sample, 0.5) if len(sample) else None

    def spread(self, sample: Sample) -> tuple[Bounds, Bounds]:
        low, high = (_ratio_quantile(sample, share) for share in QUARTILES)
        return low, high

    def text(self, value: Bounds) -> str:
        return units.ratio(value)

    def step_text(self, before: Bounds, after: Bounds) -> str:
        low, high = after.low / max(before.high, LEAST_RATIO), after.high / max(before.low, LEAST_RATIO)
        words = units.ratio(Bounds(low, high)).replace("> ", "more than ").replace("< ", "below ")
        return words if after.low > before.low else f"to {words}"

    def level(self, values: Sequence[Bounds]) -> Bounds:
        return Bounds(*(quantile(ends, 0.5) for ends in _ends(values)))

    def tested(self, values: Floats) -> Floats:
        return np.asarray(np.log(np.maximum(values, LEAST_RATIO)), dtype=np.float64)

    def drawn(self, value: Bounds) -> float:
        """A ratio with one known end lies there."""
        return max(value.low or value.high, LEAST_RATIO) if value.known else 1.0


class RelativeCounts(Counts):
    """Differences of counts within blocks."""

    compared_by = "difference of mean differences to the baseline arm"
    unit = "per episode more than the baseline arm"
    typical_name = "mean difference to the baseline arm, per episode"
    spread_name = "quartiles of the blocks"
    axis = Axis("+.4~g", zero=True)

    def constant_note(self, name: str, base: Sample, candidate: Sample) -> str:
        return Kind.constant_note(self, name, base, candidate)

    def text(self, value: Bounds) -> str:
        return units.signed(value.low)


class RelativeShares(Shares):
    """Differences of shares within blocks: 1, 0 or -1 in each."""

    compared_by = "difference of differences to the baseline arm"
    unit = "of calls more than the baseline arm"
    typical_name = "difference to the baseline arm, percentage points"
    spread_name = "quartiles of the blocks"
    axis = Axis("+.0%", zero=True, ends=(-1.0, 1.0))
    largest_difference = 2.0

    def compare_values(self, candidate: Sample, base: Sample, confidence: float) -> Estimate | None:
        return mean_difference(candidate.values, base.values, confidence)

    def values_beyond_p(self, candidate: Sample, base: Sample, allowed: float) -> float:
        return counts_beyond_p(candidate.values, base.values, allowed)

    def spread(self, sample: Sample) -> tuple[Bounds, Bounds]:
        return Kind.spread(self, sample)

    def constant_note(self, name: str, base: Sample, candidate: Sample) -> str:
        return Kind.constant_note(self, name, base, candidate)

    def text(self, value: Bounds) -> str:
        return f"{units.points(value.low)} pp"


RELATIVE_KINDS: dict[Kind, Kind] = {TIME: RelativeTimes(), COUNT: RelativeCounts(), SHARE: RelativeShares()}
RELATIVE_METRICS = {
    name: replace(metric, kind=RELATIVE_KINDS[metric.kind], valued_by=" beside the baseline arm's")
    for name, metric in METRICS.items()
}


def baseline_of(cells: Cells, place: Place, metric: str, arms: Sequence[str]) -> str:
    """Returns the baseline of a metric in a place; empty if no arm has the metric there.

    It is ``kill+mrelease`` in controls, else the first of the run's ``arms``; if that arm cannot have the
    metric (``kill`` calls no ``process_mrelease``), the first that has it.
    """
    having = [arm for (at, arm), measured in cells.items() if at == place and metric in measured.samples]
    order = [arm for arm in arms if arm in having] + [arm for arm in having if arm not in arms]
    if place.is_control and BACK_TO_BACK in order:
        return BACK_TO_BACK
    return order[0] if order else ""


def relative_cells(cells: Cells, arms: Sequence[str]) -> Cells:
    """Returns the cells of one device with relative samples; baseline arms have none.

    A cell of a baseline arm only is left out. ``A#2`` is compared with the baseline like any other arm.
    """
    relative = {
        cell: replace(measured, samples=_relative_samples(cells, cell[0], cell[1], arms))
        for cell, measured in cells.items()
    }
    return {cell: measured for cell, measured in relative.items() if measured.samples}


def _relative_samples(cells: Cells, place: Place, arm: str, arms: Sequence[str]) -> dict[str, Sample]:
    samples: dict[str, Sample] = {}
    for name, sample in cells[place, arm].samples.items():
        baseline = baseline_of(cells, place, name, arms)
        if baseline not in {"", arm}:
            against = cells[place, baseline].samples[name]
            samples[name] = replace(relative_sample(METRICS[name].kind, sample, against), baseline=baseline)
    return samples


def relative_sample(kind: Kind, sample: Sample, baseline: Sample) -> Sample:
    """Returns one value per block in which both have one; ``kind`` is that of the two samples."""
    blocks, here, there = np.intersect1d(sample.blocks, baseline.blocks, return_indices=True)
    boots = tuple(sample.boots[index] for index in here)
    if kind is not TIME:
        differences = sample.values[here] - baseline.values[there]
        return Sample(differences, differences, boots, blocks)
    least, greatest = map(log_times, time_limits(sample.values[here], sample.timeouts[here]))
    base = time_limits(baseline.values[there], baseline.timeouts[there])
    base_least, base_greatest = map(log_times, base)
    return Sample(least - base_greatest, greatest - base_least, boots, blocks)


def _limits(sample: Sample) -> tuple[Floats, Floats]:
    return sample.values, sample.timeouts


def _ratio_quantile(sample: Sample, share: float) -> Bounds:
    return Bounds(*(ratio_from_log(quantile(ends, share)) for ends in _limits(sample)))


def _ends(values: Sequence[Bounds]) -> tuple[Floats, Floats]:
    low, high = np.array([[value.low, value.high] for value in values], dtype=np.float64).T
    return low, high
