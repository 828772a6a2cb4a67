"""One stratum on the page: its table and its two figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from markupsafe import Markup

from lmkd_reports.analysis.model import ArmResult
from lmkd_reports.analysis.model import Comparison
from lmkd_reports.analysis.model import DeviceResult
from lmkd_reports.analysis.model import StratumResult
from lmkd_reports.format.meanings import Meaning
from lmkd_reports.format.meanings import meaning
from lmkd_reports.format.names import stratum_details
from lmkd_reports.format.names import stratum_name
from lmkd_reports.format.names import stratum_origin
from lmkd_reports.presentation import wording
from lmkd_reports.presentation.context import Context
from lmkd_reports.presentation.detail import chosen
from lmkd_reports.presentation.figures import curve_figure
from lmkd_reports.presentation.figures import distribution_figure
from lmkd_reports.presentation.palette import Look

Draw = Callable[[StratumResult, dict[str, Look], str], str]


@dataclass(frozen=True, slots=True)
class ArmRow:
    """One row of the table: an arm, and the comparisons in which it is the candidate."""

    arm: ArmResult
    comparisons: list[Comparison]
    notes: list[int]


@dataclass(frozen=True, slots=True)
class StratumView:
    """One stratum: its rows and its two figures (safe SVG, or empty); ``place`` is its id on the page."""

    place: str
    result: StratumResult
    details: str
    name: str
    origin: str
    meaning: Meaning
    false_gain: str
    race: ArmResult | None
    baseline: str
    opened: bool
    in_full: bool
    rows: list[ArmRow]
    drawn: bool
    curves: Markup
    distribution: Markup

    @property
    def tails(self) -> list[ArmResult]:
        """The arms with valid trials."""
        return [arm for arm in self.result.arms if arm.tails]

    @property
    def teardowns(self) -> list[ArmResult]:
        """The arms with a known teardown: who ran it, or its cost."""
        return [arm for arm in self.result.arms if arm.has_teardown]


def strata_views(device: DeviceResult, number: int, context: Context) -> list[StratumView]:
    in_full = chosen(device.strata, context.detail.cards)
    drawn = chosen(device.strata, context.detail.drawn)
    return [
        _stratum(result, f"d{number}s{place}", context, in_full=place in in_full, drawn=place in drawn)
        for place, result in enumerate(device.strata)
    ]


def _stratum(
    result: StratumResult, place: str, context: Context, *, in_full: bool, drawn: bool
) -> StratumView:
    looks = context.looks if drawn else {}
    return StratumView(
        place=place,
        result=result,
        details=stratum_details(result.stratum),
        name=stratum_name(result.stratum),
        origin=stratum_origin(result.stratum),
        meaning=meaning(result.stratum.scenario),
        false_gain=wording.false_gain(result),
        race=next((arm for arm in result.arms if arm.arm == context.race_arm), None),
        baseline=_baseline(result),
        opened=not context.folded or bool(result.false_gains),
        in_full=in_full,
        rows=[_row(arm, result, context) for arm in result.arms],
        drawn=drawn,
        curves=_figure(curve_figure, result, looks, f"{place}c"),
        distribution=_figure(distribution_figure, result, looks, f"{place}e"),
    )


def _figure(draw: Draw, result: StratumResult, looks: dict[str, Look], name: str) -> Markup:
    return Markup(draw(result, looks, name) if looks else "")  # noqa: S704 - our own SVG, escaped


def _baseline(result: StratumResult) -> str:
    """The arm that is compared with others only as their baseline; empty when there is none."""
    candidates = {comparison.candidate for comparison in result.comparisons}
    baselines = [
        comparison.baseline for comparison in result.comparisons if comparison.baseline not in candidates
    ]
    return baselines[0] if baselines else ""


def _row(arm: ArmResult, result: StratumResult, context: Context) -> ArmRow:
    comparisons = [comparison for comparison in result.comparisons if comparison.candidate == arm.arm]
    return ArmRow(arm, comparisons, context.notes.refer(arm.notes))
