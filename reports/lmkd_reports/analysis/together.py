"""Many comparisons on one page: which claims stand for all of them together (Holm's procedure).

A family is one question: the same two arms, asked by the same measure, in every stratum and on every device
of the page; controls are a family of their own.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import replace

from lmkd_core.statistics.multiplicity import holm
from lmkd_reports.analysis.model import Analysis
from lmkd_reports.analysis.model import Comparison
from lmkd_reports.analysis.model import DeviceResult
from lmkd_reports.analysis.model import StratumResult
from lmkd_reports.analysis.pressure import KillComparison
from lmkd_reports.analysis.pressure import PressureResult

Family = tuple[str, str, str]
"""What is asked, of which candidate, against which baseline."""


@dataclass(frozen=True, slots=True)
class _Adjusted:
    """Takes the adjusted p-values of each family in the order in which the page's comparisons come."""

    left: dict[Family, Iterator[float]]

    def device(self, device: DeviceResult) -> DeviceResult:
        strata = tuple(map(self.stratum, device.strata))
        return replace(device, strata=strata, pressure=tuple(map(self.pressure, device.pressure)))

    def stratum(self, result: StratumResult) -> StratumResult:
        family = _times_family(result)
        comparisons = (replace(one, p_page=self._next(family, one)) for one in result.comparisons)
        return replace(result, comparisons=tuple(comparisons))

    def pressure(self, result: PressureResult) -> PressureResult:
        family = _kills_family(result)
        comparisons = (replace(one, p_page=self._next(family, one)) for one in result.comparisons)
        return replace(result, comparisons=tuple(comparisons))

    def _next(self, family: str, one: Comparison | KillComparison) -> float | None:
        return None if _p(one) is None else next(self.left[family, one.candidate, one.baseline])


def with_family_p(analysis: Analysis) -> Analysis:
    """The analysis with ``p_page`` of each of its comparisons that has a p."""
    families: dict[Family, list[float]] = {}
    for family, one in _comparisons(analysis.devices):
        p = _p(one)
        if p is not None:
            families.setdefault((family, one.candidate, one.baseline), []).append(p)
    adjusted = _Adjusted({family: iter(holm(ps)) for family, ps in families.items()})
    return replace(analysis, devices=tuple(map(adjusted.device, analysis.devices)))


def _comparisons(devices: Iterable[DeviceResult]) -> Iterator[tuple[str, Comparison | KillComparison]]:
    for device in devices:
        for stratum in device.strata:
            yield from ((_times_family(stratum), one) for one in stratum.comparisons)
        for result in device.pressure:
            yield from ((_kills_family(result), one) for one in result.comparisons)


def _times_family(result: StratumResult) -> str:
    return "times in controls" if result.stratum.is_control else "times"


def _kills_family(result: PressureResult) -> str:
    return "kills in controls" if result.situation.is_control else "kills"


def _p(one: Comparison | KillComparison) -> float | None:
    if isinstance(one, KillComparison):
        return one.total.p if one.total else None
    return one.ratio.p if one.ratio and one.ratio.interval else None
