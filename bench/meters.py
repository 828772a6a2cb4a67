"""How well free memory tells what a victim gave back, against its memory cgroup in the same trial.

``.venv/bin/python bench/meters.py PERSONALITY MEMORY_MB REPEATS SIZE_MB…`` boots a virtual device and prints
a table; docs/method.md, "Without root", has the figures.
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


def ask(transport: Transport, words: str) -> dict[str, Any]:
    done = transport.shell(f"{PROGRAM} {words}", Deadline(PATIENCE_S))
    answer: dict[str, Any] = json.loads(done.stdout)
    if answer["type"] == "error":
        raise SystemExit(f"{words}: {answer['reason']}")
    return answer


def idle(transport: Transport, window_ms: int, repeats: int) -> None:
    found = [ask(transport, f"idle {window_ms}") for _ in range(repeats)]
    ranges = sorted(one["range_kb"] for one in found)
    cost_us = statistics.median(one["read_median_ns"] for one in found) / 1e3
    middle = ranges[len(ranges) // 2]
    print(
        f"idle {window_ms} ms: moved {ranges[0]} to {ranges[-1]} kB (median {middle}); "
        f"a read {cost_us:.0f} us"
    )


def row(transport: Transport, arm: str, stall: tuple[str, int], size_mb: int, repeats: int) -> None:
    words = f"trial {arm} {stall[0]} {size_mb * 1024} {stall[1]}"
    both = [ask(transport, f"{words} both") for _ in range(repeats)]
    alone = [ask(transport, f"{words} cgroup") for _ in range(repeats)]
    system = [ask(transport, f"{words} system") for _ in range(repeats)]
    print(f"{size_mb} MB, {arm}, {stall[0]} {stall[1]} ms")
    for place, share in enumerate((50, 90, 99)):
        pairs = [(one["cgroup_ns"][place], one["system_ns"][place]) for one in both]
        told = [(s - c) / 1e6 for c, s in pairs if s >= 0 and c >= 0]
        when_read = [(one["system_read_ns"][place] - one["cgroup_ns"][place]) / 1e6 for one in both]
        never = sum(s < 0 <= c for c, s in pairs)
        times = [
            statistics.median(one[key][place] for one in found) / 1e6
            for found, key in (
                (alone, "cgroup_ns"),
                (both, "cgroup_ns"),
                (both, "system_ns"),
                (system, "system_ns"),
            )
        ]
        lag = f"{min(told):.2f} {statistics.median(told):.2f} {max(told):.2f}" if told else "-"
        print(
            f"  {share} %: cgroup alone {times[0]:.2f} ms, beside {times[1]:.2f}; "
            f"system beside {times[2]:.2f}, alone {times[3]:.2f}; lag {lag}; "
            f"of its end {min(when_read):.2f} {statistics.median(when_read):.2f} {max(when_read):.2f}; "
            f"never {never}/{repeats}"
        )
    extra = sorted(one["held_by_system_kb"] - one["held_by_cgroup_kb"] for one in both)
    lost = sorted(one["lost_kb"] for one in both)
    gaps = [statistics.median(one["gap_median_ns"] for one in found) / 1e3 for found in (alone, both, system)]
    print(f"  kB held beyond the cgroup's: {extra}; not back after 1.5 s: {lost}; gaps {gaps} us")


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
            idle(transport, window_ms, repeats)
        for size_mb in sizes_mb:
            for stall in STALLS:
                for arm in ARMS:
                    if arm == "kill" or personality.startswith("reap-kill"):
                        row(transport, arm, stall, size_mb, repeats)
    finally:
        server.stop(Deadline(PATIENCE_S))
        lmkd_virtual.down(name)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), [int(word) for word in sys.argv[4:]])
