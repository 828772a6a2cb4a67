"""Real apps in the background, killed by our arms: with root, or by run-as on a user build."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lmkd_core.records.plan import Stratum
from lmkd_core.scenarios.apps import workload_app
from pytest_lmkd.reclaim.runner import StratumOutcome


@pytest.mark.parametrize("stratum", [workload_app(256, 4), workload_app(256, 50)], ids=str)
def test_an_apps_memory_comes_back(stratum: Stratum, kill_app: Callable[[Stratum], StratumOutcome]) -> None:
    outcome = kill_app(stratum)
    assert outcome.complete_blocks > 0, outcome.explain()
