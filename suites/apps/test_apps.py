"""Observes which of the real apps in the background the device's own lmkd kills for one in the foreground."""

from __future__ import annotations

import pytest

from pytest_lmkd import APPS
from pytest_lmkd import AppsScenario
from pytest_lmkd import Observe


@pytest.mark.parametrize("scenario", APPS.values(), ids=str)
def test_the_demand_is_met(scenario: AppsScenario, observe: Observe) -> None:
    outcome = observe(scenario)
    assert outcome.complete_blocks > 0, outcome.explain()
