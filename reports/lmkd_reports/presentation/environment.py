"""Devices side by side, with marks on the properties in which they differ."""

from __future__ import annotations

from collections.abc import Sequence

from lmkd_reports.analysis.model import DeviceResult
from lmkd_reports.format import units
from lmkd_reports.format.properties import ALWAYS_ANOTHER
from lmkd_reports.format.properties import REPORTED_ELSEWHERE
from lmkd_reports.format.properties import Property
from lmkd_reports.format.properties import identity_properties
from lmkd_reports.format.properties import properties


def side_by_side(devices: Sequence[DeviceResult]) -> list[Property]:
    """The devices' properties, the settings of lmkd's policy, and the facts in which they differ."""
    records = [device.record for device in devices]
    facts = [
        *identity_properties(records),
        *(Property(name, values) for name, values in _facts(devices).items()),
    ]
    return [
        *properties(records),
        *(Property(name, values) for name, values in _settings(devices).items()),
        *(fact for fact in facts if fact.differs),
    ]


def _settings(devices: Sequence[DeviceResult]) -> dict[str, tuple[str, ...]]:
    names = dict.fromkeys(name for device in devices for name in device.settings)
    return {name: tuple(device.settings.get(name, units.NOTHING) for device in devices) for name in names}


def _facts(devices: Sequence[DeviceResult]) -> dict[str, tuple[str, ...]]:
    columns = [device.record.facts if device.record else {} for device in devices]
    names = dict.fromkeys(name for column in columns for name in column)
    return {
        name: tuple(str(column[name].value) if name in column else units.NOTHING for column in columns)
        for name in names
        if name not in ALWAYS_ANOTHER | REPORTED_ELSEWHERE
    }
