"""``--lmkd-budget``: the blocks and boots that fit into a time, and what the user reads of them."""

from __future__ import annotations

import pytest

from lmkd_core.base.errors import UsageProblem
from lmkd_core.scenarios.pressure import PRESSURE
from lmkd_core.scenarios.reclaim import SCENARIOS
from lmkd_core.timing import guesses
from lmkd_core.timing.schedule import Schedule
from lmkd_core.timing.size import Given
from lmkd_core.timing.size import Size
from lmkd_core.timing.words import duration_text
from lmkd_core.timing.words import parse_duration
from pytest_lmkd.apps.suite import AppsSuite
from pytest_lmkd.experiment.rules import Rules
from pytest_lmkd.experiment.rules import RunRules
from pytest_lmkd.pressure.experiment import PressureSuite
from pytest_lmkd.reclaim.experiment import ReclaimSuite
from pytest_lmkd.run.budget import Costs
from pytest_lmkd.run.budget import budget_lines
from pytest_lmkd.run.budget import costs_of
from pytest_lmkd.run.budget import fitted
from pytest_lmkd.run.suites import Suites
from pytest_lmkd.run.workload import WantedTest
from pytest_lmkd.run.workload import Workload

MINUTE_S = 60
USUAL_BOOTS = 12
COSTS = Costs(fixed_s=20, trial_block_s=10, episode_block_s=30, warmup_s=1)
"""A block of everything takes 40 s, a boot more than one 5 s."""

ARMS = ("kill+mrelease@lmkd", "reap-kill", "kill")


def size_in(minutes: float, costs: Costs = COSTS, usual_boots: int = USUAL_BOOTS, **given: int) -> Size:
    return fitted(round(minutes * MINUTE_S), costs, usual_boots, Given(**given))


@pytest.mark.parametrize("minutes", [1.5, 3, 5, 6, 7, 8, 10, 20, 60, 600])
@pytest.mark.parametrize("usual_boots", [1, USUAL_BOOTS])
def test_the_run_fits_and_no_more_blocks_do(minutes: float, usual_boots: int) -> None:
    size = size_in(minutes, usual_boots=usual_boots)
    assert COSTS.total_s(size) <= minutes * MINUTE_S
    more = Size(size.blocks + 1, size.pressure_blocks, size.boots)
    assert COSTS.total_s(more) > minutes * MINUTE_S


def test_boots_are_the_usual_ones_if_a_block_of_each_fits() -> None:
    least_s = COSTS.total_s(Size(12, 12, 12))
    assert size_in(least_s / MINUTE_S).boots == 12
    assert size_in((least_s - 1) / MINUTE_S).boots == 11


def test_boots_are_at_least_six_so_that_a_claim_about_the_device_is_possible() -> None:
    assert size_in(COSTS.total_s(Size(6, 6, 6)) / MINUTE_S) == Size(6, 6, 6)


def test_where_six_boots_do_not_fit_there_is_one_with_six_blocks() -> None:
    size = size_in((COSTS.total_s(Size(6, 6, 6)) - 1) / MINUTE_S)
    assert size.boots == 1
    assert min(size.blocks, size.pressure_blocks) == 6


def test_where_six_blocks_of_both_do_not_fit_single_kills_have_six() -> None:
    size = size_in((COSTS.total_s(Size(6, 6, 1)) - 1) / MINUTE_S)
    assert size.blocks >= 6 > size.pressure_blocks >= 1


def test_numbers_that_are_given_stay() -> None:
    assert size_in(30, blocks=7).blocks == 7
    assert size_in(30, pressure_blocks=8).pressure_blocks == 8
    assert size_in(30, boots=3).boots == 3
    assert size_in(30, blocks=9, pressure_blocks=9) == Size(9, 9, 9)


def test_boots_are_no_more_than_the_blocks_that_are_given() -> None:
    assert size_in(60, blocks=8).boots == 8


