"""Blocks nested in boots: which block runs in which boot, and when the device is restarted for the next."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import lmkd_virtual
from lmkd_core.base.errors import DeviceUnusable
from lmkd_core.base.errors import TransportLost
from lmkd_core.base.errors import UsageProblem
from lmkd_core.records.device import DeviceRecord
from lmkd_core.records.device import SkipRecord
from lmkd_core.records.directory import ResultStore
from lmkd_core.records.parts import record_of
from lmkd_core.records.plan import plan_block
from lmkd_core.records.schema import Fact
from lmkd_core.records.stratum import Stratum
from lmkd_core.records.trial import PlannedTrial
from lmkd_core.records.trial import TrialRecord
from pytest_lmkd.devices.device import Device
from pytest_lmkd.devices.spec import parse_specs
from pytest_lmkd.experiment.blocks import BlockLoop
from pytest_lmkd.experiment.blocks import Watcher
from pytest_lmkd.experiment.context import DeviceContext
from pytest_lmkd.experiment.rules import Rules
from pytest_lmkd.experiment.rules import RunRules
from pytest_lmkd.experiment.suite import Experiment
from pytest_lmkd.experiment.suite import Keep
from pytest_lmkd.run.device_run import DeviceRun
from pytest_lmkd.run.options import Options
from pytest_lmkd.run.start import check_restarts
from pytest_lmkd.run.start import with_usual_boots

ARMS = ("kill", "reap-kill")
STRATA = [Stratum("own", "undisturbed", "none", "natural", 4096, threads) for threads in (1, 2)]

# which block runs in which boot


@pytest.mark.parametrize(("blocks", "boots"), [(1, 1), (10, 1), (10, 5), (10, 3), (7, 4), (5, 5), (12, 11)])
def test_blocks_are_spread_evenly_and_in_order(blocks: int, boots: int) -> None:
    rules = Rules(blocks, seed=1, boots=boots)
    shares = [list(rules.blocks_of(boot)) for boot in range(boots)]
    assert list(itertools.chain(*shares)) == list(range(blocks))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
    assert all(rules.boot_of(block) == boot for boot, share in enumerate(shares) for block in share)


def test_block_b_of_n_runs_in_boot_b_times_boots_over_n() -> None:
    rules = Rules(blocks=10, seed=1, boots=3)
    assert [rules.boot_of(block) for block in range(10)] == [block * 3 // 10 for block in range(10)]


def test_warm_up_blocks_of_each_boot_have_their_own_numbers() -> None:
    rules = Rules(blocks=4, seed=1, warmup_blocks=2, boots=2)
    assert [list(rules.warmups_of(boot)) for boot in range(2)] == [[0, 1], [2, 3]]


# when the device is restarted


@dataclass
class StandInDevice:
    """A device that counts its boots; ``refuses`` makes a restart fail."""

    name: str = "phone"
    boot: int = 1
    restarts: int = 0
    refuses: bool = False
    kernel_config: bytes = b""

    @property
    def boot_id(self) -> str:
        return f"boot-{self.boot}"

    def restart(self) -> None:
        if self.refuses:
            raise DeviceUnusable("phone did not come back from its restart")
        self.restarts += 1
        self.boot += 1

    def record(self) -> DeviceRecord:
        numbers = dict.fromkeys(("page_size", "cpus", "mem_total_kb", "swap_total_kb"), 1)
        texts = dict.fromkeys(("model", "kernel_release", "abi", "agent_sha256"), "x")
        return DeviceRecord(
            device=self.name, personality=None, boot_id=self.boot_id, root=True, facts={}, **numbers, **texts
        )


@dataclass
class StandInExperiment(Experiment[Stratum, PlannedTrial, TrialRecord]):
    """Records each trial with the device's boot. ``impossible``: the strata that the device cannot run."""

    device: StandInDevice
    rules: Rules
    impossible: Sequence[Stratum] = ()
    ends_after: int = 99
    left: int = 0
    record_type = TrialRecord

    def prepare(self, stratum: Stratum) -> str:
        return "no such stall" if stratum in self.impossible else ""

    def plan(self, stratum: Stratum, block: int, *, warmup: bool) -> Sequence[PlannedTrial]:
        name, seed = self.device.name, self.rules.seed
        return plan_block(PlannedTrial, stratum, name, ARMS, block, seed, warmup=warmup)

    def run(self, stratum: Stratum, trials: Sequence[PlannedTrial], keep: Keep[TrialRecord]) -> None:
        for trial in trials:
            keep(record_of(TrialRecord, trial, boot_id=self.device.boot_id, valid=True))

    def recover(self, lost: TransportLost, keep: Keep[TrialRecord]) -> None:
        raise AssertionError("no link breaks here")

    def may_end(self, blocks: Sequence[Sequence[TrialRecord]]) -> bool:
        return len(blocks) == self.ends_after

    def leave(self) -> None:
        self.left += 1


