"""Apps in the background, a demand in the foreground, lmkd's policy between them: which kills were extra?"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lmkd_core.scenarios.pressure import PRESSURE
from lmkd_core.scenarios.pressure_stratum import PressureStratum
from pytest_lmkd.pressure.runner import PressureOutcome


@pytest.mark.parametrize("stratum", PRESSURE.values(), ids=str)
def test_the_demand_is_met(
    stratum: PressureStratum, press: Callable[[PressureStratum], PressureOutcome]
) -> None:
    outcome = press(stratum)
    assert outcome.complete_blocks > 0, outcome.explain()
    assert not outcome.false_gains, "; ".join(outcome.false_gains)
