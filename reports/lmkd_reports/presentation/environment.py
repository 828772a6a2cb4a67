"""Devices side by side: what each is, with the properties in which they differ marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lmkd_reports.presentation import units
from pytest_lmkd.wire import DeviceRecord


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


def _described(record: DeviceRecord) -> dict[str, str]:
    return {
        "model": record.model,
        "kernel": record.kernel_release,
        "personality": record.personality or units.NOTHING,
        "ABI": record.abi,
        "page size": f"{record.page_size} B",
        "CPUs": str(record.cpus),
        "memory": units.size(record.mem_total_kb),
        "swap": units.size(record.swap_total_kb) if record.swap_total_kb else "none",
        "root": "yes" if record.root else "no",
        "agent": record.agent_sha256[:12],
    }
