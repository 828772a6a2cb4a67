"""Pressure episodes in reports: counts an episode, differences by block, one episode of each arm drawn."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic import PATCHED
from synthetic import SyntheticRun
from synthetic import synthetic_device
from synthetic import synthetic_episode
from synthetic import synthetic_info
from synthetic import synthetic_kill
from synthetic import synthetic_run
from test_page import SCRIPT

from lmkd_reports import analyse
from lmkd_reports import load_run
from lmkd_reports import render_html
from lmkd_reports import render_summary
from lmkd_reports.analysis.model import Analysis
from lmkd_reports.analysis.pressure import PressureResult
from lmkd_reports.analysis.pressure import pressure_of
from lmkd_reports.analysis.verdicts import Verdict
from lmkd_reports.statistics.differences import paired_difference
from pytest_lmkd.wire import EpisodeRecord

TWO, FLAG = "kill+mrelease@lmkd", "reap-kill"

SUMMARY = """\
pytest-lmkd: which kills under memory pressure were extra
run synthetic-20260101T000000Z, started 2026-01-01T00:00:00+00:00, seed
1
episodes: 0 planned, 16 recorded, 16 valid

== synthetic-reap-kill-v3
   Synthetic phone, Linux 6.12.90, personality reap-kill-v3, x86_64, 4
   CPUs, 980 MB RAM, 512 MB swap, 4 kB pages
   reap-kill against kill+mrelease@lmkd, under pressure: fewer kills in
     1 of 1 situation

-- held-beyond-burst, 12-cached: every third victim is held by a reader
   until the demand is over
   (injected, burst, holder)
  arm                   n  kills needed  extra  early  alive  p99 ms
  kill+mrelease@lmkd    8    7.5      5    2.5    2.5    4.5  0.0900
  reap-kill             8      5      5      0      0      7  0.0900
  reap-kill - kill+mrelease@lmkd
      kills -2.5 (-2.9 to -2.1)      p 0.008    better
      extra -2.5 (-2.9 to -2.1)      p 0.008    better

