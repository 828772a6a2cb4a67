"""Real apps in the background, one in the foreground, and the device's own lmkd between them: who dies?"""

from __future__ import annotations

import pytest

from pytest_lmkd import APPS
from pytest_lmkd import AppsScenario
from pytest_lmkd import Observe


@pytest.mark.parametrize("scenario", APPS.values(), ids=str)
def test_the_demand_is_met(scenario: AppsScenario, observe: Observe) -> None:
    outcome = observe(scenario)
    assert outcome.complete_blocks > 0, outcome.explain()
