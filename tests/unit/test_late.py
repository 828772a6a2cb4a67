"""The share of late trials of two arms, paired: p-value and interval."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import optimize
from scipy import stats

from lmkd_core.statistics.late import late_difference
from lmkd_core.statistics.late import mcnemar_p
from lmkd_core.statistics.late import tango_ends


def flags(text: str) -> np.ndarray:
    return np.array([letter == "L" for letter in text])


def test_the_arms_are_compared_within_blocks() -> None:
    difference = late_difference(flags("....L......."), flags("LLLLL......."))
    assert difference is not None
    assert (difference.blocks, difference.candidate, difference.baseline) == (12, 1, 5)
    assert difference.p == mcnemar_p(0, 4) == 2 / 16
    assert difference.low < -4 / 12 < difference.high < 0.05


def test_no_blocks() -> None:
    assert late_difference(flags(""), flags("")) is None


@pytest.mark.parametrize(("only_candidate", "only_baseline"), [(0, 0), (0, 5), (2, 7), (6, 6), (9, 1)])
def test_p_is_that_of_the_binomial_test(only_candidate: int, only_baseline: int) -> None:
    discordant = only_candidate + only_baseline
    expected = stats.binomtest(only_candidate, discordant).pvalue if discordant else 1.0
    assert mcnemar_p(only_candidate, only_baseline) == pytest.approx(expected)


@pytest.mark.parametrize(("only_candidate", "only_baseline", "blocks"), [(0, 4, 12), (2, 7, 20), (5, 5, 12)])
def test_at_the_ends_the_score_test_has_a_p_of_5_percent(
    only_candidate: int, only_baseline: int, blocks: int
) -> None:
    """The statistic is worked out anew, with the likelihood maximised by search."""
    for end in tango_ends(only_candidate, only_baseline, blocks):
        assert abs(_score(end, only_candidate, only_baseline, blocks)) == pytest.approx(1.959964, abs=2e-3)


def _score(difference: float, first: int, second: int, blocks: int) -> float:
    """Only the candidate is late with the share ``share + difference``, only the baseline with ``share``."""
    neither = blocks - first - second

    def minus_log_likelihood(share: float) -> float:
        shares = np.clip([share + difference, share, 1 - 2 * share - difference], 1e-12, 1)
        return -float(np.dot([first, second, neither], np.log(shares)))

    limits = (max(0.0, -difference), (1 - difference) / 2)
    share = optimize.minimize_scalar(
        minus_log_likelihood, bounds=limits, method="bounded", options={"xatol": 1e-10}
    ).x
    variance = blocks * (2 * share + difference * (1 - difference))
    return (first - second - blocks * difference) / math.sqrt(variance)


@pytest.mark.parametrize("blocks", [1, 6, 12])
def test_the_ends_are_within_their_range_and_mirror_each_other(blocks: int) -> None:
    for only_candidate in range(blocks + 1):
        for only_baseline in range(blocks + 1 - only_candidate):
            low, high = tango_ends(only_candidate, only_baseline, blocks)
            assert -1 <= low <= (only_candidate - only_baseline) / blocks <= high <= 1
            assert tango_ends(only_baseline, only_candidate, blocks) == (
                pytest.approx(-high),
                pytest.approx(-low),
            )


@pytest.mark.parametrize(("blocks", "at_least"), [(8, 0.92), (12, 0.91), (20, 0.91)])
def test_coverage_counted_over_all_outcomes(blocks: int, at_least: float) -> None:
    """The exact probability. It is lowest where every block has one late arm, and 96 % on average."""
    ends = {
        (first, second): tango_ends(first, second, blocks)
        for first in range(blocks + 1)
        for second in range(blocks + 1 - first)
    }
    shares = [(first / 20, second / 20) for first in range(21) for second in range(21 - first)]
    coverages = [_coverage(ends, blocks, *pair) for pair in shares]
    assert min(coverages) >= at_least
    assert np.mean(coverages) >= 0.955


def _coverage(
    ends: dict[tuple[int, int], tuple[float, float]], blocks: int, first: float, second: float
) -> float:
    neither = max(0.0, 1 - first - second)
    return sum(
        math.comb(blocks, a) * math.comb(blocks - a, b) * first**a * second**b * neither ** (blocks - a - b)
        for (a, b), (low, high) in ends.items()
        if low - 1e-9 <= first - second <= high + 1e-9
    )
