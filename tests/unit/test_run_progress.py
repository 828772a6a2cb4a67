"""What one process tells of its run: the plan first, then what is left after every block and case."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field

import pytest

from lmkd_core.records.plan import plan_block
from lmkd_core.records.stratum import EpisodeStratum
from lmkd_core.records.stratum import Stratum
from lmkd_core.records.trial import PlannedTrial
from lmkd_core.scenarios.pressure import PRESSURE
from lmkd_core.scenarios.reclaim import SCENARIOS
from lmkd_core.timing import guesses
from pytest_lmkd.experiment.blocks import Ran
from pytest_lmkd.experiment.rules import Rules
from pytest_lmkd.experiment.rules import RunRules
from pytest_lmkd.pressure.experiment import PressureSuite
from pytest_lmkd.reclaim.experiment import ReclaimSuite
from pytest_lmkd.run.messages import DevicePlan
from pytest_lmkd.run.messages import Plan
from pytest_lmkd.run.messages import Update
from pytest_lmkd.run.progress import RunProgress
from pytest_lmkd.run.suites import Suites
from pytest_lmkd.run.workload import WantedTest
from pytest_lmkd.run.workload import Workload

ARMS = ("kill+mrelease@lmkd", "reap-kill", "kill")
PHONE = "phone"
BLOCKS = 4
TRIALS = SCENARIOS["undisturbed"].stratum("reclaim", 64, 1)
EPISODES = PRESSURE["held-beyond-burst"]
CASE = WantedTest(PHONE, "test_answer[gone-0x0]", (PHONE,))


@dataclass
class Heard:
    """A ``Listener`` that keeps all messages."""

    messages: list[Plan | Update] = field(default_factory=list)

    def say(self, text: str) -> None:
        raise AssertionError(text)

    def show(self, message: Plan | Update) -> None:
        self.messages.append(message)

    @property
    def last(self) -> Update:
        assert isinstance(self.messages[-1], Update)
        return self.messages[-1]


def wanted(stratum: Stratum | EpisodeStratum, boot: int = 0) -> WantedTest:
    return WantedTest(PHONE, f"test_measured[{stratum}]", (PHONE, stratum, boot), boot)


def run_of(*tests: WantedTest, boots: int = 1, recorded: int = 0) -> tuple[RunProgress, Heard]:
    """A run of these tests, which resumes one that recorded that many blocks of trials."""
    rules = Rules(BLOCKS, 1, boots=boots)
    done = {
        line.identity
        for block in range(recorded)
        for line in plan_block(PlannedTrial, TRIALS, PHONE, ARMS, block=block, seed=1)
    }
    suites = Suites([ReclaimSuite(), PressureSuite()])
    workload = Workload(suites, ARMS, RunRules(rules, rules), {PHONE: done} if done else {})
    heard = Heard()
    progress = RunProgress(workload, heard)
    progress.begin(tests)
    return progress, heard


def test_the_plan_counts_trials_episodes_cases_and_boots() -> None:
    tests = [CASE, *(wanted(stratum, boot) for boot in (0, 1) for stratum in (TRIALS, EPISODES))]
    _, heard = run_of(*tests, boots=2)
    (plan,) = heard.messages
    assert isinstance(plan, Plan)
    assert plan.devices == (DevicePlan(PHONE, trials=12, episodes=12, others=1, boots=2),)


def test_two_tests_of_one_stratum_plan_it_once() -> None:
    _, heard = run_of(wanted(TRIALS), wanted(TRIALS))
    assert heard.messages == run_of(wanted(TRIALS))[1].messages


def test_what_a_resumed_run_has_recorded_is_not_planned_again() -> None:
    _, heard = run_of(wanted(TRIALS), recorded=3)
    (plan,) = heard.messages
    assert isinstance(plan, Plan)
    assert plan.devices[0].trials == len(ARMS)


def test_each_block_leaves_less_of_its_kind() -> None:
    progress, heard = run_of(wanted(TRIALS), wanted(EPISODES))
    for block in range(2):
        progress.ran(Ran(PHONE, TRIALS, boot=0, share=1, took_s=2.0))
        progress.block_done(PHONE, TRIALS, boot=0, block=block, blocks=BLOCKS)
    assert (heard.last.trials_left, heard.last.episodes_left) == (6, 12)
    assert heard.last.left_s < heard.messages[1].left_s
    assert heard.last.where == f"{TRIALS}  block 2/{BLOCKS}"


def test_a_test_that_ended_early_leaves_nothing() -> None:
    progress, heard = run_of(wanted(TRIALS), CASE)
    progress.ended(wanted(TRIALS), 1.0)
    progress.ended(CASE, 1.0)
    assert (heard.last.left_s, heard.last.trials_left, heard.last.episodes_left) == (0, 0, 0)


def test_a_case_is_named_when_it_ends() -> None:
    progress, heard = run_of(CASE, wanted(TRIALS))
    progress.ended(CASE, 1.0)
    assert heard.last.where == CASE.name


def test_a_restart_is_work_of_its_boot() -> None:
    progress, heard = run_of(wanted(TRIALS, 1), boots=2)
    progress.restarts(PHONE, 1)
    assert heard.last.where == "restarting for boot 2"
    before_s = heard.last.left_s
    progress.restarted(PHONE, 1, guesses.RESTART.unit_s)
    progress.restarts(PHONE, 1)
    assert heard.last.left_s == pytest.approx(before_s - guesses.RESTART.unit_s)
