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
from pytest_lmkd.experiment.blocks import Ran
from pytest_lmkd.experiment.blocks import Watcher
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
    lead_in: bool = False
    ran: list[PlannedTrial] = field(default_factory=list)
    lost: int = 0
    record_type = TrialRecord

    def prepare(self, stratum: Stratum) -> str:
        return self.reason

    def plan(self, stratum: Stratum, block: int, *, warmup: bool) -> Sequence[PlannedTrial]:
        place = (self.device.name, ARMS, block, self.rules.seed)
        return plan_block(PlannedTrial, stratum, *place, warmup=warmup, lead_in=self.lead_in)

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

    def __init__(
        self, folder: Path, blocks: int = 3, warmup: int = 0, *, warmup_after_boot: bool = False
    ) -> None:
        self.store = ResultStore(folder)
        self.device = StandInDevice()
        self.rules = Rules(blocks, seed=7, warmup_blocks=warmup, warmup_after_boot=warmup_after_boot)
        self.reported: list[tuple[int, int]] = []
        self.shares: list[float] = []
        self.warm_boots: set[str] = set()

    def loop(self, **options: object) -> tuple[BlockLoop, StandInExperiment]:
        experiment = StandInExperiment(self.device, self.rules, **options)  # type: ignore[arg-type]  # its own fields
        rules = RunRules(self.rules, self.rules)
        context = DeviceContext(self.device, self.store, "run", ARMS, ARMS, rules, print, self.warm_boots)  # type: ignore[arg-type]  # a stand-in
        return BlockLoop(context, experiment, Heard(self)), experiment

    def records(self) -> list[TrialRecord]:
        return self.store.records(self.device.name, TrialRecord)


