"""The suites of a run: ours, and those that the user's plugins and conftest.py files add."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from typing import get_args

import pytest

from lmkd_core.base.errors import UsageProblem
from lmkd_core.records.directory import PlannedLine
from lmkd_core.records.lines import Record
from lmkd_core.scenarios.reclaim import arms_in
from pytest_lmkd.apps.suite import AppsSuite
from pytest_lmkd.experiment.blocks import AnyLoop
from pytest_lmkd.experiment.blocks import BlockLoop
from pytest_lmkd.experiment.blocks import Watcher
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

    def open(self, context: DeviceContext, watcher: Watcher) -> dict[str, AnyLoop]:
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
                loops[name] = BlockLoop(context, experiment, watcher)
        return loops

    def planned(
        self,
        stratum: Any,  # noqa: ANN401 - of any suite
        device: str,
        arms: Sequence[str],
        rules: RunRules,
        boot: int = 0,
    ) -> list[PlannedLine]:
        """Every trial planned for the stratum in that boot of the device, warm-up blocks first."""
        plan = self.plan_of(stratum)
        if plan is None:
            return []
        own = rules.of(plan.takes)
        allowed = _allowed(plan, stratum, arms)
        phases = ((own.warmups_of(boot), True), (own.blocks_of(boot), False))
        return [
            trial
            for blocks, warmup in phases
            for block in blocks
            for trial in plan.block(stratum, device, allowed, block, own, warmup=warmup)
        ]

    def rules_of(
        self,
        stratum: Any,  # noqa: ANN401 - of any suite
        rules: RunRules,
    ) -> Rules:
        """The rules for the stratum: those for episodes, if it is not planned."""
        plan = self.plan_of(stratum)
        return rules.of(plan.takes) if plan else rules.episodes

    def block_size(
        self,
        stratum: Any,  # noqa: ANN401 - of any suite
        arms: Sequence[str],
        rules: RunRules,
    ) -> int:
        """The number of trials that count in each block of the stratum; 0 if it is not planned."""
        return sum(not trial.warmup for trial in self._first_block(stratum, arms, rules))

    def block_length(
        self,
        stratum: Any,  # noqa: ANN401 - of any suite
        arms: Sequence[str],
        rules: RunRules,
    ) -> int:
        """The number of trials in each block of the stratum, with its lead-in; 0 if it is not planned."""
        return len(self._first_block(stratum, arms, rules))

    def _first_block(
        self,
        stratum: Any,  # noqa: ANN401 - of any suite
        arms: Sequence[str],
        rules: RunRules,
    ) -> Sequence[PlannedLine]:
        plan = self.plan_of(stratum)
        if plan is None:
            return []
        own = rules.of(plan.takes)
        return plan.block(stratum, "", _allowed(plan, stratum, arms), 0, own, warmup=False)


def _allowed(
    plan: Plan,
    stratum: Any,  # noqa: ANN401 - of any suite
    arms: Sequence[str],
) -> Sequence[str]:
    return arms_in(stratum, arms) if plan.takes == "trials" else arms


def suites_of(config: pytest.Config, options: Options) -> Suites:
    """Our suites, and those of the hook ``pytest_lmkd_suites``.

    Raises:
        UsageProblem: a hook returns something else than suites, or two suites contradict each other.
    """
    own: list[Suite] = [ReclaimSuite(), PressureSuite(), AppsSuite(options.apks, options.apps)]
    for suites in config.hook.pytest_lmkd_suites(config=config):
        own += checked_list("pytest_lmkd_suites", suites, lambda suite: hasattr(suite, "plans"), "suites")
    return Suites(own)
