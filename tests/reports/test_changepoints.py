"""Tests the change points of a series: found at their builds, and rarely in equal builds."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from lmkd_core.statistics import changepoints
from lmkd_core.statistics.bounds import Floats
from lmkd_core.statistics.changepoints import FEWEST_ASIDE
from lmkd_core.statistics.changepoints import LEVEL
from lmkd_core.statistics.changepoints import change_tests
from lmkd_core.statistics.changepoints import fewest_values

HISTORIES = 200
EQUAL_HISTORIES = 1000
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
    return sorted(test.at for test in change_tests(values, level) if test.p <= level)


@pytest.mark.simulation
@pytest.mark.parametrize("draw", [log_medians, shares, mean_extras])
def test_equal_builds_change_in_one_of_twenty_histories(
    draw: Callable[[np.random.Generator], Floats],
) -> None:
    """The test errs in 5 % by construction, so simulated shares lie on both sides of it."""
    rng = np.random.default_rng(20260201)
    wrong = sum(bool(change_indices(draw(rng))) for _ in range(EQUAL_HISTORIES))
    three_standard_errors = 3 * math.sqrt(LEVEL * (1 - LEVEL) / EQUAL_HISTORIES)
    assert wrong / EQUAL_HISTORIES <= LEVEL + three_standard_errors


@pytest.mark.simulation
def test_a_step_of_a_half_is_found_at_its_build() -> None:
    rng = np.random.default_rng(20260202)
    step = np.where(np.arange(BUILDS) < STEP_AT, 0, math.log(1.5))
    histories = [change_indices(log_medians(rng) + step) for _ in range(HISTORIES)]
    assert sum(STEP_AT in indices for indices in histories) / HISTORIES >= 0.9


@pytest.mark.simulation
def test_a_step_is_found_among_forty_series_too() -> None:
    rng = np.random.default_rng(20260203)
    step = np.where(np.arange(BUILDS) < STEP_AT, 0, math.log(1.5))
    histories = [change_indices(log_medians(rng) + step, LEVEL / 40) for _ in range(30)]
    assert sum(STEP_AT in indices for indices in histories) / len(histories) >= 0.8


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


def energy(before: Sequence[float], after: Sequence[float]) -> float:
    """The scaled energy distance, by its definition, pair by pair."""
    between = [abs(first - second) for first in before for second in after]
    within = [
        2
        / math.comb(len(side), 2)
        / 2
        * sum(abs(first - second) for first, second in itertools.combinations(side, 2))
        for side in (before, after)
    ]
    weight = len(before) * len(after) / (len(before) + len(after))
    return weight * (2 * sum(between) / len(between) - sum(within))


def test_splits_where_the_definition_does() -> None:
    values = np.random.default_rng(2).standard_t(3, 12)
    values[5:9] += 2
    splits = [
        (energy(list(values[:at]), list(values[at:until])), at)
        for at in range(FEWEST_ASIDE, 12)
        for until in range(at + FEWEST_ASIDE, 13)
    ]
    assert change_tests(values)[0].at == max(splits)[1]


def test_the_p_value_is_that_of_all_orders() -> None:
    """Eight values in a clean step: two of the 70 ways to split them are as clean."""
    step = np.array([0.0] * 4 + [1.0] * 4)
    (test,) = change_tests(step, 0.01 + 2 / 70)
    assert (test.start, test.at, test.end) == (0, 4, 8)
    assert test.p == pytest.approx(2 / 70, abs=0.03)


def test_the_fewest_values_are_those_that_a_clean_step_takes() -> None:
    assert [fewest_values(level) for level in (0.1, 0.05, 0.05 / 40)] == [6, 8, 13]
    step = np.repeat([0.0, 1.0], [4, 4])
    assert change_indices(step) == [4]
    assert change_tests(step[1:]) == []


def test_a_constant_series_has_no_change() -> None:
    (test,) = change_tests(np.full(BUILDS, 52.0))
    assert test.p == 1.0


def test_no_part_has_a_smaller_p_than_the_full_series() -> None:
    values = np.repeat([0.0, 5.0, 1.0], 10) + np.random.default_rng(3).normal(0, 0.1, 30)
    full, *parts = change_tests(values)
    assert {full.at} | {part.at for part in parts if part.p <= LEVEL} == {10, 20}
    assert all(part.p >= full.p for part in parts)


VALUES = st.lists(st.floats(-1e6, 1e6), max_size=24).map(lambda values: np.array(values, dtype=np.float64))


@settings(deadline=None, max_examples=50)
@given(VALUES)
def test_the_same_values_give_the_same_tests_in_any_unit(values: Floats) -> None:
    tests = change_tests(values)
    assert tests == change_tests(values)
    assert [test.at for test in change_tests(values * 4)] == [test.at for test in tests]
    assert all(
        test.start + FEWEST_ASIDE <= test.at <= test.end - FEWEST_ASIDE and 0 < test.p <= 1 for test in tests
    )


def test_memory_is_bounded_by_permuting_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The p-value does not depend on how many orders are drawn at a time."""
    values = np.random.default_rng(4).normal(0, 1, 12)
    at_once = change_tests(values)
    monkeypatch.setattr(changepoints, "MAX_DISTANCES", 5 * 12**2)
    assert change_tests(values) == at_once
