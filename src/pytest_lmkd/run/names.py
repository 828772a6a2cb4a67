"""Names that users' plugins add: arms and scenarios. Loads fast, since every pytest start calls it."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any

import pytest

from lmkd_core.base.errors import UsageProblem
from lmkd_core.records.arms import add_arm
from lmkd_core.scenarios.reclaim import Scenario
from lmkd_core.scenarios.reclaim import add_scenario


def add_names(config: pytest.Config) -> None:
    """Adds the arms and scenarios of the user's plugins and conftest.py files.

    Raises:
        UsageProblem: a hook returns something else, or a name is taken.
    """
    for arms in config.hook.pytest_lmkd_arms(config=config):
        if not isinstance(arms, Mapping):
            raise UsageProblem(f"the hook pytest_lmkd_arms returned {arms!r:.80}: return a dict")
        for name, meaning in arms.items():
            add_arm(name, meaning)
    for scenarios in config.hook.pytest_lmkd_scenarios(config=config):
        for scenario in checked_list("pytest_lmkd_scenarios", scenarios, _is_scenario, "Scenario objects"):
            add_scenario(scenario)


def _is_scenario(value: object) -> bool:
    return isinstance(value, Scenario)


def checked_list(hook: str, returned: object, accepts: Callable[[Any], bool], what: str) -> list[Any]:
    """The values that a hook returned. Raises: UsageProblem: they are none that ``accepts`` takes."""
    values = list(returned) if isinstance(returned, Iterable) else [None]
    if not all(map(accepts, values)):
        raise UsageProblem(f"the hook {hook} returned {returned!r:.80}: return a list of {what}")
    return values
