"""Simulated times of two arms in the same blocks, and how often the verdict's test finds their ratio.

A time is a common one, times the noise of its block, times noise of its own; the log ratios scatter about
normally, with t4 or Laplace tails, or with outliers: in one block of twenty, one arm takes 30 times as long.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from lmkd_core.statistics.sign_flip import sign_flip_test

SPREAD = 0.3
SEED = 20260302
NS = 1e7

OWN_NOISE = math.sqrt(0.5)
"""Of one arm's log times, as a part of the spread of their ratios."""

Shape = tuple[int, ...]
Draw = Callable[[np.random.Generator, Shape], np.ndarray]
"""Log times of two arms (2, ...) without the noise of the block, for log ratios with a scale of about 1."""


def lognormal(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    return rng.normal(0, OWN_NOISE, (2, *shape))


def t4(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    return _arms(rng, rng.standard_t(4, shape))


def laplace(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    return _arms(rng, rng.laplace(0, 0.7, shape))


def outliers(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    slow_arm = rng.integers(0, 2, shape) == np.arange(2).reshape(2, *(1 for _ in shape))
    return lognormal(rng, shape) + slow_arm * (rng.random(shape) < 0.05) * math.log(30) / SPREAD


def _arms(rng: np.random.Generator, log_ratios: np.ndarray) -> np.ndarray:
    """Arms with these log ratios, and the mean of two independent arms."""
    mean = rng.normal(0, OWN_NOISE**2, log_ratios.shape)
    return np.stack([mean + log_ratios / 2, mean - log_ratios / 2])


def finding_rate(
    draw: Draw,
    blocks: int,
    ratio: float,
    spread: float = SPREAD,
    runs: int = 1000,
    block_noise: float = OWN_NOISE,
) -> float:
    """The share of runs in which the verdict's test calls the slower arm slower."""
    rng = np.random.default_rng([SEED, blocks])
    shape = runs, blocks
    logs = spread * (draw(rng, shape) + rng.normal(0, block_noise, shape))
    differences = NS * (ratio * np.exp(logs[0]) - np.exp(logs[1]))
    tests = [sign_flip_test(run, run) for run in differences]
    return float(np.mean([test.p <= 0.05 and test.direction > 0 for test in tests]))
