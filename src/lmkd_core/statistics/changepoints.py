"""Where a series of values changed its level: E-divisive, with a permutation test for each change.

D. S. Matteson and N. A. James, Journal of the American Statistical Association 109, 2014, 334-345; what
MongoDB (D. Daly et al., ICPE 2020) and Apache Otava (M. Fleming et al., ICPE 2023) find regressions with.
Of all ways to split a segment into values before, and values from there to some later one, it takes that
with the largest energy distance (moment 1), so that a change which was taken back later is not hidden by
what followed. How often as large a distance comes from the same values in random order is the p-value,
which holds for any distribution as long as the order means nothing. Both parts of a segment that changed
are looked at again.

Here unlike there: Otava's t-test is quicker, but asks of the best split what holds for one that was chosen
beforehand; every test's p-value is handed out, so that a page of many series can correct for their number;
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
"""Values on each side of a change: one or two that lie apart are outliers."""

SEED = 20140301
"""Of the permutations: the same values always give the same changes."""

ENOUGH_AS_LARGE = 20
"""A test stops once so many permutations split as well as the data."""

FIRST_DRAWN = 50
"""Permutations drawn at first, then as many as there have been: most tests stop soon."""

FINER = 10
"""How many times finer than the level a p-value can be."""

MOST_NUMBERS = 2_000_000
"""How many distances are permuted at once: bounds the memory."""

ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Tested:
    """One segment, from ``start`` to before ``end``, and its best split: the values from ``at`` on differ.

    ``p`` is at least that of the segment which it is a part of.
    """

    start: int
    at: int
    end: int
    p: float


def change_tests(values: Floats, level: float = LEVEL) -> list[Tested]:
    """Every test that was made of ``values``, which are finite; those with p of at most ``level`` were split.

    A segment too short to be significant at ``level`` is not tested.
    """
    return list(_tests(values, 0, len(values), level, 0.0))


def fewest_values(level: float = LEVEL) -> int:
    """The fewest values in which any change can be significant at ``level``: a clean step in their middle."""
    return next(count for count in itertools.count(2 * FEWEST_ASIDE) if _least_p(count) <= level)


def _least_p(count: int) -> float:
    """Two orders of ``count`` values, rising and falling, are as clean a step as can be."""
    return 2 / math.comb(count, count // 2)


def _tests(values: Floats, start: int, end: int, level: float, least_p: float) -> Iterator[Tested]:
    if end - start < fewest_values(level):
        return
    at, p = _best_split(values[start:end], level)
    tested = Tested(start, start + at, end, max(p, least_p))
    yield tested
    if tested.p <= level:
        yield from _tests(values, start, tested.at, level, tested.p)
        yield from _tests(values, tested.at, end, level, tested.p)


def _best_split(values: Floats, level: float) -> tuple[int, float]:
    """Where the values split best, and the p-value of that."""
    distances = np.abs(np.subtract.outer(values, values))
    splits = _Splits.of(len(values))
    found = splits.energies(distances[np.newaxis])[0]
    best = int(found.argmax())
    if found[best] <= ROUNDING * distances.max():
        return int(splits.at[best]), 1.0  # all values are equal, or as good as
    return int(splits.at[best]), _permutation_p(distances, float(found[best]), splits, level)


def _permutation_p(distances: Floats, seen: float, splits: _Splits, level: float) -> float:
    rng = np.random.default_rng(SEED)
    count = len(distances)
    most = math.ceil(FINER / level)
    most_at_once = max(1, MOST_NUMBERS // count**2)
    drawn = as_large = 0
    while drawn < most:
        at_once = min(max(FIRST_DRAWN, drawn), most_at_once, most - drawn)
        orders = rng.permuted(np.tile(np.arange(count), (at_once, 1)), axis=1)
        permuted = distances[orders[:, :, np.newaxis], orders[:, np.newaxis, :]]
        hits = splits.energies(permuted).max(axis=1) >= seen * (1 - ROUNDING)
        running = as_large + np.cumsum(hits)
        if running[-1] >= ENOUGH_AS_LARGE:
            last = int(np.searchsorted(running, ENOUGH_AS_LARGE))
            return ENOUGH_AS_LARGE / (drawn + last + 1)
        drawn, as_large = drawn + len(orders), int(running[-1])
    return (as_large + 1) / (drawn + 1)  # the data themselves are one of the orders


@dataclass(frozen=True, slots=True)
class _Splits:
    """All ways to split: the values before ``at``, and those from there to before ``until``."""

    at: Places
    until: Places

    @classmethod
    def of(cls, count: int) -> _Splits:
        at, until = np.meshgrid(np.arange(count + 1), np.arange(count + 1), indexing="ij")
        allowed = (at >= FEWEST_ASIDE) & (until - at >= FEWEST_ASIDE)
        return cls(at[allowed], until[allowed])

    def energies(self, distances: Floats) -> Floats:
        """The scaled energy distance of each split's two sides, for each of many matrices of distances."""
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
