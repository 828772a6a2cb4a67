"""The same question asked of several devices: a forest plot a stratum, as a table with strips.

Rows are never summed up: devices are not samples of one thing.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass

from lmkd_reports.analysis.model import Analysis
from lmkd_reports.analysis.model import Comparison
from lmkd_reports.analysis.pressure import KillComparison
from lmkd_reports.analysis.verdicts import Verdict
from lmkd_reports.format.names import situation_name
from lmkd_reports.format.names import stratum_name
from lmkd_reports.presentation import differences
from lmkd_reports.presentation import kills
from lmkd_reports.presentation import wording
from lmkd_reports.presentation.strips import DifferenceScale
from lmkd_reports.presentation.strips import Scale
from lmkd_reports.presentation.strips import Strip
from lmkd_reports.presentation.strips import Tick

FEWEST_DEVICES = 2

TimeRow = tuple[int, str, Comparison]
"""Number and name of a device, and its comparison."""


@dataclass(frozen=True, slots=True)
class ForestRow:
    """One device: ``number`` is that of its section, ``says`` its number with its interval."""

    number: int
    device: str
    strip: Strip | None
    says: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Forest:
    """One stratum and one pair of arms over the devices that measured both.

    ``equal``: where none differs. ``things``: devices, or the runs of a device.
    """

    where: str
    pair: str
    measure: str
    ticks: tuple[Tick, ...]
    equal: float
    things: str
    rows: tuple[ForestRow, ...]

    @property
    def tally(self) -> str:
        """For example ``better on 3 of 4 devices, no clear difference on 1``."""
        return wording.devices_tally([row.verdict for row in self.rows], self.things)


def forests(analysis: Analysis) -> list[Forest]:
    """In every stratum that at least two devices measured: the first question that they have in common."""
    return [*_of_times(analysis), *_of_kills(analysis)]


def _of_times(analysis: Analysis) -> list[Forest]:
    shown: dict[str, tuple[kills.Pair, list[TimeRow]]] = {}
    for pair in analysis.pairs:
        for where, rows in _measured(analysis, pair).items():
            if len(rows) >= FEWEST_DEVICES:
                shown.setdefault(where, (pair, rows))
    scale = Scale.over(
        ratio for _, rows in shown.values() for _, _, comparison in rows if (ratio := comparison.single_ratio)
    )
    return [
        Forest(
            where,
            wording.pair_name(pair),
            differences.MEASURE,
            tuple(scale.ticks),
            scale.one,
            _things(analysis, [number for number, _, _ in rows]),
            _time_rows(rows, scale),
        )
        for where, (pair, rows) in shown.items()
    ]


def _things(analysis: Analysis, numbers: Sequence[int]) -> str:
    """What the rows are: one device that was measured in several runs is not several devices."""
    records = [analysis.devices[number].record for number in numbers]
    devices = {record.device for record in records if record}
    if len(devices) == len(numbers) or None in records:
        return "devices"
    return "runs" if len(devices) == 1 else "devices and runs"


def _measured(analysis: Analysis, pair: kills.Pair) -> dict[str, list[TimeRow]]:
    """By stratum, the devices that have both arms there."""
    rows_by_place: dict[str, list[TimeRow]] = {}
    for number, device in enumerate(analysis.devices):
        for stratum, comparison in wording.device_comparisons(device, pair):
            if comparison.ratio is not None:
                rows_by_place.setdefault(stratum_name(stratum), []).append((number, device.name, comparison))
    return rows_by_place


def _time_rows(rows: Sequence[TimeRow], scale: Scale) -> tuple[ForestRow, ...]:
    return tuple(
        ForestRow(
            number,
            name,
            scale.strip(comparison.single_ratio) if comparison.single_ratio else None,
            _ratio(comparison),
            comparison.verdict,
        )
        for number, name, comparison in rows
    )


def _ratio(comparison: Comparison) -> str:
    if not comparison.is_judged:
        return "; ".join(comparison.notes)
    return differences.ratio_with_interval(comparison)


def _of_kills(analysis: Analysis) -> list[Forest]:
    rows_by_place: dict[tuple[str, kills.Pair], list[tuple[int, str, KillComparison]]] = {}
    for number, device in enumerate(analysis.devices):
        for result in device.pressure:
            for comparison in result.comparisons[:1]:
                place = situation_name(result.situation), comparison.pair
                rows_by_place.setdefault(place, []).append((number, device.name, comparison))
    shown = {place: rows for place, rows in rows_by_place.items() if len(rows) >= FEWEST_DEVICES}
    scale = DifferenceScale.over(
        comparison.total for rows in shown.values() for _, _, comparison in rows if comparison.total
    )
    return [
        Forest(
            where,
            wording.pair_name(pair),
            kills.MEASURE,
            tuple(scale.ticks),
            scale.zero,
            _things(analysis, [number for number, _, _ in rows]),
            _kill_rows(rows, scale.strip),
        )
        for (where, pair), rows in shown.items()
    ]


def _kill_rows(
    rows: Sequence[tuple[int, str, KillComparison]], strip: Callable[..., Strip | None]
) -> tuple[ForestRow, ...]:
    return tuple(
        ForestRow(
            number, name, strip(comparison.total), kills.difference(comparison.total), comparison.verdict
        )
        for number, name, comparison in rows
    )
