"""Negative controls: the flag cannot gain here, so a gain is an error of the measurement.

Each test only measures one control. The run fails at its end if the controls together show a gain.
"""

from __future__ import annotations

import pytest

from pytest_lmkd import SCENARIOS
from pytest_lmkd import Measure
from pytest_lmkd import Stratum

HUGE_MB = 16
"""The size of the virtual device's huge page pool."""

VICTIMS = [
    scenario.stratum("reclaim", HUGE_MB if name == "huge-pages" else 64, threads=1)
    for name, scenario in SCENARIOS.items()
    if scenario.regime == "control"
]


@pytest.mark.parametrize("stratum", VICTIMS, ids=str)
def test_a_control_is_measured(stratum: Stratum, measure: Measure) -> None:
    outcome = measure(stratum)
    assert outcome.complete_blocks > 0, outcome.explain()
