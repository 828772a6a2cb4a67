"""Chooses a device's meter: the victim's memory cgroup, else the device's free memory.

A device has one meter in a run, the best available one. Results of the two meters are never combined.
"""

from __future__ import annotations

from collections.abc import Mapping

from lmkd_core.records.arms import missing
from lmkd_core.records.schema import Fact
from lmkd_core.records.trial import Meter

METERS: Mapping[Meter, tuple[str, ...]] = {
    "cgroup": ("root", "memcg"),
    "system": ("free_memory_step_kb",),
}
"""Meter to the facts that it needs, the best meter first."""

LOST_WITHOUT_ROOT = (
    "by the device's free memory: no 99 %, and no trial in which it moved by more than 5 % of the victim"
)
"""Limits of the suite ``reclaim`` with the meter ``system``."""


def meter_of(facts: Mapping[str, Fact]) -> Meter | None:
    """The best meter of the device; None if its trials cannot be measured."""
    return next((meter for meter, needs in METERS.items() if not missing(needs, facts)), None)


def reason_no_meter(facts: Mapping[str, Fact]) -> str:
    """The reason why the device has no meter, in one sentence; empty if it has one."""
    if meter_of(facts) is not None:
        return ""
    return "; ".join(missing(needs, facts) for needs in METERS.values())


def reason_not_measured(facts: Mapping[str, Fact], needs: tuple[str, ...] = ()) -> str:
    """The reason why trials that need a meter and ``needs`` cannot be measured; empty if they can."""
    return reason_no_meter(facts) or missing(needs, facts)
