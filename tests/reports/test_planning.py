"""How many blocks a difference would need: held to what simulated runs of that many blocks find."""

from __future__ import annotations

import numpy as np
import pytest

from lmkd_core.statistics.differences import paired_difference
from lmkd_core.statistics.paired import paired_ratio
from lmkd_core.statistics.planning import MAX_BLOCKS
from lmkd_core.statistics.planning import blocks_for_difference
from lmkd_core.statistics.planning import blocks_for_ratio

RUNS = 500


@pytest.mark.simulation
@pytest.mark.parametrize(("spread", "ratio"), [(0.1, 1.2), (0.3, 1.2), (0.3, 1.5)])
def test_that_many_blocks_find_the_ratio_in_about_four_of_five_runs(spread: float, ratio: float) -> None:
    rng = np.random.default_rng(20260204)
    blocks = blocks_for_ratio(rng.standard_t(4, 400) * spread, ratio)
    assert blocks is not None
    limits = np.full(blocks, 1e12)
    found = 0
    for _ in range(RUNS):
        logs = rng.standard_t(4, blocks) * spread
        one = paired_ratio(1e6 * ratio * np.exp(logs), np.full(blocks, 1e6), limits, limits)
        found += one is not None and one.interval is not None and one.interval.low > 1
    assert 0.72 <= found / RUNS <= 0.97  # at few blocks the sign test's steps are coarse


def test_the_direction_of_the_ratio_makes_no_difference() -> None:
    logs = np.random.default_rng(1).normal(0, 0.3, 30)
    assert blocks_for_ratio(logs, 1.25) == blocks_for_ratio(logs, 1 / 1.25)


def test_more_scatter_needs_more_blocks_and_a_larger_difference_fewer() -> None:
    logs = np.random.default_rng(2).normal(0, 1, 50)
    needed = [blocks_for_ratio(logs * spread, 1.2) or MAX_BLOCKS + 1 for spread in (0.05, 0.2, 0.5)]
    assert needed == sorted(needed)
    assert (blocks_for_ratio(logs * 0.3, 2.0) or 0) < (blocks_for_ratio(logs * 0.3, 1.2) or 0)


@pytest.mark.parametrize("logs", [[], [0.1] * 5, [np.nan] * 8, [np.inf, *[0.0] * 9]])
def test_too_little_is_known(logs: list[float]) -> None:
    assert blocks_for_ratio(np.array(logs), 1.2) is None


def test_what_no_number_of_blocks_would_find() -> None:
    assert blocks_for_ratio(np.random.default_rng(3).normal(0, 100, 50), 1.01) is None
    assert blocks_for_difference(100.0, 0.1) is None


@pytest.mark.simulation
def test_that_many_blocks_find_the_difference_in_kills() -> None:
    rng = np.random.default_rng(20260205)
    blocks = blocks_for_difference(1.0, 1.0)
    assert blocks is not None
    found = 0
    for _ in range(RUNS):
        one = paired_difference(rng.normal(1.0, 1.0, blocks), np.zeros(blocks))
        found += one is not None and one.is_clear
    assert 0.7 <= found / RUNS <= 0.95


def test_constant_differences_need_the_fewest_blocks_that_have_an_interval() -> None:
    assert blocks_for_difference(0.0, 1.0) == 6
