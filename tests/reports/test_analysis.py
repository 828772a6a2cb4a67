"""What an analysis says of good data, poor data and no data; devices and strata are never pooled."""

from __future__ import annotations

import csv
import dataclasses
import io
import math
import re
import statistics
from pathlib import Path

import pytest
from synthetic import ARMS
from synthetic import NS_PER_MS
from synthetic import PATCHED
from synthetic import STOCK
from synthetic import TIMEOUT_NS
from synthetic import SyntheticRun
from synthetic import synthetic_device
from synthetic import synthetic_info
from synthetic import synthetic_trial

from lmkd_core.records.device import SkipRecord
from lmkd_core.records.trial import Call
from lmkd_core.records.trial import PlannedTrial
from lmkd_core.records.trial import TrialRecord
from lmkd_core.statistics.bounds import Bounds
from lmkd_reports import load_run
from lmkd_reports import render_html
from lmkd_reports import render_summary
from lmkd_reports.analysis.analyse import analyse
from lmkd_reports.analysis.comparisons import control_pairs_of
from lmkd_reports.analysis.comparisons import pairs_of
from lmkd_reports.analysis.model import Analysis
from lmkd_reports.analysis.model import ArmResult
from lmkd_reports.analysis.model import Comparison
from lmkd_reports.analysis.verdicts import Verdict

Times = dict[str, list[float | None]]
"""An arm's times in ms, one a block; None is censored."""


def trials_of(times: Times, **changes: object) -> list[TrialRecord]:
    return [
        synthetic_trial(
            arm=arm,
            block=block,
            reclaim_50_ns=None if time is None else int(time * NS_PER_MS / 2),
            reclaim_90_ns=None if time is None else int(time * NS_PER_MS),
            reclaim_99_ns=None if time is None else int(time * NS_PER_MS * 1.1),
            **changes,
        )
        for arm, column in times.items()
        for block, time in enumerate(column)
    ]


def analysis_of(folder: Path, trials: list[TrialRecord], *skips: SkipRecord) -> Analysis:
    """Also renders both reports: whatever the data, they must come out, and without a nan."""
    run = SyntheticRun(synthetic_info([PATCHED]), [synthetic_device(PATCHED)], [], trials, list(skips))
    analysis = analyse(load_run(run.write(folder)))
    for report in (render_summary(analysis), visible(render_html(analysis))):
        assert not re.search(r"\b(nan|inf)\b", report)
    return analysis


def visible(page: str) -> str:
    """The page without its embedded files, whose base64 may hold any letters."""
    return "".join(part.partition('"')[2] for part in page.split('href="data:'))


def comparison_of(analysis: Analysis, candidate: str = "reap-kill", baseline: str = "kill") -> Comparison:
    (stratum,) = analysis.devices[0].strata
    (comparison,) = (
        one for one in stratum.comparisons if (one.candidate, one.baseline) == (candidate, baseline)
    )
    return comparison


def arm_of(analysis: Analysis, arm: str) -> ArmResult:
    (result,) = (one for one in analysis.devices[0].strata[0].arms if one.arm == arm)
    return result


def planned_like(trial: TrialRecord, **changes: object) -> PlannedTrial:
    fields = {name: getattr(trial, name) for name in PlannedTrial.__struct_fields__}
    return PlannedTrial(**(fields | changes))


class TestPairs:
    def test_one_arm_against_all_and_the_others_against_the_first(self) -> None:
        assert pairs_of(ARMS) == (
            ("reap-kill", "kill"),
            ("reap-kill", "kill+mrelease"),
            ("kill+mrelease", "kill"),
        )

    def test_the_flag_is_the_question_wherever_it_stands(self) -> None:
        assert pairs_of(("kill", "reap-kill", "reap-kill-emulated")) == (
            ("reap-kill", "kill"),
            ("reap-kill", "reap-kill-emulated"),
            ("reap-kill-emulated", "kill"),
        )
        assert pairs_of(("reap-kill", "kill")) == (("kill", "reap-kill"),)

    def test_two_arms_and_fewer(self) -> None:
        assert pairs_of(("a", "b")) == (("b", "a"),)
        assert pairs_of(("a",)) == ()
        assert pairs_of(()) == ()

    def test_in_controls_every_arm_that_reaps_against_the_plain_one(self) -> None:
        arms = ("kill", "kill+mrelease", "kill+mrelease@lmkd", "reap-kill", "reap-kill-emulated")
        assert control_pairs_of(arms) == tuple((arm, "kill+mrelease") for arm in arms[2:])

    def test_in_controls_nothing_is_compared_without_the_plain_one(self) -> None:
        assert control_pairs_of(("kill", "reap-kill")) == ()
        assert control_pairs_of(("kill", "kill+mrelease")) == ()


