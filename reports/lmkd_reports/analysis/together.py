"""Many comparisons on one page: the claims that survive the correction for all of them (Holm's procedure).

A family is one question: the same two arms, by the same measure, in every stratum and on every device of the
page. Controls are a family of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import replace
from typing import TypeVar

from lmkd_core.records.stratum import AnyStratum
from lmkd_core.statistics.multiplicity import holm
from lmkd_reports.analysis.claims import Claim
from lmkd_reports.analysis.model import Analysis
from lmkd_reports.analysis.model import Comparison
from lmkd_reports.analysis.model import DeviceResult
from lmkd_reports.analysis.pressure import KillComparison

Family = tuple[str, bool, str, str]
"""The measure, whether in controls, the candidate and its baseline."""

AnyComparison = TypeVar("AnyComparison", Comparison, KillComparison)


@dataclass(frozen=True, slots=True)
class Place:
    """The identity of a comparison on a page, whose devices have different names."""

    measure: str
    device: str
    stratum: AnyStratum
    pair: tuple[str, str]

    @property
    def family(self) -> Family:
        return (self.measure, self.stratum.is_control, *self.pair)


def with_family_p(analysis: Analysis) -> Analysis:
    """The analysis with ``p_page`` in each comparison that has a p."""
    families: dict[Family, dict[Place, float]] = {}
    for place, comparison in _comparisons(analysis):
        if comparison.p is not None:
            families.setdefault(place.family, {})[place] = comparison.p
    adjusted: dict[Place, float] = {}
    for family in families.values():
        adjusted |= zip(family, holm(list(family.values())), strict=True)
    return replace(analysis, devices=tuple(_with_p(device, adjusted) for device in analysis.devices))


def _comparisons(analysis: Analysis) -> Iterator[tuple[Place, Claim]]:
    for device in analysis.devices:
        for stratum in device.strata:
            for times in stratum.comparisons:
                yield Place("times", device.name, stratum.stratum, times.pair), times
        for result in device.pressure:
            for kills in result.comparisons:
                yield Place("kills", device.name, result.situation, kills.pair), kills


def _with_p(device: DeviceResult, adjusted: Mapping[Place, float]) -> DeviceResult:
    def comparisons(
        measure: str, stratum: AnyStratum, found: tuple[AnyComparison, ...]
    ) -> tuple[AnyComparison, ...]:
        places = [Place(measure, device.name, stratum, comparison.pair) for comparison in found]
        return tuple(
            replace(one, p_page=adjusted.get(place)) for one, place in zip(found, places, strict=True)
        )

    return replace(
        device,
        strata=tuple(
            replace(result, comparisons=comparisons("times", result.stratum, result.comparisons))
            for result in device.strata
        ),
        pressure=tuple(
            replace(result, comparisons=comparisons("kills", result.situation, result.comparisons))
            for result in device.pressure
        ),
    )
