"""Change points of a series whose values may depend on the values before them.

Builds that follow each other are measured on the same host and share most of their code, so a series drifts
even if nothing changed. A test for random orders then names changes that are none: if each value correlates
with the next by 0.5, E-divisive (D. S. Matteson and N. A. James, Journal of the American Statistical
Association 109, 2014, 334-345; used by MongoDB and Apache Otava) names one in two of three pages of unchanged
series.

The statistic is the likelihood ratio of a series with a step to one without, both with first-order
autocorrelated noise, AR(1), whose correlation each of them chooses anew (R. A. Davis, D. Huang,
Y.-C. Yao, Annals of Statistics 23, 1995, 282-304). Drift needs no step to be explained, and a true step
stands out from the small correlation that is left around it. A second alternative is a step that is taken
back later (B. Levin, J. Kline, Statistics in Medicine 4, 1985, 469-488); it pays for its second place.

Values far from the median are drawn in first. A change has to pass two tests, and its p-value is the larger
of theirs:

- against AR(1) noise with a correlation of ``HIGHEST_CORRELATION``, simulated: less correlation gives a
  smaller statistic. Mean and scale of the values do not matter.
- against random orders of the same values: exact for any distribution if the builds are independent.

Permuted blocks of builds (C. Kirch, Journal of Statistical Planning and Inference 137, 2007, 1803-1822) have
too few orders for this: 20 builds in blocks of two give no p below 2/C(10, 5) = 0.008, and eight series
tested together need 0.006.

Each part of a segment that changed is tested again. A simulation or permutation that will not reject stops
early (J. Besag and P. Clifford, Biometrika 78, 1991, 301-304).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from lmkd_core.statistics.bounds import Floats

Places = NDArray[np.int64]

LEVEL = 0.05
FEWEST_ASIDE = 3
"""Fewest values on each side of a change: one or two deviating values are outliers."""

HIGHEST_CORRELATION = 0.6
"""The tests hold for a correlation of one build with the next of up to this."""

REACH = 2.5
"""Values beyond this many robust standard deviations from the median are drawn in: an outlier that decays
over the next builds, by their correlation, is then no level of its own."""

MAD_TO_SD = 1.4826
"""Standard deviation of normal values over their median absolute deviation: 1 / 0.6745."""

CORRELATIONS = (0.0, 0.15, 0.3, 0.45, 0.6, 0.75, 0.9)
"""Correlations of the noise among which the likelihoods choose."""

SEED = 20140301
"""Seed of the permutations and simulations: the same values always give the same changes."""

ENOUGH_HITS = 20
"""A test stops once this many draws have as large a statistic as the data."""

FIRST_DRAWS = 50
"""Size of the first batch of draws; each later batch doubles the total, as most tests stop soon."""

FINER = 10
"""How many times finer than the level a p-value can be."""

MAX_CELLS = 2_000_000
"""How many splits of drawn series are compared at once: bounds the memory."""

SETTLING = 100
"""Values that simulated noise takes to forget its start: 0.6 to the 100th is 1e-22."""

ROUNDING = 1e-9
TINY = 1e-12
"""Least share of the squares left by a split: an exact step has a finite likelihood too."""

PRICE = 2.0
"""What a second place costs a split, in logarithms of the number of values: bench/changepoints.py."""


@dataclass(frozen=True, slots=True)
class SplitTest:
    """The test of the best split of the segment from ``start`` to before ``end``.

    ``places``: where a new level begins; two for a change that was taken back. ``p`` is at least that of the
    enclosing segment.
    """

    start: int
    places: tuple[int, ...]
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


def lag_one_correlation(values: Floats, edges: tuple[int, ...] = ()) -> float:
    """Returns how much each value correlates with the next, within the levels that begin at ``edges``.

    A level of n values lowers the correlation r by (1 + 3 r)/n, and this is put back (F. H. C. Marriott and
    J. A. Pope, Biometrika 41, 1954, 390-402). 0 for values without scatter.
    """
    levels = np.split(values, edges)
    parts = [level - level.mean() for level in levels]
    squares = sum(float(part @ part) for part in parts)
    if squares <= ROUNDING * max(1.0, float(np.abs(values).max(initial=0.0))) ** 2:
        return 0.0
    products = sum(float(part[:-1] @ part[1:]) for part in parts)
    lowered_by = len(levels) / len(values)
    return min(1.0, (products / squares + lowered_by) / (1 - min(3 * lowered_by, 0.5)))


def _least_p(count: int) -> float:
    """Returns the p-value of the cleanest step: the share of orders that split as well.

    Two are steps, up and down; in the others, one of the levels lies within the other.
    """
    half = count // 2
    inside = sum(max(0, outer - 2 * FEWEST_ASIDE + 1) for outer in (half, count - half))
    return (2 + inside) / math.comb(count, half)


def _tests(values: Floats, start: int, end: int, level: float, least_p: float) -> Iterator[SplitTest]:
    if end - start < fewest_values(level):
        return
    split, p = _best_split(values[start:end], level)
    places = tuple(start + place for place in split)
    test = SplitTest(start, places, end, max(p, least_p))
    yield test
    if test.p <= level:
        for first, last in itertools.pairwise((start, *places, end)):
            yield from _tests(values, first, last, level, test.p)


def _best_split(values: Floats, level: float) -> tuple[tuple[int, ...], float]:
    """Returns the places of the best split and its p-value."""
    count = len(values)
    if np.ptp(values) <= ROUNDING * np.abs(values).max():
        return (count // 2,), 1.0  # all values are equal but for rounding
    splits = _splits(count)
    (statistic,), (best,) = splits.best(values[np.newaxis])
    at, until = int(splits.at[best]), int(splits.until[best])
    split = (at,) if until == count else (at, until)
    p = _share_of_hits(statistic, _simulated(count), level)
    return split, p if p > level else max(p, _share_of_hits(statistic, _permuted(values, splits), level))


Draw = Callable[[int, int], Floats]
"""The statistics of a batch of draws, from its number and size."""


def _share_of_hits(statistic: float, draw: Draw, level: float) -> float:
    """Returns the share of draws whose statistic is at least that of the data."""
    max_draws = math.ceil(FINER / level)
    draws = hits = 0
    for number in itertools.count():
        batch = min(max(FIRST_DRAWS, draws), max_draws - draws)
        if not batch:
            return (hits + 1) / (draws + 1)  # the data themselves are one of the draws
        running_hits = hits + np.cumsum(draw(number, batch) >= statistic - ROUNDING)
        if running_hits[-1] >= ENOUGH_HITS:
            return ENOUGH_HITS / (draws + int(np.searchsorted(running_hits, ENOUGH_HITS)) + 1)
        draws, hits = draws + batch, int(running_hits[-1])
    raise AssertionError  # the count has no end


def _permuted(values: Floats, splits: _Splits) -> Draw:
    def draw(number: int, batch: int) -> Floats:
        rng = np.random.default_rng([SEED, number])
        return splits.best(rng.permuted(np.tile(values, (batch, 1)), axis=1))[0]

    return draw


def _simulated(count: int) -> Draw:
    return lambda number, batch: _noise_statistics(count, number, batch)


@lru_cache(maxsize=400)
def _noise_statistics(count: int, number: int, batch: int) -> Floats:
    """Returns the statistics of series of noise with the highest correlation; the same for every series."""
    rng = np.random.default_rng([SEED, number, count])
    shocks = rng.normal(size=(batch, SETTLING + count))
    noise = lfilter([1.0], [1.0, -HIGHEST_CORRELATION], shocks, axis=1)[:, SETTLING:]
    return _splits(count).best(noise)[0]


@dataclass(frozen=True, slots=True)
class _Splits:
    """All ways to split a series of ``count`` values: those from ``at`` to before ``until`` are a level.

    ``price`` is subtracted from the statistic: 0 for a step (``until`` is the end), else ``PRICE`` logarithms
    of ``count``.
    """

    count: int
    at: Places
    until: Places
    price: Floats

    def best(self, series: Floats) -> tuple[Floats, Places]:
        """Returns the largest statistic of each series, and the index of its split.

        ``series`` has the shape (series, values).
        """
        batch = max(1, MAX_CELLS // len(self.at))
        parts = [self._best(series[start : start + batch]) for start in range(0, len(series), batch)]
        return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])

    def _best(self, series: Floats) -> tuple[Floats, Places]:
        """A likelihood's -2/n-th power, without constants, is the squares left over by the noise's share."""
        series = _drawn_in(series)
        without = np.full(len(series), np.inf)
        with_split = np.full((len(series), len(self.at)), np.inf)
        for correlation in CORRELATIONS:
            squares, explained = self._explained(series, correlation)
            share = (1 - correlation**2) ** (1 / self.count)
            left = np.maximum(squares[:, np.newaxis] - explained, TINY * squares[:, np.newaxis])
            np.minimum(without, squares / share, out=without)
            np.minimum(with_split, left / share, out=with_split)
        statistics = self.count * np.log(without[:, np.newaxis] / with_split) - self.price
        places = statistics.argmax(axis=1)
        return statistics[np.arange(len(series)), places], places

    def _explained(self, series: Floats, correlation: float) -> tuple[Floats, Floats]:
        """Returns the sum of squares of each series, and how much of it each split explains.

        Both after the noise's correlation is taken out of the series, the mean and the step.
        """
        start, step = math.sqrt(1 - correlation**2), 1 - correlation
        white = series - correlation * np.pad(series, ((0, 0), (1, 0)))[:, :-1]
        white[:, 0] = start * series[:, 0]
        mean = np.full(self.count, step)
        mean[0] = start
        white -= np.outer(white @ mean / (mean @ mean), mean)
        sums = np.pad(white.cumsum(axis=1), ((0, 0), (1, 0)))
        ended = np.pad(white, ((0, 0), (0, 1)))[:, self.until]
        products = white[:, self.at] + step * (sums[:, self.until] - sums[:, self.at + 1])
        products -= correlation * ended
        inside, back = self.until - self.at - 1, self.until < self.count
        squares = 1 + inside * step**2 + back * correlation**2
        along_mean = step + inside * step**2 - back * correlation * step
        explained = products**2 / (squares - along_mean**2 / (mean @ mean))
        return (white**2).sum(axis=1), explained


@lru_cache(maxsize=100)
def _splits(count: int) -> _Splits:
    at, until = np.meshgrid(np.arange(count + 1), np.arange(count + 1), indexing="ij")
    is_step = until == count
    allowed = (at >= FEWEST_ASIDE) & (until - at >= FEWEST_ASIDE)
    allowed &= is_step | (count - until >= FEWEST_ASIDE)
    price = np.where(is_step, 0.0, PRICE * math.log(count))
    return _Splits(count, at[allowed], until[allowed], price[allowed])


def _drawn_in(series: Floats) -> Floats:
    """Returns ``series``, shape (series, values), with outliers drawn in; none if half of it is equal."""
    median = np.median(series, axis=1, keepdims=True)
    deviation = np.median(np.abs(series - median), axis=1, keepdims=True)
    reach = np.where(deviation > 0, REACH * MAD_TO_SD * deviation, np.inf)
    return np.clip(series, median - reach, median + reach)
