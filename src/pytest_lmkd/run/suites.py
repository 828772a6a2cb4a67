"""The suites of a run: ours, and those that the user's plugins and conftest.py files add."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any
from typing import get_args

import pytest

from lmkd_core.base.errors import UsageProblem
from lmkd_core.records.directory import PlannedLine
from lmkd_core.records.lines import Record
from lmkd_core.records.plan import plan_stratum
from lmkd_core.scenarios import apps
from lmkd_core.scenarios.reclaim import allowed_arms
from pytest_lmkd.apps.suite import AppsSuite
from pytest_lmkd.experiment.blocks import AnyLoop
from pytest_lmkd.experiment.blocks import BlockLoop
from pytest_lmkd.experiment.blocks import OnBlock
from pytest_lmkd.experiment.context import DeviceContext
from pytest_lmkd.experiment.rules import Rules
from pytest_lmkd.experiment.rules import RunRules
from pytest_lmkd.experiment.suite import Plan
from pytest_lmkd.experiment.suite import Suite
from pytest_lmkd.pressure.experiment import PressureSuite
from pytest_lmkd.reclaim.experiment import ReclaimSuite
from pytest_lmkd.run.names import checked_list
from pytest_lmkd.run.options import Options


class Suites:
    """All suites of a run; ``conformance`` is none of them, since its cases have no strata."""

    def __init__(self, suites: Sequence[Suite]) -> None:
        self._suites = tuple(suites)
        self._plans: dict[type, Plan] = {}
        for plan in (plan for suite in suites for plan in suite.plans):
            if self._plans.setdefault(plan.stratum, plan) != plan:
                name = plan.stratum.__name__
                raise UsageProblem(
                    f"two suites plan {name} in different ways: use a stratum type of your own"
                )

    def plan_of(self, stratum: object) -> Plan | None:
        """How the stratum is planned; None for a value that no suite plans."""
        return next((self._plans[kind] for kind in type(stratum).__mro__ if kind in self._plans), None)

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
                if experiment.record_type not in get_args(Record):
                    kind = experiment.record_type.__name__
                    raise UsageProblem(f"the experiment {name!r} has records of type {kind}: use TrialRecord")
                loops[name] = BlockLoop(context, experiment, on_block)
        return loops

    def planned(
        self,
        stratum: Any,  # noqa: ANN401 - of any suite
        device: str,
        arms: Sequence[str],
        rules: RunRules,
    ) -> list[PlannedLine]:
        """Every trial planned for the stratum on the device, warm-up blocks first.

        Trials have lead-ins, except kills of real apps: each takes seconds and begins with a cold start.
        """
        plan = self.plan_of(stratum)
        if plan is None:
            return []
        own: Rules = getattr(rules, plan.takes)
        allowed = allowed_arms(stratum.scenario, arms) if plan.takes == "trials" else arms
        lead_in = plan.takes == "trials" and stratum.suite != apps.SUITE
        plan_phase = partial(plan_stratum, plan.planned, stratum, device, allowed, lead_in=lead_in)
        warmups = plan_phase(own.warmup_blocks, own.seed, warmup=True)
        return [trial for block in (*warmups, *plan_phase(own.blocks, own.seed)) for trial in block]


def suites_of(config: pytest.Config, options: Options) -> Suites:
    """Our suites, and those of the hook ``pytest_lmkd_suites``.

    Raises:
        UsageProblem: a hook returns something else than suites, or two suites contradict each other.
    """
    own: list[Suite] = [ReclaimSuite(), PressureSuite(), AppsSuite(options.apks, options.apps)]
    for suites in config.hook.pytest_lmkd_suites(config=config):
        own += checked_list("pytest_lmkd_suites", suites, lambda suite: hasattr(suite, "plans"), "suites")
    return Suites(own)
