"""The interval of a difference in kills: how often it covers the truth, in data like those of episodes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from lmkd_core.statistics.bounds import Floats
from lmkd_core.statistics.differences import paired_difference

pytestmark = pytest.mark.simulation

RUNS = 2000
LARGE = 2_000_000

Rng = np.random.Generator
Draw = Callable[[Rng, int], Floats]


def heavy(rng: Rng, blocks: int) -> Floats:
    """Two arms of five kills each, that scatter by themselves."""
    return (rng.poisson(5, blocks) - rng.poisson(5, blocks)).astype(np.float64)


def rare(rng: Rng, blocks: int) -> Floats:
    """Nothing in most blocks, in some a kill or more on either side."""
    mine = np.where(rng.random(blocks) < 0.7, 0, rng.poisson(1.0, blocks))
    return (mine - (rng.random(blocks) < 0.15)).astype(np.float64)


def one_in_ten(rng: Rng, blocks: int) -> Floats:
    return (rng.random(blocks) < 0.1).astype(np.float64)


def starved(rng: Rng, blocks: int) -> Floats:
    """As starved victims give: none to three, seldom one the other way."""
    return (rng.binomial(3, 0.3, blocks) - rng.binomial(1, 0.2, blocks)).astype(np.float64)


def nearly_constant(rng: Rng, blocks: int) -> Floats:
    """As holders beyond the burst give: three in most blocks."""
    return 3.0 - (rng.random(blocks) < 0.2) + (rng.random(blocks) < 0.1)


DRAWS = (heavy, rare, one_in_ten, starved, nearly_constant)


def covered(draw: Draw, blocks: int) -> float:
    rng = np.random.default_rng(20260401 + blocks)
    truth = float(draw(rng, LARGE).mean())
    hits = 0
    for _ in range(RUNS):
        found = paired_difference(draw(rng, blocks), np.zeros(blocks))
        assert found is not None and found.low is not None and found.high is not None
        hits += found.low <= truth <= found.high
    return hits / RUNS


@pytest.mark.parametrize("blocks", [6, 12])
@pytest.mark.parametrize("draw", DRAWS)
def test_the_interval_covers_the_mean(draw: Draw, blocks: int) -> None:
    assert covered(draw, blocks) >= 0.93


def test_equal_arms_are_seldom_called_different() -> None:
    rng = np.random.default_rng(20260402)
    for blocks in (6, 8, 12):
        claims = 0
        for _ in range(RUNS):
            kills = rng.poisson(5, (2, blocks)).astype(np.float64)
            found = paired_difference(kills[0], kills[1])
            claims += found is not None and found.is_clear
        assert claims / RUNS <= 0.05


def test_a_difference_that_was_always_the_same_is_not_known_exactly() -> None:
    found = paired_difference(np.full(12, 2.0), np.full(12, 5.0))
    assert found is not None and found.low is not None and found.high is not None
    assert found.low < found.mean == -3.0 < found.high < 0
    assert found.is_constant and found.is_clear


def test_the_plain_bootstrap_that_we_do_not_use_claims_to_know_too_much() -> None:
    """Six blocks of which none happens to differ: its interval is a point."""
    rng = np.random.default_rng(20260403)
    hits = 0
    for _ in range(RUNS):
        differences = one_in_ten(rng, 6)
        means = rng.choice(differences, (500, 6)).mean(axis=1)
        low, high = np.percentile(means, [2.5, 97.5])
        hits += low <= 0.1 <= high
    assert hits / RUNS < 0.6
