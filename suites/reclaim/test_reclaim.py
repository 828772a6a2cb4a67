"""How long a killed app's memory takes to come back: by way of killing, size, threads, and what holds it.

One test is one stratum. It passes when every way of killing could be measured; which way is better
is the report's to say, with its interval.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pytest_lmkd.design import Stratum
from pytest_lmkd.runner import StratumOutcome

VICTIMS = [(size_mb, threads) for size_mb in (64, 256) for threads in (1, 16)]

NATURAL = [
    Stratum("reclaim", "private-anon", "none", "natural", victim_kb=size_mb * 1024, threads=threads)
    for size_mb, threads in VICTIMS
]

HELD = [
    Stratum(
        "reclaim",
        "private-anon",
        "holder",
        "injected",
        victim_kb=size_mb * 1024,
        threads=threads,
        hold_ms=300,
    )
    for size_mb, threads in VICTIMS
]


@pytest.mark.parametrize("stratum", NATURAL + HELD, ids=str)
def test_memory_comes_back(stratum: Stratum, measure: Callable[[Stratum], StratumOutcome]) -> None:
    outcome = measure(stratum)
    assert outcome.complete_blocks > 0, outcome.explain()
