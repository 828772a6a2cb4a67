"""The suites of a run: what is planned, and contradictions between suites."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace

import pytest
from msgspec import Struct
from msgspec import structs

from lmkd_core.base.errors import UsageProblem
from lmkd_core.records.arms import add_arm
from lmkd_core.records.lines import decode_run
from lmkd_core.records.stratum import Stratum
from lmkd_core.records.stratum import check_stratum
from lmkd_core.records.trial import PlannedTrial
from lmkd_core.scenarios.apps import workload_app
from lmkd_core.scenarios.pressure import PRESSURE
from lmkd_core.scenarios.reclaim import SCENARIOS
from pytest_lmkd.apps.suite import AppsSuite
from pytest_lmkd.experiment.rules import Rules
from pytest_lmkd.experiment.rules import RunRules
from pytest_lmkd.experiment.suite import Plan
from pytest_lmkd.experiment.validity import check_arm
from pytest_lmkd.pressure.experiment import PressureSuite
from pytest_lmkd.reclaim.experiment import ReclaimSuite
from pytest_lmkd.run.names import add_names
from pytest_lmkd.run.names import checked_list
from pytest_lmkd.run.suites import Suites

RULES = RunRules(Rules(blocks=3, seed=1, warmup_blocks=1), Rules(blocks=2, seed=1))
OURS = (ReclaimSuite(), PressureSuite(), AppsSuite(None, ()))


class OwnSuite:
    def __init__(self, *plans: Plan) -> None:
        self.plans = plans


class OwnStratum(Stratum, frozen=True):
    """A stratum with more to it than ours."""

    colour: str = "red"


def test_a_stratum_is_planned_with_its_warm_up_blocks_first() -> None:
    planned = Suites(OURS).planned(
        SCENARIOS["undisturbed"].stratum("s", 4, 1), "d", ("kill", "reap-kill"), RULES
    )
    lead_in_and_block = [True, False, False]
    assert [trial.warmup for trial in planned] == [True] * 2 + lead_in_and_block * 3
    assert len(Suites(OURS).planned(PRESSURE["undisturbed"], "d", ("kill",), RULES)) == 2


def test_blocks_of_a_stalled_pressure_stratum_have_an_unstalled_episode_too() -> None:
    rules = RunRules(RULES.trials, Rules(blocks=2, seed=1, unstalled_episodes=True))
    stalled = PRESSURE["held-beyond-burst"]
    suites, arms = Suites(OURS), ("kill", "reap-kill")
    planned = suites.planned(stalled, "d", arms, rules)
    assert [episode.is_unstalled for episode in planned].count(True) == 2
    assert len(planned) == 2 * suites.block_size(stalled, arms, rules) == 6
    assert suites.block_size(PRESSURE["undisturbed"], arms, rules) == 2


def test_pressure_compares_only_the_arms_that_were_chosen_for_it() -> None:
    rules = RunRules(RULES.trials, Rules(blocks=2, seed=1, arms=("kill", "reap-kill")))
    suites, arms = Suites(OURS), ("kill+mrelease", "reap-kill", "kill")
    assert {episode.arm for episode in suites.planned(PRESSURE["undisturbed"], "d", arms, rules)} == {
        "kill",
        "reap-kill",
    }
    assert suites.block_size(PRESSURE["undisturbed"], arms, rules) == 2
    assert suites.block_size(SCENARIOS["undisturbed"].stratum("s", 4, 1), arms, rules) == 3


def test_a_run_of_an_older_version_is_continued_without_unstalled_episodes() -> None:
    """Its run.json lacks the field, and so its rules do."""
    info = decode_run(
        b'{"type":"run","run_id":"r","started_utc":"","command":"","seed":1,"arms":["kill"],"blocks":1,'
        b'"devices":[],"versions":{},"host":{}}'
    )
    rules = RunRules(RULES.trials, Rules(1, 1, unstalled_episodes=info.unstalled_episodes))
    assert Suites(OURS).block_size(PRESSURE["held-beyond-burst"], ("kill",), rules) == 1


def test_an_app_kill_and_an_episode_have_no_lead_in() -> None:
    """Each takes seconds, and begins with apps that were just started."""
    arms = ("kill", "reap-kill")
    for stratum in (workload_app(64, 4), PRESSURE["undisturbed"]):
        assert all(planned.order >= 0 for planned in Suites(OURS).planned(stratum, "d", arms, RULES))


def test_an_arm_that_the_scenario_excludes_is_not_planned_nor_its_repetition() -> None:
    arms = ("kill", "reap-kill-emulated", "reap-kill-emulated#2", "kill+mrelease")
    planned = Suites(OURS).planned(SCENARIOS["exit-stop"].stratum("s", 4, 1), "d", arms, RULES)
    assert {trial.arm for trial in planned} == {"kill", "kill+mrelease"}


def test_a_subclass_of_a_stratum_is_planned_like_it() -> None:
    own = OwnStratum("s", "undisturbed", "none", "natural", 4096, 1)
    assert len(Suites(OURS).planned(own, "d", ("kill",), RULES)) == 4  # one arm needs no lead-in


def test_a_value_that_is_no_stratum_plans_nothing() -> None:
    assert Suites(OURS).planned("undisturbed", "d", ("kill",), RULES) == []


def test_two_suites_may_plan_a_type_only_in_the_same_way() -> None:
    Suites([*OURS, OwnSuite(Plan(Stratum, PlannedTrial, "trials"))])
    with pytest.raises(UsageProblem, match="two suites plan Stratum "):
        Suites([*OURS, OwnSuite(Plan(Stratum, PlannedTrial, "episodes"))])


def hooks(**returned: object) -> SimpleNamespace:
    """A configuration whose hooks return these values."""
    names = ("pytest_lmkd_arms", "pytest_lmkd_scenarios")
    values = {name: [returned[name]] if name in returned else [] for name in names}
    hook = {name: partial(_returned, values[name]) for name in names}
    return SimpleNamespace(hook=SimpleNamespace(**hook))


def _returned(values: list[object], config: object) -> list[object]:
    return values


WHAT = "return a list of Scenario objects"


@pytest.mark.parametrize(
    ("returned", "sentence"),
    [
        (
            {"pytest_lmkd_scenarios": 5},
            "the hook pytest_lmkd_scenarios returned 5: return a list of Scenario",
        ),
        ({"pytest_lmkd_scenarios": [None]}, r"pytest_lmkd_scenarios returned \[None\]"),
        ({"pytest_lmkd_scenarios": SCENARIOS["undisturbed"]}, WHAT),
        ({"pytest_lmkd_arms": ["mine"]}, "the hook pytest_lmkd_arms returned .*: return a dict"),
        ({"pytest_lmkd_arms": {"mine": None}}, "'mine': None is no arm"),
        ({"pytest_lmkd_arms": {"kill#2": "again"}}, "'kill#2': 'again' is no arm"),
        ({"pytest_lmkd_arms": {"kill": "another"}}, "there is an arm named 'kill' already"),
    ],
)
def test_a_hook_that_returns_something_else_is_wrong_usage(
    returned: dict[str, object], sentence: str
) -> None:
    with pytest.raises(UsageProblem, match=sentence):
        add_names(hooks(**returned))  # type: ignore[arg-type]  # a stand-in


def test_a_hook_may_return_a_generator() -> None:
    assert checked_list("hook", (number for number in (1, 2)), lambda value: value > 0, "numbers") == [1, 2]


def test_the_same_arm_again_is_the_same_arm() -> None:
    add_arm("kill", "SIGKILL only")


@pytest.mark.parametrize("arm", ["reap-kill", "reap-kill#2"])
def test_a_repeated_arm_that_killed_nobody_is_invalid_too(arm: str) -> None:
    with pytest.raises(Exception, match="killed nobody"):
        check_arm(arm, "EINVAL")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"regime": "natrual"}, "is wrong: Invalid enum value 'natrual'"),
        ({"victim_kb": 1024.5}, "is wrong: Expected `int`, got `float`"),
        ({"victim_kb": 1}, "has victim_kb 1: it must be 64 to 4194304"),
        ({"hold_ms": 50_000}, "has hold_ms 50000: it must be 0 to 12000"),
        ({"threads": 0}, "has threads 0: it must be 1 to 1024"),
    ],
)
def test_an_impossible_stratum_is_wrong_usage(change: dict[str, object], sentence: str) -> None:
    stratum = structs.replace(SCENARIOS["undisturbed"].stratum("s", 4, 1), **change)
    with pytest.raises(UsageProblem, match=sentence):
        check_stratum(stratum)


@pytest.mark.parametrize(
    "stratum", [*(s.stratum("s", 64, 1) for s in SCENARIOS.values()), *PRESSURE.values()]
)
def test_our_own_strata_are_possible(stratum: Struct) -> None:
    check_stratum(stratum)
