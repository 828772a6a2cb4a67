"""Writes planned trials in the agent's language: one line per trial, with words of the form key=value."""

from __future__ import annotations

from lmkd_core.records.arms import agent_arm
from lmkd_core.records.stratum import NS_PER_MS
from lmkd_core.records.stratum import Stratum
from lmkd_core.records.trial import Meter
from lmkd_core.records.trial import PlannedTrial

HOST_ONLY = {"suite", "scenario", "regime", "timeout_ns"}
"""Fields of a stratum that the agent is not given by that name; it takes the timeout in ms."""

AGENT_FIELDS = tuple(name for name in Stratum.__struct_fields__ if name not in HOST_ONLY)


def plan_line(trial_id: int, trial: PlannedTrial, meter: Meter) -> str:
    """The agent's line for ``trial``; its answer carries ``trial_id``. ``meter`` measures the memory."""
    arm = agent_arm(trial.arm)
    words = {
        "id": trial_id,
        "arm": arm.name,
        "delay_us": arm.delay_us,
        **{name: getattr(trial, name) for name in AGENT_FIELDS},
        "timeout_ms": trial.timeout_ns // NS_PER_MS,
        "meter": meter,
    }
    return "trial " + " ".join(f"{key}={value}" for key, value in words.items())


def time_needed_s(trial: PlannedTrial) -> float:
    """An upper bound of the seconds that a working device needs for ``trial``.

    The sum of the trial's timeout, twice the hold (the agent also watches the idle device for that long) and
    the time to make the victim. Even a slow or emulated phone touches 64 MB in well under a second: 20 MB/s
    is slower than any device.
    """
    return trial.timeout_ns / 1e9 + 2 * trial.hold_ms / 1e3 + trial.victim_kb / 20_000 + 2
