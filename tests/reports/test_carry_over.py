"""What one arm leaves behind must favour none: the design with lead-ins, and two without, by simulation.

All arms are equal. ``kill`` slows the trial after it 1.1, 1.3 or 2.0 times; or the first place of each block
takes 1.2 times as long. Times are lognormal, or have an outlier in one trial of ten, around a level that the
trials of a block share. 2,000 runs each, every draw is seeded: a rate of 5 % is known to 0.5 percentage
points, the estimate of 1.00 to 0.003. The orders are those of the product for 400 seeds.
"""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from lmkd_core.records.plan import arm_order
from lmkd_core.statistics.paired import interval_rank

pytestmark = pytest.mark.simulation

RUNS = 2000
SEEDS = 400
ARMS = range(3)
KILL, KILL_MRELEASE, REAP_KILL = ARMS
BLOCKS = (12, 20, 50)
SLOWDOWNS = (1.1, 1.3, 2.0)

Rng = np.random.Generator
Orders = np.ndarray
"""Arms by run, block and place."""

Noise = Callable[[Rng, tuple[int, ...]], np.ndarray]
Before = Callable[[Orders, Rng], np.ndarray]
"""The arm before the first trial of each block; -1: none."""


def lognormal(rng: Rng, shape: tuple[int, ...]) -> np.ndarray:
    return rng.normal(0, 0.2, shape)


def with_outliers(rng: Rng, shape: tuple[int, ...]) -> np.ndarray:
    return rng.normal(0, 0.15, shape) + (rng.random(shape) < 0.1) * rng.exponential(1.0, shape)


def lead_in(orders: Orders, rng: Rng) -> np.ndarray:
    """The product's: the first arm once more."""
    return orders[:, :, 0]


def block_before(orders: Orders, rng: Rng) -> np.ndarray:
    """No lead-in: the last arm of the block before, if its effect lasts that long."""
    first = np.full((len(orders), 1), -1)
    return np.concatenate([first, orders[:, :-1, -1]], axis=1)


def random_lead_in(orders: Orders, rng: Rng) -> np.ndarray:
    return rng.integers(0, len(ARMS), orders.shape[:2])


@cache
def orders_of(blocks: int) -> Orders:
    return np.array([[arm_order(ARMS, block, seed) for block in range(blocks)] for seed in range(SEEDS)])


def log_ratios(
    before: Before,
    noise: Noise,
    blocks: int,
    pair: tuple[int, int],
    slowdown: float = 1.0,
    place: float = 1.0,
) -> np.ndarray:
    """Sorted log ratios of two equal arms, by run and block."""
    rng = np.random.default_rng([blocks, round(100 * slowdown)])
    orders = orders_of(blocks)[rng.integers(0, SEEDS, RUNS)]
    previous = np.concatenate([before(orders, rng)[:, :, None], orders[:, :, :-1]], axis=2)
    times = noise(rng, orders.shape) + rng.normal(0, 0.15, (*orders.shape[:2], 1))
    times += math.log(slowdown) * (previous == KILL)
    times[:, :, 0] += math.log(place)
    by_arm = np.take_along_axis(times, np.argsort(orders, axis=2), axis=2)
    return np.sort(by_arm[:, :, pair[0]] - by_arm[:, :, pair[1]], axis=1)


def wrong_claims(ratios: np.ndarray) -> tuple[float, float]:
    """How often equal arms are called worse, and better."""
    rank = interval_rank(ratios.shape[1])
    return float((ratios[:, rank - 1] > 0).mean()), float((ratios[:, -rank] < 0).mean())


def estimate(ratios: np.ndarray) -> float:
    """The median over runs of the estimated ratio, which should be 1."""
    return math.exp(float(np.median(np.median(ratios, axis=1))))


@pytest.mark.parametrize("noise", [lognormal, with_outliers])
@pytest.mark.parametrize("blocks", BLOCKS)
@pytest.mark.parametrize("slowdown", SLOWDOWNS)
@pytest.mark.parametrize("baseline", [KILL, KILL_MRELEASE])
def test_with_lead_ins_an_arm_that_slows_the_next_trial_favours_none(
    noise: Noise, blocks: int, slowdown: float, baseline: int
) -> None:
    ratios = log_ratios(lead_in, noise, blocks, (REAP_KILL, baseline), slowdown)
    assert max(wrong_claims(ratios)) <= 0.05
    assert estimate(ratios) == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("blocks", BLOCKS)
def test_a_slower_first_place_favours_none(blocks: int) -> None:
    ratios = log_ratios(lead_in, lognormal, blocks, (REAP_KILL, KILL), place=1.2)
    assert max(wrong_claims(ratios)) <= 0.05
    assert estimate(ratios) == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("before", [block_before, random_lead_in])
def test_without_such_lead_ins_the_arm_that_slows_others_looks_better(before: Before) -> None:
    """The reason for lead-ins: the square alone lets ``kill`` never suffer from ``kill``."""
    ratios = log_ratios(before, lognormal, 50, (REAP_KILL, KILL), 1.3)
    assert wrong_claims(ratios)[0] > 0.15
    assert estimate(ratios) > 1.06


def test_the_long_form_runs(checkout: Path) -> None:
    """`make bench` prints a row per design, slowdown and number of blocks."""
    command = [sys.executable, "bench/carry_over.py", "--runs", "50"]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}, done.stderr
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 1 + 5 * 3 * 4
