"""Validity checks: they decide which trials and episodes count, and flag doubts about those that do.

A record's flags are the names of the checks that it failed. Some checks exclude the record, the others only
warn; an excluding check can be suppressed by name, and then only warns.
"""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Mapping
from dataclasses import dataclass

from lmkd_core.base.errors import TrialInvalid
from lmkd_core.base.errors import UsageProblem
from lmkd_core.records.arms import once
from lmkd_core.records.device import Conditions
from lmkd_core.records.trial import PlannedTrial
from pytest_lmkd.devices.messages import AgentTrial

MAX_CLOCK_STEP_NS = 10_000
"""A clock with larger steps, such as one that fell back to timer ticks, is too coarse for these times."""

MAX_WARMING_MC = 10_000
"""The hottest sensor may rise by this many thousandths of a degree within a trial."""

LOW_BATTERY_PCT = 15
"""Android saves power from here on (``low_power_mode_trigger_level`` of most devices)."""

MIN_UNSETTLED_KB = 16 * 1024
"""Free memory moves by this much on any device with other activity."""

MAX_NOISE_PCT = 5
"""Largest tolerated error of free memory as the meter, in percent of returns_kb: 90 % is then 85 to 95 %."""

REAPED = {"", "EBUSY"}
"""Results of process_mrelease after which the victim of ``reap-kill`` was killed."""


@dataclass(frozen=True, slots=True)
class Check:
    """One validity check; ``excludes``: a record that fails it does not count."""

    name: str
    excludes: bool
    meaning: str


CHECKS: Mapping[str, Check] = {
    check.name: check
    for check in (
        Check("clock-step", True, "the clock has steps of more than 10 us"),
        Check(
            "foreign-kills",
            True,
            "something else was killed meanwhile, by the kernel or an unknown sender",
        ),
        Check(
            "coarse-sampling",
            False,
            "samples were lost: the largest gap exceeds a tenth of what was measured",
        ),
        Check("thermal", False, "the device throttled itself, or its hottest sensor rose by more than 10 K"),
        Check("cpufreq", False, "the maximum frequency of a CPU changed"),
        Check("battery", False, "the battery was discharging at 15 % or less"),
        Check("noisy-meter", True, "free memory was wrong by more than 5 % of the memory to reclaim"),
        Check("memory-not-settled", False, "free memory after the trial differed from that before it"),
    )
}
"""By name. docs/method.md gives the source of each."""


def parse_suppressed(text: str) -> tuple[str, ...]:
    """The checks of ``--lmkd-suppress A,B``. Raises: UsageProblem: there is no such check."""
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    for name in names:
        if name not in CHECKS:
            raise UsageProblem(f"--lmkd-suppress knows no check {name!r}: there are {', '.join(CHECKS)}")
    return names


def check(planned: PlannedTrial, measured: AgentTrial) -> None:
    """Raises: TrialInvalid: the arm did not do its work. This check cannot be suppressed."""
    check_arm(planned.arm, measured.mrelease_errno)


def check_arm(arm: str, mrelease_errno: str) -> None:
    """Raises: TrialInvalid, as ``check`` does."""
    if mrelease_errno == "ENOSYS":
        raise TrialInvalid("the kernel has no process_mrelease")
    if once(arm) == "reap-kill" and mrelease_errno not in REAPED:
        raise TrialInvalid(f"reap-kill killed nobody ({mrelease_errno})")


def flags(planned: PlannedTrial, measured: AgentTrial) -> tuple[str, ...]:
    """The names of the checks that a trial fails. A missing reading fails no check."""
    last_ns = measured.reclaim_99_ns if measured.meter == "cgroup" else measured.reclaim_90_ns
    measured_ns = last_ns or planned.timeout_ns
    before, after = measured.before, measured.after
    failures = {
        "clock-step": measured.clock_resolution_ns > MAX_CLOCK_STEP_NS,
        "foreign-kills": _change(before.oom_kills, after.oom_kills) > 0,
        "coarse-sampling": measured.gap_max_ns * 10 > measured_ns,
        "thermal": _is_hot(before, after),
        "cpufreq": _change(before.cpu_limit_khz, after.cpu_limit_khz) != 0,
        "battery": bool(after.discharging) and (after.battery_pct or 0) <= LOW_BATTERY_PCT,
        "noisy-meter": measured.meter == "system"
        and meter_error_kb(measured) * 100 > measured.returns_kb * MAX_NOISE_PCT,
        "memory-not-settled": _is_unsettled(planned, before, after),
    }
    return tuple(name for name, failed in failures.items() if failed)


def meter_error_kb(measured: AgentTrial) -> int:
    """The error of the device's free memory as a meter, in kB: the largest of three.

    They are its movement while idle, the part of the victim that it did not show, and its difference between
    before the victim and after it was gone.
    """
    unseen_kb = measured.returns_kb - measured.charged_at_kill_kb
    lost_kb = _change(measured.before.free_kb, measured.after.free_kb)
    return max(measured.noise_kb or 0, unseen_kb, abs(lost_kb))


def _change(before: int | None, after: int | None) -> int:
    return 0 if before is None or after is None else after - before


def _is_hot(before: Conditions, after: Conditions) -> bool:
    warming_mc = _change(before.hottest_mc, after.hottest_mc)
    return warming_mc > MAX_WARMING_MC or bool(before.cooling or after.cooling)


def _is_unsettled(planned: PlannedTrial, before: Conditions, after: Conditions) -> bool:
    allowed_kb = max(MIN_UNSETTLED_KB, planned.victim_kb // 10)
    return abs(_change(before.free_kb, after.free_kb)) > allowed_kb


def excluded_by(flags: Collection[str], suppressed: Collection[str]) -> str:
    """Why a record with these flags does not count, or empty when it does."""
    reasons = [
        f"{name}: {CHECKS[name].meaning}"
        for name in flags
        if CHECKS[name].excludes and name not in suppressed
    ]
    return "; ".join(reasons)
