"""Measures the kills of lmkd's policy, with apps in the background and a demand in the foreground."""

from __future__ import annotations

import pytest

from pytest_lmkd import PRESSURE
from pytest_lmkd import Press
from pytest_lmkd import PressureStratum


@pytest.mark.parametrize("stratum", PRESSURE.values(), ids=str)
def test_the_demand_is_met(stratum: PressureStratum, press: Press) -> None:
    outcome = press(stratum)
    assert outcome.complete_blocks > 0, outcome.explain()
