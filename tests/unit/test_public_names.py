"""The public surface for authors of suites: these names, each of which can be imported."""

from __future__ import annotations

import ast
import inspect

import pytest

import pytest_lmkd

NAMES = {
    "__version__",
    # what is measured
    *("Stratum", "Scenario", "SCENARIOS", "PressureStratum", "PRESSURE"),
    *("AppsScenario", "APPS", "workload_app"),
    # the fixtures' types
    *("Measure", "Press", "Observe", "Outcome", "CaseRunner"),
    # a suite with an experiment of its own
    *("Suite", "Experiment", "Plan", "DeviceContext", "Deadline"),
    *("plan_block", "PlannedTrial", "TrialRecord", "record_of"),
    # errors
    *("LmkdError", "UsageProblem", "DeviceUnusable", "TransportLost", "TrialInvalid", "AgentBug"),
}


def test_the_names_are_these() -> None:
    assert set(pytest_lmkd.__all__) == NAMES


@pytest.mark.parametrize("name", sorted(NAMES))
def test_each_can_be_imported(name: str) -> None:
    assert getattr(pytest_lmkd, name) is not None


def test_type_checkers_see_the_same_names_from_the_same_modules() -> None:
    imports = [
        node
        for node in ast.walk(ast.parse(inspect.getsource(pytest_lmkd)))
        if isinstance(node, ast.ImportFrom)
    ]
    seen = {(node.module, alias.name) for node in imports for alias in node.names}
    loaded = {(module, name) for module, names in pytest_lmkd._MODULES.items() for name in names}
    assert loaded == {(module, name) for module, name in seen if module in pytest_lmkd._MODULES}
    assert {name for _, name in loaded} | {"__version__"} == NAMES


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Strata'"):
        pytest_lmkd.Strata  # noqa: B018 - the access is the test
