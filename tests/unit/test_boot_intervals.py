"""Intervals over boots: what they take, and what they never claim."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from lmkd_core.statistics.boots import MIN_BOOTS
from lmkd_core.statistics.boots import BootValues
from lmkd_core.statistics.boots import beyond_over_boots_p
from lmkd_core.statistics.boots import deviations
from lmkd_core.statistics.boots import difference_over_boots
from lmkd_core.statistics.boots import means_of_boots
from lmkd_core.statistics.boots import medians_of_boots
from lmkd_core.statistics.boots import over_boots

BOOTS = ["a", "a", "a", "b", "b", "c"]
VALUES = np.array([1.0, 2.0, 9.0, 4.0, 6.0, 3.0])


def exactly(*values: float) -> BootValues:
    return BootValues(np.array(values), np.array(values))


def test_each_boot_has_one_value_whatever_its_number_of_blocks() -> None:
    assert list(medians_of_boots(VALUES, VALUES, BOOTS).least) == [2, 5, 3]
    assert list(means_of_boots(VALUES, BOOTS).least) == [4, 5, 3]


def test_the_interval_is_students_t_over_the_boots() -> None:
    result = over_boots(exactly(2, 5, 3))
    expected = stats.t.interval(0.95, 2, loc=10 / 3, scale=stats.sem([2, 5, 3]))
    assert (result.interval.low, result.interval.high) == pytest.approx(expected)
    assert result.p == pytest.approx(stats.ttest_1samp([2, 5, 3], 0).pvalue)


def test_the_difference_of_two_runs_is_welchs_t() -> None:
    base, candidate = (1.0, 1.5, 1.1, 1.3), (2.0, 5.0, 3.0)
    result = difference_over_boots(exactly(*candidate), exactly(*base))
    test = stats.ttest_ind(candidate, base, equal_var=False)
    expected = test.confidence_interval(0.95)
    assert (result.interval.low, result.interval.high) == pytest.approx((expected.low, expected.high))
    assert result.p == pytest.approx(test.pvalue)


def test_fewer_boots_than_three_have_no_interval() -> None:
    assert over_boots(exactly(*range(MIN_BOOTS - 1))) is None
    assert difference_over_boots(exactly(1, 2), exactly(1, 2, 3)) is None


def test_a_boot_without_a_bound_leaves_one_end_open() -> None:
    """The other end is known, and so is a claim: however late the third boot was, all are above 0."""
    late = over_boots(BootValues(np.array([1.0, 1.1, 1.2]), np.array([1.0, 1.1, math.inf])))
    least = over_boots(exactly(1.0, 1.1, 1.2))
    assert (late.interval.low, late.interval.high) == (least.interval.low, math.inf)
    assert late.p == least.p


def test_each_end_is_that_of_the_values_that_favour_it_least() -> None:
    rng = np.random.default_rng(1)
    least = rng.normal(0, 1, 5)
    greatest = least + rng.exponential(0.5, 5)
    result = over_boots(BootValues(least, greatest))
    ends = over_boots(exactly(*least)).interval.low, over_boots(exactly(*greatest)).interval.high
    assert (result.interval.low, result.interval.high) == ends


def test_a_candidate_that_never_comes_back_is_beyond_every_limit() -> None:
    base = exactly(2.3, 2.4, 2.2)
    never = BootValues(np.full(3, 8.0), np.full(3, math.inf))
    assert beyond_over_boots_p(never, base, math.log(1.1)) < 0.01
    assert beyond_over_boots_p(base, never, math.log(1.1)) == 1


def test_equal_counts_in_all_boots_are_not_certainty() -> None:
    result = over_boots(means_of_boots(np.full(10, -3.0), [*"aabbccddee"]))
    assert result.interval.low < -3 < result.interval.high < 0


def test_the_scatter_of_boots_is_told_from_that_of_blocks() -> None:
    rng = np.random.default_rng(2)
    boots = [str(number) for number in range(400) for _ in range(4)]
    values = rng.normal(0, 0.3, 1600) + np.repeat(rng.normal(0, 0.2, 400), 4)
    scatter = deviations(values, boots)
    assert scatter.between == pytest.approx(0.2, rel=0.15)
    assert scatter.within == pytest.approx(0.3, rel=0.1)


def test_scatter_is_unknown_where_each_boot_has_one_block() -> None:
    assert deviations(np.array([1.0, 2.0]), ["a", "b"]) is None
