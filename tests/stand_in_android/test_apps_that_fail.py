"""Tests an app that does not start: its observation is invalid with the reason, and the next ones run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from own_devices import PATIENCE_S
from stand_in_device import ACTIVITY
from stand_in_device import make_apks
from stand_in_device import session_device

from lmkd_core.base.deadline import Deadline
from lmkd_core.records.directory import ResultStore
from lmkd_core.records.observation import ObservationRecord
from lmkd_core.scenarios.apps import AppsScenario
from pytest_lmkd.apps.suite import AppsSuite
from pytest_lmkd.devices.device import Device
from pytest_lmkd.experiment.blocks import AnyLoop
from pytest_lmkd.experiment.blocks import BlockLoop
from pytest_lmkd.experiment.blocks import Watcher
from pytest_lmkd.experiment.context import open_context
from pytest_lmkd.experiment.rules import Rules
from pytest_lmkd.experiment.rules import RunRules

pytestmark = pytest.mark.virtual_device

THERE, NOT_THERE = f"org.lmkdlab.w01/{ACTIVITY}", "org.example.absent/.Main"
SMALL = AppsScenario("small", "", background=1, background_pct=5, demand_pct=5, hold_s=0)


@pytest.fixture(scope="module")
def phone() -> Iterator[Device]:
    with session_device("failing") as device:
        yield device


def observations(phone: Device, folder: Path, *named: str) -> tuple[AnyLoop, ResultStore]:
    make_apks(folder / "apks", 2)
    store = ResultStore(folder / "results")
    rules = Rules(blocks=2, seed=1)
    context = open_context(phone, store, "run", (), RunRules(rules, rules), print)
    experiments = AppsSuite(folder / "apks", named).open(context)
    return BlockLoop(context, experiments["apps"], Watcher()), store


def test_an_app_that_is_not_there_is_named_and_nothing_stays(phone: Device, tmp_path: Path) -> None:
    loop, store = observations(phone, tmp_path, THERE, NOT_THERE)
    outcome = loop.measure(SMALL)
    loop.close()
    assert outcome.complete_blocks == 0
    assert [f"{NOT_THERE} did not start" in line for line in outcome.invalid] == [True, True]
    assert [record.valid for record in store.records(phone.name, ObservationRecord)] == [False, False]
    left = phone.transport.shell("pidof org.lmkdlab.w01; pm list packages -3", Deadline(PATIENCE_S))
    assert left.stdout == b""


def test_apps_that_are_there_are_observed_afterwards(phone: Device, tmp_path: Path) -> None:
    loop, _ = observations(phone, tmp_path, THERE)
    outcome = loop.measure(SMALL)
    loop.close()
    assert (outcome.complete_blocks, outcome.invalid) == (2, [])
