"""The time left of a run: replays of real runs, whose durations were recorded as they happened."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import replace
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
QUIET = [run for run in RUNS if not run.startswith("busy")]
"""Those of an idle host: a pace put onto them is the only one."""


def wrong(steps: list[Step], since_s: float) -> list[tuple[int, int, int]]:
    """The estimates since then that are not right within the factor: times so far, left, and as estimated."""
    return [
        (round(so_far_s), round(left_s), round(estimate_s))
        for so_far_s, left_s, estimate_s in estimates(steps)
        if so_far_s >= since_s
        and not left_s / FACTOR - LAST_SECONDS <= estimate_s <= left_s * FACTOR + LAST_SECONDS
    ]


def with_pace(steps: list[Step], factor: float, since_s: float = 0.0) -> list[Step]:
    """The same run, in which everything takes that many times as long since then."""
    starts_s = [0.0, *accumulate(step.took_s for step in steps)]
    return [
        replace(step, took_s=step.took_s * (factor if start_s >= since_s else 1.0))
        for step, start_s in zip(steps, starts_s, strict=False)
    ]


@pytest.mark.parametrize("run", RUNS)
def test_after_the_first_minute_the_time_left_is_right_within_a_factor_of_1_5(run: str) -> None:
    assert not wrong(recorded(run), FIRST_MINUTE_S)


@pytest.mark.parametrize("run", QUIET)
@pytest.mark.parametrize("factor", [0.3, 3.0])
def test_so_it_is_on_a_device_with_a_pace_of_its_own(run: str, factor: float) -> None:
    assert not wrong(with_pace(recorded(run), factor), FIRST_MINUTE_S)


@pytest.mark.parametrize("run", QUIET)
@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_two_minutes_after_the_host_got_idle_or_busy_it_is_right_again(run: str, factor: float) -> None:
    changed = with_pace(recorded(run), factor, since_s=100.0)
    assert wrong(changed, 100.0)
    assert not wrong(changed, 220.0)
