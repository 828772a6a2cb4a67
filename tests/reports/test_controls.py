"""Controls: a right measurement seldom raises the alarm, and a biased one does, on the page and in the run.

Simulated runs of 8 controls with 12 blocks, by seed 20260301. The alarm of the run is that of the page:
tests/plugin/test_false_gains.py. bench/controls.py is the long form, with the figures in docs/method.md.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from synthetic import NS_PER_MS
from synthetic import PATCHED
from synthetic import SyntheticRun
from synthetic import synthetic_device
from synthetic import synthetic_episode
from synthetic import synthetic_info
from synthetic import synthetic_trial

from lmkd_core.statistics.controls import FALSE_ALARMS
from lmkd_core.statistics.controls import ControlTally
from lmkd_core.statistics.controls import false_gains
from lmkd_core.statistics.controls import gain_p
from lmkd_core.statistics.controls import largest_unseen_gain
from lmkd_reports import control_alarms
from lmkd_reports import load_run
from lmkd_reports import render_html
from lmkd_reports import render_summary
from lmkd_reports.analysis.analyse import analyse

RUNS = 2000
CONTROLS, BLOCKS = 8, 12
SEED = 20260301
BASELINE = "kill+mrelease"

Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]
"""Log times of an arm."""


def lognormal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """The log ratio of two of them has the standard deviation 0.21."""
    return rng.normal(0, 0.15, shape)


def wide(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """The log ratio of two of them has the standard deviation 0.3, the demo's."""
    return rng.normal(0, 0.3 / np.sqrt(2), shape)


