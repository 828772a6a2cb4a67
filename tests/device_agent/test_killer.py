"""Two reapers, as in lmkd: while both are busy, the main thread kills and does not reap."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from sanitized import build_sanitized

from lmkd_core.base.toolchain import source_files

pytestmark = [pytest.mark.host_kernel, pytest.mark.measures]


def test_with_both_reapers_busy_the_main_thread_only_kills(checkout: Path) -> None:
    trees = [checkout / "device_agent" / name for name in ("lib", "pressure")]
    sources = [
        Path(__file__).with_name("killer_cases.c"),
        trees[1] / "killer.c",
        *source_files(trees[0], "*.c"),
    ]
    program = build_sanitized("killer_cases", sources, trees)
    done = subprocess.run([program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "both busy: reaper/alive reaper/alive main/dead",
        "both idle again: reaper/dead reaper/dead main/dead reaper/dead",
    ]
