"""The choices that all parts of one page share: its notes, scale, looks, and how much of it is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lmkd_core.records.arms import kills_then_reaps
from lmkd_reports.analysis.model import Analysis
from lmkd_reports.format.notes import Notes
from lmkd_reports.presentation.detail import Detail
from lmkd_reports.presentation.palette import Look
from lmkd_reports.presentation.palette import looks
from lmkd_reports.presentation.strips import Scale

MOST_OPEN = 16
"""Strata on a page up to which all are unfolded; of more, only those that need a look."""


@dataclass(frozen=True, slots=True)
class Context:
    """``race_arm``: the arm whose lost races the overview shows, or empty. ``folded``: strata are folded."""

    analysis: Analysis
    notes: Notes
    scale: Scale
    looks: dict[str, Look]
    detail: Detail
    folded: bool
    race_arm: str

    @classmethod
    def of(cls, analysis: Analysis) -> Context:
        strata = [stratum for device in analysis.devices for stratum in device.strata]
        compared = [comparison for stratum in strata for comparison in stratum.comparisons]
        return cls(
            analysis=analysis,
            notes=Notes(),
            scale=Scale.over(filter(None, (comparison.single_ratio for comparison in compared))),
            looks=looks(_arms(analysis)),
            detail=Detail.of(analysis),
            folded=len(strata) > MOST_OPEN,
            race_arm=_race_arm(analysis.arms),
        )


def _arms(analysis: Analysis) -> list[str]:
    """Every arm on the page once, those of the run first."""
    measured = [arm.arm for device in analysis.devices for stratum in device.strata for arm in stratum.arms]
    pressed = [arm.arm for device in analysis.devices for result in device.pressure for arm in result.arms]
    return list(dict.fromkeys([*analysis.arms, *measured, *pressed]))


def _race_arm(arms: Sequence[str]) -> str:
    """The first arm that can lose a race; empty if none can."""
    return next(filter(kills_then_reaps, arms), "")