CONTROL_TIMES: Times = {"kill": [300.0] * 6, "kill+mrelease": [20.0] * 6, "reap-kill": [20.0] * 6}


class TestControls:
    def test_are_judged_against_plain_mrelease_only(self, tmp_path: Path) -> None:
        analysis = analysis_of(tmp_path, trials_of(CONTROL_TIMES, regime="control"))
        (stratum,) = analysis.devices[0].strata
        (comparison,) = stratum.comparisons
        assert (comparison.candidate, comparison.baseline) == ("reap-kill", "kill+mrelease")
        assert comparison.verdict == Verdict.EQUIVALENT
        assert stratum.false_gains == ()
        assert "controls: no gain found in 1 stratum" in render_summary(analysis)

    def test_without_enough_data_none_is_praised(self, tmp_path: Path) -> None:
        few = {arm: times[:2] for arm, times in CONTROL_TIMES.items()}
        analysis = analysis_of(tmp_path, trials_of(few, regime="control"))
        assert "controls: 0 of 1 stratum could be judged, no gain found" in render_summary(analysis)

    def test_a_claimed_gain_is_told_loudly(self, tmp_path: Path) -> None:
        gained = CONTROL_TIMES | {"reap-kill": [10.0] * 6}
        analysis = analysis_of(tmp_path, trials_of(gained, regime="control"))
        (stratum,) = analysis.devices[0].strata
        assert stratum.false_gains == stratum.comparisons
        assert "  !! a gain is claimed where none is possible: the harness is wrong here" in (
            render_summary(analysis).splitlines()
        )
        page = render_html(analysis)
        assert page.count("a gain is claimed where none is possible: the harness is wrong here") == 6
        assert page.index('class="alarm banner"') < page.index("<article")

    def test_a_gain_over_lost_races_says_so(self, tmp_path: Path) -> None:
        trials = trials_of({"reap-kill": [10.0] * 6}, regime="control")
        trials += trials_of(
            {"kill+mrelease": [20.0] * 6}, regime="control", mrelease_errno="ESRCH", kill_to_mrelease_ns=9
        )
        text = " ".join(render_summary(analysis_of(tmp_path, trials)).split())
        assert "wrong here, or it is the race that the other lost (6 of 6 ESRCH)" in text

    def test_a_loss_is_no_false_gain(self, tmp_path: Path) -> None:
        lost = CONTROL_TIMES | {"reap-kill": [40.0] * 6}
        (stratum,) = analysis_of(tmp_path, trials_of(lost, regime="control")).devices[0].strata
        assert stratum.comparisons[0].verdict == Verdict.WORSE
        assert stratum.false_gains == ()

    def test_a_gain_elsewhere_is_no_false_one(self, tmp_path: Path) -> None:
        gained = CONTROL_TIMES | {"reap-kill": [10.0] * 6}
        (stratum,) = analysis_of(tmp_path, trials_of(gained, regime="natural")).devices[0].strata
        assert len(stratum.comparisons) == 3
        assert stratum.false_gains == ()


