"""A device that restarts while it is measured: nothing is lost, and no block is of two boots.

The phone that comes back by itself is a stand-in: a virtual device that is started anew when it is asked for.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

import pytest
from booted import start
from own_devices import attached
from processes import ends

import lmkd_virtual
from lmkd_core.base.progress import Progress
from lmkd_core.records.directory import ResultStore
from lmkd_core.records.episode import EpisodeRecord
from lmkd_core.records.lines import Record
from lmkd_core.records.schema import Fact
from lmkd_core.records.stratum import Stratum
from lmkd_core.records.trial import TrialRecord
from lmkd_core.scenarios.pressure_stratum import PressureStratum
from pytest_lmkd.devices.device import Device
from pytest_lmkd.devices.source import ANDROID_FOLDER
from pytest_lmkd.experiment.blocks import AnyLoop
from pytest_lmkd.experiment.blocks import BlockLoop
from pytest_lmkd.experiment.blocks import Watcher
from pytest_lmkd.experiment.context import open_context
from pytest_lmkd.experiment.rules import Rules
from pytest_lmkd.experiment.rules import RunRules
from pytest_lmkd.experiment.validity import CHECKS
from pytest_lmkd.pressure.experiment import PressureExperiment
from pytest_lmkd.reclaim.experiment import ReclaimExperiment
from pytest_lmkd.transport import Transport

pytestmark = [pytest.mark.virtual_device, pytest.mark.measures]

NAME = "restarts"
ARMS = ("kill", "kill+mrelease", "reap-kill-emulated")
KERNEL_CAME_FIRST = CHECKS["foreign-kills"].meaning
"""What pressure alone may void an episode by, where the host lets lmkd's policy wait for a CPU."""


class StandInPhone:
    """A device source: attaching waits for the phone's return, which is here a start."""

    name = spec = NAME
    folder = ANDROID_FOLDER
    is_ours = True
    runs_here = True
    is_shareable = False

    def __init__(self) -> None:
        self._stack = ExitStack()
        self.instance: lmkd_virtual.Instance | None = None

    def attach(self, progress: Progress) -> Transport:
        self.detach()
        self.instance = start("stock", NAME)
        return self._stack.enter_context(attached(self.instance))

    def host_facts(self) -> Mapping[str, Fact]:
        return {}

    def detach(self) -> None:
        self._stack.close()
        lmkd_virtual.down(NAME)

    def restart(self) -> None:
        assert self.instance is not None
        os.kill(self.instance.pid, signal.SIGKILL)
        assert ends(self.instance.pid)


class RestartingStore(ResultStore):
    """Restarts the phone as soon as so many records are stored."""

    def __init__(self, folder: Path, phone: StandInPhone, after: int) -> None:
        super().__init__(folder)
        self._phone = phone
        self._left = after

    def append(self, record: Record) -> None:
        super().append(record)
        self._left -= 1
        if self._left == 0:
            self._phone.restart()


@pytest.fixture
def phone(image: lmkd_virtual.Image) -> Iterator[StandInPhone]:
    source = StandInPhone()
    yield source
    source.detach()


Measured = TypeVar("Measured", TrialRecord, EpisodeRecord)


def by_block(records: list[Measured]) -> dict[int, list[Measured]]:
    """What counts of each block: of what was recorded twice the last."""
    last = {(record.block, record.arm): record for record in records if not record.warmup}
    return {block: [one for one in last.values() if one.block == block] for block, _ in last}


def block_loop(
    device: Device, store: ResultStore, arms: Sequence[str], experiment: type, blocks: int
) -> AnyLoop:
    rules = Rules(blocks=blocks, seed=1)
    context = open_context(device, store, "run", arms, RunRules(rules, rules), print)
    return BlockLoop(context, experiment(context), Watcher())


def test_trials_of_a_block_that_a_restart_cut_are_all_made_again(phone: StandInPhone, tmp_path: Path) -> None:
    block_with_lead_in = 1 + len(ARMS)
    in_the_second_block = block_with_lead_in + 2
    store = RestartingStore(tmp_path / "results", phone, in_the_second_block)
    with Device(phone, print) as device:
        first_boot = device.boot_id
        loop = block_loop(device, store, ARMS, ReclaimExperiment, blocks=3)
        outcome = loop.measure(Stratum("reclaim", "natural", "none", "natural", 16384, 1))
        last_boot = device.boot_id
    assert (outcome.complete_blocks, outcome.invalid) == (3, [])
    blocks = by_block(store.records(NAME, TrialRecord))
    assert [{one.boot_id for one in blocks[block]} for block in range(3)] == [
        {first_boot},
        {last_boot},
        {last_boot},
    ]
    assert Counter(one.boot_id for one in store.records(NAME, TrialRecord))[first_boot] == in_the_second_block


def test_episodes_as_well(phone: StandInPhone, tmp_path: Path) -> None:
    store = RestartingStore(tmp_path / "results", phone, after=1)
    with Device(phone, print) as device:
        first_boot = device.boot_id
        loop = block_loop(device, store, ARMS[:2], PressureExperiment, blocks=1)
        outcome = loop.measure(
            PressureStratum(scenario="short", title="", expectation="", regime="natural", hold_ms=100)
        )
        loop.close()
        last_boot = device.boot_id
    assert outcome.complete_blocks == (not outcome.invalid)
    assert all(KERNEL_CAME_FIRST in reason for reason in outcome.invalid)
    found = store.records(NAME, EpisodeRecord)
    assert [one.boot_id for one in found] == [first_boot, last_boot, last_boot]
    assert {one.boot_id for one in by_block(found)[0]} == {last_boot}
