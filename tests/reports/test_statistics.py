"""The statistics against cases worked out by hand and against scipy's own."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from scipy import stats

from lmkd_core.statistics.bounds import COARSE
from lmkd_core.statistics.bounds import Bounds
from lmkd_core.statistics.bounds import censored_quantile
from lmkd_core.statistics.bounds import least_times
from lmkd_core.statistics.bounds import quantile
from lmkd_core.statistics.curves import curve_band
from lmkd_core.statistics.curves import distribution
from lmkd_core.statistics.paired import interval_rank
from lmkd_core.statistics.paired import paired_ratio
from lmkd_core.statistics.paired import rank_confidence
from lmkd_core.statistics.shares import exact_ends
from lmkd_core.statistics.shares import exact_share

NAN = math.nan
TIMEOUT = 3000.0


def ratio_of(candidate: list[float], baseline: list[float]):
    limits = np.full(len(candidate), TIMEOUT)
    return paired_ratio(np.array(candidate), np.array(baseline), limits, limits)


def median_of(times: list[float]):
    return censored_quantile(np.array(times), np.full(len(times), TIMEOUT), 0.5)


def near(low: float, high: float) -> tuple[object, object]:
    return pytest.approx(low), pytest.approx(high)


def ends(bounds: Bounds) -> tuple[float, float]:
    return bounds.low, bounds.high


class TestMedian:
    def test_odd_and_even(self) -> None:
        assert median_of([3.0, 1.0, 2.0]) == Bounds(2.0, 2.0)
        assert median_of([4.0, 1.0, 2.0, 3.0]) == Bounds(2.5, 2.5)

    def test_censored_times_count_as_the_longest(self) -> None:
        assert median_of([10.0, NAN, 20.0]) == Bounds(20.0, 20.0)

    def test_a_censored_median_is_longer_than_the_timeout(self) -> None:
        assert median_of([10.0, NAN, NAN]) == Bounds(TIMEOUT, math.inf)
        assert median_of([NAN]) == Bounds(TIMEOUT, math.inf)

    def test_a_median_halfway_to_a_censored_time_is_a_bound(self) -> None:
        assert median_of([10.0, NAN]) == Bounds((10 + TIMEOUT) / 2, math.inf)

    def test_no_data(self) -> None:
        assert median_of([]) is None

    @settings(deadline=None)
    @given(st.lists(st.floats(0, 1e12), min_size=1, max_size=40), st.sampled_from([0.25, 0.5, 0.75]))
    def test_is_numpys_where_nothing_is_censored(self, values: list[float], share: float) -> None:
        assert quantile(np.array(values), share) == pytest.approx(np.quantile(values, share))


class TestExactShare:
    @pytest.mark.parametrize(("count", "total"), [(0, 10), (3, 10), (10, 10), (1, 1), (29, 30), (500, 1000)])
    def test_is_scipys(self, count: int, total: int) -> None:
        share = exact_share(count, total)
        expected = stats.binomtest(count, total).proportion_ci(0.95, method="exact")
        assert share is not None
        assert (share.low, share.high) == near(expected.low, expected.high)

    def test_by_hand(self) -> None:
        share = exact_share(0, 10)  # (1 - p)**10 is 0.025 at the upper end
        assert share is not None
        assert share.high == pytest.approx(1 - 0.025**0.1)
        assert share.low == 0.0

    def test_nothing_counted(self) -> None:
        assert exact_share(0, 0) is None

    @pytest.mark.parametrize("total", [1, 2, 5, 6, 10, 12, 20, 50, 200])
    def test_covers_every_share_in_at_least_95_of_100_runs(self, total: int) -> None:
        """The exact probability, not a simulation; Wilson's interval covers 84 % at its worst for 10."""
        shares = np.concatenate([np.linspace(0.0005, 0.9995, 1999), [1e-4, 1e-6]])
        counts = np.arange(total + 1)
        ends = np.array([exact_ends(count, total) for count in counts])
        chances = stats.binom.pmf(counts[:, np.newaxis], total, shares)
        covers = (ends[:, :1] <= shares) & (shares <= ends[:, 1:])
        assert (chances * covers).sum(axis=0).min() >= 0.95 - 1e-12


