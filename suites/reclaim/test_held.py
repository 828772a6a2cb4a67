"""Memory that another process holds, or that the victim gives back late: the effect of each arm."""

from __future__ import annotations

import pytest

from pytest_lmkd import SCENARIOS
from pytest_lmkd import Measure
from pytest_lmkd import Stratum

SCENARIO_NAMES = (
    "held-by-proc-mem",
    "held-by-cmdline",
    "held-by-environ",
    "held-by-pagemap",
    "smaps-walk",
    "madvise-pageout",
    "shared-address-space",
    "vfork-child",
    "aio-in-flight",
    "starved-exit",
)

VICTIMS = [SCENARIOS[name].stratum("reclaim", 64, threads=1) for name in SCENARIO_NAMES]


@pytest.mark.parametrize("stratum", VICTIMS, ids=str)
def test_held_memory_comes_back(stratum: Stratum, measure: Measure) -> None:
    outcome = measure(stratum)
    assert outcome.complete_blocks > 0, outcome.explain()