class Bench:
    """A results folder and a device that can be used again, as a resumed run does."""

    def __init__(self, folder: Path, rules: Rules) -> None:
        self.store = ResultStore(folder)
        self.device = StandInDevice()
        self.rules = rules
        self.start()

    def start(self, **options: Any) -> None:
        """Begins the run, or continues it."""
        self.experiment = StandInExperiment(self.device, self.rules, **options)
        rules = RunRules(self.rules, self.rules)
        context = DeviceContext(self.device, self.store, "run", ARMS, ARMS, rules, print)  # type: ignore[arg-type]  # a stand-in
        source: Any = SimpleNamespace(name="phone")
        progress: Any = SimpleNamespace(restarts=lambda *_: None, restarted=lambda *_: None)
        self.run = DeviceRun(source, self.store, lambda text: None, progress)
        self.run._device = self.device  # type: ignore[assignment]  # a stand-in
        self.run._loops = {"own": BlockLoop(context, self.experiment, Watcher())}

    def measure(self, *boots: int) -> list[int]:
        """Measures all strata of those boots; returns the complete blocks after each."""
        pairs = itertools.product(boots, STRATA)
        return [self.run.measure("own", stratum, boot).complete_blocks for boot, stratum in pairs]

    def records(self, *, warmup: bool = False) -> list[TrialRecord]:
        records = self.store.records("phone", TrialRecord)
        return [record for record in records if record.warmup == warmup]

    def boots(self) -> dict[int, set[str]]:
        """The boots of the device in which each block ran."""
        records = self.records()
        return {
            block: {record.boot_id for record in records if record.block == block}
            for block in sorted({record.block for record in records})
        }


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, Rules(blocks=4, seed=7, boots=2))


def test_all_strata_run_their_share_in_one_boot_before_the_next(bench: Bench) -> None:
    assert bench.measure(0, 1) == [2, 2, 4, 4]
    assert bench.boots() == {0: {"boot-1"}, 1: {"boot-1"}, 2: {"boot-2"}, 3: {"boot-2"}}
    assert bench.device.restarts == 1
    assert bench.experiment.left == 1  # so that a restart finds no change of ours
    assert [record.boot_id for record in bench.store.records("phone", DeviceRecord)] == ["boot-2"]


def test_one_boot_needs_no_restart(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Rules(blocks=4, seed=7))
    assert bench.measure(0) == [4, 4]
    assert bench.device.restarts == 0


def test_warm_up_blocks_run_in_each_boot(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Rules(blocks=2, seed=7, warmup_blocks=1, boots=2))
    bench.measure(0, 1)
    warm = [(record.block, record.boot_id) for record in bench.records(warmup=True)]
    assert set(warm) == {(0, "boot-1"), (1, "boot-2")}
    assert len(warm) == 2 * len(STRATA) * len(ARMS)


