"""A page of several boots: its verdicts are over boots, and it says what they hold for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import pytest
from two_runs import episodes_of
from two_runs import trials_of
from two_runs import write

from lmkd_core.records.trial import TrialRecord
from lmkd_reports import analyse
from lmkd_reports import load_run
from lmkd_reports import render_summary
from lmkd_reports.analysis.evidence import Times
from lmkd_reports.analysis.model import Analysis
from lmkd_reports.analysis.model import Comparison
from lmkd_reports.analysis.over_boots import evidence_by_boots
from lmkd_reports.analysis.verdicts import Verdict

BLOCKS = 4
TIMEOUT_NS = 3e9
RUNS = 1000


def arm(name: str, base_ms: float, shifts: Sequence[float], seed: int) -> list[TrialRecord]:
    """An arm's trials in as many boots as ``shifts``, which are added to the logarithms of its times."""
    rng = np.random.default_rng(seed)
    return [
        msgspec.structs.replace(trial, arm=name, block=trial.block + BLOCKS * boot)
        for boot, shift in enumerate(shifts)
        for times_ms in [base_ms * np.exp(shift + rng.normal(0, 0.03, BLOCKS))]
        for trial in trials_of(list(times_ms), boot_id=f"b{boot}")
    ]


def analysed(folder: Path, shifts: Sequence[float], factor: float = 1.0) -> Analysis:
    """Arms of equal times but for ``factor``, and a shift of the candidate in each boot."""
    trials = [*arm("kill", 100, [0] * len(shifts), 1), *arm("reap-kill", 100 * factor, shifts, 2)]
    return analyse(load_run(write(folder, trials)))


def compared(analysis: Analysis) -> Comparison:
    ((result,),) = (device.strata for device in analysis.devices)
    return next(one for one in result.comparisons if one.pair == ("reap-kill", "kill") and one.evidence)


def test_a_difference_of_one_boot_is_claimed_for_this_boot_only(tmp_path: Path) -> None:
    analysis = analysed(tmp_path, [-0.3, -0.3])
    comparison = compared(analysis)
    assert (comparison.verdict, comparison.evidence.is_over_boots) == (Verdict.BETTER, False)
    assert "in these 2 boots: verdicts and intervals claim nothing beyond" in one_line(analysis)


def test_boots_that_disagree_are_no_claim(tmp_path: Path) -> None:
    """Of 20 blocks 16 are shorter, but in three boots only: chance of boots can do that."""
    comparison = compared(analysed(tmp_path, [-0.3, -0.3, -0.3, -0.3, 0.5]))
    assert comparison.verdict is Verdict.NO_CLEAR_DIFFERENCE
    assert comparison.ratio.interval.low < 1 < comparison.ratio.interval.high


def test_a_difference_in_all_boots_is_claimed_for_the_kernel(tmp_path: Path) -> None:
    analysis = analysed(tmp_path, [0.1, -0.1, 0.0, 0.05, -0.05], factor=0.5)
    comparison = compared(analysis)
    assert comparison.verdict is Verdict.BETTER
    assert comparison.ratio.interval.low < 0.5 < comparison.ratio.interval.high
    assert "over 5 boots: intervals include what differs between boots" in one_line(analysis)
    assert "95.0 % interval over 5 boots" in one_line(analysis)


def test_twelve_boots_of_a_block_are_judged_as_twelve_blocks(tmp_path: Path) -> None:
    """Each block then stands for its boot: the same numbers, which hold beyond it."""
    trials = [*arm("kill", 100, [0] * 3, 1), *arm("reap-kill", 70, [0] * 3, 2)]
    of_one = [msgspec.structs.replace(trial, boot_id="boot") for trial in trials]
    of_twelve = [msgspec.structs.replace(trial, boot_id=f"b{trial.block}") for trial in trials]
    one, twelve = (
        compared(analyse(load_run(write(tmp_path / name, records))))
        for name, records in (("one", of_one), ("twelve", of_twelve))
    )
    assert (one.evidence.is_over_boots, twelve.evidence.is_over_boots) == (False, True)
    assert (twelve.ratio, twelve.p, twelve.verdict) == (one.ratio, one.p, one.verdict)


