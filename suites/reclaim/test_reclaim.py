"""Measures how long a killed victim's memory takes to come back, by arm, size, threads and holder.

One test is one stratum. It passes if every arm could be measured. The report compares the arms, with
intervals.
"""

from __future__ import annotations

import pytest

from pytest_lmkd import SCENARIOS
from pytest_lmkd import Measure
from pytest_lmkd import Stratum

SIZES_AND_THREADS = [(size_mb, threads) for size_mb in (64, 256) for threads in (1, 16)]

VICTIMS = [
    SCENARIOS[name].stratum("reclaim", size_mb, threads)
    for name in ("undisturbed", "held-by-vm-readv")
    for size_mb, threads in SIZES_AND_THREADS
]


@pytest.mark.parametrize("stratum", VICTIMS, ids=str)
def test_memory_comes_back(stratum: Stratum, measure: Measure) -> None:
    outcome = measure(stratum)
    assert outcome.complete_blocks > 0, outcome.explain()
