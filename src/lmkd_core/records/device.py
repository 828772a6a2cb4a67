"""Records about a device: its facts, its state around trials, and what it could not run."""

from __future__ import annotations

from typing import Literal

import msgspec

from lmkd_core.records.schema import SCHEMA
from lmkd_core.records.schema import Fact


class Conditions(msgspec.Struct, frozen=True):
    """The state of a device around a trial; null where the device does not report it.

    ``hottest_mc``: the hottest thermal zone, in thousandths of a degree Celsius. ``cooling``: the highest
    state of a cooling device, 0 when all are idle. ``cpu_limit_khz``: the sum of the CPUs' maximum
    frequencies. ``discharging``: 1 or 0. ``oom_kills``: kills by the kernel since boot. ``free_kb``: free
    memory in the zones and in their per-CPU lists.
    """

    hottest_mc: int | None = None
    cooling: int | None = None
    cpu_limit_khz: int | None = None
    battery_pct: int | None = None
    discharging: int | None = None
    oom_kills: int | None = None
    free_kb: int | None = None


class DeviceRecord(msgspec.Struct, frozen=True, tag="device", kw_only=True):
    """First line of ``records/<device>.jsonl``: the device at the start of the run."""

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
    """The state that Android reports just before or after a block of trials, or one arm's part of it.

    ``waited_s``: the wait for the device to cool, before. ``thermal_status``: PowerManager's
    THERMAL_STATUS_*, 0 is none. ``screen``: PowerManagerService's wakefulness (Awake, Asleep, Dozing,
    Dreaming). ``cpu_khz``: the sum of the CPUs' current frequencies; ``governors``: their cpufreq governors.
    ``clock_s``: UTC since 1970. ``uptime_s``: time since boot, suspended or not. Null: not reported.
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
    """A part of the run that this device cannot run: ``what`` it is, its ``name``, and the reason."""

    schema: int = SCHEMA
    device: str
    what: Literal["device", "suite", "scenario", "stall", "arm"]
    name: str
    suite: str = ""
    reason: str
