"""Victims as they are by themselves: many threads, readers about, and memory of all kinds."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lmkd_core.records.plan import Stratum
from lmkd_core.scenarios.reclaim import SCENARIOS
from pytest_lmkd.reclaim.runner import StratumOutcome

VICTIMS = [
    *(SCENARIOS["undisturbed"].stratum("reclaim", 64, threads) for threads in (8, 50)),
    *(SCENARIOS["background-readers"].stratum("reclaim", 64, threads) for threads in (1, 16)),
    *(SCENARIOS["in-zram"].stratum("reclaim", 64, 1, compress_pct) for compress_pct in (0, 75)),
    SCENARIOS["mlocked"].stratum("reclaim", 64, threads=1),
    SCENARIOS["private-file"].stratum("reclaim", 64, threads=1),
    SCENARIOS["app-mix"].stratum("reclaim", 64, threads=16),
]


@pytest.mark.parametrize("stratum", VICTIMS, ids=str)
def test_memory_of_this_kind_comes_back(
    stratum: Stratum, measure: Callable[[Stratum], StratumOutcome]
) -> None:
    outcome = measure(stratum)
    assert outcome.complete_blocks > 0, outcome.explain()