def race(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """40 ms, or 350 ms where the race is lost, in half of the trials."""
    return rng.normal(0, 0.15, shape) + np.log(350 / 40) * (rng.random(shape) < 0.5)


def tallies(rng: np.random.Generator, draw: Draw, arms: int, bias: float = 0.0) -> list[ControlTally]:
    """One run; ``bias`` is subtracted from the log times of every arm under test."""
    times = draw(rng, (CONTROLS, arms + 1, BLOCKS))
    gained = times[:, 1:] - bias < times[:, :1]
    return [
        ControlTally(control, (f"arm-{arm}", BASELINE), int(gained[control, arm].sum()), BLOCKS)
        for control in range(CONTROLS)
        for arm in range(arms)
    ]


def alarm_rate(draw: Draw, arms: int, bias: float = 0.0, level: float = FALSE_ALARMS, runs: int = 0) -> float:
    rng = np.random.default_rng(SEED)
    alarms = [bool(false_gains(tallies(rng, draw, arms, bias), level)) for _ in range(runs or RUNS)]
    return float(np.mean(alarms))


@pytest.mark.simulation
@pytest.mark.parametrize("arms", [1, 2])
@pytest.mark.parametrize("draw", [lognormal, race])
def test_a_right_run_raises_the_alarm_in_one_of_forty_at_most(draw: Draw, arms: int) -> None:
    """The Monte-Carlo error of 2.5 % over 2,000 runs is 0.35 points; three of them are allowed for."""
    assert alarm_rate(draw, arms) <= FALSE_ALARMS + 0.0105


@pytest.mark.simulation
def test_a_bias_of_a_tenth_in_every_control_is_seen_in_nine_of_ten_runs() -> None:
    """Log ratios with a standard deviation of 0.21: 69 % of the blocks favour the arm (error 0.5 points)."""
    assert alarm_rate(lognormal, 1, -np.log(0.9)) >= 0.9
    assert alarm_rate(lognormal, 1, -np.log(0.9), FALSE_ALARMS / 2) >= 0.9  # a device with pressure controls


@pytest.mark.simulation
def test_controls_one_by_one_would_miss_that_bias() -> None:
    """Why the blocks are pooled: a sign test per control at 2.5 % / 8 sees it in one run of ten."""
    rng = np.random.default_rng(SEED)
    runs = [tallies(rng, lognormal, 1, -np.log(0.9)) for _ in range(500)]
    seen = [any(gain_p(one.gained, one.blocks) <= FALSE_ALARMS / CONTROLS for one in run) for run in runs]
    assert np.mean(seen) < 0.2


def test_an_error_in_one_control_is_seen_beside_seven_right_ones() -> None:
    pair = ("reap-kill", BASELINE)
    right = [ControlTally(name, pair, 6, 12) for name in range(7)]
    (gain,) = false_gains([*right, ControlTally("wrong", pair, 12, 12)])
    assert gain.controls == ("wrong",)


def test_a_pair_with_one_control_is_tested_once() -> None:
    (gain,) = false_gains([ControlTally("only", ("reap-kill", BASELINE), 12, 12)])
    assert (gain.controls, gain.gained, gain.blocks) == (("only",), 12, 12)
    assert gain.p == pytest.approx(2**-12)


def test_no_block_is_no_gain() -> None:
    assert false_gains([ControlTally("only", ("reap-kill", BASELINE), 0, 0)]) == []
    assert gain_p(0, 0) == 1
    assert largest_unseen_gain(np.array([])) is None


@pytest.mark.simulation
@pytest.mark.parametrize("bias", [0.0, 0.05])
def test_the_true_bias_is_seldom_above_the_one_that_would_have_been_seen(bias: float) -> None:
    """2,000 runs of 96 blocks: wrong in at most 2.5 % (error 0.35 points)."""
    rng = np.random.default_rng(SEED)
    logs = rng.normal(np.log(1 - bias), 0.3, (RUNS, CONTROLS * BLOCKS))
    unseen = [largest_unseen_gain(values) for values in logs]
    assert np.mean([gain is not None and gain < bias - 1e-9 for gain in unseen]) <= 0.025 + 0.0105
    assert np.median([gain or 0 for gain in unseen]) < 0.15


def run_of(folder: Path, ratio: float, seed: int = 1) -> Path:
    """A results directory of eight controls, in which the flag takes ``ratio`` times as long."""
    rng = np.random.default_rng(seed)
    trials = [
        synthetic_trial(
            scenario=f"control-{control}",
            regime="control",
            arm=arm,
            block=block,
            reclaim_90_ns=int(40 * NS_PER_MS * factor * np.exp(rng.normal(0, 0.15))),
        )
        for control in range(CONTROLS)
        for block in range(BLOCKS)
        for arm, factor in ((BASELINE, 1.0), ("reap-kill", ratio))
    ]
    return SyntheticRun(synthetic_info([PATCHED]), [synthetic_device(PATCHED)], [], trials).write(folder)


@pytest.mark.parametrize(("ratio", "alarmed"), [(1.0, False), (0.85, True), (1.2, False)])
def test_page_text_and_exit_status_say_the_same(tmp_path: Path, ratio: float, alarmed: bool) -> None:
    analysis = analyse(load_run(run_of(tmp_path, ratio)))
    alarms = control_alarms(tmp_path)
    assert bool(alarms) == alarmed
    assert ("alarm banner" in render_html(analysis)) == alarmed
    summary = " ".join(render_summary(analysis).split())
    if alarmed:
        ((device, sentence),) = alarms
        assert device == PATCHED
        clause = sentence.partition(": ")[2].partition(": ")[2].removesuffix(". Do not trust this run")
        assert clause.endswith("of 96 blocks of all 8 controls together")
        assert clause in summary
    else:
        assert "controls: no gain found in 8 strata; a bias of more than" in summary
        assert "in favour of reap-kill would have been seen" in summary


def test_a_device_with_both_kinds_of_controls_halves_the_level_of_each(tmp_path: Path) -> None:
    """Six of six: p is 0.016, enough for 2.5 % and not for its half."""
    control = {"scenario": "undisturbed", "regime": "control", "stall": "none"}
    episodes = [
        synthetic_episode(2 - number, arm=arm, block=block, **control)
        for block in range(6)
        for number, arm in enumerate((BASELINE, "reap-kill"))
    ]
    pressed = SyntheticRun(synthetic_info([PATCHED]), [synthetic_device(PATCHED)], episodes=episodes)
    ((_, sentence),) = control_alarms(pressed.write(tmp_path / "alone"))
    assert "reap-kill killed fewer apps than kill+mrelease in 6 of 6 differing blocks" in sentence
    times = [
        synthetic_trial(arm=arm, block=block, regime="control")
        for arm in (BASELINE, "reap-kill")
        for block in range(6)
    ]
    pressed.trials = times
    assert control_alarms(pressed.write(tmp_path / "both")) == []
