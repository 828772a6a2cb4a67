"""The situations in which the device's own lmkd is observed."""

from __future__ import annotations

from dataclasses import dataclass

SUITE = "apps"
ARM = "lmkd"


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

    def __str__(self) -> str:
        return self.scenario


APPS = {
    one.scenario: one
    for one in (
        AppsScenario("game-starts", "ten apps in the background, and a large one comes to the front"),
        AppsScenario(
            "nothing-starts",
            "ten apps in the background, and a small one comes to the front: nobody need die",
            background_pct=25,
            demand_pct=5,
        ),
    )
}
