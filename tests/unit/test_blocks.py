"""The block loop, with a stand-in experiment and device: what runs, what runs again, what is recorded."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

import pytest

from lmkd_core.base.errors import AgentBug
from lmkd_core.base.errors import DeviceUnusable
from lmkd_core.base.errors import TransportLost
from lmkd_core.records.device import SkipRecord
from lmkd_core.records.directory import ResultStore
from lmkd_core.records.parts import record_of
from lmkd_core.records.plan import plan_block
from lmkd_core.records.stratum import Stratum
from lmkd_core.records.trial import PlannedTrial
from lmkd_core.records.trial import TrialRecord
from pytest_lmkd.experiment.blocks import MAX_LINK_LOSSES
from pytest_lmkd.experiment.blocks import BlockLoop
from pytest_lmkd.experiment.context import DeviceContext
from pytest_lmkd.experiment.rules import Rules
from pytest_lmkd.experiment.rules import RunRules
from pytest_lmkd.experiment.suite import Experiment
from pytest_lmkd.experiment.suite import Keep

ARMS = ("kill", "reap-kill")
STRATUM = Stratum("own", "undisturbed", "none", "natural", 4096, 1)


@dataclass
class StandInDevice:
    name: str = "phone"
    boot_id: str = "boot-1"


@dataclass
class StandInExperiment(Experiment[Stratum, PlannedTrial, TrialRecord]):
    """Records each trial; ``before`` is called with its number, counted from 0, and may break the link."""

    device: StandInDevice
    rules: Rules
    before: Callable[[int], None] = lambda number: None
    reason: str = ""
    ends_after: int = 99
    invalid_arms: tuple[str, ...] = ()
    ran: list[PlannedTrial] = field(default_factory=list)
    lost: int = 0
    record_type = TrialRecord

    def prepare(self, stratum: Stratum) -> str:
        return self.reason

    def plan(self, stratum: Stratum, block: int, *, warmup: bool) -> Sequence[PlannedTrial]:
        return plan_block(
            PlannedTrial, stratum, self.device.name, ARMS, block, self.rules.seed, warmup=warmup
        )

    def run(self, stratum: Stratum, trials: Sequence[PlannedTrial], keep: Keep[TrialRecord]) -> None:
        for trial in trials:
            self.before(len(self.ran))
            self.ran.append(trial)
            reason = "too hot" if trial.arm in self.invalid_arms else ""
            verdict = {"valid": not reason, "invalid_reason": reason}
            keep(record_of(TrialRecord, trial, boot_id=self.device.boot_id, **verdict))

    def recover(self, lost: TransportLost, keep: Keep[TrialRecord]) -> None:
        self.lost += 1

    def may_end(self, blocks: Sequence[Sequence[TrialRecord]]) -> bool:
        return len(blocks) >= self.ends_after


class Bench:
    """A results folder, a device and a loop that can be made again, as a resumed run does."""

    def __init__(self, folder: Path, blocks: int = 3, warmup: int = 0) -> None:
        self.store = ResultStore(folder)
        self.device = StandInDevice()
        self.rules = Rules(blocks, seed=7, warmup_blocks=warmup)
        self.reported: list[tuple[int, int]] = []

    def loop(self, **options: object) -> tuple[BlockLoop, StandInExperiment]:
        experiment = StandInExperiment(self.device, self.rules, **options)  # type: ignore[arg-type]  # its own fields
        rules = RunRules(self.rules, self.rules)
        context = DeviceContext(self.device, self.store, "run", ARMS, ARMS, rules, print)  # type: ignore[arg-type]  # a stand-in
        return BlockLoop(
            context, experiment, lambda _, __, block, blocks: self.reported.append((block, blocks))
        ), experiment

    def records(self) -> list[TrialRecord]:
        return self.store.records(self.device.name, TrialRecord)


def lose_link(*numbers: int) -> Callable[[int], None]:
    """Breaks the link once before each trial of these numbers."""
    left = list(numbers)

    def before(number: int) -> None:
        if number in left:
            left.remove(number)
            raise TransportLost("the cable was pulled")

    return before


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_every_block_runs_every_arm_and_is_reported(bench: Bench) -> None:
    loop, experiment = bench.loop()
    outcome = loop.measure(STRATUM)
    assert (outcome.complete_blocks, outcome.invalid, outcome.skipped) == (3, [], "")
    assert [trial.block for trial in experiment.ran] == [0, 0, 1, 1, 2, 2]
    assert bench.reported == [(0, 3), (1, 3), (2, 3)]
    assert [record.identity for record in bench.records()] == [trial.identity for trial in experiment.ran]


def test_warm_up_blocks_run_first_and_do_not_count(tmp_path: Path) -> None:
    bench = Bench(tmp_path, blocks=1, warmup=2)
    loop, experiment = bench.loop()
    assert loop.measure(STRATUM).complete_blocks == 1
    assert [trial.warmup for trial in experiment.ran] == [True] * 4 + [False] * 2


def test_a_stratum_that_the_device_cannot_run_is_recorded_with_the_reason(bench: Bench) -> None:
    loop, experiment = bench.loop(reason="no such stall")
    assert loop.measure(STRATUM).skipped == "no such stall"
    (skip,) = bench.store.records("phone", SkipRecord)
    assert (skip.what, skip.name, skip.suite, skip.reason) == (
        "scenario",
        "undisturbed",
        "own",
        "no such stall",
    )
    assert experiment.ran == []


def test_an_experiment_may_end_a_stratum_early(bench: Bench) -> None:
    loop, _ = bench.loop(ends_after=2)
    assert loop.measure(STRATUM).complete_blocks == 2


def test_a_block_with_an_invalid_trial_is_not_complete_and_the_trial_is_named(bench: Bench) -> None:
    loop, _ = bench.loop(invalid_arms=("kill",))
    outcome = loop.measure(STRATUM)
    assert outcome.complete_blocks == 0
    assert outcome.explain().splitlines() == [f"block {block}, kill: too hot" for block in range(3)]


def test_after_a_broken_link_only_the_missing_trials_run(bench: Bench) -> None:
    loop, experiment = bench.loop(before=lose_link(1))
    assert loop.measure(STRATUM).complete_blocks == 3
    assert experiment.lost == 1
    assert len(bench.records()) == 6


def test_after_a_restart_the_whole_block_runs_again_and_others_do_not(bench: Bench) -> None:
    def restart(number: int) -> None:
        if number == 3 and bench.device.boot_id == "boot-1":
            bench.device.boot_id = "boot-2"
            raise TransportLost("the device restarted")

    loop, _ = bench.loop(before=restart)
    assert loop.measure(STRATUM).complete_blocks == 3
    boots = [(record.block, record.boot_id) for record in bench.records()]
    assert boots == [(0, "boot-1")] * 2 + [(1, "boot-1")] + [(1, "boot-2")] * 2 + [(2, "boot-2")] * 2


def test_a_device_whose_link_breaks_again_and_again_without_a_record_is_not_usable(bench: Bench) -> None:
    loop, experiment = bench.loop(before=lose_link(*[1] * 4))  # the first loss comes after a record
    with pytest.raises(DeviceUnusable, match="phone: the link broke 3 times without a new record"):
        loop.measure(STRATUM)
    assert experiment.lost == 1 + MAX_LINK_LOSSES


def test_each_block_may_lose_the_link_as_often(bench: Bench) -> None:
    loop, experiment = bench.loop(before=lose_link(1, 1, 3, 3, 5, 5))
    assert loop.measure(STRATUM).complete_blocks == 3
    assert experiment.lost == 6


def test_a_record_saved_after_the_last_loss_completes_the_block(bench: Bench) -> None:
    loop, experiment = bench.loop(before=lose_link(*[1] * MAX_LINK_LOSSES))

    def recover(lost: TransportLost, keep: Keep[TrialRecord]) -> None:
        experiment.lost += 1
        if experiment.lost == MAX_LINK_LOSSES:
            missing = next(t for t in experiment.plan(STRATUM, 0, warmup=False) if t not in experiment.ran)
            keep(record_of(TrialRecord, missing, boot_id="boot-1", valid=True))

    experiment.recover = recover  # type: ignore[method-assign]  # one method of a stand-in
    assert loop.measure(STRATUM).complete_blocks == 3


def test_a_resumed_run_makes_only_what_is_missing(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    loop, _ = bench.loop(before=lose_link(*[3] * 4))
    with pytest.raises(DeviceUnusable):
        loop.measure(STRATUM)
    bench.store = ResultStore(tmp_path, resume=True)
    loop, experiment = bench.loop()
    assert loop.measure(STRATUM).complete_blocks == 3
    assert len(experiment.ran) == 3
    assert len({record.identity for record in bench.records()}) == len(bench.records()) == 6


def test_a_run_resumed_after_a_restart_repeats_the_block_that_was_cut(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    loop, _ = bench.loop(before=lose_link(*[3] * 4))
    with pytest.raises(DeviceUnusable):
        loop.measure(STRATUM)
    bench.store, bench.device.boot_id = ResultStore(tmp_path, resume=True), "boot-2"
    loop, experiment = bench.loop()
    assert loop.measure(STRATUM).complete_blocks == 3
    assert [trial.block for trial in experiment.ran] == [1, 1, 2, 2]


def test_a_link_may_break_once_per_trial(tmp_path: Path) -> None:
    bench = Bench(tmp_path, blocks=4)
    loop, experiment = bench.loop(before=lose_link(*range(8)))
    assert loop.measure(STRATUM).complete_blocks == 4
    assert experiment.lost == 8


def test_a_device_that_restarts_in_every_block_again_and_again_is_not_usable(bench: Bench) -> None:
    def restart(number: int) -> None:
        if number % 2:
            bench.device.boot_id = f"boot-{number}"
            raise TransportLost("the device restarted")

    loop, experiment = bench.loop()
    numbers = iter(range(100))
    experiment.before = lambda _: restart(next(numbers))
    with pytest.raises(DeviceUnusable, match="without a new record"):
        loop.measure(STRATUM)


def test_an_experiment_that_keeps_no_record_is_named(bench: Bench) -> None:
    loop, experiment = bench.loop()
    experiment.run = lambda stratum, trials, keep: None  # type: ignore[method-assign]  # one method of a stand-in
    with pytest.raises(AgentBug, match=r"phone: the experiment kept no record of (kill|reap-kill), "):
        loop.measure(STRATUM)


def test_a_complete_stratum_needs_nothing_of_the_device_when_a_run_is_resumed(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.loop()[0].measure(STRATUM)
    bench.store = ResultStore(tmp_path, resume=True)
    loop, experiment = bench.loop(reason="the apps were uninstalled")
    assert loop.measure(STRATUM).complete_blocks == 3
    assert experiment.ran == []


def test_a_link_that_breaks_while_a_stratum_is_prepared_is_recovered(bench: Bench) -> None:
    loop, experiment = bench.loop()
    losses = [TransportLost("the cable was pulled")]

    def prepare(stratum: Stratum) -> str:
        if losses:
            raise losses.pop()
        return ""

    experiment.prepare = prepare  # type: ignore[method-assign]  # one method of a stand-in
    assert loop.measure(STRATUM).complete_blocks == 3
    assert experiment.lost == 1


def test_a_stratum_that_two_tests_measure_is_measured_once(bench: Bench) -> None:
    loop, experiment = bench.loop()
    assert [loop.measure(STRATUM).complete_blocks for _ in range(2)] == [3, 3]
    assert len(experiment.ran) == len(bench.records()) == 6
