"""Records about a device: its facts, its state around trials, and what it could not run."""

from __future__ import annotations

from typing import Literal

import msgspec

from lmkd_core.records.schema import SCHEMA
from lmkd_core.records.schema import Fact


class Conditions(msgspec.Struct, frozen=True):
    """The state that a device is in; null where it does not tell.

    ``hottest_mc``: the hottest thermal zone, in thousandths of a degree. ``cooling``: the highest state of a
    cooling device, 0 when all are at rest. ``cpu_limit_khz``: the sum of the highest frequencies that the
    CPUs may have. ``discharging``: 1 or 0. ``oom_kills``: by the kernel, since boot. ``free_kb``: in the
    zones and in their per-CPU lists.
    """

    hottest_mc: int | None = None
    cooling: int | None = None
    cpu_limit_khz: int | None = None
    battery_pct: int | None = None
    discharging: int | None = None
    oom_kills: int | None = None
    free_kb: int | None = None


class DeviceRecord(msgspec.Struct, frozen=True, tag="device", kw_only=True):
    """First line of ``records/<device>.jsonl``: the device as it was when the run began."""

    schema: int = SCHEMA
    device: str
    model: str
    kernel_release: str
    personality: str | None
    abi: str
    page_size: int
    cpus: int
    mem_total_kb: int
    swap_total_kb: int
    boot_id: str
    root: bool
    agent_sha256: str
    facts: dict[str, Fact]


class StateRecord(msgspec.Struct, frozen=True, tag="state", kw_only=True):
    """What Android says of the device's state just before or after a block of trials, or one of its arms.

    ``waited_s``: for the device to cool, before. ``thermal_status``: PowerManager's THERMAL_STATUS_*, 0 none.
    ``screen``: PowerManagerService's wakefulness (Awake, Asleep, Dozing, Dreaming). ``cpu_khz``: the sum of
    the frequencies that the CPUs have, ``governors`` of those who choose them. ``clock_s``: UTC since 1970,
    ``uptime_s``: since boot, suspended or not. Null is what the device does not tell.
    """

    schema: int = SCHEMA
    device: str
    suite: str
    scenario: str
    arm: str = ""
    block: int
    warmup: bool = False
    when: Literal["before", "after"]
    boot_id: str
    waited_s: int = 0
    thermal_status: int | None = None
    battery_pct: int | None = None
    on_power: bool | None = None
    screen: str | None = None
    governors: str | None = None
    cpu_khz: int | None = None
    clock_s: int | None = None
    uptime_s: int | None = None


class SkipRecord(msgspec.Struct, frozen=True, tag="skip", kw_only=True):
    """Something asked for that this device cannot run: ``what`` it is, its ``name``, and why."""

    schema: int = SCHEMA
    device: str
    what: Literal["device", "suite", "scenario", "stall", "arm"]
    name: str
    suite: str = ""
    reason: str
