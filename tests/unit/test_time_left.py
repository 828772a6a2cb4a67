"""The time left of a run: replays of real runs, whose durations were recorded as they happened."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import pytest

from lmkd_core.records.stratum import Stratum
from lmkd_core.scenarios.pressure import PRESSURE
from lmkd_core.scenarios.reclaim import SCENARIOS
from lmkd_core.timing.costs import Kind
from lmkd_core.timing.guesses import ATTACH
from lmkd_core.timing.guesses import RESTART
from lmkd_core.timing.guesses import case_kind
from lmkd_core.timing.guesses import episode_kind
from lmkd_core.timing.guesses import trial_kind
from lmkd_core.timing.schedule import Schedule
from lmkd_core.timing.schedule import Work

DURATIONS = Path(__file__).parent / "durations"
"""Recorded from runs on the virtual device; README.md there says how."""

DEVICE = "virtual"
FIRST_MINUTE_S = 60.0
FACTOR = 1.5
LAST_SECONDS = 5.0
"""Rounding: shorter times than this are shown as 5 s."""


@dataclass(frozen=True)
class Step:
    """A part of a recorded run, in the order in which they ran."""

    work: Work
    took_s: float


def recorded(name: str) -> list[Step]:
    lines = (DURATIONS / f"{name}.jsonl").read_text().splitlines()
    return [
        Step(Work(DEVICE, index, kind_of(line), 1.0), line["took_s"])
        for index, line in enumerate(map(json.loads, lines))
    ]


def kind_of(line: dict) -> Kind:
    match line["work"]:
        case "attach":
            return ATTACH
        case "restart":
            return RESTART
        case "case":
            return case_kind(line["name"])
        case "episodes":
            return episode_kind(PRESSURE[line["scenario"]], line["number"])
    return trial_kind(stratum_of(line), line["number"])


def stratum_of(line: dict) -> Stratum:
    scenario = SCENARIOS[line["scenario"]]
    return scenario.stratum("reclaim", line["victim_kb"] // 1024, line["threads"], line["compress_pct"])


def estimates(steps: list[Step]) -> Iterator[tuple[float, float, float]]:
    """After each step: the seconds so far, the seconds that were left in truth, and the estimate."""
    schedule = Schedule()
    schedule.add(step.work for step in steps)
    total_s = sum(step.took_s for step in steps)
    for step, so_far_s in zip(steps, accumulate(step.took_s for step in steps), strict=True):
        schedule.done(step.work, step.took_s)
        yield so_far_s, total_s - so_far_s, schedule.left_s()


RUNS = sorted(path.stem for path in DURATIONS.glob("*.jsonl"))


@pytest.mark.parametrize("run", RUNS)
def test_after_the_first_minute_the_time_left_is_right_within_a_factor_of_1_5(run: str) -> None:
    wrong = [
        (round(so_far_s), round(left_s, 1), round(estimate_s, 1))
        for so_far_s, left_s, estimate_s in estimates(recorded(run))
        if so_far_s >= FIRST_MINUTE_S
        and not left_s / FACTOR - LAST_SECONDS <= estimate_s <= left_s * FACTOR + LAST_SECONDS
    ]
    assert not wrong
