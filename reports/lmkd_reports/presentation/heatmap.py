"""All devices at a glance: the effect of the main pair of arms in every situation, one cell each.

The map is a table, so it is its own text alternative: a cell holds its verdict's mark and, for screen readers
and on hover, its number. Devices stay rows; nothing is pooled.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass

from lmkd_reports.analysis.claims import Claim
from lmkd_reports.analysis.model import Analysis
from lmkd_reports.analysis.model import Comparison
from lmkd_reports.analysis.model import DeviceResult
from lmkd_reports.analysis.pressure import KillComparison
from lmkd_reports.analysis.verdicts import Verdict
from lmkd_reports.format.names import situation_name
from lmkd_reports.format.names import stratum_name
from lmkd_reports.presentation import differences
from lmkd_reports.presentation import kills
from lmkd_reports.presentation import wording
from lmkd_reports.presentation.palette import heat

FEWEST_DEVICES = 2
"""From so many devices on there is a table of numbers."""

FEWEST_DRAWN = 3
"""From so many devices on there is a map above it."""

LOG_STEPS = (math.log(1.1), math.log(1.25), math.log(1.6), math.log(2.5))
KILL_STEPS = (0.25, 0.75, 1.5, 3.0)
"""Effects at which a cell takes its next colour."""

MEASURED = {Verdict.BETTER, Verdict.WORSE, Verdict.EQUIVALENT, Verdict.NO_CLEAR_DIFFERENCE}


@dataclass(frozen=True, slots=True)
class Cell:
    """``says``: ratio or difference with its interval, empty without a verdict. ``look``: its CSS class."""

    verdict: Verdict
    says: str
    look: str


@dataclass(frozen=True, slots=True)
class Situation:
    """A column of the map: a stratum or a situation of pressure, and each device's cell, by its number."""

    name: str
    pair: str
    measure: str
    cells: Mapping[int, Cell]


@dataclass(frozen=True, slots=True)
class Tally:
    """How often a pair of arms had which verdict on a device; of its ``claims``, those that survive."""

    counts: list[tuple[Verdict, int]]
    claims: int
    survivors: int

    @classmethod
    def of(cls, comparisons: Sequence[Claim]) -> Tally:
        counts = Counter(one.verdict for one in comparisons)
        return cls(
            [(verdict, counts[verdict]) for verdict in Verdict if counts[verdict]],
            sum(one.is_claim for one in comparisons),
            sum(one.holds_together for one in comparisons),
        )


@dataclass(frozen=True, slots=True)
class Glance:
    """``tallies``: each pair of arms by name, and its tally on each device."""

    devices: list[str]
    situations: list[Situation]
    tallies: list[tuple[str, list[Tally]]]

    @property
    def is_drawn(self) -> bool:
        return len(self.devices) >= FEWEST_DRAWN and bool(self.situations)


def glance(analysis: Analysis) -> Glance:
    columns: dict[tuple[str, str, str], dict[int, Cell]] = {}
    for number, device in enumerate(analysis.devices):
        for key, cell in _cells(device, analysis):
            columns.setdefault(key, {})[number] = cell
    return Glance(
        [device.name for device in analysis.devices],
        [Situation(*key, cells) for key, cells in columns.items()],
        list(_tallies(analysis)),
    )


def _cells(device: DeviceResult, analysis: Analysis) -> list[tuple[tuple[str, str, str], Cell]]:
    times = [
        (
            (stratum_name(stratum), wording.pair_name(pair), differences.MEASURE),
            _cell(
                comparison.verdict,
                differences.ratio_with_interval(comparison),
                _log_ratio(comparison),
                LOG_STEPS,
            ),
        )
        for pair in analysis.pairs[:1]
        for stratum, comparison in wording.device_comparisons(device, pair)
    ]
    pressed = [
        (
            (
                situation_name(result.situation),
                wording.pair_name(one.pair),
                kills.MEASURE,
            ),
            _cell(
                one.verdict, kills.difference(one.total), one.total.mean if one.total else None, KILL_STEPS
            ),
        )
        for result in device.pressure
        if not result.situation.is_control
        for one in result.comparisons[:1]
    ]
    return times + pressed


def _log_ratio(comparison: Comparison) -> float | None:
    """Of the medians; of the means where an arm's times lie in two groups, and no single ratio holds."""
    if comparison.evidence is None or not comparison.is_judged:
        return None
    single = comparison.single_ratio
    ratio = single.estimate if single else None
    value = comparison.evidence.mean.ratio if ratio is None else (ratio.low or ratio.high)
    return math.log(value) if 0 < value < math.inf else None


def _cell(verdict: Verdict, says: str, effect: float | None, steps: tuple[float, ...]) -> Cell:
    if verdict not in MEASURED or effect is None:
        return Cell(verdict, says if verdict in MEASURED else "", "none")
    hatched = " hatched" if verdict is Verdict.NO_CLEAR_DIFFERENCE else ""
    return Cell(verdict, says, heat(effect, steps) + hatched)


def _tallies(analysis: Analysis) -> Iterator[tuple[str, list[Tally]]]:
    """Times first, then kills; pairs without a comparison are left out."""
    for pair in analysis.pairs if analysis.has_times else ():
        times = [Tally.of([one for _, one in wording.device_comparisons(d, pair)]) for d in analysis.devices]
        if any(tally.counts for tally in times):
            yield wording.pair_name(pair), times
    pressed = [pair for device in analysis.devices for pair in kills.pairs_of(device.pressure)]
    for pair in dict.fromkeys(pressed):
        yield f"kills: {wording.pair_name(pair)}", [Tally.of(_kills(d, pair)) for d in analysis.devices]


def _kills(device: DeviceResult, pair: kills.Pair) -> list[KillComparison]:
    return [one for result in device.pressure for one in result.comparisons if one.pair == pair]
