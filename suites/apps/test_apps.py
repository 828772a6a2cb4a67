"""Real apps in the background, one in the foreground, and the device's own lmkd between them: who dies?"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lmkd_core.scenarios.apps import APPS
from lmkd_core.scenarios.apps import AppsScenario
from pytest_lmkd.apps.runner import AppsOutcome


@pytest.mark.parametrize("scenario", APPS.values(), ids=str)
def test_the_demand_is_met(scenario: AppsScenario, observe: Callable[[AppsScenario], AppsOutcome]) -> None:
    outcome = observe(scenario)
    assert outcome.complete_blocks > 0, outcome.explain()
