"""A phone whose screen goes off, that gets hot or whose clock is set in the middle: the page says so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from stand_in_device import PATIENCE_S
from stand_in_device import own_runtime_folder
from stand_in_device import up

from lmkd_core.base.deadline import Deadline
from lmkd_core.records.directory import ResultStore
from lmkd_reports.analysis.analyse import analyse
from lmkd_reports.analysis.frames import load_run
from lmkd_reports.presentation.summary import render_summary
from pytest_lmkd.devices.device import Device
from pytest_lmkd.devices.state import Place
from pytest_lmkd.devices.state import state_around
from pytest_lmkd.devices.virtual import VirtualSource

pytestmark = pytest.mark.virtual_device


@pytest.fixture(scope="module")
def phone() -> Iterator[Device]:
    with (
        pytest.MonkeyPatch.context() as patch,
        own_runtime_folder(patch),
        up("states", memory_mb=512),
        Device(VirtualSource("stock"), print) as device,
    ):
        yield device


def place(block: int) -> Place:
    return Place(suite="reclaim", scenario="natural", block=block)


def measure(phone: Device, store: ResultStore, block: int, meanwhile: str = "true") -> None:
    with state_around(phone, store, place(block)):
        assert phone.transport.shell(meanwhile, Deadline(PATIENCE_S)).exit_code == 0


def text_of(store: ResultStore, device: Device) -> str:
    store.append(device.record())
    return " ".join(render_summary(analyse(load_run(store.folder))).split())


def test_a_steady_phone_is_not_spoken_of(phone: Device, tmp_path: Path) -> None:
    store = ResultStore(tmp_path)
    for block in range(3):
        measure(phone, store, block)
    assert "not steady" not in text_of(store, phone)
    states = load_run(tmp_path).states
    assert [(one.block, one.when) for one in states[:2]] == [(0, "before"), (0, "after")]
    for one in states:
        assert (one.screen, one.thermal_status, one.battery_pct, one.on_power) == ("Awake", 0, 85, True)
        assert one.boot_id == phone.boot_id
        assert one.clock_s is not None and one.uptime_s is not None


@pytest.mark.parametrize(
    ("meanwhile", "afterwards", "said"),
    [
        ("setprop standin.screen Asleep", "setprop standin.screen Awake", "the screen went on or off"),
        ("setprop standin.thermal_status 3", "setprop standin.thermal_status 0", "the device was hot"),
        ("date -s @$(($(date +%s) + 3600))", "date -s @$(($(date +%s) - 3600))", "the clock was set"),
    ],
)
def test_what_changes_within_a_block_is_told(
    phone: Device, tmp_path: Path, meanwhile: str, afterwards: str, said: str
) -> None:
    store = ResultStore(tmp_path)
    measure(phone, store, 0)
    measure(phone, store, 1, meanwhile)
    assert phone.transport.shell(afterwards, Deadline(PATIENCE_S)).exit_code == 0
    assert f"not steady: {said}" in text_of(store, phone)
    assert "in 1 of 2 blocks or episodes (first: reclaim natural, block 1)" in text_of(store, phone)


def test_what_ends_by_an_error_has_no_state_after(phone: Device, tmp_path: Path) -> None:
    store = ResultStore(tmp_path)
    with pytest.raises(KeyError), state_around(phone, store, place(0)):
        raise KeyError
    store.append(phone.record())
    assert [one.when for one in load_run(tmp_path).states] == ["before"]
