"""The situations in which the device's own lmkd is observed, and in which our arms kill real apps."""

from __future__ import annotations

from dataclasses import dataclass

from lmkd_core.records.stratum import NS_PER_MS
from lmkd_core.records.stratum import Stratum

SUITE = "apps"
ARM = "lmkd"

APP_KILL_TIMEOUT_NS = 2000 * NS_PER_MS
"""Each kill is watched for this long: nobody holds the memory, and its return takes tenths of a second."""


@dataclass(frozen=True, slots=True)
class AppsScenario:
    """``background`` apps that take ``background_pct`` of memory together, and then one in the foreground.

    That takes ``demand_pct`` of memory and stays for ``hold_s``. The sizes in the background vary by a third
    around their mean, as the seed says.
    """

    scenario: str
    title: str
    background: int = 10
    background_pct: int = 60
    demand_pct: int = 45
    hold_s: int = 5
    suite: str = SUITE

    def __str__(self) -> str:
        return self.scenario


APPS = {
    scenario.scenario: scenario
    for scenario in (
        AppsScenario("game-starts", "ten apps in the background, and a large one comes to the front"),
        AppsScenario(
            "nothing-starts",
            "ten apps in the background, and a small one comes to the front: no app needs to die",
            background_pct=25,
            demand_pct=5,
        ),
    )
}


def workload_app(size_mb: int, threads: int) -> Stratum:
    """A workload app in the background, which one of our arms kills; nothing holds its memory."""
    return Stratum(
        SUITE, "workload-app", "none", "natural", size_mb * 1024, threads, timeout_ns=APP_KILL_TIMEOUT_NS
    )
