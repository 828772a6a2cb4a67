"""Runs on the virtual device: real adb, real kernel, real kills; victims of 4 MB keep them quick."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from processes import pidfd_ends
from runs import records
from runs import run_two_strata
from runs import start_run
from runs import trials
from runs import two_strata

import lmkd_virtual
from lmkd_core.base import resources
from lmkd_core.base.cache import file_sha256
from lmkd_core.base.deadline import Deadline
from lmkd_core.base.process import ProcessRecord
from lmkd_core.records import kernel_config
from pytest_lmkd.devices import host_facts
from pytest_lmkd.devices import kernel_facts
from pytest_lmkd.devices.virtual import VirtualSource

PATIENCE_S = 120.0

pytestmark = [pytest.mark.virtual_device, pytest.mark.usefixtures("own_virtual_devices")]


def test_a_run_leaves_plan_records_report_and_junit(pytester: pytest.Pytester) -> None:
    words = ("--lmkd-seed", "7", "--lmkd-html", "copy.html")
    result = run_two_strata(pytester, "virtual", *words, hold_ms=100, blocks=2)
    result.assert_outcomes(passed=2)
    out = pytester.path / "out"
    planned = [plan for line in (out / "plan.jsonl").open() if not (plan := json.loads(line))["warmup"]]
    measured = trials(out)
    key = ("device", "stall", "arm", "block", "order", "seed", "victim_kb", "threads")
    assert [[trial[name] for name in key] for trial in measured] == [
        [plan[name] for name in key] for plan in planned
    ]
    assert len(measured) == 2 * 2 * 3
    assert all(trial["valid"] for trial in measured)
    assert json.loads((out / "run.json").read_text())["seed"] == 7
    assert "<testcase" in (out / "junit.xml").read_text()
    assert (pytester.path / "copy.html").read_bytes() == (out / "report.html").read_bytes()
    result.stdout.fnmatch_lines(["*virtual-reap-kill-v3*block */2*left*", "report: out/report.html"])


def test_the_device_is_described_by_its_kernel(pytester: pytest.Pytester) -> None:
    run_two_strata(pytester, "virtual:exit-mm")
    device = next(record for record in records(pytester.path / "out") if record["type"] == "device")
    assert device["personality"] == "exit-mm"
    assert device["kernel_release"].startswith("6.12.")
    assert device["root"] is True
    assert device["facts"]["clock_step_ns"]["value"] < 10_000
    assert device["facts"]["zram"]["value"] is True
    assert device["facts"]["memcg"]["value"] == device["facts"]["freezer"]["value"] == "v2"
    assert device["facts"]["psi"]["value"] is device["facts"]["userfaultfd"]["value"] is True
    assert_identified(device["facts"], pytester.path / "out")


def assert_identified(facts: dict[str, Any], results: Path) -> None:
    """Every fact about kernel, emulator and host has a source, and agrees with what is installed."""
    image = lmkd_virtual.build(print)
    value = {name: facts[name]["value"] for name in facts}
    assert value["kernel_version"].startswith("Linux version 6.12.")
    assert value["kernel_compiler"] in value["kernel_version"]
    assert re.fullmatch(r"[0-9a-f]{40}", value["kernel_build_id"])
    assert "mrelease.personality=exit-mm" in value["kernel_cmdline"].split()
    assert value["kernel_image_sha256"] == file_sha256(image.kernel)
    assert value["initramfs_sha256"] == file_sha256(image.initramfs)
    patches = resources.tree("virtual_device/kernel").glob("*.patch")
    assert value["kernel_patches"] == ", ".join(
        f"{path.name} {file_sha256(path)}" for path in sorted(patches)
    )
    assert value["accelerator"] in {"kvm", "tcg"}
    assert value["qemu"][0].isdigit()
    assert value["host_cpus"] == os.cpu_count()
    assert value["host_cpu"] or facts["host_cpu"]["reason"]
    kept = kernel_config.read(results, value["kernel_config_sha256"])
    assert kept is not None
    assert kernel_config.options(kept)["LRU_GEN"] == "y"
    names = kernel_facts.FACTS | host_facts.HOST_FACTS
    assert all(facts[name]["source"] for name in names)


def test_an_arm_that_the_kernel_lacks_is_skipped_and_the_reason_shown(pytester: pytest.Pytester) -> None:
    result = run_two_strata(pytester, "virtual:stock")
    result.assert_outcomes(passed=2)
    recorded = records(pytester.path / "out")
    (skip,) = (record for record in recorded if record["type"] == "skip")
    assert (skip["what"], skip["name"]) == ("arm", "reap-kill")
    assert "EINVAL" in skip["reason"]
    assert {record["arm"] for record in recorded if record["type"] == "trial"} == {"kill", "kill+mrelease"}
    result.stdout.fnmatch_lines(["*reap-kill*", "*EINVAL*"])


STOCK = ("--lmkd-device", "virtual:stock")
Trials = list[dict[str, Any]]


def resumed(pytester: pytest.Pytester) -> tuple[Trials, Trials]:
    """Returns the trials that a run recorded before the power failed, and those added by resuming it."""
    pytester.makepyfile(two_strata(hold_ms=50, blocks=3))
    two_arms = ("--lmkd-blocks", "3", "--lmkd-arms", "kill,kill+mrelease", "--lmkd-warmup", "0")
    pytester.runpytest_subprocess(*STOCK, *two_arms, "--lmkd-results", "out")
    (path,) = (pytester.path / "out" / "records").iterdir()
    lines = path.read_bytes().splitlines(keepends=True)
    kept = b"".join(lines[:6])  # the device, and in two blocks lead-in, first and (in one) second trial
    path.write_bytes(kept + lines[6][:40])  # in the middle of a line
    pytester.runpytest_subprocess(*STOCK, "--lmkd-resume", "out").assert_outcomes(passed=2)
    assert path.read_bytes().startswith(kept)
    return trials_in(kept), trials_in(path.read_bytes().removeprefix(kept))


def trials_in(lines: bytes) -> Trials:
    complete = [line for line in lines.splitlines() if line.endswith(b"}")]
    counted = [line for line in complete if b'"type":"trial"' in line and b'"warmup":false' in line]
    return [json.loads(line) for line in counted]


def identities(trials: Trials) -> set[tuple[str, int, str]]:
    keys = [(trial["stall"], trial["block"], trial["arm"]) for trial in trials]
    assert len(keys) == len(set(keys))
    return set(keys)


def test_a_resumed_run_makes_only_the_missing_trials(pytester: pytest.Pytester) -> None:
    lmkd_virtual.up("stock", name="stays", progress=print, deadline=Deadline(PATIENCE_S), memory_mb=512)
    try:
        before, after = resumed(pytester)
    finally:
        lmkd_virtual.down("stays")
    assert not identities(before) & identities(after)
    assert len(identities(before) | identities(after)) == 2 * 3 * 2


def test_after_a_restart_of_the_device_the_incomplete_block_is_made_again(
    pytester: pytest.Pytester,
) -> None:
    before, after = resumed(pytester)
    (again,) = identities(before) & identities(after)
    cut = {trial["boot_id"] for trial in after if (trial["stall"], trial["block"]) == again[:2]}
    assert len(cut) == 1
    assert len(identities(before) | identities(after)) == 2 * 3 * 2


@pytest.mark.measures  # the spread of the times decides where it ends
def test_a_stratum_ends_early_once_it_is_known_precisely_enough(pytester: pytest.Pytester) -> None:
    suite = two_strata(hold_ms=50, blocks=8)
    pytester.makepyfile(suite.replace("4096", "65536"))  # 4 MB may be back within one gap between samples
    options = ("--lmkd-blocks", "40", "--lmkd-precision", "1000", "--lmkd-arms", "kill,kill+mrelease")
    options += ("--lmkd-boots", "1")
    result = pytester.runpytest_subprocess(
        "--lmkd-device", "virtual:stock", "--lmkd-results", "out", *options
    )
    result.assert_outcomes(passed=2)  # after eight blocks, the first look


def finish(run: subprocess.Popen[str]) -> tuple[int, str]:
    output, _ = run.communicate(timeout=120)
    return run.returncode, output


def test_a_qemu_that_dies_is_named_and_the_report_still_written(pytester: pytest.Pytester) -> None:
    run = start_run(pytester, STOCK[1], two_strata(hold_ms=10_000, blocks=1))
    (instance,) = lmkd_virtual.status()
    os.kill(instance.pid, signal.SIGKILL)
    code, output = finish(run)
    assert code == 1
    assert "QEMU died" in output
    assert (pytester.path / "out" / "report.html").exists()


def test_an_adb_server_that_dies_costs_no_trial(pytester: pytest.Pytester) -> None:
    run = start_run(pytester, STOCK[1], two_strata(hold_ms=4000, blocks=1))
    (instance,) = lmkd_virtual.status()
    (record,) = instance.folder.rglob("server.json")
    server = ProcessRecord.load(record)
    assert server is not None
    server.stop(Deadline(PATIENCE_S))
    code, output = finish(run)
    assert code == 0, output
    measured = trials(pytester.path / "out")
    made = [(trial["stall"], trial["arm"]) for trial in measured]
    assert len(made) == len(set(made)) == 4
    assert all(trial["valid"] for trial in measured)


@pytest.mark.parametrize(
    ("spoil", "advice"),
    [
        ("mount -o remount,size=32k /data", "No space left on device; free some of its storage"),
        ("mount -o remount,ro /data", "Read-only file system; restart the device"),
    ],
)
def test_a_device_that_takes_no_file_is_named_with_a_remedy(spoil: str, advice: str) -> None:
    lmkd_virtual.up("stock", name="spoilt", progress=print, deadline=Deadline(PATIENCE_S), memory_mb=512)
    source = VirtualSource("stock")
    try:
        assert source.attach(print).shell(spoil, Deadline(PATIENCE_S)).exit_code == 0
        source.detach()
        command = [sys.executable, "-m", "pytest_lmkd.cli", "doctor", "virtual:stock"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    finally:
        lmkd_virtual.down("spoilt")
    assert done.returncode == 3
    assert advice in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_run_leaves_no_process(pytester: pytest.Pytester, number: signal.Signals) -> None:
    run = start_run(pytester, STOCK[1], two_strata(hold_ms=10_000, blocks=1))
    (instance,) = lmkd_virtual.status()
    qemu = os.pidfd_open(instance.pid)
    run.send_signal(number)
    finish(run)
    assert pidfd_ends(qemu)
    lmkd_virtual.down(instance.name)  # after a SIGKILL the private adb server is still there, and recorded


PRESSURE_SUITE = """
    import msgspec
    import pytest
    from lmkd_core.scenarios.pressure import PRESSURE
    QUICK = msgspec.structs.replace(PRESSURE["held-within-burst"], hold_ms=50)
    @pytest.mark.parametrize("stratum", [QUICK], ids=str)
    def test_met(stratum, press):
        outcome = press(stratum)
        assert outcome.complete_blocks == 1, outcome.explain()
