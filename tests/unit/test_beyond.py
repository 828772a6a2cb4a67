"""One-sided p-values: exact for few values, and right under the limit itself."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from lmkd_core.statistics.beyond import counts_beyond_p
from lmkd_core.statistics.beyond import permutation_p
from lmkd_core.statistics.beyond import shares_beyond_p
from lmkd_core.statistics.beyond import times_beyond_p
from lmkd_core.statistics.independent import share_difference

NO_LIMIT = np.full(12, np.inf)


def beyond(candidate: list[float], base: list[float], factor: float, timeout: float = 3e9) -> float:
    limits = [np.full(len(values), timeout) for values in (candidate, base)]
    return times_beyond_p(np.array(candidate), np.array(base), *limits, factor)


def test_two_samples_apart_have_the_p_of_one_split_of_all() -> None:
    base = [1e6 * number for number in range(1, 13)]
    assert beyond([100 * ns for ns in base], base, 1.1) == pytest.approx(1 / 2704156)  # 24 over 12
    assert beyond(base, [100 * ns for ns in base], 1.1) == pytest.approx(1.0)


def test_the_limit_moves_the_candidate() -> None:
    base = list(1e8 * np.exp(np.random.default_rng(1).normal(0, 0.2, 12)))
    p_values = [beyond([1.5 * ns for ns in base], base, factor) for factor in (1.0, 1.2, 1.5, 2.0)]
    assert p_values == sorted(p_values)
    assert p_values[2] == pytest.approx(0.5, abs=0.05)


def test_ties_are_split_like_any_other_values() -> None:
    p = beyond([2e6] * 6, [1e6] * 6, 1.0)
    assert p == pytest.approx(1 / 924)  # 12 over 6
    assert beyond([1e6] * 6, [1e6] * 6, 1.0) == 1.0


def test_a_censored_time_counts_as_its_timeout_in_the_candidate_and_as_endless_in_the_base() -> None:
    base = [1e6 * number for number in range(1, 9)]
    assert beyond([np.nan] * 8, base, 1.0, timeout=9e6) == pytest.approx(1 / 12870)
    assert beyond([np.nan] * 8, [np.nan] * 8, 1.0) == 1.0


def test_a_permutation_test_counts_every_split() -> None:
    candidate, base = np.array([5.0, 1.0, 4.0]), np.array([2.0, 0.0])
    values = [5.0, 1.0, 4.0, 2.0, 0.0]
    larger = [sum(chosen) >= 10.0 for chosen in combinations(values, 3)]
    assert permutation_p(candidate, base) == pytest.approx(np.mean(larger))


def test_of_equal_counts_nothing_is_beyond() -> None:
    assert counts_beyond_p(np.full(12, 3.0), np.full(12, 3.0), 0.0) == 1.0
    assert counts_beyond_p(np.full(12, 5.0), np.full(12, 3.0), 0.2) <= 0.001
    assert counts_beyond_p(np.full(12, 5.0), np.full(12, 3.0), 2.0) == 1.0


@pytest.mark.parametrize(
    ("candidate", "base", "allowed"), [((14, 20), (2, 20), 0.0), ((9, 12), (3, 12), 0.05)]
)
def test_the_p_of_a_share_inverts_its_interval(
    candidate: tuple[int, int], base: tuple[int, int], allowed: float
) -> None:
    p = shares_beyond_p(candidate, base, allowed)
    estimate = share_difference(candidate, base, 1 - 2 * p)
    assert estimate is not None
    assert estimate.interval is not None
    assert estimate.interval.low == pytest.approx(allowed, abs=1e-6)


def test_under_the_limit_itself_few_p_values_are_small() -> None:
    """1,000 pairs of samples of 12 with seed 5; the Monte-Carlo error of a rate of 2.5 % is 0.5 points."""
    rng = np.random.default_rng(5)
    p_values = [
        beyond(list(1.1e8 * np.exp(rng.normal(0, 0.3, 12))), list(1e8 * np.exp(rng.normal(0, 0.3, 12))), 1.1)
        for _ in range(1000)
    ]
    assert np.mean(np.array(p_values) <= 0.025) <= 0.035
    assert stats.kstest(p_values, "uniform").pvalue > 0.01
