"""The suites of a run: ours, and those that the user's plugins and conftest.py files add."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from lmkd_core.base.errors import UsageProblem
from lmkd_core.records.directory import PlannedLine
from lmkd_core.records.plan import plan_stratum
from pytest_lmkd.apps.suite import AppsSuite
from pytest_lmkd.experiment.blocks import AnyLoop
from pytest_lmkd.experiment.blocks import BlockLoop
from pytest_lmkd.experiment.blocks import OnBlock
from pytest_lmkd.experiment.context import DeviceContext
from pytest_lmkd.experiment.rules import RunRules
from pytest_lmkd.experiment.suite import Plan
from pytest_lmkd.experiment.suite import Suite
from pytest_lmkd.pressure.experiment import PressureSuite
from pytest_lmkd.reclaim.experiment import ReclaimSuite
from pytest_lmkd.run.options import Options


class Suites:
    """All suites of a run; ``conformance`` is none of them, since its cases have no strata."""

    def __init__(self, suites: Sequence[Suite]) -> None:
        self._suites = tuple(suites)
        self._plans = {plan.stratum: plan for suite in suites for plan in suite.plans}

    def plan_of(self, stratum: object) -> Plan | None:
        """How the stratum is planned; None for a value that no suite plans."""
        return self._plans.get(type(stratum))

    def open(self, context: DeviceContext, on_block: OnBlock) -> dict[str, AnyLoop]:
        """A block loop for each experiment, by its name.

        Raises:
            UsageProblem: two suites have an experiment of the same name.
        """
        loops: dict[str, AnyLoop] = {}
        for suite in self._suites:
            for name, experiment in suite.open(context).items():
                if name in loops:
                    raise UsageProblem(f"two suites have an experiment named {name!r}: rename one")
                loops[name] = BlockLoop(context, experiment, on_block)
        return loops

    def planned(
        self,
        stratum: Any,  # noqa: ANN401 - of any suite
        device: str,
        arms: Sequence[str],
        rules: RunRules,
    ) -> list[PlannedLine]:
        """Every trial planned for the stratum on the device, warm-up blocks first."""
        plan = self.plan_of(stratum)
        if plan is None:
            return []
        own = plan.rules(rules)
        phases = ((own.warmup_blocks, True), (own.blocks, False))
        return [
            trial
            for blocks, warmup in phases
            for block in plan_stratum(plan.planned, stratum, device, arms, blocks, own.seed, warmup=warmup)
            for trial in block
        ]


def suites_of(config: pytest.Config, options: Options) -> Suites:
    """Our suites, and those of the hook ``pytest_lmkd_suites``."""
    added = config.hook.pytest_lmkd_suites(config=config)
    own = (ReclaimSuite(), PressureSuite(), AppsSuite(options.apks, options.apps))
    return Suites([*own, *(suite for suites in added for suite in suites)])
