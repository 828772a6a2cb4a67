"""The suite of real apps, whole, against the stand-in Android: what a session with a phone does."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from stand_in_device import PATIENCE_S
from stand_in_device import make_apks
from stand_in_device import own_runtime_folder
from stand_in_device import up

from lmkd_core.records.directory import ResultStore
from lmkd_core.records.observation import ObservationRecord

pytestmark = [pytest.mark.virtual_device, pytest.mark.measures]

APPS = 12
"""Ten in the background, one in the foreground, and one to spare."""


@pytest.fixture
def phone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The only virtual device that the session finds, and it finds it running."""
    with own_runtime_folder(monkeypatch), up("apps", memory_mb=1024):
        yield


def run_suite(checkout: Path, apks: Path, results: Path) -> None:
    command = [sys.executable, "-m", "pytest", "suites/apps", "-p", "no:cacheprovider"]
    command += ["--lmkd-device", "virtual:stock", "--lmkd-blocks", "1"]
    command += ["--lmkd-apks", str(apks), "--lmkd-results", str(results)]
    done = subprocess.run(
        command, cwd=checkout, capture_output=True, text=True, check=False, timeout=5 * PATIENCE_S
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_observations_tell_whom_lmkd_killed_and_nothing_else_dies(
    phone: None, checkout: Path, tmp_path: Path
) -> None:
    make_apks(tmp_path / "apks", APPS)
    run_suite(checkout, tmp_path / "apks", tmp_path / "results")
    found = ResultStore(tmp_path / "results", resume=True).records("virtual-stock", ObservationRecord)
    seen = {one.scenario: one for one in found}
    assert all(one.valid for one in found)
    assert seen["nothing-starts"].deaths == ()
    assert seen["nothing-starts"].apps_alive == 10
    assert (seen["nothing-starts"].kill_count, seen["nothing-starts"].kills_told) == (0, 0)
    check_kills(seen["game-starts"])
    check_facts(tmp_path / "results" / "records" / "virtual-stock.jsonl")


def check_facts(records: Path) -> None:
    """What `pytest-lmkd doctor` shows: Android's facts and lmkd's settings, each with its source."""
    facts = json.loads(records.read_text().splitlines()[0])["facts"]
    assert facts["sdk"]["value"] == 35
    assert facts["lmkd_kill_timeout_ms"] == {"value": 100, "source": "AOSP's default", "reason": ""}
    for name, fact in facts.items():
        assert fact["source"], name
        assert fact["value"] is not None or fact["reason"], name


def check_kills(seen: ObservationRecord) -> None:
    """The least important apps of the background have died of lmkd, and each of them is accounted for."""
    died = [death for death in seen.deaths if death.ours]
    assert died
    assert {(death.killer, death.doubts) for death in seen.deaths} == {("lmkd", ())}
    assert all("lmkd_told" in death.sources for death in seen.deaths)
    assert (
        seen.kill_count
        == seen.kills_told
        == seen.kills_total
        == len(died)
        == seen.apps_started - seen.apps_alive
    )
    least_important = sorted((app.oom_score_adj for app in seen.apps), reverse=True)[: len(died)]
    assert sorted((death.oom_score_adj for death in died), reverse=True) == least_important
