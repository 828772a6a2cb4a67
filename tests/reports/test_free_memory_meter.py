"""Trials whose memory was seen by the device's free memory: 99 % is unknown there, not late."""

from __future__ import annotations

from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from synthetic import PATCHED
from synthetic import SyntheticRun
from synthetic import synthetic_device
from synthetic import synthetic_info
from synthetic import synthetic_trial

from lmkd_reports.analysis.analyse import analyse
from lmkd_reports.analysis.frames import load_run
from lmkd_reports.gate.environment import device_differences
from lmkd_reports.gate.runs import DevicePair
from lmkd_reports.gate.runs import LoadedRun
from lmkd_reports.gate.runs import cells_of
from lmkd_reports.presentation.html import render_html
from lmkd_reports.presentation.summary import render_summary
from pytest_lmkd.cli import main

NS_PER_MS = 1_000_000
CURVE = ((0, 262_144), (200_000, 100_000), (300_000, 5_000))


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    run = SyntheticRun(synthetic_info([PATCHED], arms=("kill", "reap-kill")), [synthetic_device(PATCHED)])
    run.trials = [
        synthetic_trial(
            suite="apps",
            scenario="workload-app",
            meter="system",
            noise_kb=700,
            returns_kb=262_144,
            returns_from="status",
            killed_as="run-as",
            arm=arm,
            block=block,
            reclaim_50_ns=ms // 2 * NS_PER_MS,
            reclaim_90_ns=(ms + block) * NS_PER_MS,
            reclaim_99_ns=None,
            exit_ns=ms * NS_PER_MS,
            curve=CURVE,
        )
        for block in range(8)
        for arm, ms in (("kill", 300), ("reap-kill", 100))
    ]
    return run.write(tmp_path / "run")


def test_the_table_has_no_99_percent_and_says_by_what_it_was_seen(run_dir: Path) -> None:
    said = render_summary(analyse(load_run(run_dir)))
    (kill,) = [line for line in said.splitlines() if line.startswith("  kill ")]
    assert kill.split()[:5] == ["kill", "8", "150", "304", "-"]
    assert "seen by the device's free memory, which moves 700 kB by itself: no 99 %" in " ".join(said.split())
    assert ">3000" not in said


def test_arms_are_compared_and_curves_drawn_as_elsewhere(run_dir: Path) -> None:
    analysis = analyse(load_run(run_dir))
    (stratum,) = analysis.devices[0].strata
    (comparison,) = stratum.comparisons
    assert comparison.verdict == "better"
    for arm in stratum.arms:
        assert arm.reclaim_99_ns is None
        assert arm.band is not None
        assert arm.band.median[0] == 1.0
    assert stratum.curve_end_ns < 500 * NS_PER_MS
    assert "seen by the device" in render_html(analysis)


def test_a_gate_cannot_ask_for_what_nobody_measured(run_dir: Path) -> None:
    for measured in cells_of(load_run(run_dir))[PATCHED].values():
        assert "reclaim_90" in measured.samples
        assert "reclaim_99" not in measured.samples


def test_a_trace_shows_what_is_still_missing(run_dir: Path, tmp_path: Path) -> None:
    assert main(["export", str(run_dir), "--perfetto", "--to", str(tmp_path / "traces")]) == 0
    assert any(path.stat().st_size for path in (tmp_path / "traces").rglob("*") if path.is_file())


def test_page_and_text_say_of_the_device_how_it_was_seen_and_how_well(run_dir: Path) -> None:
    analysis = analyse(load_run(run_dir))
    wanted = "Seen by the device's free memory, not by the victims' own cgroups (apps). Free memory drifts"
    assert wanted in " ".join(render_summary(analysis).split())
    assert wanted in unescape(render_html(analysis))
    assert "usually by 700 kB" in unescape(render_html(analysis))


def test_two_runs_of_different_meters_are_told_apart(run_dir: Path) -> None:
    run = load_run(run_dir)
    by_cgroup = replace(run, trials=run.trials.assign(meter="cgroup"))
    base, candidate = (LoadedRun((run_dir,), (run.info,), one, {}) for one in (by_cgroup, run))
    differences = device_differences(base, candidate, DevicePair(PATCHED, PATCHED))
    found = {one.what: (one.base, one.candidate) for one in differences}
    assert found["meter"] == ("apps by cgroup", "apps by system")


def test_a_device_whose_victims_had_cgroups_says_nothing_of_it(run_dir: Path) -> None:
    run = load_run(run_dir)
    said = render_summary(analyse(replace(run, trials=run.trials.assign(meter="cgroup"))))
    assert "free memory" not in said
