"""Sign-flip tests: exact under equal arms, and one p-value for two statistics."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmkd_core.statistics.flips import MAX_EXACT_BLOCKS
from lmkd_core.statistics.flips import flip_p
from lmkd_core.statistics.flips import time_p

differences = st.lists(st.integers(-1000, 1000).map(float), min_size=1, max_size=9).map(np.array)


@given(differences)
def test_the_mean_is_compared_with_every_flip(values: np.ndarray) -> None:
    sums = [abs(np.dot(signs, values)) for signs in product((1, -1), repeat=len(values))]
    assert flip_p(values) == pytest.approx(np.mean([total >= abs(values.sum()) - 1e-6 for total in sums]))


@given(differences)
def test_the_other_direction_has_the_same_p(values: np.ndarray) -> None:
    assert flip_p(-values) == flip_p(values)
    assert time_p(-values, -np.sign(values)) == time_p(values, np.sign(values))


@given(differences)
def test_two_statistics_are_never_surer_than_the_better_of_them(values: np.ndarray) -> None:
    signs = np.sign(values)
    assert time_p(values, signs) >= min(flip_p(values), flip_p(signs)) - 1e-9


@pytest.mark.parametrize("blocks", [6, 8, 10])
def test_of_all_flips_of_the_data_at_most_5_in_100_are_claimed(blocks: int) -> None:
    """Under equal arms each flip is as likely as the data: the false claims are counted, not simulated."""
    values = np.random.default_rng(blocks).lognormal(0, 1.5, blocks)
    claims = [
        time_p(values * signs, np.sign(values) * signs) <= 0.05
        for signs in map(np.array, product((1.0, -1.0), repeat=blocks))
    ]
    assert np.mean(claims) <= 0.05


def test_all_blocks_of_one_sign() -> None:
    assert flip_p(np.full(10, -3.0)) == 2 / 2**10
    assert time_p(np.full(10, -3.0), np.full(10, -1.0)) == 2 / 2**10


def test_no_difference_anywhere() -> None:
    assert flip_p(np.zeros(8)) == time_p(np.zeros(8), np.zeros(8)) == 1.0


def test_many_blocks_are_compared_with_random_flips_that_are_always_the_same() -> None:
    values = np.random.default_rng(1).normal(0.5, 1, MAX_EXACT_BLOCKS + 7)
    assert flip_p(values) == flip_p(values.copy())
    assert 0 < flip_p(values) < 1
