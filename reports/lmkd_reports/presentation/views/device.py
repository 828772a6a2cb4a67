"""One device on the page: its part of every section."""

from __future__ import annotations

from dataclasses import dataclass

from lmkd_reports.analysis.model import DeviceResult
from lmkd_reports.presentation import controls
from lmkd_reports.presentation import kills
from lmkd_reports.presentation import observed
from lmkd_reports.presentation import scatter
from lmkd_reports.presentation import wording
from lmkd_reports.presentation.boots import boots_line
from lmkd_reports.presentation.context import Context
from lmkd_reports.presentation.views.conformance import ConformanceView
from lmkd_reports.presentation.views.conformance import conformance_view
from lmkd_reports.presentation.views.pressure import PressureView
from lmkd_reports.presentation.views.pressure import pressure_views
from lmkd_reports.presentation.views.strata import StratumView
from lmkd_reports.presentation.views.strata import strata_views
from lmkd_reports.presentation.views.verdict import KillPairView
from lmkd_reports.presentation.views.verdict import PairView
from lmkd_reports.presentation.views.verdict import kill_pair_view
from lmkd_reports.presentation.views.verdict import pair_view


@dataclass(frozen=True, slots=True)
class ObservedView:
    """One scenario with the device's own lmkd; ``rows`` are names and values."""

    scenario: str
    headline: str
    rows: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class DeviceView:
    """One device; ``number`` makes ids, because a device's name may hold anything."""

    number: int
    device: DeviceResult
    line: str
    asked: list[tuple[str, str]]
    pairs: list[PairView]
    strata: list[StratumView]
    control_headline: str
    noise_floor: str
    unsteady: str
    serial: str
    boots: str
    order_effects: str
    order_warning: str
    exclusions: list[str]
    meter: str
    conformance: ConformanceView | None
    pressure: list[PressureView]
    kill_pairs: list[KillPairView]
    observed: list[ObservedView]

    @property
    def shown(self) -> list[StratumView]:
        """The strata that are shown with all their numbers."""
        return [view for view in self.strata if view.in_full]

    @property
    def usual(self) -> list[StratumView]:
        return [view for view in self.strata if not view.result.stratum.is_control]

    @property
    def controls(self) -> list[StratumView]:
        return [view for view in self.strata if view.result.stratum.is_control]

    @property
    def alarms(self) -> bool:
        """Whether the controls of single kills show an impossible gain."""
        return bool(controls.control_gains(self.device))

    @property
    def pressure_alarms(self) -> list[str]:
        """The impossible gains in controls under memory pressure."""
        return controls.pressure_control_gains(self.device)


def device_view(device: DeviceResult, number: int, context: Context) -> DeviceView:
    """Pairs come before strata: in this order the notes get their numbers."""
    usual = any(not stratum.stratum.is_control for stratum in device.strata)
    asked = wording.asked_pairs(device, context.analysis)
    return DeviceView(
        number=number,
        device=device,
        line=wording.device_line(device),
        asked=asked,
        pairs=[pair_view(device, pair, context) for pair in asked[: context.detail.pairs] if usual],
        strata=strata_views(device, number, context),
        control_headline=controls.control_headline(device),
        noise_floor=wording.noise_floor(device),
        unsteady=wording.unsteady(device),
        serial=scatter.serial(device),
        boots=boots_line(device),
        order_effects=wording.order_effects(device),
        order_warning=wording.order_warning(device),
        exclusions=wording.exclusions(device),
        meter=wording.meter(device),
        conformance=conformance_view(device),
        pressure=pressure_views(device, number, context),
        kill_pairs=[kill_pair_view(device, pair) for pair in kills.pairs_of(device.pressure)],
        observed=[
            ObservedView(result.scenario, observed.headline(result), list(observed.rows(result)))
            for result in device.observed
        ],
    )
