"""Natural victims: many threads, background readers, and all kinds of memory."""

from __future__ import annotations

import pytest

from pytest_lmkd import SCENARIOS
from pytest_lmkd import Measure
from pytest_lmkd import Stratum

VICTIMS = [
    *(SCENARIOS["undisturbed"].stratum("reclaim", 64, threads) for threads in (8, 50)),
    *(SCENARIOS["background-readers"].stratum("reclaim", 64, threads) for threads in (1, 16)),
    *(SCENARIOS["in-zram"].stratum("reclaim", 64, 1, compress_pct) for compress_pct in (0, 75)),
    SCENARIOS["mlocked"].stratum("reclaim", 64, threads=1),
    SCENARIOS["private-file"].stratum("reclaim", 64, threads=1),
    SCENARIOS["app-mix"].stratum("reclaim", 64, threads=16),
]


@pytest.mark.parametrize("stratum", VICTIMS, ids=str)
def test_memory_of_this_kind_comes_back(stratum: Stratum, measure: Measure) -> None:
    outcome = measure(stratum)
    assert outcome.complete_blocks > 0, outcome.explain()
