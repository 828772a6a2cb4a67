"""Runs the whole suite of real apps against the stand-in Android, as a session with a phone does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from own_devices import own_runtime_folder
from stand_in_device import make_apks
from stand_in_device import run_suite
from stand_in_device import up

from lmkd_core.records.directory import ResultStore
from lmkd_core.records.observation import ObservationRecord

pytestmark = [pytest.mark.virtual_device, pytest.mark.measures]

APPS = 12
"""Ten in the background, one in the foreground, and a spare one."""


@pytest.fixture
def phone() -> Iterator[None]:
    """The only virtual device that the session finds; it is already running."""
    with own_runtime_folder(), up("apps", memory_mb=1024):
        yield


def test_observations_report_lmkds_victims_and_nothing_else_dies(
    phone: None, checkout: Path, tmp_path: Path
) -> None:
    make_apks(tmp_path / "apks", APPS)
    words = ("suites/apps", "--lmkd-device", "virtual:stock", "--lmkd-apks", str(tmp_path / "apks"))
    done = run_suite(checkout, tmp_path / "results", *words)
    assert done.returncode == 0, done.stdout + done.stderr
    observations = ResultStore(tmp_path / "results", resume=True).records("virtual-stock", ObservationRecord)
    assert all(observation.valid for observation in observations)
    by_scenario = {observation.scenario: observation for observation in observations}
    idle = by_scenario["nothing-starts"]
    assert (idle.deaths, idle.apps_alive, idle.kill_count, idle.kills_told) == ((), 10, 0, 0)
    check_kills(by_scenario["game-starts"])
    check_facts(tmp_path / "results" / "records" / "virtual-stock.jsonl")


def check_facts(records: Path) -> None:
    """Checks that the facts of Android and lmkd, which `pytest-lmkd doctor` prints, have sources."""
    facts = json.loads(records.read_text().splitlines()[0])["facts"]
    assert facts["sdk"]["value"] == 35
    assert facts["lmkd_kill_timeout_ms"] == {"value": 100, "source": "AOSP's default", "reason": ""}
    for name, fact in facts.items():
        assert fact["source"], name
        assert fact["value"] is not None or fact["reason"], name


def check_kills(observation: ObservationRecord) -> None:
    """Checks that lmkd killed the least important background apps, and that every record counts each kill."""
    died = [death for death in observation.deaths if death.ours]
    assert died
    assert {(death.killer, death.doubts) for death in observation.deaths} == {("lmkd", ())}
    assert all("lmkd_told" in death.sources for death in observation.deaths)
    assert (
        observation.kill_count
        == observation.kills_told
        == observation.kills_total
        == len(died)
        == observation.apps_started - observation.apps_alive
    )
    least_important = sorted((app.oom_score_adj for app in observation.apps), reverse=True)[: len(died)]
    assert sorted((death.oom_score_adj for death in died), reverse=True) == least_important
