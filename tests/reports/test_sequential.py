"""Runs that may stop early: their intervals hold whatever the moment at which they stop."""

from __future__ import annotations

import numpy as np
import pytest

from lmkd_core.statistics.paired import PairedRatio
from lmkd_core.statistics.paired import interval_rank
from lmkd_core.statistics.paired import paired_ratio
from lmkd_core.statistics.sequential import look_confidence
from lmkd_core.statistics.sequential import looks

pytestmark = pytest.mark.simulation

RUNS = 2000
BLOCKS = 40
PRECISION = 1.25
TYPICAL_NS = 50e6


def test_looks_are_few_and_the_last_is_the_end() -> None:
    assert looks(40) == (8, 12, 18, 27, 40)
    assert looks(12) == (8, 12)
    assert looks(8) == (8,)
    assert looks(5) == (5,)
    assert len(looks(10_000)) <= 20


@pytest.mark.parametrize("blocks", [6, 8, 9, 12, 13, 20, 40, 60])
def test_every_look_can_have_an_interval(blocks: int) -> None:
    assert all(interval_rank(look, look_confidence(blocks)) for look in looks(blocks))


def a_run(rng: np.random.Generator, true_ratio: float) -> tuple[PairedRatio, int]:
    """Heavy-tailed times with lost races, and where the run stopped: as soon as the interval is narrow."""
    base = TYPICAL_NS * np.exp(rng.standard_t(3, BLOCKS) * 0.1)
    base *= np.where(rng.random(BLOCKS) < 0.1, 3.0, 1.0)
    candidate = TYPICAL_NS * true_ratio * np.exp(rng.standard_t(3, BLOCKS) * 0.1)
    limits = np.full(BLOCKS, 1e12)
    confidence = look_confidence(BLOCKS)
    for look in looks(BLOCKS):
        ratio = paired_ratio(candidate[:look], base[:look], limits[:look], limits[:look], confidence)
        assert ratio is not None
        assert ratio.interval is not None
        if ratio.interval.high / ratio.interval.low < PRECISION:
            break
    return ratio, look


def median_ratio(rng: np.random.Generator) -> float:
    """Of a candidate that is as fast: the tail of lost races moves it."""
    base = np.exp(rng.standard_t(3, 10**6) * 0.1) * np.where(rng.random(10**6) < 0.1, 3.0, 1.0)
    return float(np.median(np.exp(rng.standard_t(3, 10**6) * 0.1) / base))


def test_the_interval_at_the_stop_covers_the_truth() -> None:
    rng = np.random.default_rng(20260201)
    truth = median_ratio(rng)
    runs = [a_run(rng, 1.0) for _ in range(RUNS)]
    stops = [look for _, look in runs]
    assert len(set(stops)) >= 3  # it does stop at different looks
    missed = sum(not (one.interval.low <= truth <= one.interval.high) for one, _ in runs if one.interval)
    assert missed / RUNS <= 0.05


def test_equal_arms_are_called_different_in_one_of_twenty_at_most() -> None:
    rng = np.random.default_rng(20260202)
    limits = np.full(BLOCKS, 1e12)
    claims = 0
    for _ in range(RUNS):
        one, other = TYPICAL_NS * np.exp(rng.standard_t(3, (2, BLOCKS)) * 0.1)
        for look in looks(BLOCKS):
            ratio = paired_ratio(
                one[:look], other[:look], limits[:look], limits[:look], look_confidence(BLOCKS)
            )
            assert ratio is not None
            if ratio.p <= 0.05:  # at any look: worse than any rule of stopping
                claims += 1
                break
    assert claims / RUNS <= 0.05


def test_p_and_interval_say_the_same_at_every_look() -> None:
    rng = np.random.default_rng(20260203)
    for _ in range(200):
        ratio, _ = a_run(rng, 0.9)
        assert ratio.interval is not None
        assert (ratio.p <= 0.05) == (ratio.interval.high < 1 or ratio.interval.low > 1)