class TestIntervalRank:
    @pytest.mark.parametrize(
        ("blocks", "rank", "confidence"),
        [  # 1 - 2 * P(binomial(n, 1/2) < rank), worked out by hand
            (6, 1, 1 - 2 / 64),
            (8, 1, 1 - 2 / 256),
            (9, 2, 1 - 2 * 10 / 512),
            (10, 2, 1 - 2 * 11 / 1024),
            (12, 3, 1 - 2 * 79 / 4096),
        ],
    )
    def test_by_hand(self, blocks: int, rank: int, confidence: float) -> None:
        assert interval_rank(blocks) == rank
        assert rank_confidence(blocks, rank) == pytest.approx(confidence)

    @pytest.mark.parametrize("blocks", [1, 5])
    def test_too_few_blocks_for_any_interval(self, blocks: int) -> None:
        assert interval_rank(blocks) == 0
        assert rank_confidence(blocks, 1) < 0.95

    @pytest.mark.parametrize("blocks", range(6, 200))
    def test_the_next_rank_would_not_do(self, blocks: int) -> None:
        rank = interval_rank(blocks)
        assert rank_confidence(blocks, rank) >= 0.95 > rank_confidence(blocks, rank + 1)


class TestPairedRatio:
    def test_by_hand(self) -> None:
        """Six ratios of 1/2 to 3: the interval is their range, the estimate the middle two's mean (log)."""
        ratio = ratio_of([5, 10, 12, 15, 20, 30], [10, 10, 10, 10, 10, 10])
        assert ratio.blocks == 6
        assert ends(ratio.interval) == near(0.5, 3.0)
        assert ends(ratio.estimate) == near(math.sqrt(1.2 * 1.5), math.sqrt(1.2 * 1.5))

    def test_pairs_are_kept(self) -> None:
        """Every pair has the ratio 1/2, although the two sets of times overlap."""
        baseline = [10.0, 20, 40, 80, 160, 320]
        ratio = ratio_of([time / 2 for time in baseline], baseline)
        assert ends(ratio.interval) == near(0.5, 0.5)

    @settings(deadline=None)
    @given(st.lists(st.floats(1, TIMEOUT), min_size=6, max_size=30))
    def test_is_scipys_interval_of_a_median(self, times: list[float]) -> None:
        ratio = ratio_of(times, [1.0] * len(times))
        expected = stats.quantile_test(np.array(times), p=0.5).confidence_interval(0.95)
        assert ends(ratio.interval) == near(expected.low, expected.high)

    def test_one_block_has_an_estimate_only(self) -> None:
        ratio = ratio_of([5.0], [10.0])
        assert ends(ratio.estimate) == near(0.5, 0.5)
        assert ratio.interval is None
        assert ratio.confidence is None

    def test_no_blocks(self) -> None:
        assert ratio_of([], []) is None

    def test_a_baseline_beyond_the_timeout_gives_an_upper_bound(self) -> None:
        ratio = ratio_of([30.0] * 6, [NAN] * 6)
        assert ends(ratio.estimate) == (0.0, pytest.approx(0.01))
        assert ends(ratio.interval) == (0.0, pytest.approx(0.01))

    def test_a_candidate_beyond_the_timeout_gives_a_lower_bound(self) -> None:
        ratio = ratio_of([NAN] * 6, [30.0] * 6)
        assert ends(ratio.interval) == (pytest.approx(100.0), math.inf)

    def test_both_beyond_the_timeout_tell_nothing(self) -> None:
        ratio = ratio_of([NAN] * 6, [NAN] * 6)
        assert ends(ratio.estimate) == (0.0, math.inf)
        assert not ratio.estimate.known

    def test_one_censored_time_among_many_leaves_the_estimate_exact(self) -> None:
        ratio = ratio_of([5.0, 5, 5, 5, 5, 5, 5, 5, NAN], [10.0] * 9)
        assert ends(ratio.estimate) == near(0.5, 0.5)
        assert ends(ratio.interval) == near(0.5, 0.5)  # the 2nd and the 8th of nine

    def test_a_time_seen_after_a_long_gap_is_a_bound_and_one_after_a_short_gap_is_not(self) -> None:
        """10 was seen back after a gap from 2, or from 9.5; the baseline took 20."""
        for after, least in ((2.0, 2.0), (9.5, 10.0), (NAN, 10.0)):
            limits = least_times(np.array([10.0] * 6), np.full(6, TIMEOUT), np.full(6, after))
            ratio = paired_ratio(np.array([10.0] * 6), np.array([20.0] * 6), limits, np.full(6, TIMEOUT))
            assert ends(ratio.interval) == near(least / 20, 0.5)

    def test_a_time_of_which_no_sample_is_known_has_no_lower_bound(self) -> None:
        limits = least_times(np.array([10.0] * 6), np.full(6, TIMEOUT), np.zeros(6))
        ratio = paired_ratio(np.array([10.0] * 6), np.array([20.0] * 6), limits, np.full(6, TIMEOUT))
        assert ends(ratio.interval) == near(0, 0.5)

    def test_a_device_that_stopped_before_the_timeout_proves_nothing_beyond_its_last_sample(self) -> None:
        """Sampled until 40 of a timeout of 3000: the time is longer than 40, not than 3000."""
        limits = least_times(np.full(6, NAN), np.full(6, TIMEOUT), np.full(6, 40.0))
        ratio = paired_ratio(np.full(6, NAN), np.array([20.0] * 6), limits, np.full(6, TIMEOUT))
        assert ends(ratio.interval) == (pytest.approx(2.0), math.inf)

    @given(st.floats(1, TIMEOUT), st.floats(0, 1))
    def test_the_least_value_is_never_above_the_time_and_close_unless_the_gap_is_coarse(
        self, time: float, share: float
    ) -> None:
        (least,) = least_times(np.array([time]), np.array([TIMEOUT]), np.array([time * share]))
        assert least <= time
        assert least == time or time - least > COARSE * time * (1 - 1e-9)

    def test_a_time_of_zero_has_a_ratio(self) -> None:
        assert ratio_of([0.0], [0.0]).estimate == Bounds(1.0, 1.0)

    times = st.one_of(st.just(NAN), st.floats(0, TIMEOUT))

    @settings(deadline=None)
    @given(st.lists(st.tuples(times, times), min_size=1, max_size=30))
    def test_is_never_a_nan_and_always_in_order(self, pairs: list[tuple[float, float]]) -> None:
        ratio = ratio_of(*map(list, zip(*pairs, strict=True)))
        assert ratio.estimate.low <= ratio.estimate.high
        if ratio.interval:
            assert ratio.interval.low <= ratio.estimate.low
            assert ratio.estimate.high <= ratio.interval.high

    @settings(deadline=None)
    @given(st.lists(st.tuples(times, st.floats(1, TIMEOUT)), min_size=6, max_size=30), st.floats(1, TIMEOUT))
    def test_what_censoring_hides_lies_within_the_bounds(
        self, pairs: list[tuple[float, float]], limit: float
    ) -> None:
        candidate, baseline = (np.array(side) for side in zip(*pairs, strict=True))
        candidate = np.nan_to_num(candidate, nan=TIMEOUT)
        seen = np.where(candidate > limit, NAN, candidate)
        limits, unlimited = np.full(len(seen), limit), np.full(len(seen), math.inf)
        censored = paired_ratio(seen, baseline, limits, unlimited)
        true = paired_ratio(candidate, baseline, unlimited, unlimited)
        assert censored.estimate.low <= true.estimate.low <= censored.estimate.high
        assert censored.interval.low <= true.interval.low
        assert true.interval.high <= censored.interval.high


