"""How much of a run fits on a page that can be mailed: which strata are shown in full, which data go along.

A page of ten devices may have 2 MB. What does not fit is never dropped silently: every stratum keeps its
verdict in the tables of its device, and the page says where the rest is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lmkd_reports.analysis.model import Analysis
from lmkd_reports.analysis.model import StratumResult
from lmkd_reports.analysis.pressure import PressureResult

MOST_CARDS = 72
"""Strata with all their numbers on one page, about 7 kB each: the whole suite on two devices."""

MOST_DRAWN = 40
"""Strata with figures, about 16 kB each: the whole suite on one device."""

MOST_TIMELINES = 16
"""Situations of pressure with figures, about 7 kB an arm."""

SHARED = 0.7
"""The part of that which several devices have together: their tables need the rest."""

MOST_PAGE_BYTES = 2_000_000
"""The size of a page together with its data."""

MOST_DEVICES_IN_SENTENCES = 4
"""With up to so many devices each pair of arms has sentences; with more, only the main pair has."""


@dataclass(frozen=True, slots=True)
class Detail:
    """Of each device: strata in full, strata drawn, situations of pressure drawn, pairs of arms told."""

    cards: int
    drawn: int
    timelines: int
    pairs: int

    @classmethod
    def of(cls, analysis: Analysis) -> Detail:
        """Every device gets the same."""
        strata = [len(device.strata) for device in analysis.devices]
        situations = [len(device.pressure) for device in analysis.devices]
        return cls(
            cards=_share(strata, MOST_CARDS),
            drawn=_share(strata, MOST_DRAWN),
            timelines=_share(situations, MOST_TIMELINES),
            pairs=1 if len(analysis.devices) > MOST_DEVICES_IN_SENTENCES else len(analysis.pairs),
        )


def _share(numbers: Sequence[int], most: int) -> int:
    """The share of each device, if the devices have ``numbers``."""
    if sum(numbers) <= most:
        return max(numbers, default=0)
    having = sum(number > 0 for number in numbers)
    return int(SHARED * most) // having


def chosen(strata: Sequence[StratumResult] | Sequence[PressureResult], number: int) -> set[int]:
    """The places of the ``number`` strata that need a look most: false gains, then claims, then others."""
    places = sorted(range(len(strata)), key=lambda place: _calm(strata[place]))
    return set(places[:number])


def _calm(result: StratumResult | PressureResult) -> int:
    if result.false_gains:
        return 0
    return 1 if any(comparison.is_claim for comparison in result.comparisons[:1]) else 2
