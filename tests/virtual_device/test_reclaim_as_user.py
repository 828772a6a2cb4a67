"""suites/reclaim as adb's shell on a user build has it (uid 2000), over real adb: seen by free memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from booted import Device
from own_devices import PATIENCE_S
from own_devices import attached
from suite_run import run_suite

import lmkd_virtual
from lmkd_core.base.deadline import Deadline
from lmkd_reports.analysis.analyse import analyse
from lmkd_reports.analysis.frames import load_run
from lmkd_reports.presentation.summary import render_summary

pytestmark = [pytest.mark.virtual_device, pytest.mark.measures]

PERSONALITY = "reap-kill-v3"
SUITE = "suites/reclaim"
WANTED = "undisturbed-64MB-1t or held-by-vm-readv-64MB-1t or shared-address-space or in-zram or frozen"
BLOCKS = 3

SHELL_AS_USER = """#!/bin/busybox sh
exec /bin/busybox start-stop-daemon -S -p /nonexistent -c 2000:2000 -x /bin/busybox -- sh "$@"
"""
"""2000 is AID_SHELL, the user of adb's shell on a user build (AOSP android_filesystem_config.h)."""

MADE_A_USERS = f"""
echo shell:x:2000:2000::/:/bin/sh > /etc/passwd
echo 1 > /proc/sys/vm/unprivileged_userfaultfd
chown 2000:2000 /data/local/tmp
cat > /bin/user-sh <<'END'
{SHELL_AS_USER}END
chmod 755 /bin/user-sh
mv -f /bin/user-sh /bin/sh
"""


@dataclass(frozen=True, slots=True)
class Measured:
    results: Path
    records: list[dict[str, Any]]
    device: Device

    def trials(self, scenario: str, arm: str) -> list[dict[str, Any]]:
        return [
            record
            for record in self.records
            if record["type"] == "trial"
            and not record["warmup"]
            and (record["scenario"], record["arm"]) == (scenario, arm)
        ]


@pytest.fixture(scope="module")
def measured(
    image: lmkd_virtual.Image, checkout: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Measured]:
    """The records of a few blocks on a device whose adb shell has no root."""
    name = "as-user"
    instance = lmkd_virtual.up(PERSONALITY, name=name, progress=print, deadline=Deadline(PATIENCE_S))
    try:
        with attached(instance) as transport:
            device = Device(instance, transport)
            device.output(f"mkdir -p /etc\n{MADE_A_USERS}")
            assert device.output("id -u") == "2000"
        results = tmp_path_factory.mktemp("as-user") / "results"
        options = ("-k", WANTED, "--lmkd-arms", "kill,kill+mrelease,reap-kill", "--lmkd-blocks", str(BLOCKS))
        records = run_suite(checkout, results, f"virtual:{PERSONALITY}", SUITE, *options, "--lmkd-seed", "1")
        with attached(instance) as transport:
            yield Measured(results, records, Device(instance, transport))
    finally:
        lmkd_virtual.down(name)


def test_every_trial_says_that_free_memory_saw_it_and_none_tells_99_percent(measured: Measured) -> None:
    trials = [record for record in measured.records if record["type"] == "trial"]
    assert sum(not trial["warmup"] for trial in trials) == 3 * 3 * BLOCKS
    for trial in trials:
        assert trial["meter"] == "system"
        assert trial["noise_kb"] >= 0
        assert trial["reclaim_99_ns"] is None


def test_what_a_reader_holds_is_freed_by_the_flag_before_it_lets_go(measured: Measured) -> None:
    kills = [trial for trial in measured.trials("held-by-vm-readv", "kill") if trial["valid"]]
    reaped = [trial for trial in measured.trials("held-by-vm-readv", "reap-kill") if trial["valid"]]
    assert kills and reaped
    for trial in kills:
        assert trial["reclaim_50_ns"] > trial["released_ns"]
    for trial in reaped:
        assert trial["reclaim_90_ns"] < trial["released_ns"]


def test_undisturbed_victims_come_back_by_both_ways(measured: Measured) -> None:
    for arm in ("kill", "reap-kill"):
        valid = [trial for trial in measured.trials("undisturbed", arm) if trial["valid"]]
        assert valid
        assert all(trial["reclaim_50_ns"] <= trial["reclaim_90_ns"] for trial in valid)


def test_what_needs_root_is_skipped_with_the_reason(measured: Measured) -> None:
    skipped = {record["name"]: record["reason"] for record in measured.records if record["type"] == "skip"}
    assert "only a memory cgroup counts what is swapped out" in skipped["in-zram"]
    assert {"frozen-v1", "frozen-v2"} <= set(skipped)


def test_the_report_names_the_meter(measured: Measured) -> None:
    said = " ".join(render_summary(analyse(load_run(measured.results))).split())
    assert "Seen by the device's free memory" in said
    page = unescape((measured.results / "report.html").read_text())
    assert "Seen by the device's free memory" in page


def test_nothing_is_left_behind(measured: Measured) -> None:
    assert measured.device.run("grep -l lmkd-victim /proc/[0-9]*/comm").stdout == b""
    assert measured.device.output("ls /data/local/tmp/lmkd | grep -v '^lmkd-' || true") == ""
