"""Tests that the report mentions a screen, a temperature or a clock that changed during a measurement."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from own_devices import PATIENCE_S
from stand_in_device import session_device

from lmkd_core.base.deadline import Deadline
from lmkd_core.records.directory import ResultStore
from lmkd_reports.analysis.analyse import analyse
from lmkd_reports.analysis.frames import load_run
from lmkd_reports.presentation.summary import render_summary
from pytest_lmkd.devices.device import Device
from pytest_lmkd.devices.state import Place
from pytest_lmkd.devices.state import state_around

pytestmark = pytest.mark.virtual_device


@pytest.fixture(scope="module")
def phone() -> Iterator[Device]:
    with session_device("states") as device:
        yield device


def place(block: int) -> Place:
    return Place(suite="reclaim", scenario="natural", block=block)


def measure(phone: Device, store: ResultStore, block: int, meanwhile: str = "true") -> None:
    with state_around(phone, store, place(block)):
        assert phone.transport.shell(meanwhile, Deadline(PATIENCE_S)).exit_code == 0


def summary_text(store: ResultStore, device: Device) -> str:
    store.append(device.record())
    return " ".join(render_summary(analyse(load_run(store.folder))).split())


def test_a_steady_phone_is_not_mentioned(phone: Device, tmp_path: Path) -> None:
    store = ResultStore(tmp_path)
    for block in range(3):
        measure(phone, store, block)
    assert "not steady" not in summary_text(store, phone)
    states = load_run(tmp_path).states
    assert [(state.block, state.when) for state in states[:2]] == [(0, "before"), (0, "after")]
    for state in states:
        assert (state.screen, state.thermal_status, state.battery_pct, state.on_power) == (
            "Awake",
            0,
            85,
            True,
        )
        assert state.boot_id == phone.boot_id
        assert state.clock_s is not None and state.uptime_s is not None


@pytest.mark.parametrize(
    ("meanwhile", "afterwards", "reason"),
    [
        ("setprop standin.screen Asleep", "setprop standin.screen Awake", "the screen went on or off"),
        ("setprop standin.thermal_status 3", "setprop standin.thermal_status 0", "the device was hot"),
        ("date -s @$(($(date +%s) + 3600))", "date -s @$(($(date +%s) - 3600))", "the clock was set"),
    ],
)
def test_a_change_within_a_block_is_reported(
    phone: Device, tmp_path: Path, meanwhile: str, afterwards: str, reason: str
) -> None:
    store = ResultStore(tmp_path)
    measure(phone, store, 0)
    measure(phone, store, 1, meanwhile)
    assert phone.transport.shell(afterwards, Deadline(PATIENCE_S)).exit_code == 0
    assert f"not steady: {reason}" in summary_text(store, phone)
    assert "in 1 of 2 blocks or episodes (first: reclaim natural, block 1)" in summary_text(store, phone)


def test_a_block_that_ends_by_an_error_has_no_state_after(phone: Device, tmp_path: Path) -> None:
    store = ResultStore(tmp_path)
    with pytest.raises(KeyError), state_around(phone, store, place(0)):
        raise KeyError
    store.append(phone.record())
    assert [state.when for state in load_run(tmp_path).states] == ["before"]
