"""Runs episodes of our policy on a device with its own lmkd, which is silenced and then restored."""

from __future__ import annotations

from pathlib import Path

import pytest
from own_devices import PATIENCE_S
from own_devices import attached
from own_devices import own_runtime_folder
from stand_in_device import StandIn
from stand_in_device import make_apks
from stand_in_device import run_suite
from stand_in_device import up

from lmkd_core.records.directory import ResultStore
from lmkd_core.records.episode import EpisodeRecord
from pytest_lmkd.apps.observation import LEFT_ADJ
from pytest_lmkd.devices.source import ANDROID_FOLDER
from pytest_lmkd.lmkd.quiet import FLAG
from pytest_lmkd.lmkd.quiet import JOURNAL
from pytest_lmkd.lmkd.quiet import SILENCED

pytestmark = [pytest.mark.virtual_device, pytest.mark.measures]

APP = "org.lmkdlab.w01"


def test_only_our_policy_kills_and_the_devices_own_is_restored(checkout: Path, tmp_path: Path) -> None:
    with own_runtime_folder(), up("pressed", memory_mb=1024) as instance:
        with attached(instance) as transport:
            pid = app_in_the_background(StandIn(transport), tmp_path)
        run_pressure(checkout, tmp_path / "results")
        with attached(instance) as transport:
            phone = StandIn(transport)
            assert phone.summary().kills == ()
            assert phone.android.pid_of(APP) == pid
            assert [phone.output(f"getprop {FLAG}{name}") for name in SILENCED] == ["", ""]
            assert phone.output(f"[ ! -e {ANDROID_FOLDER}/{JOURNAL} ] && echo gone") == "gone"
    (episode,) = ResultStore(tmp_path / "results", resume=True).records("virtual-stock", EpisodeRecord)
    assert episode.valid
    assert episode.kills_total > 0


def app_in_the_background(phone: StandIn, folder: Path) -> int:
    """Starts the app that the device's own lmkd would kill first; returns its pid."""
    (apk,) = make_apks(folder / "apks", 1)
    phone.android.install(apk, ANDROID_FOLDER)
    pid = phone.start(APP, 20 << 10)
    phone.android.home()
    phone.android.await_background(pid, LEFT_ADJ, PATIENCE_S)
    return pid


def run_pressure(checkout: Path, results: Path) -> None:
    words = ("suites/pressure", "-k", "undisturbed", "--lmkd-device", "virtual:stock", "--lmkd-arms", "kill")
    done = run_suite(checkout, results, *words)
    assert done.returncode == 0, done.stdout + done.stderr
