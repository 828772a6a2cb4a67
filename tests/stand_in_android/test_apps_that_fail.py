"""An app that does not start: its observation is invalid with the reason, and the next ones are made."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from stand_in_device import ACTIVITY
from stand_in_device import PATIENCE_S
from stand_in_device import make_apks
from stand_in_device import own_runtime_folder
from stand_in_device import up

from lmkd_core.base.deadline import Deadline
from lmkd_core.records.directory import ResultStore
from lmkd_core.scenarios.apps import AppsScenario
from pytest_lmkd.apps.runner import AppsRunner
from pytest_lmkd.apps.workloads import Workloads
from pytest_lmkd.devices.device import Device
from pytest_lmkd.devices.virtual import VirtualSource
from pytest_lmkd.experiment.rules import Rules

pytestmark = pytest.mark.virtual_device

THERE, NOT_THERE = f"org.lmkdlab.w01/{ACTIVITY}", "org.example.absent/.Main"
SMALL = AppsScenario("small", "", background=1, background_pct=5, demand_pct=5, hold_s=0)


@pytest.fixture(scope="module")
def phone() -> Iterator[Device]:
    with (
        pytest.MonkeyPatch.context() as patch,
        own_runtime_folder(patch),
        up("failing", memory_mb=512),
        Device(VirtualSource("stock"), print) as device,
    ):
        yield device


def observe(phone: Device, folder: Path, *named: str) -> tuple[AppsRunner, Workloads, ResultStore]:
    make_apks(folder / "apks", 2)
    store = ResultStore(folder / "results")
    rules = Rules(blocks=2, seed=1)
    workloads = Workloads(phone, folder / "apks", print)
    return AppsRunner(phone, store, rules, named, workloads, lambda *_: None, print), workloads, store


def test_an_app_that_is_not_there_is_named_and_nothing_stays(phone: Device, tmp_path: Path) -> None:
    runner, workloads, store = observe(phone, tmp_path, THERE, NOT_THERE)
    outcome = runner.observe(SMALL)
    workloads.close()
    assert outcome.complete_blocks == 0
    assert [f"{NOT_THERE} did not start" in line for line in outcome.invalid] == [True, True]
    assert [one.valid for one in store.observations(phone.name)] == [False, False]
    left = phone.transport.shell("pidof org.lmkdlab.w01; pm list packages -3", Deadline(PATIENCE_S))
    assert left.stdout == b""


def test_apps_that_are_there_are_observed_afterwards(phone: Device, tmp_path: Path) -> None:
    runner, workloads, _ = observe(phone, tmp_path, THERE)
    outcome = runner.observe(SMALL)
    workloads.close()
    assert (outcome.complete_blocks, outcome.invalid) == (2, [])
