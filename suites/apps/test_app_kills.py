"""Kills real apps in the background by our arms, with root, or by run-as on a user build."""

from __future__ import annotations

import pytest

from pytest_lmkd import Measure
from pytest_lmkd import Stratum
from pytest_lmkd import workload_app


@pytest.mark.parametrize("stratum", [workload_app(256, 4), workload_app(256, 50)], ids=str)
def test_an_apps_memory_comes_back(stratum: Stratum, kill_app: Measure) -> None:
    outcome = kill_app(stratum)
    assert outcome.complete_blocks > 0, outcome.explain()
