"""Runs the whole suite that kills apps by our arms against the stand-in Android: by run-as, and by root."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from own_devices import attached
from own_devices import own_runtime_folder
from stand_in_device import become_a_user_build
from stand_in_device import make_apks
from stand_in_device import run_suite
from stand_in_device import up

import lmkd_virtual
from lmkd_core.records.directory import ResultStore
from lmkd_core.records.trial import TrialRecord
from pytest_lmkd.apps.android import Android
from pytest_lmkd.devices.source import ANDROID_FOLDER

pytestmark = [pytest.mark.virtual_device, pytest.mark.measures]

DEVICE = "virtual-reap-kill-v3"
ARMS = {"kill", "kill+mrelease", "reap-kill"}


def run_app_kills(checkout: Path, results: Path, *words: str) -> subprocess.CompletedProcess[str]:
    kills = ("suites/apps/test_app_kills.py", "-k", "4t", "-rs", "--lmkd-device", "virtual:reap-kill-v3")
    arms = ("--lmkd-arms", "kill,kill+mrelease,reap-kill")
    return run_suite(checkout, results, *kills, *arms, *words)


def trials(results: Path) -> list[TrialRecord]:
    return ResultStore(results, resume=True).records(DEVICE, TrialRecord)


def check(done: subprocess.CompletedProcess[str], results: Path, killed_as: str) -> None:
    assert done.returncode == 0, done.stdout + done.stderr
    measured = trials(results)
    assert {trial.arm for trial in measured} == ARMS, [trial.invalid_reason for trial in measured]
    for trial in measured:
        assert (trial.valid, trial.meter, trial.killed_as) == (True, "system", killed_as), trial
        assert trial.returns_from == "smaps_rollup"
        assert trial.returns_kb is not None
        assert trial.returns_kb >= trial.victim_kb
        assert trial.noise_kb is not None
        assert trial.reclaim_50_ns is not None
        assert trial.reclaim_90_ns is not None
        assert trial.reclaim_50_ns <= trial.reclaim_90_ns
        assert trial.reclaim_99_ns is None
        assert trial.curve
    names = {trial.arm: [call.name for call in trial.calls] for trial in measured}
    assert names["kill"] == ["pidfd_send_signal"]
    assert names["kill+mrelease"] == ["pidfd_send_signal", "process_mrelease"]
    assert names["reap-kill"] == ["process_mrelease"]


@pytest.fixture(scope="module")
def phone() -> Iterator[lmkd_virtual.Instance]:
    """The only virtual device that a session finds; it is already running."""
    with own_runtime_folder(), up("kills", 1024, "reap-kill-v3") as instance:
        yield instance


@pytest.fixture
def user_build(phone: lmkd_virtual.Instance, tmp_path: Path) -> None:
    """Installs an app on the same device and takes root away, for all tests that follow."""
    (apk,) = make_apks(tmp_path / "apks", 1)
    with attached(phone) as transport:
        Android(transport, "stand-in").install(apk, ANDROID_FOLDER)
    become_a_user_build(phone)


def test_without_a_workload_app_the_suite_is_skipped(
    phone: lmkd_virtual.Instance, checkout: Path, tmp_path: Path
) -> None:
    done = run_app_kills(checkout, tmp_path / "results")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no workload app is installed: build them with `make apks`" in done.stdout
    assert trials(tmp_path / "results") == []


def test_with_root_apps_are_killed_without_run_as(
    phone: lmkd_virtual.Instance, checkout: Path, tmp_path: Path
) -> None:
    make_apks(tmp_path / "apks", 1)
    done = run_app_kills(checkout, tmp_path / "results", "--lmkd-apks", str(tmp_path / "apks"))
    check(done, tmp_path / "results", "root")


def test_without_root_apps_are_killed_in_their_own_uid(
    user_build: None, checkout: Path, tmp_path: Path
) -> None:
    done = run_app_kills(checkout, tmp_path / "results")
    check(done, tmp_path / "results", "run-as")
    lines = (tmp_path / "results" / "records" / f"{DEVICE}.jsonl").read_text().splitlines()
    facts = json.loads(lines[0])["facts"]
    assert (facts["root"]["value"], facts["run_as"]["value"]) == (False, True)