def test_if_not_even_one_block_fits_the_message_says_how_long_one_takes() -> None:
    with pytest.raises(
        UsageProblem, match=r"--lmkd-budget 60 s is too short: 1 block of single kills and 1 "
    ):
        size_in(1, Costs(20, 10, 60))
    with pytest.raises(UsageProblem, match=r"would take about 95 s;"):
        size_in(1, Costs(20, 10, 60))


def test_without_pressure_both_numbers_of_blocks_are_those_of_single_kills() -> None:
    size = size_in(10, Costs(fixed_s=20, trial_block_s=10, episode_block_s=0))
    assert size.blocks == size.pressure_blocks
    assert size.boots == 12


def test_without_strata_the_run_has_one_boot() -> None:
    assert size_in(10, Costs(20, 0, 0)) == Size(1, 1, 1)


def test_devices_that_take_turns_share_the_time() -> None:
    alone, both = (size_in(20, Costs(20, 10, 30, rounds=rounds)) for rounds in (1, 2))
    assert both.blocks < alone.blocks


def lines_of(minutes: float) -> str:
    budget_s = round(minutes * MINUTE_S)
    return "\n".join(budget_lines(budget_s, COSTS, USUAL_BOOTS, size_in(minutes)))


def test_the_user_reads_what_was_chosen() -> None:
    assert lines_of(10) == (
        "--lmkd-budget 10 min: 14 blocks of single kills and 13 blocks of pressure in 12 boots"
    )


def test_the_user_reads_which_claims_the_time_is_too_short_for() -> None:
    assert "too short for 6 boots, about 5 min: verdicts will hold for this boot only" in lines_of(4.5)
    assert "claim" not in lines_of(4.5)
    assert "a claim needs 6 blocks, about 4 min: not all strata will have enough data" in lines_of(3)
    assert "a claim needs 6 blocks, about 4 min: none will have enough data" in lines_of(1.5)


def wanted_in(boots: int) -> list[WantedTest]:
    """Two strata and a case: what pytest collects for that many boots."""
    strata = (SCENARIOS["undisturbed"].stratum("reclaim", 64, 1), PRESSURE["held-beyond-burst"])
    case = WantedTest("phone", "test_race", (0,))
    return [
        case,
        *(WantedTest("phone", str(s), ("phone", s, boot), boot) for boot in range(boots) for s in strata),
    ]


@pytest.mark.parametrize(("warmup_blocks", "after_boot"), [(0, True), (2, False), (0, False)])
def test_the_costs_are_those_of_the_tests_that_run(warmup_blocks: int, after_boot: bool) -> None:
    size = Size(9, 7, 3)
    trials = Rules(size.blocks, 1, warmup_blocks, warmup_after_boot=after_boot, boots=size.boots)
    episodes = Rules(size.pressure_blocks, 1, warmup_blocks, unstalled_episodes=True, boots=size.boots)
    suites = Suites([ReclaimSuite(), PressureSuite(), AppsSuite(None, ())])
    workload = Workload(suites, ARMS, RunRules(trials, episodes))
    schedule = Schedule()
    schedule.add(workload.works(wanted_in(size.boots)))
    costs = costs_of(wanted_in(1), workload, rounds=1)
    assert costs.total_s(size) == pytest.approx(schedule.left_s() + guesses.REPORT.unit_s)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("10m", 600), ("2h", 7200), ("1h30m", 5400), ("1H5M3S", 3903)]
)
def test_a_time_is_read(text: str, seconds: int) -> None:
    assert parse_duration("--lmkd-budget", text) == seconds


@pytest.mark.parametrize("text", ["", "10", "10 minutes", "-5m", "0s", "m", "1m1h", "1.5h", "١m"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(UsageProblem, match="--lmkd-budget takes a time such as 90s, 10m or 1h30m, not "):
        parse_duration("--lmkd-budget", text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "5 s"),
        (33, "35 s"),
        (117, "115 s"),
        (118, "2 min"),
        (3569, "59 min"),
        (3600, "1 h"),
        (4333, "1 h 12 min"),
        (90_000, "25 h"),
    ],
)
def test_hours_are_written_as_hours(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text