class TestVerdicts:
    def test_better_and_worse(self, tmp_path: Path) -> None:
        analysis = analysis_of(
            tmp_path, trials_of({"kill": [100.0] * 6, "kill+mrelease": [200.0] * 6, "reap-kill": [12.0] * 6})
        )
        assert comparison_of(analysis).verdict == Verdict.BETTER
        assert comparison_of(analysis, "kill+mrelease").verdict == Verdict.WORSE

    def test_no_clear_difference_when_the_interval_touches_one(self, tmp_path: Path) -> None:
        slower = [50.0, 50, 50, 50, 50, 100]  # one of six blocks with equal times
        analysis = analysis_of(tmp_path, trials_of({"kill": [100.0] * 6, "reap-kill": slower}))
        assert comparison_of(analysis).verdict == Verdict.NO_CLEAR_DIFFERENCE

    def test_equal_constant_data(self, tmp_path: Path) -> None:
        analysis = analysis_of(tmp_path, trials_of({"kill": [100.0] * 8, "reap-kill": [100.0] * 8}))
        comparison = comparison_of(analysis)
        assert comparison.verdict == Verdict.EQUIVALENT
        assert comparison.ratio.interval == Bounds(1.0, 1.0)
        assert arm_of(analysis, "kill").notes == ("all times are equal",)

    @pytest.mark.parametrize("blocks", [1, 5])
    def test_too_few_blocks(self, tmp_path: Path, blocks: int) -> None:
        times: Times = {"kill": [100.0] * blocks, "reap-kill": [10.0] * blocks}
        comparison = comparison_of(analysis_of(tmp_path, trials_of(times)))
        assert comparison.verdict == Verdict.NOT_ENOUGH_DATA
        assert comparison.notes == (f"{blocks} of the 6 blocks that an interval needs",)

    def test_a_block_with_an_invalid_trial_is_no_pair(self, tmp_path: Path) -> None:
        trials = trials_of({"kill": [100.0] * 6, "reap-kill": [10.0] * 5})
        trials.append(synthetic_trial(arm="reap-kill", block=5, valid=False, invalid_reason="clock"))
        analysis = analysis_of(tmp_path, trials)
        assert comparison_of(analysis).ratio.blocks == 5
        assert comparison_of(analysis).verdict == Verdict.NOT_ENOUGH_DATA
        assert arm_of(analysis, "reap-kill").invalid == (("clock", 1),)

    def test_all_trials_of_an_arm_invalid(self, tmp_path: Path) -> None:
        trials = trials_of({"kill": [100.0] * 6})
        trials += trials_of({"reap-kill": [100.0] * 6}, valid=False, invalid_reason="reap-kill killed nobody")
        comparison = comparison_of(analysis_of(tmp_path, trials))
        assert comparison.verdict == Verdict.INVALID
        assert comparison.notes == ("every trial of reap-kill is invalid",)


class TestCensoring:
    def test_a_censored_median_is_longer_than_the_timeout(self, tmp_path: Path) -> None:
        analysis = analysis_of(tmp_path, trials_of({"kill": [None] * 6, "reap-kill": [30.0] * 6}))
        assert arm_of(analysis, "kill").reclaim_90_ns.median == Bounds(TIMEOUT_NS, math.inf)
        assert arm_of(analysis, "kill").notes == ("in 6 of 6 trials the memory was not back after 3000 ms",)
        comparison = comparison_of(analysis)
        assert comparison.verdict == Verdict.BETTER
        assert comparison.ratio.estimate.low == 0.0
        assert comparison.ratio.estimate.high == pytest.approx(0.01)

    def test_what_the_reports_say_of_it(self, tmp_path: Path) -> None:
        analysis = analysis_of(tmp_path, trials_of({"kill": [None] * 6, "reap-kill": [30.0] * 6}))
        assert "< 0.010x (below 0.010)" in render_summary(analysis)
        assert "&gt; 3000" in render_html(analysis)

    def test_neither_arm_ever_done(self, tmp_path: Path) -> None:
        comparison = comparison_of(
            analysis_of(tmp_path, trials_of({"kill": [None] * 8, "reap-kill": [None] * 8}))
        )
        assert comparison.verdict == Verdict.NO_CLEAR_DIFFERENCE
        assert comparison.notes == ("neither arm's memory was back by the timeout",)

    def test_candidate_never_done(self, tmp_path: Path) -> None:
        comparison = comparison_of(
            analysis_of(tmp_path, trials_of({"kill": [30.0] * 6, "reap-kill": [None] * 6}))
        )
        assert comparison.verdict == Verdict.WORSE
        assert comparison.ratio.estimate == Bounds(pytest.approx(100.0), math.inf)


