"""Hooks for a team's own suites: implement them in a plugin, or in a conftest.py at the root
of the tests or in a folder on the command line (pytest loads others too late).

docs/own-suites.md shows each in use.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # loading these takes time that runs without a device should not spend
    from lmkd_core.scenarios.reclaim import Scenario
    from pytest_lmkd.experiment.suite import Suite


@pytest.hookspec
def pytest_lmkd_scenarios(config: pytest.Config) -> Sequence[Scenario]:  # type: ignore[empty-body]  # a specification
    """Scenarios to add to ``SCENARIOS``. Called once, before the tests are collected.

    A scenario brings its title, its expectation, and the arms that it excludes; a stratum may be measured
    without one.
    """


@pytest.hookspec
def pytest_lmkd_arms(config: pytest.Config) -> Mapping[str, str]:  # type: ignore[empty-body]  # a specification
    """Arms to add to ``--lmkd-arms``, name to meaning. Called once, before the options are checked.

    The agent on the device must know the arm: a device whose agent does not is skipped for it.
    """


@pytest.hookspec
def pytest_lmkd_suites(config: pytest.Config) -> Sequence[Suite]:  # type: ignore[empty-body]  # a specification
    """Suites with experiments of their own. Called once, before the tests are collected."""
