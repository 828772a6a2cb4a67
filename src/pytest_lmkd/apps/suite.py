"""The suite ``apps``: observations of the device's own lmkd, and kills of real apps by our arms."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lmkd_core.records.stratum import Stratum
from lmkd_core.records.trial import PlannedTrial
from pytest_lmkd.apps.killing import AppKillExperiment
from pytest_lmkd.apps.observing import ObservationExperiment
from pytest_lmkd.apps.workloads import Workloads
from pytest_lmkd.experiment.context import DeviceContext
from pytest_lmkd.experiment.suite import Experiment
from pytest_lmkd.experiment.suite import Plan


class AppsSuite:
    """``apks``: the folder with workload apps to install; ``named``: the user's apps for the background."""

    plans = (Plan(Stratum, PlannedTrial, takes="trials"),)

    def __init__(self, apks: Path | None, named: Sequence[str]) -> None:
        self._apks = apks
        self._named = tuple(named)

    def open(self, context: DeviceContext) -> Mapping[str, Experiment[Any, Any, Any]]:
        workloads = Workloads(context.device, self._apks, context.progress)
        return {
            "apps": ObservationExperiment(context, workloads, self._named),
            "app-kills": AppKillExperiment(context, workloads),
        }
