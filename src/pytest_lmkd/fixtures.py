"""The fixtures that suites use."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from typing import TypeVar

import pytest

from lmkd_core.base.errors import LmkdError
from pytest_lmkd.run.stash import SESSION

if TYPE_CHECKING:  # loading these takes a second, which no run without a device should wait for
    from lmkd_core.records.plan import Stratum
    from lmkd_core.scenarios.apps import AppsScenario
    from lmkd_core.scenarios.pressure_stratum import PressureStratum
    from pytest_lmkd.apps.runner import AppsOutcome
    from pytest_lmkd.conformance.runner import CaseRunner
    from pytest_lmkd.pressure.runner import PressureOutcome
    from pytest_lmkd.reclaim.runner import StratumOutcome

Outcome = TypeVar("Outcome", "StratumOutcome", "PressureOutcome", "AppsOutcome")


@pytest.fixture
def lmkd_device(request: pytest.FixtureRequest) -> str:
    """The name of the device that this test runs on: tests are repeated for each ``--lmkd-device``."""
    name: str = request.param
    return name


@pytest.fixture
def measure(lmkd_device: str, pytestconfig: pytest.Config) -> Callable[[Stratum], StratumOutcome]:
    """``measure(stratum)`` runs every planned block on the device, or skips the test with the reason."""
    return lambda stratum: _outcome(lambda: pytestconfig.stash[SESSION].measure(lmkd_device, stratum))


@pytest.fixture
def press(lmkd_device: str, pytestconfig: pytest.Config) -> Callable[[PressureStratum], PressureOutcome]:
    """``press(stratum)`` runs every planned episode on the device, or skips the test with the reason."""
    return lambda stratum: _outcome(lambda: pytestconfig.stash[SESSION].press(lmkd_device, stratum))


def _outcome(run: Callable[[], Outcome]) -> Outcome:
    """What ``run`` gives; a device that breaks down fails the test, one that cannot do it skips it."""
    try:
        outcome = run()
    except LmkdError as error:
        pytest.fail(str(error), pytrace=False)
    if outcome.skipped:
        pytest.skip(outcome.skipped)
    return outcome


@pytest.fixture
def observe(lmkd_device: str, pytestconfig: pytest.Config) -> Callable[[AppsScenario], AppsOutcome]:
    """``observe(scenario)`` watches the device's own lmkd, or skips the test with the reason."""
    return lambda scenario: _outcome(lambda: pytestconfig.stash[SESSION].observe(lmkd_device, scenario))


@pytest.fixture
def kill_app(lmkd_device: str, pytestconfig: pytest.Config) -> Callable[[Stratum], StratumOutcome]:
    """``kill_app(stratum)`` kills a workload app by each arm, or skips the test with the reason."""
    return lambda stratum: _outcome(lambda: pytestconfig.stash[SESSION].kill_app(lmkd_device, stratum))


@pytest.fixture
def conformance(lmkd_device: str, pytestconfig: pytest.Config) -> CaseRunner:
    """Runs conformance cases on the device; skips the test where its kernel is not one that is known."""
    try:
        cases = pytestconfig.stash[SESSION].cases(lmkd_device)
    except LmkdError as error:
        pytest.skip(str(error))
    if not cases.variant:
        pytest.skip(f"this kernel's process_mrelease is not known: {cases.why_unknown}")
    return cases
