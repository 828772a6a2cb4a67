"""The properties of devices side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lmkd_core.records.device import DeviceRecord
from lmkd_core.records.kernel import kernel_name
from lmkd_reports.format import units
from lmkd_reports.format.identity import LABELS
from lmkd_reports.format.identity import identity_text

ALWAYS_ANOTHER = {"boot_id", "clock_step_ns", "uptime_s", "clock_utc", "battery_pct", "lmkd_pid"}
"""Facts that differ between any two boots or measurements."""

REPORTED_ELSEWHERE = {
    *("model", "abi", "kernel", "kernel_release", "personality", "page_size", "cpus"),
    *("mem_total_kb", "ram_mb", "swap_total_kb", "root"),
    *LABELS,
}
"""Facts that the device's record has as well, and those that are its identity."""


@dataclass(frozen=True, slots=True)
class Property:
    """One property of every device; ``differs`` when they are not all the same."""

    name: str
    values: tuple[str, ...]

    @property
    def differs(self) -> bool:
        return len(set(self.values) - {units.NOTHING}) > 1


def properties(records: Sequence[DeviceRecord | None]) -> list[Property]:
    """The properties of the devices, a value a device; a device that could not be attached has none."""
    columns = [_described(record) if record else {} for record in records]
    names = list(dict.fromkeys(name for column in columns for name in column))
    return [Property(name, tuple(column.get(name, units.NOTHING) for column in columns)) for name in names]


def identity_properties(records: Sequence[DeviceRecord | None]) -> list[Property]:
    """What ran on the devices, with digests cut to their first digits."""
    return [
        Property(
            label,
            tuple((identity_text(record, name) if record else "") or units.NOTHING for record in records),
        )
        for name, label in LABELS.items()
    ]


def _described(record: DeviceRecord) -> dict[str, str]:
    return {
        "model": record.model,
        "kernel": kernel_name(record),
        "personality": record.personality or units.NOTHING,
        "ABI": record.abi,
        "page size": f"{record.page_size} B",
        "CPUs": str(record.cpus),
        "memory": units.size(record.mem_total_kb),
        "swap": units.size(record.swap_total_kb) if record.swap_total_kb else "none",
        "root": "yes" if record.root else "no",
        "agent": record.agent_sha256[:12],
    }
