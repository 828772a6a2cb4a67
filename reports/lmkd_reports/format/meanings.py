"""The meaning of a scenario, its expectation and its usual values, from the table of scenarios."""

from __future__ import annotations

from dataclasses import dataclass

from lmkd_core.scenarios.reclaim import SCENARIOS


@dataclass(frozen=True, slots=True)
class Meaning:
    """``title`` and ``expectation`` are empty for a scenario that this version does not know.

    ``stall``, ``shape`` and ``dirty_pct`` are implied by the scenario's name.
    """

    title: str = ""
    expectation: str = ""
    stall: str = "none"
    shape: str = "private-anon"
    dirty_pct: int = 100


def meaning(scenario: str) -> Meaning:
    known = SCENARIOS.get(scenario)
    if known is None:
        return Meaning()
    return Meaning(known.title, known.expectation, known.stall, known.shape, known.dirty_pct)
