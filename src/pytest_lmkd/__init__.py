"""pytest-lmkd: measures on Android devices how fast killed apps give their memory back.

These names are the public surface for suites of your own (docs/own-suites.md); everything else may change.
Importing the package imports neither pytest nor adbutils: the plugin is ``pytest_lmkd.plugin``, and a name
is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lmkd_core.base.deadline import Deadline
    from lmkd_core.base.errors import AgentBug
    from lmkd_core.base.errors import DeviceUnusable
    from lmkd_core.base.errors import LmkdError
    from lmkd_core.base.errors import TransportLost
    from lmkd_core.base.errors import TrialInvalid
    from lmkd_core.base.errors import UsageProblem
    from lmkd_core.records.parts import record_of
    from lmkd_core.records.plan import plan_block
    from lmkd_core.records.stratum import Stratum
    from lmkd_core.records.trial import PlannedTrial
    from lmkd_core.records.trial import TrialRecord
    from lmkd_core.scenarios.apps import APPS
    from lmkd_core.scenarios.apps import AppsScenario
    from lmkd_core.scenarios.apps import workload_app
    from lmkd_core.scenarios.pressure import PRESSURE
    from lmkd_core.scenarios.pressure_stratum import PressureStratum
    from lmkd_core.scenarios.reclaim import SCENARIOS
    from lmkd_core.scenarios.reclaim import Scenario
    from pytest_lmkd.conformance.runner import CaseRunner
    from pytest_lmkd.experiment.context import DeviceContext
    from pytest_lmkd.experiment.outcome import Measure
    from pytest_lmkd.experiment.outcome import Observe
    from pytest_lmkd.experiment.outcome import Outcome
    from pytest_lmkd.experiment.outcome import Press
    from pytest_lmkd.experiment.suite import Experiment
    from pytest_lmkd.experiment.suite import Plan
    from pytest_lmkd.experiment.suite import Suite

__version__ = "0.1.0"

_MODULES = {
    "lmkd_core.base.deadline": ("Deadline",),
    "lmkd_core.base.errors": (
        "AgentBug",
        "DeviceUnusable",
        "LmkdError",
        "TransportLost",
        "TrialInvalid",
        "UsageProblem",
    ),
    "lmkd_core.records.parts": ("record_of",),
    "lmkd_core.records.plan": ("plan_block",),
    "lmkd_core.records.stratum": ("Stratum",),
    "lmkd_core.records.trial": ("PlannedTrial", "TrialRecord"),
    "lmkd_core.scenarios.apps": ("APPS", "AppsScenario", "workload_app"),
    "lmkd_core.scenarios.pressure": ("PRESSURE",),
    "lmkd_core.scenarios.pressure_stratum": ("PressureStratum",),
    "lmkd_core.scenarios.reclaim": ("SCENARIOS", "Scenario"),
    "pytest_lmkd.conformance.runner": ("CaseRunner",),
    "pytest_lmkd.experiment.context": ("DeviceContext",),
    "pytest_lmkd.experiment.outcome": ("Measure", "Observe", "Outcome", "Press"),
    "pytest_lmkd.experiment.suite": ("Experiment", "Plan", "Suite"),
}

__all__ = [
    "APPS",
    "PRESSURE",
    "SCENARIOS",
    "AgentBug",
    "AppsScenario",
    "CaseRunner",
    "Deadline",
    "DeviceContext",
    "DeviceUnusable",
    "Experiment",
    "LmkdError",
    "Measure",
    "Observe",
    "Outcome",
    "Plan",
    "PlannedTrial",
    "Press",
    "PressureStratum",
    "Scenario",
    "Stratum",
    "Suite",
    "TransportLost",
    "TrialInvalid",
    "TrialRecord",
    "UsageProblem",
    "__version__",
    "plan_block",
    "record_of",
    "workload_app",
]


def __getattr__(name: str) -> object:
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(module), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