"""


@pytest.mark.measures
def test_a_pressure_block_has_the_same_apps_in_every_arm_and_once_without_the_stall(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(PRESSURE_SUITE)
    options = ("--lmkd-blocks", "3", "--lmkd-pressure-blocks", "1", "--lmkd-arms", "kill,kill#2")
    device = ("--lmkd-device", "virtual:stock")
    result = pytester.runpytest_subprocess(*device, *options, "--lmkd-results", "out")
    result.assert_outcomes(passed=1)
    out = pytester.path / "out"
    planned = [json.loads(line) for line in (out / "plan.jsonl").open()]
    episodes = [record for record in records(out) if record["type"] == "episode"]
    place = ("arm", "stall", "without_stall", "order", "seed")
    assert [[e[name] for name in place] for e in episodes] == [[e[name] for name in place] for e in planned]
    kinds = [("kill", "holder", ""), ("kill", "none", "holder"), ("kill#2", "holder", "")]
    assert sorted((e["arm"], e["stall"], e["without_stall"]) for e in episodes) == kinds
    assert len({(e["seed"], e["demand_kb"]) for e in episodes}) == 1
    for episode in episodes:
        assert episode["kills_total"] == len(episode["kills"]) > 0
        assert {kill["stall"] for kill in episode["kills"]} <= {"none", episode["stall"]}
    result.stdout.fnmatch_lines(["*block 1/1*left*"])
    pytester.runpytest_subprocess(*device, "--lmkd-resume", "out").assert_outcomes(passed=1)
    assert sum(record["type"] == "episode" for record in records(out)) == 3
