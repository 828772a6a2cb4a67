"""The numbers beside a ratio, by hand: p, mean, late trials, two groups; and what the reports say."""

from __future__ import annotations

import math
from itertools import product
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from synthetic import PATCHED
from synthetic import SyntheticRun
from synthetic import synthetic_device
from synthetic import synthetic_info
from synthetic import synthetic_trial

from lmkd_core.records.schema import Fact
from lmkd_core.statistics.lateness import late
from lmkd_core.statistics.lateness import mcnemar_p
from lmkd_core.statistics.lateness import paired_shares
from lmkd_core.statistics.shares import trials_for
from lmkd_core.statistics.sign_flip import WINS_WEIGHT
from lmkd_core.statistics.sign_flip import mean_interval
from lmkd_core.statistics.sign_flip import sign_flip_test
from lmkd_core.statistics.two_groups import in_two_groups
from lmkd_reports import analyse
from lmkd_reports import load_run
from lmkd_reports import render_summary
from lmkd_reports.analysis.model import Analysis
from lmkd_reports.analysis.model import Comparison
from lmkd_reports.analysis.tails import area_mb_ms
from lmkd_reports.analysis.tails import patience_ns_of
from lmkd_reports.analysis.verdicts import Verdict
from lmkd_reports.presentation.arms_csv import arms_csv
from lmkd_reports.presentation.html import render_html

MS = 1_000_000
WON, LOST = 40.0, 350.0


def p_by_hand(differences: list[float]) -> float:
    """Every flip in plain Python, without the cap (which changes nothing below four blocks)."""
    flips = list(product((1, -1), repeat=len(differences)))
    sums = [abs(sum(sign * value for sign, value in zip(flip, differences, strict=True))) for flip in flips]
    wins = [
        abs(sum(sign * np.sign(value) for sign, value in zip(flip, differences, strict=True)))
        for flip in flips
    ]
    weighted = [
        min(
            np.mean([other >= sums[place] for other in sums]) / (1 - WINS_WEIGHT),
            np.mean([other >= wins[place] for other in wins]) / WINS_WEIGHT,
        )
        for place in range(len(flips))
    ]
    return float(np.mean([value <= weighted[0] + 1e-12 for value in weighted]))


class TestSignFlips:
    @settings(deadline=None)
    @given(st.lists(st.integers(-50, 50), min_size=1, max_size=3))
    def test_p_is_that_of_all_flips(self, differences: list[int]) -> None:
        values = np.array(differences, dtype=float)
        assert sign_flip_test(values, values).p == pytest.approx(p_by_hand([float(v) for v in differences]))

    @pytest.mark.parametrize(("blocks", "least"), [(6, 1 / 32), (12, 1 / 2048), (30, 1 / 4096)])
    def test_a_gain_in_every_block_has_the_least_p(self, blocks: int, least: float) -> None:
        gains = -np.arange(1.0, blocks + 1)
        test = sign_flip_test(gains, gains)
        assert (test.p, test.least_p, test.direction) == (least, least, -1)

    def test_nothing_differs(self) -> None:
        assert sign_flip_test(np.zeros(8), np.zeros(8)).p == 1.0

    @settings(deadline=None)
    @given(st.lists(st.floats(-100, 100), min_size=6, max_size=20))
    def test_swapped_arms_have_the_same_p_and_the_other_direction(self, differences: list[float]) -> None:
        values = np.array(differences)
        one, other = sign_flip_test(values, values), sign_flip_test(-values, -values)
        assert (one.p, one.direction) == (pytest.approx(other.p), -other.direction)

    def test_a_claim_must_hold_for_the_least_favourable_differences(self) -> None:
        low, high = np.full(8, -10.0), np.array([-10.0] * 4 + [10.0] * 4)
        assert sign_flip_test(low, low).p == 1 / 128
        assert sign_flip_test(low, high).p > 0.5

    def test_an_outlier_in_one_block_decides_nothing(self) -> None:
        gains = np.array([-5.0, -6, -7, -5, -6, -7, -5, -6, -7, -5, -6, 900])
        test = sign_flip_test(gains, gains)
        assert test.p <= 0.05
        assert test.direction == -1

    def test_the_interval_of_the_mean_holds_the_mean(self) -> None:
        values = np.array([-3.0, -1, -4, -1, -5, -9, -2, -6])
        low, high = mean_interval(values, values)
        assert -9 <= low < values.mean() < high < 0


class TestLateness:
    def test_what_is_late(self) -> None:
        assert list(late(np.array([99.0, 100, 101, math.nan]), 100)) == [False, False, True, True]

    def test_mcnemar_by_hand(self) -> None:
        assert mcnemar_p(0, 5) == 2 / 32
        assert mcnemar_p(1, 5) == pytest.approx(2 * 7 / 64)
        assert mcnemar_p(0, 0) == 1.0

    def test_newcombes_own_example(self) -> None:
        """Newcombe 1998, table III: 56 pairs (36, 12, 2, 0), method 10: 0.0569 to 0.3404."""
        one = np.array([True] * 36 + [True] * 12 + [False] * 2)
        other = np.array([True] * 36 + [False] * 12 + [True] * 2)
        shares = paired_shares(one, other)
        assert (shares.low, shares.high) == (pytest.approx(0.0569, abs=6e-5), pytest.approx(0.3404, abs=6e-5))

    def test_nobody_late(self) -> None:
        shares = paired_shares(np.zeros(10, bool), np.zeros(10, bool))
        assert (shares.difference, shares.p) == (0.0, 1.0)
        assert shares.low == pytest.approx(-shares.high)

    def test_patience_is_the_devices_own_if_it_is_known(self) -> None:
        assert patience_ns_of(None) == 100 * MS
        known = {"lmkd_kill_timeout_ms": Fact(value="250", source="getprop")}
        record = msgspec.structs.replace(synthetic_device(PATCHED), facts=known)
        assert patience_ns_of(record) == 250 * MS


