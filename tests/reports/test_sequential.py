"""Runs that may stop early: their intervals hold, because the width of one says nothing of its place."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from lmkd_core.statistics.paired import interval_rank
from lmkd_core.statistics.sequential import looks
from lmkd_core.statistics.sign_flip import sign_flip_test

pytestmark = pytest.mark.simulation

RUNS = 4000
BLOCKS = 40
PRECISION = 1.25

Rng = np.random.Generator
Logs = np.ndarray
Draw = Callable[[Rng, tuple[int, int]], Logs]


def lognormal(rng: Rng, shape: tuple[int, int]) -> Logs:
    """Log ratios of two arms."""
    return rng.normal(0, 0.2, shape)


def heavy(rng: Rng, shape: tuple[int, int]) -> Logs:
    return 0.1 * (rng.standard_t(3, shape) - rng.standard_t(3, shape))


def lost_races(rng: Rng, shape: tuple[int, int]) -> Logs:
    """The baseline loses one race in ten."""
    return heavy(rng, shape) - np.where(rng.random(shape) < 0.1, np.log(3), 0)


def skewed(rng: Rng, shape: tuple[int, int]) -> Logs:
    return rng.exponential(0.25, shape)


def test_looks_are_few_and_the_last_is_the_end() -> None:
    assert looks(40) == (8, 12, 18, 27, 40)
    assert looks(12) == (8, 12)
    assert looks(8) == (8,)
    assert looks(5) == (5,)
    assert len(looks(10_000)) <= 20


def stops(logs: Logs) -> tuple[np.ndarray, Logs, Logs]:
    """Where each run stops, as soon as its interval is narrow, and the interval's ends there."""
    stopped = np.zeros(len(logs), dtype=int)
    low, high = np.zeros(len(logs)), np.zeros(len(logs))
    for look in looks(BLOCKS):
        rank, ordered = interval_rank(look), np.sort(logs[:, :look], axis=1)
        narrow = ordered[:, -rank] - ordered[:, rank - 1] < np.log(PRECISION)
        here = (stopped == 0) & (narrow | (look == BLOCKS))
        stopped[here], low[here], high[here] = look, ordered[here, rank - 1], ordered[here, -rank]
    return stopped, low, high


@pytest.mark.parametrize("draw", [lognormal, heavy, lost_races, skewed])
def test_the_interval_at_the_stop_covers_the_truth(draw: Draw) -> None:
    """4,000 runs, seed 1: the Monte-Carlo error of 95 % is 0.35 points."""
    rng = np.random.default_rng(1)
    truth = np.median(draw(rng, (1, 1_000_001)))
    stopped, low, high = stops(draw(rng, (RUNS, BLOCKS)))
    assert len(set(stopped)) >= 3  # it does stop at different looks
    assert np.mean((low <= truth) & (truth <= high)) >= 0.95 - 0.01


@pytest.mark.parametrize("draw", [lognormal, heavy])
def test_equal_arms_are_seldom_called_different_at_the_stop(draw: Draw) -> None:
    """1,000 runs, seed 2: the Monte-Carlo error of 5 % is 0.7 points."""
    rng = np.random.default_rng(2)
    logs = draw(rng, (1000, BLOCKS))
    stopped, _, _ = stops(logs)
    differences = [1e7 * (np.exp(run / 2) - np.exp(-run / 2)) for run in logs]
    tests = [sign_flip_test(run[:stop], run[:stop]) for run, stop in zip(differences, stopped, strict=True)]
    assert np.mean([test.p <= 0.05 for test in tests]) <= 0.05 + 0.021