def test_an_early_end_counts_the_blocks_of_all_boots_and_needs_no_further_boot(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Rules(blocks=9, seed=7, boots=3))
    bench.start(ends_after=5)
    assert bench.measure(0, 1, 2) == [3, 3, 5, 5, 5, 5]
    assert bench.device.restarts == 1


def test_a_stratum_that_the_device_cannot_run_causes_no_restart_and_one_record(bench: Bench) -> None:
    bench.start(impossible=STRATA)
    bench.measure(0, 1)
    assert bench.device.restarts == 0
    assert [skip.name for skip in bench.store.records("phone", SkipRecord)] == ["undisturbed"]


def test_a_resumed_run_does_not_boot_for_what_is_complete(bench: Bench) -> None:
    bench.measure(0)
    bench.start()
    bench.device.boot = 5  # a device that the run starts, as the virtual one, is in a new boot
    assert bench.measure(0, 1) == [2, 2, 4, 4]
    assert bench.device.restarts == 0
    assert bench.boots() == {0: {"boot-1"}, 1: {"boot-1"}, 2: {"boot-5"}, 3: {"boot-5"}}


def test_a_resumed_run_restarts_a_device_that_is_still_in_the_boot_of_other_blocks(bench: Bench) -> None:
    bench.measure(0)
    bench.start()
    bench.measure(0, 1)
    assert bench.device.restarts == 1
    assert bench.boots()[2] == {"boot-2"}


def test_a_complete_run_causes_no_restart_when_it_is_resumed(bench: Bench) -> None:
    bench.measure(0, 1)
    bench.start()
    assert bench.measure(0, 1) == [2, 2, 4, 4]
    assert bench.device.restarts == 1


def test_blocks_of_an_earlier_boot_made_up_for_do_not_share_the_boot_of_later_ones(bench: Bench) -> None:
    bench.run.measure("own", STRATA[0], 0)
    bench.run.measure("own", STRATA[0], 1)
    bench.start()
    bench.measure(0, 1)
    by_boot: dict[str, set[int]] = {}
    for record in bench.records():
        by_boot.setdefault(record.boot_id, set()).add(bench.rules.boot_of(record.block))
    assert all(len(boots) == 1 for boots in by_boot.values()), by_boot


def test_a_boot_that_the_device_began_by_itself_is_not_shared_either(bench: Bench) -> None:
    bench.run.measure("own", STRATA[0], 0)
    bench.device.boot = 8
    bench.run.measure("own", STRATA[1], 0)
    bench.measure(1)
    assert bench.boots()[2] == {"boot-9"}


def test_a_device_whose_restart_fails_is_given_up(bench: Bench) -> None:
    bench.measure(0)
    bench.device.refuses = True
    with pytest.raises(DeviceUnusable, match="did not come back"):
        bench.run.measure("own", STRATA[0], 1)
    assert bench.run.measure("own", STRATA[1], 1).skipped == "phone did not come back from its restart"
    (skip,) = bench.store.records("phone", SkipRecord)
    assert (skip.what, skip.name) == ("device", "phone")


# a restart of one device


class RestartingDevice(Device):
    """Attaching reads the facts of the next boot from ``boots``: the values of ``NAMES``, or an error."""

    NAMES = ("boot_id", "kernel_release", "kernel_build_id")

    def __init__(self, *boots: tuple[str, ...] | Exception) -> None:
        self._boots = iter(boots)
        source: Any = SimpleNamespace(name="phone", restart=lambda progress: None, detach=lambda: None)
        super().__init__(source, print)

    def reattach(self) -> None:
        boot = next(self._boots)
        if isinstance(boot, Exception):
            raise boot
        self.facts: Mapping[str, Fact] = {
            name: Fact(value=value, source="a stand-in")
            for name, value in zip(self.NAMES, boot, strict=False)
        }


def test_a_restarted_device_is_in_a_new_boot_with_new_facts() -> None:
    device = RestartingDevice(("first", "6.12"), ("second", "6.12"))
    device.restart()
    assert device.boot_id == "second"


