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

REACH = 0.1
"""The half-width of an interval that the sentence plans for, as a share of the ratio."""


def boots_line(device: DeviceResult) -> str:
    """A sentence about the boots of the device's trials; empty without any comparison."""
    all_evidence = list(_evidence(device))
    boots = max((evidence.boots for evidence in all_evidence), default=0)
    if not boots:
        return ""
    if boots < MIN_BOOTS:
        where = "this boot" if boots == 1 else f"these {boots} boots"
        return (
            f"in {where}: verdicts and intervals claim nothing beyond. Boots differ by chance: measure "
            f"{MIN_BOOTS} or more (--lmkd-boots, or report --combine)"
        )
    return f"over {boots} boots: intervals include what differs between boots{_plan(all_evidence)}"


def _evidence(device: DeviceResult) -> Iterator[Evidence]:
    for result in device.strata:
        yield from (one.evidence for one in result.comparisons if one.evidence is not None)


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
        f"blocks of a boot: intervals within {units.percent(REACH)} take about {needed} boots of "
        f"{units.count(blocks, 'block')}"
    )