class TestTwoGroups:
    def test_races_lie_in_two_groups(self) -> None:
        assert in_two_groups(np.array([WON] * 7 + [LOST] * 5) * MS)

    def test_one_outlier_is_no_group(self) -> None:
        assert not in_two_groups(np.array([WON] * 11 + [LOST]) * MS)

    def test_groups_less_than_a_factor_of_two_apart_are_one(self) -> None:
        assert not in_two_groups(np.array([40.0] * 6 + [70.0] * 6) * MS)

    def test_of_few_times(self) -> None:
        assert not in_two_groups(np.array([WON, LOST, LOST]) * MS)


class TestTails:
    def test_area_under_a_curve(self) -> None:
        """2 MB for 1 ms, then 1 MB for 3 ms."""
        assert area_mb_ms([(1000, 1024), (4000, 0)], 2048, math.nan) == pytest.approx(5.0)

    def test_a_censored_curve_goes_on_to_the_timeout(self) -> None:
        assert area_mb_ms([(1000, 1024)], 1024, 10_000) == pytest.approx(10.0)

    def test_trials_that_quantiles_take(self) -> None:
        assert (trials_for(0.9), trials_for(0.99)) == (29, 299)


def analysis_of(folder: Path, times_ms: dict[str, list[float]], **stratum: object) -> Analysis:
    run = SyntheticRun(synthetic_info([PATCHED], arms=list(times_ms)), [synthetic_device(PATCHED)])
    for arm, times in times_ms.items():
        run.trials += [
            synthetic_trial(arm=arm, block=block, reclaim_90_ns=int(time * MS), **stratum)
            for block, time in enumerate(times)
        ]
    return analyse(load_run(run.write(folder)))


def only_comparison(analysis: Analysis) -> Comparison:
    return analysis.devices[0].strata[0].comparisons[0]


RACE = {
    "kill+mrelease": [41.0, LOST, 43, 352, 39, 355, 41, 349, 44, LOST, 40, 351],
    "reap-kill": [40.0, 41, 42, 43, 40, 39, 41, 42, 43, 40, 41, 42],
}


class TestReports:
    def test_a_race_lost_by_half_is_seen_and_has_no_ratio(self, tmp_path: Path) -> None:
        analysis = analysis_of(tmp_path, RACE)
        comparison = only_comparison(analysis)
        assert comparison.verdict == Verdict.BETTER
        assert comparison.single_ratio is None
        text, page = " ".join(render_summary(analysis).split()), render_html(analysis)
        assert "two groups better" in text
        assert "late 0 against 6 of 12: -50 points" in text
        assert "two groups" in page
        assert f"{comparison.ratio.estimate.low:.2f}x" not in text

    def test_equal_times_are_equivalent(self, tmp_path: Path) -> None:
        times = [100 + place / 10 for place in range(12)]
        analysis = analysis_of(tmp_path, {"kill+mrelease": times, "reap-kill": times[::-1]})
        assert only_comparison(analysis).verdict == Verdict.EQUIVALENT
        assert "≈" in render_html(analysis)

    def test_a_clear_difference_within_the_limit_stays_a_claim(self, tmp_path: Path) -> None:
        times = [100 + place / 10 for place in range(12)]
        analysis = analysis_of(tmp_path, {"kill+mrelease": times, "reap-kill": [0.97 * t for t in times]})
        comparison = only_comparison(analysis)
        assert comparison.verdict == Verdict.BETTER
        assert "smaller than the equivalence limit of 10 %" in " ".join(comparison.notes)

    def test_p_and_the_coverage_of_the_interval_are_printed(self, tmp_path: Path) -> None:
        analysis = analysis_of(tmp_path, {"kill": [100.0] * 10, "reap-kill": [50.0] * 10})
        text = render_summary(analysis)
        assert "p 0.002; 97.9 % interval; mean -50.0 ms" in text

    def test_where_a_hold_sets_the_ratio_the_sentence_has_the_difference(self, tmp_path: Path) -> None:
        times = {"kill": [340.0] * 10, "reap-kill": [40.0] * 10}
        page = render_html(analysis_of(tmp_path, times, hold_ms=300, stall="holder"))
        assert "0.12 to 0.12, 97.9 %), mean -300 ms (-300 to -300), p 0.002" in page

    def test_numbers_for_a_spreadsheet(self, tmp_path: Path) -> None:
        analysis = analysis_of(tmp_path, RACE)
        (tmp_path / "arms.csv").write_text(arms_csv(analysis))
        rows = pd.read_csv(tmp_path / "arms.csv").set_index("arm")
        assert list(rows["late"]) == [6, 0]
        assert rows["mean_ns"]["reap-kill"] == pytest.approx(np.mean(RACE["reap-kill"]) * MS)
        assert rows["p90_ns"].isna().all()