def test_fewer_blocks_than_six_are_no_claim_over_any_number_of_boots(tmp_path: Path) -> None:
    trials = [*arm("kill", 100, [0] * 3, 1), *arm("reap-kill", 10, [0] * 3, 2)]
    first_of_boot = [trial for trial in trials if trial.block % BLOCKS == 0]
    assert compared(analyse(load_run(write(tmp_path, first_of_boot)))).verdict is Verdict.NOT_ENOUGH_DATA


def test_kills_are_compared_over_boots(tmp_path: Path) -> None:
    episodes = [
        msgspec.structs.replace(episode, block=episode.block + 2 * boot)
        for boot, saved in enumerate((3, 3, 3, -3, -3))
        for name, extra in (("kill", 3), ("reap-kill", 3 - saved))
        for episode in episodes_of([extra] * 2, arm=name, boot_id=f"b{boot}")
    ]
    analysis = analyse(load_run(write(tmp_path, episodes=episodes)))
    (result,) = analysis.devices[0].pressure
    total = next(one.total for one in result.comparisons if one.pair == ("reap-kill", "kill"))
    assert (total.boots, total.mean) == (5, pytest.approx(-0.6))
    assert total.low < 0 < total.high


def test_boots_that_are_alike_by_coincidence_save_no_kills(tmp_path: Path) -> None:
    """Three kills saved in one block of each boot: 3 of 12 blocks, which no exact test can claim."""
    episodes = [
        episode
        for name, saved in (("kill", 0), ("reap-kill", 3))
        for boot in range(3)
        for episode in (
            msgspec.structs.replace(one, block=one.block + BLOCKS * boot)
            for one in episodes_of([3 - saved, 3, 3, 3], arm=name, boot_id=f"b{boot}")
        )
    ]
    (result,) = analyse(load_run(write(tmp_path, episodes=episodes))).devices[0].pressure
    comparison = next(one for one in result.comparisons if one.pair == ("reap-kill", "kill"))
    assert (comparison.total.boots, comparison.verdict) == (3, Verdict.NO_CLEAR_DIFFERENCE)


def test_the_estimate_lies_within_its_interval_whatever_the_boots_sizes(tmp_path: Path) -> None:
    trials = [
        msgspec.structs.replace(trial, boot_id="big" if trial.block < 12 else f"b{trial.block}")
        for trial in [*arm("kill", 100, [0] * 4, 1), *arm("reap-kill", 100, [1, 1, 1, 0], 2)]
    ]
    evidence = compared(analyse(load_run(write(tmp_path, trials)))).evidence
    assert evidence.boots == 5
    assert evidence.mean.interval_ns.low <= evidence.mean.difference_ns <= evidence.mean.interval_ns.high
    assert evidence.late.low <= evidence.late.difference <= evidence.late.high


def one_line(analysis: Analysis) -> str:
    return " ".join(render_summary(analysis).split())


@pytest.mark.simulation
@pytest.mark.parametrize("deviation", [0.0, 0.1, 0.2])
@pytest.mark.parametrize("lost", [0.0, 0.4])
def test_equal_arms_are_seldom_called_different_over_boots(deviation: float, lost: float) -> None:
    """5 boots of 3 blocks; races lost by both arms in ``lost`` of the trials. Monte-Carlo error 0.7 %."""
    rng = np.random.default_rng(int(100 * deviation + 10 * lost))
    boots = [f"b{boot}" for boot in range(5) for _ in range(3)]
    claims = 0
    for _ in range(RUNS):
        shift = np.repeat(rng.normal(0, deviation, 5), 3)
        times = [
            np.where(rng.random(15) < lost, 350, 40) * 1e6 * np.exp(shift * side + rng.normal(0, 0.2, 15))
            for side in (0.5, -0.5)
        ]
        sides = [Times(values, np.full(15, TIMEOUT_NS)) for values in times]
        over = evidence_by_boots(*sides, boots)
        claims += over.test.p <= 0.05
    assert claims / RUNS <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / RUNS)