@pytest.mark.parametrize(
    ("next_boot", "message"),
    [
        (("first", "6.12"), "phone was restarted, but its boot_id is still first"),
        (("second", "6.13", "ab"), "came back from its restart with the kernel 6.13, not 6.12"),
        (("second", "6.12", "cd"), "came back from its restart with the kernel cd, not ab"),
        (TransportLost("the cable was pulled"), "phone did not come back from its restart: the cable"),
    ],
)
def test_a_restart_that_leads_nowhere_makes_the_device_unusable(next_boot: Any, message: str) -> None:
    device = RestartingDevice(("first", "6.12", "ab"), next_boot)
    with pytest.raises(DeviceUnusable, match=message):
        device.restart()


def test_a_device_that_comes_back_from_a_lost_link_with_another_kernel_is_given_up() -> None:
    device = RestartingDevice(("first", "6.12", "ab"), ("second", "6.12", "ab"), ("third", "6.12", "cd"))
    device.recover(TransportLost("the cable was pulled"))
    with pytest.raises(DeviceUnusable, match="phone came back with the kernel cd, not ab"):
        device.recover(TransportLost("the cable was pulled"))


# devices that cannot be restarted


RUNNING = lmkd_virtual.Instance("mine", "stock", "x86_64", "tcg", 2, 512, 1, False, Path("/nowhere"))


@pytest.fixture
def running_devices(monkeypatch: pytest.MonkeyPatch) -> list[lmkd_virtual.Instance]:
    devices: list[lmkd_virtual.Instance] = []
    monkeypatch.setattr(lmkd_virtual, "status", lambda: devices)
    return devices


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("local", "local cannot be restarted for --lmkd-boots 2: it is this machine; leave out --lmkd-boots"),
        ("0123ABC", "0123ABC cannot be restarted for --lmkd-boots 2: add --lmkd-reboot"),
        ("lab:5037/0123ABC", "lab:5037/0123ABC cannot be restarted .*: add --lmkd-reboot"),
        (
            "virtual:stock",
            "virtual-stock .*: it was started by `virtual up`; run `pytest-lmkd virtual down mine",
        ),
    ],
)
def test_a_device_that_cannot_be_restarted_is_named_with_a_remedy(
    running_devices: list[lmkd_virtual.Instance], spec: str, message: str
) -> None:
    running_devices.append(RUNNING)
    with pytest.raises(UsageProblem, match=message):
        check_restarts(parse_specs([spec]), boots=2)


def test_devices_that_can_be_restarted_are_not_refused(
    running_devices: list[lmkd_virtual.Instance],
) -> None:
    running_devices.append(replace(RUNNING, personality="exit-mm"))
    running_devices.append(replace(RUNNING, bound=True))
    check_restarts(parse_specs(["virtual:stock", "0123ABC"], may_reboot=True), boots=2)


def test_one_boot_asks_nothing_of_any_device() -> None:
    check_restarts(parse_specs(["local", "0123ABC"]), boots=1)


@dataclass
class Source:
    """As much of a device as the number of boots depends on."""

    usual_boots: int


def boots_of(*usual: int, blocks: int = 12, pressure_blocks: int = 12, asked: str = "") -> int:
    options = Options(
        **dict.fromkeys(Options.__dataclass_fields__)
        | {"blocks": blocks, "pressure_blocks": pressure_blocks, "boots": int(asked or 0)}
    )
    return with_usual_boots(options, [Source(boots) for boots in usual]).boots


def test_devices_decide_the_number_of_boots_if_the_user_does_not() -> None:
    assert boots_of(12) == boots_of(12, 12, blocks=24) == 12
    assert boots_of(12, 1) == 1
    assert boots_of(12, asked="2") == 2


def test_with_fewer_blocks_than_boots_a_run_keeps_to_one_boot() -> None:
    assert boots_of(12, blocks=11) == boots_of(12, pressure_blocks=1) == 1
