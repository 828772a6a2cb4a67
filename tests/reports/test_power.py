"""The power that the planner counts on is that of the verdict's test, for lognormal times.

800 runs per cell: a Monte-Carlo error of at most 1.8 points. bench/planning.py compares the whole grid.
"""

from __future__ import annotations

import math

import pytest
from paired_times import OWN_NOISE
from paired_times import finding_rate
from paired_times import lognormal

from lmkd_core.statistics.planning import MAX_BLOCKS
from lmkd_core.statistics.power import sign_flip_power

RUNS = 800


@pytest.mark.simulation
@pytest.mark.parametrize(
    ("blocks", "log_sd", "ratio"),
    [(6, 0.3, 1.35), (8, 0.3, 1.5), (12, 0.1, 1.1), (12, 0.3, 1.2), (20, 0.3, 1.2), (40, 0.6, 1.35)],
)
def test_the_power_is_that_of_the_verdicts_test(blocks: int, log_sd: float, ratio: float) -> None:
    """The formula itself is up to 4 points off where the power matters; two errors come on top."""
    simulated = finding_rate(lognormal, blocks, ratio, log_sd, RUNS)
    assert sign_flip_power(blocks, log_sd, ratio) == pytest.approx(simulated, abs=0.04 + 0.036)


@pytest.mark.simulation
@pytest.mark.parametrize("block_noise", [0.0, 2 * OWN_NOISE])
def test_the_noise_of_blocks_changes_it_little_at_the_usual_scatter(block_noise: float) -> None:
    simulated = finding_rate(lognormal, 20, 1.2, 0.3, RUNS, block_noise)
    assert sign_flip_power(20, 0.3, 1.2) == pytest.approx(simulated, abs=0.04 + 0.036)


def test_more_blocks_or_a_larger_ratio_or_less_scatter_have_more_power() -> None:
    for log_sd in (0.05, 0.3, 0.6):
        powers = [sign_flip_power(blocks, log_sd, 1.2) for blocks in range(5, MAX_BLOCKS + 1)]
        assert powers == sorted(powers)
        assert powers[0] == 0 < powers[1] < 1
    assert sign_flip_power(12, 0.3, 1.2) < sign_flip_power(12, 0.3, 1.3) < sign_flip_power(12, 0.2, 1.3)
    assert sign_flip_power(12, 0.3, 1 / 1.2) == pytest.approx(sign_flip_power(12, 0.3, 1.2))


@pytest.mark.parametrize("log_sd", [0.0, 1e-300, 1e-12, 1e-3, 0.01, 1.0, 100.0])
@pytest.mark.parametrize("blocks", [6, 7, 8, 12, MAX_BLOCKS])
def test_it_is_a_probability_for_any_scatter(blocks: int, log_sd: float) -> None:
    for ratio in (1.0001, 1.2, 1000.0):
        power = sign_flip_power(blocks, log_sd, ratio)
        assert math.isfinite(power)
        assert 0 <= power <= 1
