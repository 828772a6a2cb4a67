"""Tests several devices in one run: each has a process, records, a column of the report, and a lock."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from runs import records
from runs import trials
from runs import two_controls

import lmkd_virtual
from lmkd_core.base.deadline import Deadline
from pytest_lmkd.devices.lock import DeviceLock
from pytest_lmkd.devices.readiness import read_boot_id
from pytest_lmkd.devices.virtual import VirtualSource

pytestmark = [pytest.mark.virtual_device, pytest.mark.usefixtures("own_virtual_devices")]

SUITE = """
    import os
    from pathlib import Path
    import pytest
    from lmkd_core.records.stratum import Stratum
    STRATA = [Stratum("quick", "private-anon", "none", "natural", 4096, threads) for threads in (1, 2)]

    @pytest.mark.parametrize("stratum", STRATA, ids=str)
    def test_back(stratum, lmkd_device, measure):
        Path(f"pid-{lmkd_device}-{stratum.threads}").write_text(str(os.getpid()))
        assert measure(stratum).complete_blocks == 1
"""
TWO = ("--lmkd-device", "virtual:stock", "--lmkd-device", "virtual:exit-mm")
QUICK = ("--lmkd-blocks", "1", "--lmkd-arms", "kill,kill+mrelease", "--lmkd-results", "out")
NAMES = ("virtual-stock", "virtual-exit-mm")
PATIENCE_S = 120.0


@contextmanager
def virtual_stock_in_use() -> Iterator[None]:
    lmkd_virtual.up("stock", name="shared", progress=print, deadline=Deadline(PATIENCE_S), memory_mb=512)
    source, lock = VirtualSource("stock"), DeviceLock("another-run")
    try:
        lock.take(read_boot_id(source.attach(print)))
        source.detach()
        yield
    finally:
        lock.release()
        lmkd_virtual.down("shared")


def test_each_device_has_a_process_records_and_a_column(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SUITE)
    budget = ("--lmkd-budget", "1h", "--lmkd-boots", "1", "--lmkd-label", "both")
    result = pytester.runpytest_subprocess(*TWO, *QUICK, *budget, "--lmkd-seed", "5")
    result.assert_outcomes(passed=4)
    pids = {path.read_text() for path in pytester.path.glob("pid-*")}
    assert len(pids) == 2
    out = pytester.path / "out"
    for name, personality in zip(NAMES, ("stock", "exit-mm"), strict=True):
        lines = (out / "records" / f"{name}.jsonl").read_text().splitlines()
        device, *measured = map(json.loads, lines)
        assert (device["type"], device["personality"]) == ("device", personality)
        assert [trial["device"] for trial in measured if not trial["warmup"]] == [name] * 4
        assert name in (out / "report.html").read_text()
    run = json.loads((out / "run.json").read_text())
    assert (run["seed"], run["devices"]) == (5, list(NAMES))
    assert (run["label"], run["budget_s"], run["blocks"], run["boots"]) == ("both", 3600, 1, 1)
    result.stdout.fnmatch_lines_random(
        [
            "--lmkd-budget 1 h: 1 block of single kills",
            "plan: 4 trials on each of 2 devices, 8 trials in all: *",
        ]
    )
    planned = [json.loads(line)["device"] for line in (out / "plan.jsonl").open()]
    trials_and_lead_ins = 4 + 2
    assert {name: planned.count(name) for name in planned} == dict.fromkeys(NAMES, trials_and_lead_ins)
    junit = (out / "junit.xml").read_text()
    assert 'tests="4"' in junit
    assert all(f"test_back[{name}-" in junit for name in NAMES)
    assert {path.name for path in out.iterdir()} == {
        *("run.json", "plan.jsonl", "records", "kernels", "report.html", "summary.txt", "junit.xml")
    }
    result.stdout.fnmatch_lines_random([f"*{name}*block 1/1*" for name in NAMES])
    result.stdout.fnmatch_lines(["*100%*"])
    result.stdout.no_fnmatch_line("*200%*")


def test_a_device_that_cannot_be_used_does_not_stop_the_others(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SUITE)
    with virtual_stock_in_use():
        result = pytester.runpytest_subprocess(*TWO, *QUICK)
    result.assert_outcomes(passed=2, skipped=2)
    result.stdout.fnmatch_lines(["*skipped: virtual-stock is in use by process*"])
    skips = [record for record in records(pytester.path / "out") if record["type"] == "skip"]
    assert {(skip["device"], skip["what"]) for skip in skips} >= {("virtual-stock", "device")}


def test_a_worker_that_dies_is_replaced_and_runs_only_missing_trials(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        SUITE
        + """
        if lmkd_device == "virtual-stock" and not Path("died").exists():
            Path("died").touch()
            os._exit(1)
"""
    )
    result = pytester.runpytest_subprocess(*TWO, *QUICK)
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(["*worker*dev-virtual-stock*crashed*"])
    out = pytester.path / "out"
    made = [(trial["device"], trial["threads"], trial["arm"]) for trial in trials(out)]
    assert len(made) == len(set(made)) == 8
    planned = [line for line in (out / "plan.jsonl").open() if "virtual-stock" in line]
    assert len(planned) == 4 + 2  # with a lead-in per block


def test_two_runs_do_not_share_a_device(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SUITE)
    with virtual_stock_in_use():
        result = pytester.runpytest_subprocess("--lmkd-device", "virtual:stock", *QUICK)
    assert result.ret == 3
    result.stdout.fnmatch_lines(["*virtual-stock is in use by process * use another device*"])


def test_each_device_with_gains_in_its_controls_fails_the_run(pytester: pytest.Pytester) -> None:
    """The workers measure; the process that the user started judges the records of all."""
    pytester.makepyfile(two_controls(faster_ns=10_000_000))
    arms = ("--lmkd-arms", "kill+mrelease,reap-kill-emulated", "--lmkd-blocks", "6", "--lmkd-results", "out")
    result = pytester.runpytest_subprocess(*TWO, *arms)
    result.assert_outcomes(passed=4, failed=2)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines([f"FAILED controls[[]{name}[]]*" for name in NAMES])
    junit = (pytester.path / "out" / "junit.xml").read_text()
    assert all(f"controls[{name}]" in junit for name in NAMES)