class Heard(Watcher):
    """Notes each block that the loop reports, and each share of one that it ran."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def block_done(self, device: str, stratum: Stratum, boot: int, block: int, blocks: int) -> None:
        self._bench.reported.append((block, blocks))

    def ran(self, ran: Ran) -> None:
        self._bench.shares.append(ran.share)


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
    assert bench.shares == [1, 1, 1]
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


def warmups(trials: Sequence[PlannedTrial | TrialRecord]) -> list[tuple[str, int]]:
    """Scenario and block of each warm-up trial that is no lead-in."""
    return [(trial.scenario, trial.block) for trial in trials if trial.warmup and not trial.is_lead_in]


OTHER = Stratum("own", "held", "none", "natural", 4096, 1)


def test_only_the_first_stratum_after_a_boot_is_warmed_up(tmp_path: Path) -> None:
    bench = Bench(tmp_path, warmup_after_boot=True)
    loop, experiment = bench.loop()
    assert loop.measure(STRATUM).complete_blocks == 3
    assert loop.measure(OTHER).complete_blocks == 3
    assert warmups(experiment.ran) == [("undisturbed", 0)] * 2
    assert [trial.warmup for trial in experiment.ran[:3]] == [True, True, False]


def test_another_experiment_of_the_same_boot_needs_no_warm_up(tmp_path: Path) -> None:
    bench = Bench(tmp_path, warmup_after_boot=True)
    bench.loop()[0].measure(STRATUM)
    loop, experiment = bench.loop()
    assert loop.measure(OTHER).complete_blocks == 3
    assert warmups(experiment.ran) == []


def test_a_boot_within_a_stratum_is_warmed_up_before_its_first_block(tmp_path: Path) -> None:
    bench = Bench(tmp_path, blocks=2, warmup_after_boot=True)

    def restart(number: int) -> None:
        if number == 4 and bench.device.boot_id == "boot-1":
            bench.device.boot_id = "boot-2"
            raise TransportLost("the device restarted")

    loop, _ = bench.loop(before=restart)
    assert loop.measure(STRATUM).complete_blocks == 2
    runs = [(record.boot_id, record.warmup, record.block) for record in bench.records()]
    assert runs == [
        *[("boot-1", True, 0), ("boot-1", True, 0), ("boot-1", False, 0), ("boot-1", False, 0)],
        *[("boot-2", True, 1), ("boot-2", True, 1), ("boot-2", False, 1), ("boot-2", False, 1)],
    ]


def test_a_warm_up_that_was_cut_is_completed_when_the_run_is_resumed(tmp_path: Path) -> None:
    bench = Bench(tmp_path, warmup_after_boot=True)
    with pytest.raises(DeviceUnusable):
        bench.loop(before=lose_link(*[1] * 4))[0].measure(STRATUM)
    bench.store = ResultStore(tmp_path, resume=True)
    loop, experiment = bench.loop()
    assert loop.measure(STRATUM).complete_blocks == 3
    assert warmups(experiment.ran) == [("undisturbed", 0)]
    assert len({record.identity for record in bench.records()}) == len(bench.records()) == 8


def test_a_lead_in_runs_before_its_block_and_is_no_part_of_it(bench: Bench) -> None:
    seen: list[int] = []
    loop, experiment = bench.loop(lead_in=True)
    experiment.may_end = lambda blocks: bool(blocks) and seen.append(len(blocks[-1])) is not None  # type: ignore[method-assign]  # one method of a stand-in
    assert loop.measure(STRATUM).complete_blocks == 3
    assert [trial.order for trial in experiment.ran] == [-1, 0, 1] * 3
    assert seen == [2, 2]


def test_an_invalid_lead_in_spoils_no_block(bench: Bench) -> None:
    loop, _ = bench.loop(lead_in=True)
    first = loop._experiment.plan(STRATUM, 0, warmup=False)[0]

    def run(stratum: Stratum, trials: Sequence[PlannedTrial], keep: Keep[TrialRecord]) -> None:
        for trial in trials:
            keep(record_of(TrialRecord, trial, boot_id="boot-1", valid=trial.order >= 0))

    assert first.is_lead_in
    loop._experiment.run = run
    assert loop.measure(STRATUM).complete_blocks == 3


def test_a_run_begun_without_lead_ins_gets_them_for_new_blocks_only(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    with pytest.raises(DeviceUnusable):
        bench.loop(before=lose_link(*[3] * 4))[0].measure(STRATUM)
    bench.store = ResultStore(tmp_path, resume=True)
    loop, experiment = bench.loop(lead_in=True)
    assert loop.measure(STRATUM).complete_blocks == 3
    assert [(trial.block, trial.order) for trial in experiment.ran] == [(1, 1), (2, -1), (2, 0), (2, 1)]


def test_a_complete_run_without_lead_ins_runs_nothing_after_a_restart(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.loop()[0].measure(STRATUM)
    bench.store, bench.device.boot_id = ResultStore(tmp_path, resume=True), "boot-2"
    loop, experiment = bench.loop(lead_in=True, reason="the apps were uninstalled")
    assert loop.measure(STRATUM).complete_blocks == 3
    assert experiment.ran == []


def test_a_lead_in_that_is_recorded_runs_again_with_no_resumed_block(tmp_path: Path) -> None:
    bench = Bench(tmp_path, blocks=2)
    with pytest.raises(DeviceUnusable):
        bench.loop(before=lose_link(*[4] * 4), lead_in=True)[0].measure(STRATUM)
    bench.store = ResultStore(tmp_path, resume=True)
    loop, experiment = bench.loop(lead_in=True)
    assert loop.measure(STRATUM).complete_blocks == 2
    assert [(trial.block, trial.order) for trial in experiment.ran] == [(1, 0), (1, 1)]


def test_a_stratum_that_two_tests_measure_is_measured_once(bench: Bench) -> None:
    loop, experiment = bench.loop()
    assert [loop.measure(STRATUM).complete_blocks for _ in range(2)] == [3, 3]
    assert len(experiment.ran) == len(bench.records()) == 6
