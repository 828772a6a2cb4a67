"""Holm's adjusted p-values: worked examples, and what the procedure guarantees."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmkd_core.statistics.multiplicity import holm

P_VALUES = st.lists(st.floats(0, 1), max_size=20)


@pytest.mark.parametrize(
    ("p_values", "adjusted"),
    [
        ([], []),
        ([0.03], [0.03]),
        # the smallest times 4, the next times 3 and so on, none below the one before it
        ([0.04, 0.01, 0.03, 0.02], [0.06, 0.04, 0.06, 0.06]),
        ([0.5, 0.6], [1.0, 1.0]),
        ([0.01, 0.01], [0.02, 0.02]),
        ([0.0, 1.0], [0.0, 1.0]),
    ],
)
def test_worked_examples(p_values: list[float], adjusted: list[float]) -> None:
    assert holm(p_values) == pytest.approx(adjusted)


@given(P_VALUES)
def test_lies_between_the_p_value_and_bonferroni(p_values: list[float]) -> None:
    for p, adjusted in zip(p_values, holm(p_values), strict=True):
        assert p <= adjusted <= min(1.0, len(p_values) * p)


@given(P_VALUES)
def test_keeps_the_order(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    by_p = [adjusted[place] for place in np.argsort(p_values, kind="stable")]
    assert by_p == sorted(adjusted)


@pytest.mark.simulation
def test_errs_in_one_of_twenty_families_at_most() -> None:
    """Ten independent tests without an effect, beside ten with one that none of them misses."""
    rng = np.random.default_rng(1)
    families = 2000
    wrong = sum(min(holm([*rng.random(10), *[1e-9] * 10])[:10]) <= 0.05 for _ in range(families))
    assert wrong / families <= 0.065  # 0.05, and three standard errors of its estimate
