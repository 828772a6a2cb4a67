"""Tests the change points of a series: found at their builds, and rarely in equal builds."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from lmkd_core.statistics import changepoints
from lmkd_core.statistics.bounds import Floats
from lmkd_core.statistics.changepoints import CORRELATIONS
from lmkd_core.statistics.changepoints import FEWEST_ASIDE
from lmkd_core.statistics.changepoints import LEVEL
from lmkd_core.statistics.changepoints import PRICE
from lmkd_core.statistics.changepoints import change_tests
from lmkd_core.statistics.changepoints import fewest_values
from lmkd_core.statistics.changepoints import lag_one_correlation

HISTORIES = 100
EQUAL_HISTORIES = 400
BUILDS = 20
STEP_AT = 12


def log_medians(rng: np.random.Generator, builds: int = BUILDS) -> Floats:
    """Logs of medians of ten trials, one in ten of them held up; builds scatter as well."""
    trials = rng.normal(0, 0.15, (builds, 10))
    trials += (rng.random(trials.shape) < 0.1) * rng.exponential(1, trials.shape)
    return np.asarray(np.median(trials, axis=1) + 0.05 * rng.standard_t(3, builds))


def shares(rng: np.random.Generator, builds: int = BUILDS) -> Floats:
    """Shares of lost races, of ten calls each."""
    return np.asarray(rng.binomial(10, 0.4, builds) / 10)


def mean_extras(rng: np.random.Generator, builds: int = BUILDS) -> Floats:
    """Mean extra kills per episode: mostly none, now and then a few."""
    return np.asarray((rng.poisson(2, (builds, 8)) * (rng.random((builds, 8)) < 0.15)).mean(axis=1))


def change_indices(values: Floats, level: float = LEVEL) -> list[int]:
    return sorted(place for test in change_tests(values, level) if test.p <= level for place in test.places)


@pytest.mark.simulation
@pytest.mark.parametrize("draw", [log_medians, shares, mean_extras])
def test_equal_builds_change_in_one_of_twenty_histories_at_most(
    draw: Callable[[np.random.Generator], Floats],
) -> None:
    rng = np.random.default_rng(20260201)
    wrong = sum(bool(change_indices(draw(rng))) for _ in range(EQUAL_HISTORIES))
    three_standard_errors = 3 * math.sqrt(LEVEL * (1 - LEVEL) / EQUAL_HISTORIES)
    assert wrong / EQUAL_HISTORIES <= LEVEL + three_standard_errors


@pytest.mark.simulation
def test_a_step_of_a_half_is_found_at_its_build() -> None:
    """Of heavy-tailed medians; among eight series it takes more builds."""
    rng = np.random.default_rng(20260202)
    for builds, level, histories_made in ((20, LEVEL, HISTORIES), (40, LEVEL / 8, 30)):
        step = np.where(np.arange(builds) < STEP_AT, 0, math.log(1.5))
        histories = [change_indices(log_medians(rng, builds) + step, level) for _ in range(histories_made)]
        near = [any(abs(index - STEP_AT) <= 1 for index in indices) for indices in histories]
        assert np.mean(near) >= 0.85


@pytest.mark.simulation
def test_a_change_that_was_taken_back_is_two() -> None:
    rng = np.random.default_rng(20260204)
    builds = np.arange(24)
    bump = np.where((builds >= 8) & (builds < 16), math.log(1.5), 0)
    histories = [change_indices(log_medians(rng, 24) + bump) for _ in range(40)]
    assert sum({8, 16} <= set(indices) for indices in histories) / len(histories) >= 0.7


def test_outliers_are_no_change() -> None:
    values = np.random.default_rng(1).normal(0, 0.1, BUILDS)
    values[[7, 19]] += 5
    assert change_indices(values) == []


def minus_twice_log_likelihood(values: Floats, means: Floats, correlation: float) -> float:
    """Of normal values with AR(1) noise, by the full covariance matrix; mean and scale are the best ones."""
    distance = np.abs(np.subtract.outer(np.arange(len(values)), np.arange(len(values))))
    inverse = np.linalg.inv(correlation**distance / (1 - correlation**2))
    normal = np.linalg.solve(means.T @ inverse @ means, means.T @ inverse @ values)
    rest = values - means @ normal
    _, logarithm = np.linalg.slogdet(inverse)
    return float(len(values) * math.log(rest @ inverse @ rest) - logarithm)


def test_splits_where_the_likelihood_ratio_is_largest() -> None:
    values = np.random.default_rng(2).normal(0, 0.5, 12)
    values[5:9] += 2
    ones = np.ones(12)
    splits = []
    for at in range(FEWEST_ASIDE, 12):
        for until in {12, *range(at + FEWEST_ASIDE, 12 - FEWEST_ASIDE + 1)} - set(range(at + FEWEST_ASIDE)):
            step = ((np.arange(12) >= at) & (np.arange(12) < until)).astype(float)
            with_step = min(
                minus_twice_log_likelihood(values, np.stack([ones, step], axis=1), correlation)
                for correlation in CORRELATIONS
            )
            price = 0 if until == 12 else PRICE * math.log(12)
            splits.append((-with_step - price, (at,) if until == 12 else (at, until)))
    assert change_tests(values)[0].places == max(splits)[1]


def test_the_p_value_is_that_of_all_orders() -> None:
    """Eight values in a clean step: two of the 70 ways to split them are as clean."""
    step = np.array([0.0] * 4 + [1.0] * 4)
    (test,) = change_tests(step, 0.01 + 2 / 70)
    assert (test.start, test.places, test.end) == (0, (4,), 8)
    assert test.p == pytest.approx(2 / 70, abs=0.03)


def test_the_fewest_values_are_those_that_a_clean_step_takes() -> None:
    assert [fewest_values(level) for level in (0.1, 0.05, 0.05 / 40)] == [6, 8, 15]
    step = np.repeat([0.0, 1.0], [4, 4])
    assert change_indices(step) == [4]
    assert change_tests(step[1:]) == []


def test_a_constant_series_has_no_change() -> None:
    (test,) = change_tests(np.full(BUILDS, 52.0))
    assert test.p == 1.0


def test_no_part_has_a_smaller_p_than_the_full_series() -> None:
    values = np.repeat([0.0, 5.0, 1.0], 10) + np.random.default_rng(3).normal(0, 0.1, 30)
    full, *parts = change_tests(values)
    assert change_indices(values) == [10, 20]
    assert parts
    assert all(part.p >= full.p for part in parts)


VALUES = st.lists(st.floats(-1e6, 1e6), max_size=24).map(lambda values: np.array(values, dtype=np.float64))


@settings(deadline=None, max_examples=20)
@given(VALUES)
def test_the_same_values_give_the_same_tests_in_any_unit(values: Floats) -> None:
    tests = change_tests(values)
    assert tests == change_tests(values)
    assert [test.places for test in change_tests(values * 4)] == [test.places for test in tests]
    for test in tests:
        assert 0 < test.p <= 1
        edges = [test.start, *test.places, test.end]
        assert all(last - first >= FEWEST_ASIDE for first, last in itertools.pairwise(edges))


def test_memory_is_bounded_by_permuting_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The p-value does not depend on how many orders are drawn at a time."""
    values = np.random.default_rng(4).normal(0, 1, 12)
    at_once = change_tests(values)
    monkeypatch.setattr(changepoints, "MAX_CELLS", 5 * 12)
    assert change_tests(values) == at_once


def drift(rng: np.random.Generator, correlation: float, builds: int) -> Floats:
    """Builds that each resemble the one before."""
    shocks = rng.normal(0, math.sqrt(1 - correlation**2), builds)
    values = [float(rng.normal())]
    for shock in shocks[1:]:
        values.append(correlation * values[-1] + shock)
    return np.array(values)


@pytest.mark.parametrize("correlation", [0.0, 0.5])
def test_the_correlation_of_a_build_with_the_next_is_estimated_beside_a_step(correlation: float) -> None:
    """200 series of 40 builds: the mean of the estimates has a standard error of 0.011."""
    rng = np.random.default_rng(20260205)
    step = np.where(np.arange(40) < 20, 0, 9)
    estimates = [lag_one_correlation(drift(rng, correlation, 40) + step, (20,)) for _ in range(200)]
    assert np.mean(estimates) == pytest.approx(correlation, abs=0.07)


def test_values_without_scatter_have_no_correlation() -> None:
    assert lag_one_correlation(np.repeat([5.0, 9.0], 10), (10,)) == 0
