"""By what a device's trials see memory come back: the victim's memory cgroup, else the device's free memory.

A device has one meter in a run, the best that it can have; what the two see is never put together.
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
"""Meter to the facts that it takes, the best first."""

LOST_WITHOUT_ROOT = (
    "by the device's free memory: no 99 %, and no trial in which it moved by more than 5 % of the victim"
)
"""What the suite ``reclaim`` lacks where the meter is ``system``."""


def meter_of(facts: Mapping[str, Fact]) -> Meter | None:
    """The best meter that the device can have; None: its trials cannot be measured."""
    return next((meter for meter, needs in METERS.items() if not missing(needs, facts)), None)


def reason_no_meter(facts: Mapping[str, Fact]) -> str:
    """Why the device can have none, in one sentence; empty when it can."""
    if meter_of(facts) is not None:
        return ""
    return "; ".join(missing(needs, facts) for needs in METERS.values())


def reason_not_measured(facts: Mapping[str, Fact], needs: tuple[str, ...] = ()) -> str:
    """Why trials cannot be measured that need these facts besides a meter; empty when they can."""
    return reason_no_meter(facts) or missing(needs, facts)
