"""Writes planned trials in the agent's language: one line each, words of the form key=value."""

from __future__ import annotations

from lmkd_core.records.arms import agent_arm
from lmkd_core.records.trial import Meter
from lmkd_core.records.trial import PlannedTrial

NS_PER_MS = 1_000_000


def plan_line(trial_id: int, trial: PlannedTrial, meter: Meter) -> str:
    """The line for ``trial``, which the answer will name by ``trial_id``; ``meter`` is what sees it."""
    arm = agent_arm(trial.arm)
    words = {
        "id": trial_id,
        "arm": arm.name,
        "delay_us": arm.delay_us,
        "stall": trial.stall,
        "hold_ms": trial.hold_ms,
        "victim_kb": trial.victim_kb,
        "shape": trial.shape,
        "dirty_pct": trial.dirty_pct,
        "compress_pct": trial.compress_pct,
        "threads": trial.threads,
        "timeout_ms": trial.timeout_ns // NS_PER_MS,
        "meter": meter,
    }
    return "trial " + " ".join(f"{key}={value}" for key, value in words.items())


def time_needed_s(trial: PlannedTrial) -> float:
    """A bound on how long a device that works needs for ``trial``: its timeout, watching the idle device for
    as long as the victim is held, and making the victim.

    A slow phone or an emulated one touches 64 MB in well under a second; 20 MB/s is no device's speed.
    """
    return trial.timeout_ns / 1e9 + 2 * trial.hold_ms / 1e3 + trial.victim_kb / 20_000 + 2
