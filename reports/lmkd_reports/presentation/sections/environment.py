"""The environment: what ran, devices side by side, their facts, and the run's command and versions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lmkd_core.records.kernel import kernel_id
from lmkd_reports.analysis.model import Analysis
from lmkd_reports.format.plain import wrapped
from lmkd_reports.format.properties import Property
from lmkd_reports.presentation.environment import side_by_side
from lmkd_reports.presentation.identity import IdentityRow
from lmkd_reports.presentation.identity import identity_lines
from lmkd_reports.presentation.identity import identity_rows
from lmkd_reports.presentation.page import Page
from lmkd_reports.presentation.section import Section


@dataclass(frozen=True, slots=True)
class EnvironmentView:
    """``identities``: devices with what ran on them. ``unidentified``: their kernel's build is unknown."""

    properties: list[Property]
    identities: list[tuple[str, list[IdentityRow]]]
    unidentified: list[str]


class EnvironmentSection(Section):
    name = "environment"
    title = "Environment"

    def data(self, page: Page) -> EnvironmentView:
        devices = page.analysis.devices
        return EnvironmentView(
            side_by_side(devices),
            [(device.name, rows) for device in devices if (rows := identity_rows(device))],
            [device.name for device in devices if device.record and not kernel_id(device.record)],
        )

    def closing(self, analysis: Analysis) -> Iterator[str]:
        for device in analysis.devices:
            if identity_rows(device):  # else the device's line says all that is known
                yield ""
                yield from wrapped(f"What ran on {device.name}:", indent="  ")
                for label, value in identity_lines(device):
                    yield from wrapped(f"  {label}: {value}", indent="    ")
