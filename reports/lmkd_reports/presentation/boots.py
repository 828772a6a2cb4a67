"""What a device's results hold for: the boots that were measured, or the kernel."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from lmkd_core.statistics.boots import MIN_BOOTS
from lmkd_core.statistics.boots import Deviations
from lmkd_core.statistics.boots import boots_for
from lmkd_reports.analysis.evidence import Evidence
from lmkd_reports.analysis.model import DeviceResult
from lmkd_reports.format import units

REMEDY = "take several (--lmkd-boots 12, or report --combine)"

REACH = 0.1
"""The half-width of an interval that the sentence plans for, as a share of the ratio."""


def boots_line(device: DeviceResult) -> str:
    """A sentence about the boots behind the device's verdicts; empty if there is no verdict."""
    all_evidence = list(_evidence(device))
    counts = [evidence.boots for evidence in all_evidence] + list(_boots_of_kills(device))
    few = [count for count in counts if count < MIN_BOOTS]
    if not counts:
        return ""
    if few == counts:
        where = "this boot" if max(counts) == 1 else f"these {max(counts)} boots"
        return f"in {where}: verdicts and intervals claim nothing beyond. Boots differ by chance: {REMEDY}"
    enough = [count for count in counts if count >= MIN_BOOTS]
    line = f"over {_range(enough)} boots: intervals include what differs between boots"
    if few:
        line += f", but not in the {len(few)} of {len(counts)} comparisons of fewer than {MIN_BOOTS} boots"
    return line + _plan([evidence for evidence in all_evidence if evidence.is_over_boots])


def _range(counts: list[int]) -> str:
    return f"{min(counts)}" if min(counts) == max(counts) else f"{min(counts)} to {max(counts)}"


def _evidence(device: DeviceResult) -> Iterator[Evidence]:
    """Of the comparisons that have a verdict."""
    for result in device.strata:
        yield from (one.evidence for one in result.comparisons if one.evidence is not None and one.is_judged)


def _boots_of_kills(device: DeviceResult) -> Iterator[int]:
    for result in device.pressure:
        judged = (one.total for one in result.comparisons if one.p is not None)
        yield from (total.boots for total in judged if total is not None)


def _plan(all_evidence: list[Evidence]) -> str:
    """The typical scatter of the ratios, and the boots that it calls for; empty if it is not known."""
    known = [evidence.scatter for evidence in all_evidence if evidence.scatter and not evidence.split]
    if not known:
        return ""
    between, within = (
        float(np.median([getattr(scatter, name) for scatter in known])) for name in ("between", "within")
    )
    per_boot = [evidence.ratio.blocks / evidence.boots for evidence in all_evidence]
    blocks = max(1, round(float(np.median(per_boot))))
    needed = boots_for(Deviations(between, within), blocks, math.log1p(REACH))
    return (
        f". Ratios scatter by {units.percent(between)} between boots and {units.percent(within)} between the "
        f"blocks of a boot: in the median stratum, intervals within {units.percent(REACH)} take about "
        f"{needed} boots of {units.count(blocks, 'block')}"
    )
