"""The fixtures that suites use. Each skips the test with the reason where the device cannot do it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from typing import Any

import pytest

from lmkd_core.base.errors import LmkdError
from pytest_lmkd.run.stash import SESSION

if TYPE_CHECKING:  # loading these takes a second, which no run without a device should wait for
    from pytest_lmkd.conformance.runner import CaseRunner
    from pytest_lmkd.experiment.outcome import Measure
    from pytest_lmkd.experiment.outcome import Observe
    from pytest_lmkd.experiment.outcome import Outcome
    from pytest_lmkd.experiment.outcome import Press

    Experiments = Callable[[str], Callable[[Any], Outcome]]


@pytest.fixture
def lmkd_device(request: pytest.FixtureRequest) -> str:
    """The name of the device that this test runs on: tests are repeated for each ``--lmkd-device``."""
    name: str = request.param
    return name


@pytest.fixture
def lmkd_boot(request: pytest.FixtureRequest) -> int:
    """The boot, counted from 0, whose blocks this test runs: ``--lmkd-boots`` repeats tests for each boot."""
    boot: int = getattr(request, "param", 0)
    return boot


@pytest.fixture
def experiment(lmkd_device: str, lmkd_boot: int, pytestconfig: pytest.Config) -> Experiments:
    """``experiment(name)(stratum)`` runs the stratum's blocks of this boot by the experiment ``name``."""

    def run(name: str, stratum: object) -> Outcome:
        outcome, problem = None, ""
        try:
            outcome = pytestconfig.stash[SESSION].measure(lmkd_device, name, stratum, lmkd_boot)
        except LmkdError as error:
            problem = str(error)
        if outcome is None:  # here, since a failure within ``except`` is printed twice
            pytest.fail(problem, pytrace=False)
        if outcome.skipped:
            pytest.skip(outcome.skipped)
        return outcome

    return lambda name: lambda stratum: run(name, stratum)


@pytest.fixture
def measure(experiment: Experiments) -> Measure:
    """``measure(stratum)`` kills victims that the agent starts, by each arm."""
    return experiment("reclaim")


@pytest.fixture
def press(experiment: Experiments) -> Press:
    """``press(stratum)`` runs pressure episodes, one per block and arm."""
    return experiment("pressure")


@pytest.fixture
def observe(experiment: Experiments) -> Observe:
    """``observe(scenario)`` observes the device's own lmkd while a real app demands memory."""
    return experiment("apps")


@pytest.fixture
def kill_app(experiment: Experiments) -> Measure:
    """``kill_app(stratum)`` kills a workload app by each arm."""
    return experiment("app-kills")


@pytest.fixture
def conformance(lmkd_device: str, pytestconfig: pytest.Config) -> CaseRunner:
    """Runs conformance cases; skips the test where the kernel's variant is unknown."""
    try:
        cases = pytestconfig.stash[SESSION].cases(lmkd_device)
    except LmkdError as error:
        pytest.skip(str(error))
    if not cases.variant:
        pytest.skip(f"this kernel's process_mrelease is not known: {cases.reason_unknown}")
    return cases
