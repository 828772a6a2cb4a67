"""Plans an observation: the apps, their order and their sizes, all determined by the seed."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from lmkd_core.scenarios.apps import AppsScenario
from pytest_lmkd.apps.names import package_of

WORKLOAD = re.compile(r"org\.lmkdlab\.w\d+")
"""The package names of apk-workloads."""

BUILD_THEM = "build them with `make apks`, and pass their folder with --lmkd-apks"
NO_WORKLOADS = f"no workload app is installed: {BUILD_THEM}"

ACTIVITY = "android.app.NativeActivity"
SPREAD = 1 / 3
"""The largest deviation of an app's size from the mean, as a share of the mean."""


@dataclass(frozen=True, slots=True)
class PlannedApp:
    """``size_kb`` is 0 for one of the user's apps, whose size we cannot set."""

    component: str
    size_kb: int = 0

    @property
    def package(self) -> str:
        return package_of(self.component)

    @property
    def extras(self) -> dict[str, int | str]:
        """The extras of a workload app's intent."""
        return {"size_kb": self.size_kb} if self.size_kb else {}


@dataclass(frozen=True, slots=True)
class AppsPlan:
    """The background apps in their starting order, and the foreground app."""

    background: tuple[PlannedApp, ...]
    demand: PlannedApp


def reason_too_few(scenario: AppsScenario, installed: Sequence[str], named: Sequence[str]) -> str:
    """The reason why these installed packages do not suffice for the scenario; empty if they do."""
    workloads = list(filter(WORKLOAD.fullmatch, installed))
    needed = 1 + (0 if named else scenario.background)
    if len(workloads) >= needed:
        return ""
    return f"only {len(workloads)} of {needed} workload apps are installed: {BUILD_THEM}"


def plan_apps(
    scenario: AppsScenario, installed: Sequence[str], named: Sequence[str], mem_total_kb: int, seed: int
) -> AppsPlan:
    """Plans one observation; ``installed`` must suffice (``reason_too_few``).

    ``named``: components of the user's apps, which replace workload apps in the background.
    """
    workloads = sorted(filter(WORKLOAD.fullmatch, installed))
    rng = random.Random(seed)  # noqa: S311 - nothing secret
    *others, last = workloads
    demand = PlannedApp(f"{last}/{ACTIVITY}", mem_total_kb * scenario.demand_pct // 100)
    if named:
        return AppsPlan(tuple(map(PlannedApp, rng.sample(list(named), len(named)))), demand)
    mean_kb = mem_total_kb * scenario.background_pct // 100 // scenario.background
    background = tuple(
        PlannedApp(f"{package}/{ACTIVITY}", round(mean_kb * rng.uniform(1 - SPREAD, 1 + SPREAD)))
        for package in rng.sample(others, scenario.background)
    )
    return AppsPlan(background, demand)
