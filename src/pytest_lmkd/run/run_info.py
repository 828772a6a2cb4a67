"""Builds ``run.json``: who measured what, with which versions, on which host."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shlex
import sys
from collections.abc import Sequence
from datetime import UTC
from datetime import datetime

from lmkd_core.records.run import RunInfo
from pytest_lmkd.run.options import Options

DISTRIBUTIONS = ("pytest-lmkd", "pytest", "adbutils", "pandas", "scipy")


def new_run_id() -> str:
    """A name for a run and its folder on devices: its start and its process."""
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ") + f"-{os.getpid()}"


def run_info(options: Options, devices: Sequence[str]) -> RunInfo:
    """The ``run.json`` of a run that this process starts now."""
    return RunInfo(
        run_id=new_run_id(),
        label=options.label,
        folder=options.results.resolve().name,
        started_utc=datetime.now(UTC).isoformat(timespec="seconds"),
        command=shlex.join(sys.argv),
        seed=options.seed,
        arms=options.arms,
        pressure_arms=options.pressure_arms,
        blocks=options.blocks,
        pressure_blocks=options.pressure_blocks,
        boots=options.boots,
        budget_s=options.budget_s,
        warmup_blocks=options.warmup_blocks,
        warmup_after_boot=options.warmup_after_boot,
        precision_pct=options.precision_pct,
        equivalent_pct=options.equivalent_pct,
        suppressed=options.suppressed,
        unstalled_episodes=options.unstalled_episodes,
        devices=tuple(devices),
        versions={name: importlib.metadata.version(name) for name in DISTRIBUTIONS},
        host={
            "system": platform.platform(),
            "machine": platform.machine(),
            "cpus": str(os.cpu_count()),
            "python": platform.python_version(),
        },
    )
