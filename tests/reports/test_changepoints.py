"""Change points of a series: found where they are, and seldom where there is none."""

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
    """Logs of a build's median of ten trials, one in ten of them held up; builds differ by themselves too."""
    trials = rng.normal(0, 0.15, (builds, 10))
    trials += (rng.random(trials.shape) < 0.1) * rng.exponential(1, trials.shape)
    return np.asarray(np.median(trials, axis=1) + 0.05 * rng.standard_t(3, builds))


def shares(rng: np.random.Generator, builds: int = BUILDS) -> Floats:
    """Lost races of ten."""
    return np.asarray(rng.binomial(10, 0.4, builds) / 10)


def mean_extras(rng: np.random.Generator, builds: int = BUILDS) -> Floats:
    """Extra kills an episode: mostly none, now and then a few."""
    return np.asarray((rng.poisson(2, (builds, 8)) * (rng.random((builds, 8)) < 0.15)).mean(axis=1))


def found(values: Floats, level: float = LEVEL) -> list[int]:
    return sorted(tested.at for tested in change_tests(values, level) if tested.p <= level)


@pytest.mark.simulation
@pytest.mark.parametrize("draw", [log_medians, shares, mean_extras])
def test_equal_builds_change_in_one_of_twenty_histories(
    draw: Callable[[np.random.Generator], Floats],
) -> None:
    """The test errs in 5 % by its construction, so that simulated shares lie on both sides of that."""
    rng = np.random.default_rng(20260201)
    wrong = sum(bool(found(draw(rng))) for _ in range(EQUAL_HISTORIES))
    three_standard_errors = 3 * math.sqrt(LEVEL * (1 - LEVEL) / EQUAL_HISTORIES)
    assert wrong / EQUAL_HISTORIES <= LEVEL + three_standard_errors


@pytest.mark.simulation
def test_a_step_of_a_half_is_found_at_its_build() -> None:
    rng = np.random.default_rng(20260202)
    step = np.where(np.arange(BUILDS) < STEP_AT, 0, math.log(1.5))
    histories = [found(log_medians(rng) + step) for _ in range(HISTORIES)]
    assert sum(STEP_AT in one for one in histories) / HISTORIES >= 0.9


@pytest.mark.simulation
def test_a_step_is_found_among_forty_series_too() -> None:
    rng = np.random.default_rng(20260203)
    step = np.where(np.arange(BUILDS) < STEP_AT, 0, math.log(1.5))
    histories = [found(log_medians(rng) + step, LEVEL / 40) for _ in range(30)]
    assert sum(STEP_AT in one for one in histories) / len(histories) >= 0.8


@pytest.mark.simulation
def test_a_change_that_was_taken_back_is_two() -> None:
    rng = np.random.default_rng(20260204)
    builds = np.arange(24)
    bump = np.where((builds >= 8) & (builds < 16), math.log(1.5), 0)
    histories = [found(log_medians(rng, 24) + bump) for _ in range(40)]
    assert sum({8, 16} <= set(one) for one in histories) / len(histories) >= 0.7


def test_outliers_are_no_change() -> None:
    values = np.random.default_rng(1).normal(0, 0.1, BUILDS)
    values[[7, 19]] += 5
    assert found(values) == []


def energy(before: Sequence[float], after: Sequence[float]) -> float:
    """The scaled energy distance by its definition, pair by pair."""
    between = [abs(one - other) for one in before for other in after]
    within = [
        2
        / math.comb(len(side), 2)
        / 2
        * sum(abs(one - other) for one, other in itertools.combinations(side, 2))
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
    """Eight values in a clean step: of 8! orders two of 70 are as clean."""
    step = np.array([0.0] * 4 + [1.0] * 4)
    (tested,) = change_tests(step, 0.01 + 2 / 70)
    assert (tested.start, tested.at, tested.end) == (0, 4, 8)
    assert tested.p == pytest.approx(2 / 70, abs=0.03)


def test_the_fewest_values_are_those_that_a_clean_step_takes() -> None:
    assert [fewest_values(level) for level in (0.1, 0.05, 0.05 / 40)] == [6, 8, 13]
    step = np.repeat([0.0, 1.0], [4, 4])
    assert found(step) == [4]
    assert change_tests(step[1:]) == []


def test_what_is_constant_never_changed() -> None:
    (tested,) = change_tests(np.full(BUILDS, 52.0))
    assert tested.p == 1.0


def test_parts_are_never_surer_than_the_whole() -> None:
    values = np.repeat([0.0, 5.0, 1.0], 10) + np.random.default_rng(3).normal(0, 0.1, 30)
    whole, *parts = change_tests(values)
    assert {whole.at} | {part.at for part in parts if part.p <= LEVEL} == {10, 20}
    assert all(part.p >= whole.p for part in parts)


VALUES = st.lists(st.floats(-1e6, 1e6), max_size=24).map(lambda values: np.array(values, dtype=np.float64))


@settings(deadline=None, max_examples=50)
@given(VALUES)
def test_the_same_values_give_the_same_tests_in_any_unit(values: Floats) -> None:
    tests = change_tests(values)
    assert tests == change_tests(values)
    assert [one.at for one in change_tests(values * 4)] == [one.at for one in tests]
    assert all(
        one.start + FEWEST_ASIDE <= one.at <= one.end - FEWEST_ASIDE and 0 < one.p <= 1 for one in tests
    )


def test_memory_is_bounded_by_permuting_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The p-value does not depend on how many orders are drawn at a time."""
    values = np.random.default_rng(4).normal(0, 1, 12)
    at_once = change_tests(values)
    monkeypatch.setattr(changepoints, "MAX_DISTANCES", 5 * 12**2)
    assert change_tests(values) == at_once