class TestMissing:
    def test_a_skipped_arm_gives_its_reason(self, tmp_path: Path) -> None:
        skip = SkipRecord(device=PATCHED, what="arm", name="reap-kill", reason="no such flag")
        analysis = analysis_of(tmp_path, trials_of({"kill": [10.0] * 6, "kill+mrelease": [9.0] * 6}), skip)
        assert arm_of(analysis, "reap-kill").missing == "skipped: no such flag"
        assert comparison_of(analysis).verdict == Verdict.NOT_ENOUGH_DATA
        assert comparison_of(analysis).notes == ("reap-kill: skipped: no such flag",)
        assert comparison_of(analysis, "kill+mrelease").verdict == Verdict.BETTER

    def test_an_arm_that_a_scenario_does_not_allow_is_missing_there_only(self, tmp_path: Path) -> None:
        skip = SkipRecord(device=PATCHED, what="arm", name="reap-kill in exit-stop", reason="traced already")
        trials = trials_of({"kill": [10.0] * 6}, scenario="exit-stop") + trials_of({"kill": [10.0] * 6})
        run = SyntheticRun(synthetic_info([PATCHED]), [synthetic_device(PATCHED)], [], trials, [skip])
        traced, free = analyse(load_run(run.write(tmp_path))).devices[0].strata
        assert traced.arms[2].missing == "skipped: traced already"
        assert free.arms[2].missing == "no trial was recorded"

    def test_a_skipped_stall_concerns_its_strata_only(self, tmp_path: Path) -> None:
        run = SyntheticRun(synthetic_info([PATCHED]), [synthetic_device(PATCHED)])
        run.trials = trials_of({"kill": [10.0] * 6})
        run.planned = [planned_like(run.trials[0], stall="holder", hold_ms=300)]
        run.skips = [SkipRecord(device=PATCHED, what="stall", name="holder", reason="no userfaultfd")]
        free, held = analyse(load_run(run.write(tmp_path))).devices[0].strata
        assert held.stratum.stall == "holder"
        assert {arm.missing for arm in held.arms} == {"skipped: no userfaultfd"}
        assert free.arms[1].missing == "no trial was recorded"

    def test_an_unusable_device_is_shown_with_its_reason(self, tmp_path: Path) -> None:
        run = SyntheticRun(synthetic_info([STOCK]))
        run.skips = [SkipRecord(device=STOCK, what="device", name=STOCK, reason="it is offline")]
        analysis = analyse(load_run(run.write(tmp_path)))
        assert analysis.devices[0].record is None
        for report in (render_summary(analysis), render_html(analysis)):
            assert "it is offline" in report

    def test_no_trials_no_devices(self, tmp_path: Path) -> None:
        analysis = analysis_of(tmp_path, [])
        assert analysis.devices[0].strata == ()
        empty = analyse(load_run(SyntheticRun(synthetic_info([])).write(tmp_path / "empty")))
        assert empty.devices == ()
        assert "0 planned, 0 recorded, 0 valid" in render_summary(empty)
        assert "named no device" in render_html(empty)

    def test_a_single_arm_is_shown_without_a_comparison(self, tmp_path: Path) -> None:
        run = SyntheticRun(synthetic_info([PATCHED], arms=["kill"]), [synthetic_device(PATCHED)])
        run.trials = trials_of({"kill": [10.0] * 6})
        analysis = analyse(load_run(run.write(tmp_path)))
        assert analysis.pairs == ()
        assert arm_of(analysis, "kill").valid == 6
        render_html(analysis)


class TestMeasures:
    def test_esrch_counts_only_where_mrelease_was_called(self, tmp_path: Path) -> None:
        trials = trials_of({"kill": [10.0] * 6})
        trials += trials_of({"kill+mrelease": [10.0] * 4}, kill_to_mrelease_ns=9000, mrelease_errno="ESRCH")
        trials += trials_of({"reap-kill": [10.0] * 6}, kill_to_mrelease_ns=0, mrelease_errno="EAGAIN")
        analysis = analysis_of(tmp_path, trials)
        assert arm_of(analysis, "kill").esrch is None
        lost = arm_of(analysis, "kill+mrelease").esrch
        assert (lost.count, lost.total) == (4, 4)
        assert arm_of(analysis, "reap-kill").esrch.count == 0
        assert "process_mrelease answered EAGAIN in 6 of 6 trials" in arm_of(analysis, "reap-kill").notes

    def test_flags_are_counted_and_noted(self, tmp_path: Path) -> None:
        trials = trials_of({"kill": [10.0, 11.0]}, flags=("coarse-sampling",))
        analysis = analysis_of(tmp_path, trials)
        assert arm_of(analysis, "kill").flagged == (("coarse-sampling", 2),)
        assert arm_of(analysis, "kill").notes == ("2 of 2 flagged coarse-sampling",)

    def test_who_tore_the_memory_down_and_what_it_cost(self, tmp_path: Path) -> None:
        calls = (
            Call("pidfd_send_signal", 0, 9_000, "", 65536),
            Call("process_mrelease", 9_000, 26_000_000, "", None),
        )
        trials = trials_of(
            {"kill+mrelease": [9.0, 9.5]}, torn_down_by="stall", stall_late_ns=3_000_000, calls=calls
        )
        trials += trials_of({"reap-kill": [9.0]}, torn_down_by="victim", calls=calls[1:])
        trials += trials_of({"kill": [9.0]}, calls=calls[:1])
        analysis = analysis_of(tmp_path, trials)
        held = arm_of(analysis, "kill+mrelease")
        assert held.torn_down_by == (("stall", 2),)
        assert held.stall_late_ns.median == Bounds(3e6, 3e6)
        assert held.reap_call_ns.median == Bounds(26e6, 26e6)
        assert arm_of(analysis, "reap-kill").stall_late_ns is None
        assert not arm_of(analysis, "kill").has_teardown
        assert "process_mrelease 26000000 ns" in analysis.trials_csv

    def test_the_last_of_several_reaping_calls_counts(self, tmp_path: Path) -> None:
        calls = tuple(Call("process_mrelease", 0, took_ns, "", None) for took_ns in (1_000, 2_000))
        analysis = analysis_of(tmp_path, trials_of({"reap-kill": [9.0]}, calls=calls))
        assert arm_of(analysis, "reap-kill").reap_call_ns.median == Bounds(2e3, 2e3)

    def test_medians_by_hand(self, tmp_path: Path) -> None:
        arm = arm_of(analysis_of(tmp_path, trials_of({"kill": [10.0, 40.0, 20.0]})), "kill")
        assert arm.reclaim_90_ns.median == Bounds(20e6, 20e6)
        assert arm.reclaim_90_ns.low == Bounds(15e6, 15e6)
        assert arm.reclaim_50_ns.median == Bounds(10e6, 10e6)


