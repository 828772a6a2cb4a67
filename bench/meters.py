"""Accuracy of the meter "free memory", compared with the victim's memory cgroup in the same trial.

``.venv/bin/python bench/meters.py PERSONALITY MEMORY_MB REPEATS SIZE_MB…`` boots a virtual device and prints
the differences; docs/method.md, "Without root", has the figures.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
from typing import Any

import lmkd_virtual
from lmkd_core.base import resources
from lmkd_core.base.deadline import Deadline
from lmkd_core.base.toolchain import build_static
from pytest_lmkd.transport import PrivateAdbServer
from pytest_lmkd.transport import Transport

ARMS = ("kill", "reap-kill")
STALLS = (("none", 0), ("holder", 300))
PATIENCE_S = 180.0
PROGRAM = "/data/local/tmp/lmkd-meters"


def run_program(transport: Transport, words: str) -> dict[str, Any]:
    """Runs the program on the device with ``words`` and returns the record that it prints."""
    done = transport.shell(f"{PROGRAM} {words}", Deadline(PATIENCE_S))
    record: dict[str, Any] = json.loads(done.stdout)
    if record["type"] == "error":
        raise SystemExit(f"{words}: {record['reason']}")
    return record


def print_idle(transport: Transport, window_ms: int, repeats: int) -> None:
    """Prints by how much free memory moves within an idle window, and the time of one reading."""
    windows = [run_program(transport, f"idle {window_ms}") for _ in range(repeats)]
    ranges_kb = sorted(window["range_kb"] for window in windows)
    read_us = statistics.median(window["read_median_ns"] for window in windows) / 1e3
    median_kb = ranges_kb[len(ranges_kb) // 2]
    print(
        f"idle {window_ms} ms: moved {ranges_kb[0]} to {ranges_kb[-1]} kB (median {median_kb}); "
        f"a read {read_us:.0f} us"
    )


def print_trials(transport: Transport, arm: str, stall: tuple[str, int], size_mb: int, repeats: int) -> None:
    """Prints how trials with both meters, and with each alone, compare."""
    words = f"trial {arm} {stall[0]} {size_mb * 1024} {stall[1]}"
    trials = {
        meters: [run_program(transport, f"{words} {meters}") for _ in range(repeats)]
        for meters in ("both", "cgroup", "system")
    }
    print(f"{size_mb} MB, {arm}, {stall[0]} {stall[1]} ms")
    for index, share in enumerate((50, 90, 99)):
        print(f"  {share} %: {times_text(trials, index)}; {lags_text(trials['both'], index)}")
    beyond_kb = sorted(trial["held_by_system_kb"] - trial["held_by_cgroup_kb"] for trial in trials["both"])
    lost_kb = sorted(trial["lost_kb"] for trial in trials["both"])
    gaps_us = [median(trials[meters], "gap_median_ns") / 1e3 for meters in ("cgroup", "both", "system")]
    print(
        f"  kB held beyond the cgroup's: {beyond_kb}; not back after 1.5 s: {lost_kb}; "
        f"gaps (cgroup, both, system) {gaps_us} us"
    )


def median(trials: list[dict[str, Any]], key: str) -> float:
    return statistics.median(trial[key] for trial in trials)


def times_text(trials: dict[str, list[dict[str, Any]]], index: int) -> str:
    """Returns the median times in ms of each meter, alone and with the other, until a share was back."""

    def median_ms(meters: str, meter: str) -> float:
        return statistics.median(trial[f"{meter}_ns"][index] for trial in trials[meters]) / 1e6

    return (
        f"cgroup alone {median_ms('cgroup', 'cgroup'):.2f} ms, "
        f"with system {median_ms('both', 'cgroup'):.2f}; "
        f"system with cgroup {median_ms('both', 'system'):.2f}, alone {median_ms('system', 'system'):.2f}"
    )


def lags_text(trials: list[dict[str, Any]], index: int) -> str:
    """Returns how much later free memory crossed a share than the charge did: min, median and max in ms.

    A lag to the end of the reading includes the time that the reading took.
    """
    times_ns = [(trial["cgroup_ns"][index], trial["system_ns"][index]) for trial in trials]
    lags_ms = [(system - cgroup) / 1e6 for cgroup, system in times_ns if system >= 0 and cgroup >= 0]
    read_lags_ms = [(trial["system_read_ns"][index] - trial["cgroup_ns"][index]) / 1e6 for trial in trials]
    never = sum(system < 0 <= cgroup for cgroup, system in times_ns)
    return (
        f"lag {spread_text(lags_ms)}; lag to the end of the reading {spread_text(read_lags_ms)}; "
        f"never {never}/{len(trials)}"
    )


def spread_text(values: list[float]) -> str:
    if not values:
        return "-"
    return f"{min(values):.2f} {statistics.median(values):.2f} {max(values):.2f}"


def main(personality: str, memory_mb: int, repeats: int, sizes_mb: list[int]) -> None:
    names = ("device_agent/lib", "device_agent/reclaim/stalls", "bench/meters")
    trees = [resources.tree(name) for name in names]
    name = f"meters-{os.getpid()}"
    deadline = Deadline(PATIENCE_S)
    instance = lmkd_virtual.up(
        personality, name=name, progress=print, deadline=deadline, memory_mb=memory_mb, bound=True
    )
    server = PrivateAdbServer(instance.folder / "adb")
    try:
        server.require(deadline)
        transport = server.connect(f"localfilesystem:{instance.adb_socket}", deadline)
        transport.push(build_static("lmkd-meters", trees, "x86_64", print), PROGRAM, 0o755, deadline)
        for window_ms in (100, 500, 3000):
            print_idle(transport, window_ms, repeats)
        for size_mb in sizes_mb:
            for stall in STALLS:
                for arm in ARMS:
                    if arm == "kill" or personality.startswith("reap-kill"):
                        print_trials(transport, arm, stall, size_mb, repeats)
    finally:
        server.stop(Deadline(PATIENCE_S))
        lmkd_virtual.down(name)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), [int(word) for word in sys.argv[4:]])
