"""Which apps an observation starts, in which order and how large: everything follows from the seed."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from lmkd_core.scenarios.apps import AppsScenario
from pytest_lmkd.apps.names import package_of

WORKLOAD = re.compile(r"org\.lmkdlab\.w\d+")
"""What apk-workloads calls its packages."""


BUILD_THEM = "build them by `make apks`, and name their folder by --lmkd-apks"
NO_WORKLOADS = f"no workload app is installed: {BUILD_THEM}"


ACTIVITY = "android.app.NativeActivity"
SPREAD = 1 / 3


@dataclass(frozen=True, slots=True)
class PlannedApp:
    """``size_kb`` is 0 for an app of the user's, which takes what it takes."""

    component: str
    size_kb: int = 0

    @property
    def package(self) -> str:
        return package_of(self.component)

    @property
    def extras(self) -> dict[str, int | str]:
        """What a workload app reads from its intent."""
        return {"size_kb": self.size_kb} if self.size_kb else {}


@dataclass(frozen=True, slots=True)
class AppsPlan:
    """The apps of the background in the order of their start, and the one that comes to the front."""

    background: tuple[PlannedApp, ...]
    demand: PlannedApp


def why_too_few(scenario: AppsScenario, installed: Sequence[str], named: Sequence[str]) -> str:
    """Why the scenario cannot be planned with these installed packages; empty when it can."""
    workloads = list(filter(WORKLOAD.fullmatch, installed))
    needed = 1 + (0 if named else scenario.background)
    if len(workloads) >= needed:
        return ""
    return f"{len(workloads)} of the {needed} workload apps are installed: {BUILD_THEM}"


def plan_apps(
    scenario: AppsScenario, installed: Sequence[str], named: Sequence[str], mem_total_kb: int, seed: int
) -> AppsPlan:
    """Plans one observation; ``installed`` must suffice (``why_too_few``).

    ``named``: components of the user's apps, used in the background in place of workload apps.
    """
    workloads = sorted(filter(WORKLOAD.fullmatch, installed))
    chance = random.Random(seed)  # noqa: S311 - nothing secret
    *others, last = workloads
    demand = PlannedApp(f"{last}/{ACTIVITY}", mem_total_kb * scenario.demand_pct // 100)
    if named:
        return AppsPlan(tuple(map(PlannedApp, chance.sample(list(named), len(named)))), demand)
    mean_kb = mem_total_kb * scenario.background_pct // 100 // scenario.background
    background = tuple(
        PlannedApp(f"{package}/{ACTIVITY}", round(mean_kb * chance.uniform(1 - SPREAD, 1 + SPREAD)))
        for package in chance.sample(others, scenario.background)
    )
    return AppsPlan(background, demand)