Kills: mean an episode. Needed: as many of them as bring what was
lacking, had their memory come at once; extra: the others. Early:
decided while earlier victims still held as much as was lacking. Alive:
apps at the end. p99: of the foreground's page faults, median.
Differences: mean over blocks, 95 % bootstrap interval, p of the
sign-flip test; claimed only when both agree.
"""


def run_of(episodes: Sequence[EpisodeRecord], folder: Path) -> Analysis:
    info = synthetic_info([PATCHED], arms=(TWO, FLAG))
    run = SyntheticRun(info, devices=[synthetic_device(PATCHED)], episodes=list(episodes))
    return analyse(load_run(run.write(folder)))


def episodes_of(extra: Sequence[int], flag_extra: Sequence[int], **changes: object) -> list[EpisodeRecord]:
    """A block for each number of extra kills of the two arms."""
    blocks = enumerate(zip(extra, flag_extra, strict=True))
    return [
        synthetic_episode(extra=count, arm=arm, block=block, **changes)
        for block, counts in blocks
        for arm, count in zip((TWO, FLAG), counts, strict=True)
    ]


def result_of(extra: Sequence[int], flag_extra: Sequence[int]) -> PressureResult:
    (result,) = pressure_of(episodes_of(extra, flag_extra), (TWO, FLAG))
    return result


def test_the_summary_of_episodes_alone(tmp_path: Path) -> None:
    analysis = run_of(episodes_of([2, 3] * 4, [0] * 8), tmp_path)
    assert render_summary(analysis) == SUMMARY


@pytest.mark.parametrize(
    ("extra", "flag_extra", "verdict"),
    [
        ([3] * 12, [0] * 12, Verdict.BETTER),
        ([0] * 12, [3] * 12, Verdict.WORSE),
        ([0] * 12, [0] * 12, Verdict.NO_CLEAR_DIFFERENCE),
        ([1] + [0] * 11, [0] * 12, Verdict.NO_CLEAR_DIFFERENCE),
        ([3] * 5, [0] * 5, Verdict.NOT_ENOUGH_DATA),
        ([3], [0], Verdict.NOT_ENOUGH_DATA),
    ],
    ids=["fewer", "more", "none at all", "one by chance", "five blocks", "one block"],
)
def test_verdicts(extra: list[int], flag_extra: list[int], verdict: Verdict) -> None:
    (comparison,) = result_of(extra, flag_extra).comparisons
    assert (comparison.verdict, comparison.extra_verdict) == (verdict, verdict)


def test_an_arm_without_a_valid_episode_is_not_judged(tmp_path: Path) -> None:
    episodes = episodes_of([3] * 8, [0] * 8)
    broken = [
        synthetic_episode(
            arm=FLAG, block=one.block, valid=False, invalid_reason="the demand was not met to the end"
        )
        if one.arm == FLAG
        else one
        for one in episodes
    ]
    analysis = run_of(broken, tmp_path)
    (result,) = analysis.devices[0].pressure
    assert result.comparisons[0].verdict == Verdict.INVALID
    assert result.shown_block is None
    page = render_html(analysis)
    assert "8 invalid: the demand was not met to the end" in re.sub(r"<[^>]+>", "", page)
    assert "No block has a valid episode of every arm." in page


def test_means_are_of_valid_episodes_only() -> None:
    episodes = [*episodes_of([3, 3], [0, 0]), synthetic_episode(extra=7, arm=TWO, block=2, valid=False)]
    (result,) = pressure_of(episodes, (TWO, FLAG))
    two, flag = result.arms
    assert (two.valid, two.total, two.needed, two.extra, two.premature) == (2, 8, 5, 3, (("Z", 3.0),))
    assert (flag.total, flag.extra, flag.premature, flag.alive) == (5, 0, (), 7)


def test_an_episode_recorded_twice_counts_once() -> None:
    episodes = [*episodes_of([3], [0]), synthetic_episode(extra=1, arm=TWO, block=0)]
    (result,) = pressure_of(episodes, (TWO, FLAG))
    assert (result.arms[0].valid, result.arms[0].extra) == (1, 1)


def test_the_block_that_is_drawn_is_typical() -> None:
    result = result_of([0, 3, 3, 9], [0, 0, 0, 0])
    assert result.shown_block == 1
    assert [(one.arm, one.kills_extra) for one in result.shown] == [(TWO, 3), (FLAG, 0)]


def test_situations_are_never_pooled() -> None:
    episodes = [*episodes_of([3], [0]), *episodes_of([0], [0], scenario="undisturbed", stall="none")]
    assert [one.situation.scenario for one in pressure_of(episodes, ())] == [
        "held-beyond-burst",
        "undisturbed",
    ]


def test_an_arm_against_itself_is_named_so(tmp_path: Path) -> None:
    episodes = [synthetic_episode(arm=arm, block=block) for block in range(6) for arm in ("kill", "kill#2")]
    run = SyntheticRun(synthetic_info([PATCHED], arms=("kill", "kill#2")), episodes=episodes)
    analysis = analyse(load_run(run.write(tmp_path)))
    assert "kill#2 - kill (the same arm again)" in render_summary(analysis)
    assert "the same arm again" in render_html(analysis)


def test_an_episode_without_kills_is_drawn_too(tmp_path: Path) -> None:
    analysis = run_of([synthetic_episode(0, 0, arm=arm) for arm in (TWO, FLAG)], tmp_path)
    assert render_html(analysis).count("<figure>") == 2


def test_what_a_device_says_is_text(tmp_path: Path) -> None:
    kill = synthetic_kill(0, reason=SCRIPT, stall=SCRIPT, mrelease_errno=SCRIPT)
    episodes = [
        replace_struct(
            synthetic_episode(arm=arm, block=block), scenario=SCRIPT, profile=SCRIPT, stall=SCRIPT, kill=kill
        )
        for block in range(2)
        for arm in (TWO, SCRIPT)
    ]
    episodes.append(synthetic_episode(arm=TWO, block=9, scenario=SCRIPT, valid=False, invalid_reason=SCRIPT))
    analysis = run_of(episodes, tmp_path)
    assert SCRIPT not in render_html(analysis)
    assert render_summary(analysis).isascii()


def replace_struct(episode: EpisodeRecord, kill: object, **changes: str) -> EpisodeRecord:
    fields = {name: getattr(episode, name) for name in episode.__struct_fields__}
    return EpisodeRecord(**{**fields, **changes, "kills": (kill, *episode.kills[1:])})


def test_trials_episodes_and_the_plan_of_both_stand_beside_each_other(tmp_path: Path) -> None:
    run = synthetic_run([PATCHED], blocks=6)
    run.episodes = [
        synthetic_episode(arm=arm, block=block) for block in range(6) for arm in ("kill", "reap-kill")
    ]
    analysis = analyse(load_run(run.write(tmp_path)))
    assert analysis.tells_times and not analysis.problems
    page = render_html(analysis)
    assert 'id="strata"' in page and 'id="pressure"' in page


counts = st.lists(st.integers(-12, 12), min_size=0, max_size=30)


@given(counts)
def test_no_data_make_the_statistics_stumble(differences: list[int]) -> None:
    found = paired_difference(np.array(differences, dtype=np.float64), np.zeros(len(differences)))
    if not differences:
        assert found is None
        return
    assert found is not None and found.mean == pytest.approx(np.mean(differences))
    assert found.p is None or 0 < found.p <= 1
    if found.low is not None and found.high is not None:
        assert min(differences) <= found.low <= found.high <= max(differences)
        assert not found.is_clear or not found.low <= 0 <= found.high


def test_the_sign_flip_test_by_hand() -> None:
    """Of the 64 flips of six equal differences two are as far from 0."""
    found = paired_difference(np.ones(6), np.zeros(6))
    assert found is not None and found.p == 2 / 64


def test_many_blocks_are_flipped_at_random_with_the_same_answer() -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(0.4, 1, 14)
    exact = paired_difference(values, np.zeros(14))
    random = paired_difference(np.append(values, 0.0), np.zeros(15))  # a 0 can be flipped without effect
    assert exact is not None and random is not None and exact.p is not None
    assert random.p == pytest.approx(exact.p, abs=0.02)
