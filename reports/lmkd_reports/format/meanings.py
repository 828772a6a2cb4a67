"""What the product's own table says of a scenario: what it means, what is expected, what is usual in it."""

from __future__ import annotations

from dataclasses import dataclass

from lmkd_core.scenarios.reclaim import SCENARIOS


@dataclass(frozen=True, slots=True)
class Meaning:
    """``title`` and ``expectation`` are empty for a scenario that this version does not know.

    ``stall``, ``shape`` and ``dirty_pct`` are what the scenario's name already says of a stratum.
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
