"""How often the interval holds the truth, and how often equal arms are called different: by simulation.

The populations are shaped like what is measured: lognormal times with outliers, drift that both arms
of a block share, and races that are lost six times in ten. 2,000 runs each; with a true rate of 95 %
the simulated one is below 93 % in one case of 40,000. Every draw is seeded.
"""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lmkd_core.statistics.paired import PairedRatio
from lmkd_core.statistics.paired import paired_ratio
from lmkd_reports.analysis import evidence
from lmkd_reports.analysis.verdicts import Verdict
from lmkd_reports.analysis.verdicts import judge

pytestmark = pytest.mark.simulation

RUNS = 2000
BLOCKS = (6, 8, 10, 12, 20)
TIMEOUT_NS = 3e9
NS_PER_MS = 1e6

Rng = np.random.Generator
Times = np.ndarray
Draw = Callable[[Rng, tuple[int, int]], tuple[Times, Times]]


def heavy(rng: Rng, shape: tuple[int, int]) -> Times:
    """Lognormal noise, and an outlier in one trial of ten."""
    outlier = (rng.random(shape) < 0.1) * rng.exponential(1.0, shape)
    return np.exp(rng.normal(0, 0.15, shape) + outlier)


def race(rng: Rng, shape: tuple[int, int]) -> Times:
    """350 ms where the race is lost, six times in ten, else 40 ms."""
    lost = rng.random(shape) < 0.6
    return np.where(lost, 350 * np.exp(rng.normal(0, 0.03, shape)), 40 * np.exp(rng.normal(0, 0.15, shape)))


def equal_arms(rng: Rng, shape: tuple[int, int]) -> tuple[Times, Times]:
    drift = np.exp(rng.normal(0, 0.15, shape))
    return 12 * drift * heavy(rng, shape), 12 * drift * heavy(rng, shape)


def half_the_time(rng: Rng, shape: tuple[int, int]) -> tuple[Times, Times]:
    candidate, baseline = equal_arms(rng, shape)
    return candidate / 2, baseline


def equal_races(rng: Rng, shape: tuple[int, int]) -> tuple[Times, Times]:
    return race(rng, shape), race(rng, shape)


def race_against_steady(rng: Rng, shape: tuple[int, int]) -> tuple[Times, Times]:
    return race(rng, shape), 345 * np.exp(rng.normal(0, 0.03, shape))


def censored_race(rng: Rng, shape: tuple[int, int]) -> tuple[Times, Times]:
    """A race whose loser never gets its memory back."""
    times = race(rng, shape)
    return np.where(times > 200, math.inf, times), 345 * np.exp(rng.normal(0, 0.03, shape))


def runs_of(draw: Draw, blocks: int) -> list[tuple[evidence.Times, evidence.Times]]:
    rng = np.random.default_rng(blocks)
    candidates, baselines = (times * NS_PER_MS for times in draw(rng, (RUNS, blocks)))
    limits = np.full(blocks, TIMEOUT_NS)
    candidates = np.where(np.isinf(candidates), math.nan, candidates)
    return [
        (evidence.Times(one, limits), evidence.Times(other, limits))
        for one, other in zip(candidates, baselines, strict=True)
    ]


def ratio_of(candidate: evidence.Times, baseline: evidence.Times) -> PairedRatio | None:
    return paired_ratio(candidate.ns, baseline.ns, candidate.least_ns, baseline.least_ns)


def simulate(draw: Draw, blocks: int) -> list[PairedRatio]:
    return [ratio for pair in runs_of(draw, blocks) if (ratio := ratio_of(*pair))]


def verdicts_of(draw: Draw, blocks: int) -> list[Verdict]:
    """Means are left out: no verdict is ``equivalent``."""
    return [judge(ratio_of(*pair), evidence.flip_test(*pair), math.inf, 10) for pair in runs_of(draw, blocks)]


def three_errors_of(rate: float) -> float:
    """Of the simulated rate: the test is exact, so half of the simulations of a true 5 % give more."""
    return 3 * math.sqrt(rate * (1 - rate) / RUNS)


def true_median_ratio(draw: Draw) -> float:
    candidate, baseline = draw(np.random.default_rng(0), (1, 1_000_001))
    return float(np.median(candidate / baseline))


@pytest.mark.parametrize("blocks", BLOCKS)
@pytest.mark.parametrize("draw", [equal_arms, half_the_time, equal_races, race_against_steady, censored_race])
def test_the_interval_covers_the_median_ratio(draw: Draw, blocks: int) -> None:
    truth = true_median_ratio(draw)
    covered = [ratio.interval.low <= truth <= ratio.interval.high for ratio in simulate(draw, blocks)]
    assert np.mean(covered) >= 0.93


@pytest.mark.parametrize("blocks", BLOCKS)
@pytest.mark.parametrize("draw", [equal_arms, equal_races])
def test_equal_arms_are_seldom_called_different(draw: Draw, blocks: int) -> None:
    verdicts = verdicts_of(draw, blocks)
    wrong = RUNS - verdicts.count(Verdict.NO_CLEAR_DIFFERENCE)
    assert wrong / RUNS <= 0.05 + three_errors_of(0.05)


def test_ten_blocks_find_half_the_time() -> None:
    """The price of an interval that holds everywhere: it must still see what matters."""
    verdicts = verdicts_of(half_the_time, 10)
    assert verdicts.count(Verdict.BETTER) / RUNS >= 0.8
    assert verdicts.count(Verdict.WORSE) == 0


def test_the_percentile_bootstrap_that_we_do_not_use_claims_too_much() -> None:
    """Ratio of the two medians over resampled blocks: why the interval is not the usual one."""
    rng = np.random.default_rng(6)
    candidates, baselines = (np.log(times) for times in equal_races(rng, (RUNS, 6)))
    resampled = rng.integers(0, 6, (999, 6))
    wrong = 0
    for candidate, baseline in zip(candidates, baselines, strict=True):
        ratios = np.median(candidate[resampled], axis=1) - np.median(baseline[resampled], axis=1)
        low, high = np.percentile(ratios, [2.5, 97.5])
        wrong += bool(low > 0 or high < 0)
    assert wrong / RUNS > 0.06


def test_the_long_form_runs(checkout: Path) -> None:
    """`make bench` prints a row per population and size; so few runs say nothing about its bounds."""
    command = [sys.executable, "bench/coverage.py", "--runs", "30"]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}, done.stderr
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 25 + 10 + 10 + 54