class TestCurves:
    def test_a_band_of_two_trials(self) -> None:
        """Between its points a curve is what it was: 100 kB until 10 µs, then 50, from 20 µs on none."""
        curve = [(0, 100), (10, 50), (20, 0)]
        band = curve_band([curve, curve], np.array([100.0, 100.0]), end_ns=79_000)  # 80 points, 1 µs apart
        assert band.median[0] == 1.0
        assert band.median[9] == 1.0
        assert band.median[10] == 0.5
        assert band.median[20] == 0.0
        assert band.low == band.high

    def test_quartiles_over_trials(self) -> None:
        curves = [[(0, kb)] for kb in (0, 25, 50, 75, 100)]
        band = curve_band(curves, np.full(5, 100.0), end_ns=1000)
        assert (band.low[0], band.median[0], band.high[0]) == (0.25, 0.5, 0.75)

    def test_no_curves(self) -> None:
        assert curve_band([], np.array([]), 1.0) is None
        assert curve_band([[]], np.array([100.0]), 1.0) is None
        assert curve_band([[(0, 1)]], np.array([NAN]), 1.0) is None

    def test_a_distribution_stays_below_one_while_trials_are_censored(self) -> None:
        steps = distribution(np.array([3.0, NAN, 1.0, 2.0]))
        assert steps.times_ns == (1.0, 2.0, 3.0)
        assert steps.shares == (0.25, 0.5, 0.75)
        assert distribution(np.array([])) is None