class TestNeverPooled:
    def test_strata(self, tmp_path: Path) -> None:
        trials = trials_of({"kill": [10.0] * 6})
        for changes in (
            {"threads": 16},
            {"victim_kb": 1024},
            {"stall": "holder", "hold_ms": 300},
            {"stall": "holder", "hold_ms": 100},
            {"regime": "control"},
            {"scenario": "other"},
            {"suite": "other"},
            {"shape": "memfd"},
            {"dirty_pct": 50},
            {"compress_pct": 50},
        ):
            trials += trials_of({"kill": [99.0] * 6}, **changes)
        strata = analysis_of(tmp_path, trials).devices[0].strata
        assert len(strata) == 11
        assert [arm.valid for stratum in strata for arm in stratum.arms if arm.valid] == [6] * 11

    def test_scenarios_keep_the_order_of_the_plan(self, tmp_path: Path) -> None:
        trials = [synthetic_trial(scenario=name) for name in ("zebra", "ant", "mule")]
        run = SyntheticRun(synthetic_info([PATCHED]), [synthetic_device(PATCHED)], [], trials)
        run.planned = [planned_like(trials[place]) for place in (0, 2, 1)]
        strata = analyse(load_run(run.write(tmp_path))).devices[0].strata
        assert [stratum.stratum.scenario for stratum in strata] == ["zebra", "mule", "ant"]

    def test_devices(self, analysis: Analysis) -> None:
        patched, stock = analysis.devices
        assert (patched.name, stock.name) == (PATCHED, STOCK)
        assert {arm.valid for stratum in patched.strata for arm in stratum.arms} == {10}


class TestSyntheticRun:
    def test_the_holder_is_where_reap_kill_helps(self, analysis: Analysis) -> None:
        held = [stratum for stratum in analysis.devices[0].strata if stratum.stratum.stall == "holder"]
        assert len(held) == 4
        for stratum in held:
            assert stratum.comparisons[0].verdict == Verdict.BETTER
            assert stratum.comparisons[0].ratio.interval.high < 0.5

    def test_the_csv_holds_what_the_page_says(self, analysis: Analysis) -> None:
        """An independent recomputation of a median from the download."""
        rows = list(csv.DictReader(io.StringIO(analysis.trials_csv)))
        assert len(rows) == analysis.recorded
        for stratum in analysis.devices[0].strata:
            key = stratum.stratum
            for arm in stratum.arms:
                times = [
                    int(row["reclaim_90_ns"])
                    for row in rows
                    if row["device"] == PATCHED
                    and (row["stall"], row["arm"]) == (key.stall, arm.arm)
                    and (int(row["victim_kb"]), int(row["threads"])) == (key.victim_kb, key.threads)
                ]
                assert arm.reclaim_90_ns.median.low == statistics.median(times)


def test_an_analysis_cannot_be_changed(analysis: Analysis) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        analysis.valid = 0
