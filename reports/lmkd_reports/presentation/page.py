"""The page as its sections see it: the context, and each device's views."""

from __future__ import annotations

from dataclasses import dataclass

from lmkd_reports.analysis.model import Analysis
from lmkd_reports.presentation.context import Context
from lmkd_reports.presentation.views.device import DeviceView
from lmkd_reports.presentation.views.device import device_view


@dataclass(frozen=True, slots=True)
class Page:
    context: Context
    devices: list[DeviceView]

    @classmethod
    def of(cls, analysis: Analysis) -> Page:
        context = Context.of(analysis)
        views = [device_view(device, number, context) for number, device in enumerate(analysis.devices)]
        return cls(context, views)

    @property
    def analysis(self) -> Analysis:
        return self.context.analysis

    @property
    def has_pressure(self) -> bool:
        return any(view.pressure for view in self.devices)

    @property
    def compares_arms(self) -> bool:
        return self.analysis.has_times or self.analysis.has_kills
