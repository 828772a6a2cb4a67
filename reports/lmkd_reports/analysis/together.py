"""Many comparisons of one device: the claims that survive the correction for all of them (Holm's procedure).

The main pair of arms is one family: its times and kills in all strata that are no controls. All other pairs
are a second family, which is judged only if the first has a claim that survives (gatekeeping; A. Dmitrienko
and A. C. Tamhane, Pharmaceutical Statistics 6, 2007, 171-180). So if nothing differs, at most 5 % of devices
have a claim that survives, whatever the number of pairs. Each device has families of its own: a device more
on the page takes no claim away. Controls and repeated arms are families of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import replace
from enum import StrEnum
from typing import TypeVar

from lmkd_core.records.stratum import AnyStratum
from lmkd_core.statistics.multiplicity import holm_of_testable
from lmkd_core.statistics.shares import CONFIDENCE
from lmkd_reports.analysis.claims import Claim
from lmkd_reports.analysis.controls import with_controls
from lmkd_reports.analysis.model import Analysis
from lmkd_reports.analysis.model import Comparison
from lmkd_reports.analysis.model import DeviceResult
from lmkd_reports.analysis.pressure import KillComparison

LEVEL = 1 - CONFIDENCE


class Role(StrEnum):
    """The part of a comparison on a page."""

    MAIN = "main"
    OTHER = "other"
    CONTROL = "control"
    AGAIN = "again"


Family = tuple[str, Role]
"""The device, and the role."""

AnyComparison = TypeVar("AnyComparison", Comparison, KillComparison)


@dataclass(frozen=True, slots=True)
class Place:
    """The identity of a comparison on a page, whose devices have different names."""

    measure: str
    device: str
    stratum: AnyStratum
    pair: tuple[str, str]


def with_family_p(analysis: Analysis) -> Analysis:
    """The analysis with ``p_page`` in each comparison that has a p, and what the controls say together."""
    families: dict[Family, dict[Place, Claim]] = {}
    for place, comparison, main_pair in _comparisons(analysis):
        if comparison.p is not None:
            family = (place.device, _role(place, comparison, main_pair))
            families.setdefault(family, {})[place] = comparison
    adjusted = {family: _adjusted(claims) for family, claims in families.items()}
    for device, role in families:
        if role is Role.OTHER and not _finds_something(adjusted.get((device, Role.MAIN), {})):
            adjusted[device, role] = dict.fromkeys(adjusted[device, role], 1.0)
    all_adjusted = {place: p for places in adjusted.values() for place, p in places.items()}
    devices = (with_controls(_with_p(device, all_adjusted)) for device in analysis.devices)
    return replace(analysis, devices=tuple(devices))


def _role(place: Place, comparison: Claim, main_pair: tuple[str, str]) -> Role:
    if comparison.is_again:
        return Role.AGAIN
    if place.stratum.is_control:
        return Role.CONTROL
    return Role.MAIN if place.pair == main_pair else Role.OTHER


def _adjusted(claims: Mapping[Place, Claim]) -> dict[Place, float]:
    p_values = [claim.p for claim in claims.values() if claim.p is not None]
    least = [claim.least_p for claim in claims.values()]
    return dict(zip(claims, holm_of_testable(p_values, least, LEVEL), strict=True))


def _finds_something(adjusted: Mapping[Place, float]) -> bool:
    return any(p <= LEVEL for p in adjusted.values())


def _comparisons(analysis: Analysis) -> Iterator[tuple[Place, Claim, tuple[str, str]]]:
    """Each comparison, its place, and the main pair of arms by that measure: the first one compared."""
    for device in analysis.devices:
        for stratum in device.strata:
            for times in stratum.comparisons:
                yield Place("times", device.name, stratum.stratum, times.pair), times, analysis.pairs[0]
        for result in device.pressure:
            for kills in result.comparisons:
                main_pair = result.comparisons[0].pair
                yield Place("kills", device.name, result.situation, kills.pair), kills, main_pair


def _with_p(device: DeviceResult, adjusted: Mapping[Place, float]) -> DeviceResult:
    def comparisons(
        measure: str, stratum: AnyStratum, claims: tuple[AnyComparison, ...]
    ) -> tuple[AnyComparison, ...]:
        places = [Place(measure, device.name, stratum, comparison.pair) for comparison in claims]
        return tuple(
            replace(claim, p_page=adjusted.get(place)) for claim, place in zip(claims, places, strict=True)
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
