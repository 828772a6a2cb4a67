"""A pytest plugin that records how long the parts of a run take; README.md says how to use it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from lmkd_core.records.stratum import Stratum
from pytest_lmkd.experiment.blocks import Ran
from pytest_lmkd.run.progress import RunProgress
from pytest_lmkd.run.workload import WantedTest

FILE = Path(os.environ["LMKD_DURATIONS"])


def pytest_configure(config: pytest.Config) -> None:
    """Every run of this process is recorded from now on."""
    patch = pytest.MonkeyPatch()
    config.add_cleanup(patch.undo)
    for name in ("attached", "restarted", "ran", "ended"):
        patch.setattr(RunProgress, name, _recorded(getattr(RunProgress, name), globals()[f"_{name}"]))


def _recorded(method: Any, line_of: Any) -> Any:
    def recording(progress: RunProgress, *values: Any) -> None:
        line = line_of(progress, *values)
        if line:
            with FILE.open("a") as file:
                file.write(json.dumps(line) + "\n")
        method(progress, *values)

    return recording


def _attached(progress: RunProgress, device: str, took_s: float) -> dict[str, object]:
    return {"work": "attach", "took_s": round(took_s, 2)}


def _restarted(progress: RunProgress, device: str, boot: int, took_s: float) -> dict[str, object]:
    return {"work": "restart", "took_s": round(took_s, 2)}


def _ran(progress: RunProgress, ran: Ran) -> dict[str, object]:
    workload, stratum = progress.workload, ran.stratum
    number = round(ran.share * workload.suites.block_length(stratum, workload.arms, workload.rules))
    line = {"scenario": stratum.scenario, "number": number, "took_s": round(ran.took_s, 2)}
    if isinstance(stratum, Stratum):
        memory = ("victim_kb", "threads", "compress_pct")
        return {"work": "trials"} | line | {name: getattr(stratum, name) for name in memory}
    return {"work": "episodes"} | line


def _ended(progress: RunProgress, test: WantedTest, took_s: float) -> dict[str, object]:
    is_case = not progress.workload.strata(test)
    return {"work": "case", "name": test.name, "took_s": round(took_s, 2)} if is_case else {}
