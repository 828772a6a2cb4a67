"""Writes an episode in the language of lmkd-pressure (device_agent/pressure/episode_plan.c)."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from lmkd_core.records.arms import agent_arm
from lmkd_core.records.episode import PlannedEpisode
from lmkd_core.scenarios.pressure_stratum import PressureStratum
from pytest_lmkd.pressure.profiles import CACHED_ADJ
from pytest_lmkd.pressure.profiles import PROFILES
from pytest_lmkd.pressure.profiles import App
from pytest_lmkd.pressure.profiles import draw_apps

SETTLE_MS = 300
"""Pause between the start of the apps and the demand."""

DEMAND_COMPRESS_PCT = 50
"""The same as of the background apps (``AppKind.compress_pct``)."""

TIMEOUT_MS = 30_000
"""A demand that has not risen and been held by then is not met, and its episode is invalid."""


def _words(kind: str, **values: str | int) -> str:
    return " ".join([kind, *(f"{key}={value}" for key, value in values.items())])


@dataclass(frozen=True, slots=True)
class EpisodePlan:
    """``text``: the plan for the device. ``memory_kb``: of the apps and the demand."""

    text: str
    demand_kb: int
    memory_kb: int
    duration_s: float


def stalled_as(stratum: PressureStratum, planned: PlannedEpisode) -> PressureStratum:
    """The stratum with the stall of ``planned``, which an unstalled episode lacks."""
    return msgspec.structs.replace(stratum, stall=planned.stall, stall_ms=planned.stall_ms)


def plan_episode(
    stratum: PressureStratum, arm: str, mem_total_kb: int, seed: int, limit_kb: int = 0
) -> EpisodePlan:
    """The episode for that seed and memory. The plans of different arms differ only in the arm.

    ``limit_kb``: the limit of the memory cgroup that confines the episode; 0: pressure on the whole device.
    """
    profile = PROFILES[stratum.profile]
    memory_kb = limit_kb or mem_total_kb
    apps = draw_apps(profile, memory_kb, seed)
    demand_kb = round(memory_kb * profile.demand_share) // 4 * 4
    settings = {**profile.settings, **stratum.settings}
    lines = [
        _episode_line(stratum, arm, demand_kb, limit_kb),
        *(f"set name={name} value={value}" for name, value in settings.items()),
        *_app_lines(stratum, apps),
        "run",
    ]
    return EpisodePlan(
        text="\n".join(lines) + "\n",
        demand_kb=demand_kb,
        memory_kb=demand_kb + sum(app.size_kb for app in apps),
        duration_s=(SETTLE_MS + TIMEOUT_MS) / 1000,
    )


def _episode_line(stratum: PressureStratum, arm: str, demand_kb: int, limit_kb: int) -> str:
    device_arm = agent_arm(arm)
    return _words(
        "episode",
        id=1,
        arm=device_arm.name,
        delay_us=device_arm.delay_us,
        demand=stratum.demand,
        demand_kb=demand_kb,
        rise_ms=stratum.rise_ms,
        hold_ms=stratum.hold_ms,
        demand_compress_pct=DEMAND_COMPRESS_PCT,
        readers=stratum.readers,
        compaction_ms=stratum.compaction_ms,
        limit_kb=limit_kb,
        settle_ms=SETTLE_MS,
        timeout_ms=TIMEOUT_MS,
    )


def _app_lines(stratum: PressureStratum, apps: Sequence[App]) -> Iterator[str]:
    frozen = stratum.frozen
    for index, app in enumerate(apps):
        stalled = stratum.stall != "none" and index % stratum.stall_every == stratum.stall_every - 1
        is_frozen = frozen > 0 and app.adj >= CACHED_ADJ
        frozen -= is_frozen
        yield _words(
            "app",
            adj=app.adj,
            size_kb=app.size_kb,
            shape=app.shape,
            dirty_pct=100,
            compress_pct=app.compress_pct,
            threads=app.threads,
            touch_ms=app.touch_ms,
            frozen=int(is_frozen),
            stall=stratum.stall if stalled else "none",
            stall_ms=stratum.stall_ms if stalled else 0,
        )
