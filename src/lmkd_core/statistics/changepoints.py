"""Change points of a series: E-divisive, with a permutation test for each change.

Source: D. S. Matteson and N. A. James, Journal of the American Statistical Association 109, 2014, 334-345.
MongoDB (D. Daly et al., ICPE 2020) and Apache Otava (M. Fleming et al., ICPE 2023) detect regressions with
it. A split compares the values before one position with the values from there to a later one; the best
split has the largest energy distance (moment 1). The second group may end early, so later values cannot
hide a change that was reverted. The p-value is the share of random orders of the same values whose best
split is at least as good; it is valid for any distribution if the values are exchangeable. Both parts of a
segment that changed are tested again.

Differences from those two: no t-test, which is faster (Otava uses it) but is valid only for a split chosen
beforehand; every test's p-value is returned, so that a page of many series can correct for their number;
a permutation test that will not reject stops early (J. Besag and P. Clifford, Biometrika 78, 1991, 301-304).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lmkd_core.statistics.bounds import Floats

Places = NDArray[np.int64]

LEVEL = 0.05
FEWEST_ASIDE = 3
"""Fewest values on each side of a change: one or two deviating values are outliers."""

SEED = 20140301
"""Seed of the permutations: the same values always give the same changes."""

ENOUGH_HITS = 20
"""A test stops once this many permutations split as well as the data."""

FIRST_DRAWS = 50
"""Size of the first batch of permutations; each later batch doubles the total, as most tests stop soon."""

FINER = 10
"""How many times finer than the level a p-value can be."""

MAX_DISTANCES = 2_000_000
"""How many distances are permuted at once: bounds the memory."""

ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class SplitTest:
    """The test of the best split, at ``at``, of the segment from ``start`` to before ``end``.

    ``p`` is at least that of the enclosing segment.
    """

    start: int
    at: int
    end: int
    p: float


def change_tests(values: Floats, level: float = LEVEL) -> list[SplitTest]:
    """Returns every test made on the finite ``values``; segments with p of at most ``level`` were split.

    A segment too short to be significant at ``level`` is not tested.
    """
    return list(_tests(values, 0, len(values), level, 0.0))


def fewest_values(level: float = LEVEL) -> int:
    """Returns the fewest values in which a change, a clean step in the middle, can be significant."""
    return next(count for count in itertools.count(2 * FEWEST_ASIDE) if _least_p(count) <= level)


def _least_p(count: int) -> float:
    """Returns the p-value of the cleanest step: two of all orders, up and down, split that well."""
    return 2 / math.comb(count, count // 2)


def _tests(values: Floats, start: int, end: int, level: float, least_p: float) -> Iterator[SplitTest]:
    if end - start < fewest_values(level):
        return
    at, p = _best_split(values[start:end], level)
    test = SplitTest(start, start + at, end, max(p, least_p))
    yield test
    if test.p <= level:
        yield from _tests(values, start, test.at, level, test.p)
        yield from _tests(values, test.at, end, level, test.p)


def _best_split(values: Floats, level: float) -> tuple[int, float]:
    """Returns the position of the best split and its p-value."""
    distances = np.abs(np.subtract.outer(values, values))
    splits = _Splits.for_length(len(values))
    energies = splits.energies(distances[np.newaxis])[0]
    best = int(energies.argmax())
    if energies[best] <= ROUNDING * distances.max():
        return int(splits.at[best]), 1.0  # all values are equal but for rounding
    return int(splits.at[best]), _permutation_p(distances, float(energies[best]), splits, level)


def _permutation_p(distances: Floats, energy: float, splits: _Splits, level: float) -> float:
    """Returns the share of permutations whose best split has at least ``energy``."""
    rng = np.random.default_rng(SEED)
    count = len(distances)
    max_draws = math.ceil(FINER / level)
    max_batch = max(1, MAX_DISTANCES // count**2)
    draws = hits = 0
    while draws < max_draws:
        batch = min(max(FIRST_DRAWS, draws), max_batch, max_draws - draws)
        orders = rng.permuted(np.tile(np.arange(count), (batch, 1)), axis=1)
        permuted = distances[orders[:, :, np.newaxis], orders[:, np.newaxis, :]]
        is_hit = splits.energies(permuted).max(axis=1) >= energy * (1 - ROUNDING)
        running_hits = hits + np.cumsum(is_hit)
        if running_hits[-1] >= ENOUGH_HITS:
            last = int(np.searchsorted(running_hits, ENOUGH_HITS))
            return ENOUGH_HITS / (draws + last + 1)
        draws, hits = draws + len(orders), int(running_hits[-1])
    return (hits + 1) / (draws + 1)  # the data themselves are one of the orders


@dataclass(frozen=True, slots=True)
class _Splits:
    """All ways to split a series: the values before ``at`` against those from ``at`` to before ``until``."""

    at: Places
    until: Places

    @classmethod
    def for_length(cls, count: int) -> _Splits:
        at, until = np.meshgrid(np.arange(count + 1), np.arange(count + 1), indexing="ij")
        allowed = (at >= FEWEST_ASIDE) & (until - at >= FEWEST_ASIDE)
        return cls(at[allowed], until[allowed])

    def energies(self, distances: Floats) -> Floats:
        """Returns the scaled energy distance of each split, shape (matrices, splits).

        ``distances`` has the shape (matrices, values, values).
        """
        sums = np.zeros((len(distances), distances.shape[1] + 1, distances.shape[2] + 1))
        sums[:, 1:, 1:] = distances.cumsum(axis=1).cumsum(axis=2)
        before, both = sums[:, self.at, self.at], sums[:, self.at, self.until]
        after = sums[:, self.until, self.until] - 2 * both + before
        left, right = self.at, self.until - self.at
        energies = (
            2 * (both - before) / (left * right)
            - before / (left * (left - 1))
            - after / (right * (right - 1))
        )
        return np.asarray(energies * (left * right / (left + right)), dtype=np.float64)
