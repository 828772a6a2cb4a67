"""What a scenario means and what is expected of it, in a sentence each: from the product's own table."""

from __future__ import annotations

import importlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Meaning:
    """Both are empty for a scenario that this version does not know."""

    title: str = ""
    expectation: str = ""


def meaning(scenario: str) -> Meaning:
    try:
        known = importlib.import_module("pytest_lmkd.scenarios").SCENARIOS.get(scenario)
    except ModuleNotFoundError:
        return Meaning()
    return Meaning(known.title, known.expectation) if known else Meaning()
