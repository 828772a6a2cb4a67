"""Real apps in the background, one in the foreground, and the device's own lmkd between them: who dies?"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pytest_lmkd.apps.runner import AppsOutcome
from pytest_lmkd.apps.scenarios import APPS
from pytest_lmkd.apps.scenarios import AppsScenario


@pytest.mark.parametrize("scenario", APPS.values(), ids=str)
def test_the_demand_is_met(scenario: AppsScenario, observe: Callable[[AppsScenario], AppsOutcome]) -> None:
    outcome = observe(scenario)
    assert outcome.complete_blocks > 0, outcome.explain()
