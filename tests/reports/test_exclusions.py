"""Invalid trials: whether they hit one arm more than another, and what the left-out blocks could hide."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from synthetic import PATCHED
from synthetic import SyntheticRun
from synthetic import synthetic_device
from synthetic import synthetic_info
from synthetic import synthetic_trial

from lmkd_core.records.stratum import Stratum
from lmkd_reports.analysis.analyse import analyse
from lmkd_reports.analysis.exclusions import exclusions_of
from lmkd_reports.analysis.frames import load_run
from lmkd_reports.analysis.frames import trial_frame
from lmkd_reports.analysis.model import Exclusions
from lmkd_reports.presentation.html import render_html
from lmkd_reports.presentation.summary import render_summary

ARMS = {"kill": 100, "kill+mrelease": 100, "reap-kill": 50}
"""Median times in ms."""

IsInvalid = Callable[[str, int], bool]


def report(folder: Path, blocks: int, is_invalid: IsInvalid, boots: int = 1) -> tuple[Exclusions, str, str]:
    rng = np.random.default_rng(3)
    run = SyntheticRun(synthetic_info([PATCHED]), devices=[synthetic_device(PATCHED)])
    run.trials = [
        synthetic_trial(
            arm=arm,
            block=block,
            boot_id=f"boot {block * boots // blocks}",
            order=order,
            reclaim_90_ns=round(ms * 1e6 * np.exp(rng.normal(0, 0.05))),
            valid=not is_invalid(arm, block),
            invalid_reason="foreign-kills" if is_invalid(arm, block) else "",
        )
        for block in range(blocks)
        for order, (arm, ms) in enumerate(ARMS.items())
    ]
    analysis = analyse(load_run(run.write(folder)))
    (device,) = analysis.devices
    assert device.exclusions is not None
    return device.exclusions, render_html(analysis), " ".join(render_summary(analysis).split())


def test_an_arm_that_is_invalid_more_often_is_named(tmp_path: Path) -> None:
    exclusions, page, text = report(tmp_path, 24, lambda arm, block: arm == "kill" and block % 2 == 0)
    assert {(uneven.arm, uneven.other, uneven.more, uneven.fewer) for uneven in exclusions.uneven} == {
        ("kill", "kill+mrelease", 12, 0),
        ("kill", "reap-kill", 12, 0),
    }
    for said in (page, text):
        assert "kill was invalid more often than reap-kill: only it in 12 blocks, only the other in 0" in said


@pytest.mark.parametrize(
    "is_invalid",
    [
        lambda arm, block: False,
        lambda arm, block: block % 3 == 0,  # whole blocks
        lambda arm, block: block == {"kill": 1, "kill+mrelease": 2, "reap-kill": 3}[arm],
    ],
)
def test_equal_exclusions_are_no_finding(is_invalid: IsInvalid, tmp_path: Path) -> None:
    assert report(tmp_path, 24, is_invalid)[0].uneven == ()


@pytest.mark.simulation
def test_chance_alone_is_seldom_named() -> None:
    """120 runs of 60 blocks, one trial in ten invalid; at most 5 % may name a pair (+- 2.0)."""
    rng = np.random.default_rng(11)
    stratum = Stratum("s", "undisturbed", "none", "natural", 65536, 1)
    frame = trial_frame([synthetic_trial(arm=arm, block=block) for block in range(60) for arm in ARMS])
    named = 0
    for _ in range(120):
        trials = frame.assign(valid=rng.random(len(frame)) >= 0.1)
        named += bool(exclusions_of({stratum: trials}, [], 0.95).uneven)
    assert named / 120 <= 0.05


def test_a_claim_that_the_left_out_blocks_could_undo_is_named(tmp_path: Path) -> None:
    """Of nine blocks six count, and all say the same: three that did not would leave no claim."""
    exclusions, page, text = report(tmp_path, 9, lambda arm, block: arm == "reap-kill" and block < 3)
    pairs = {claim.pair for _, claim in exclusions.undone}
    assert pairs == {("reap-kill", "kill"), ("reap-kill", "kill+mrelease")}
    for said in (page, text):
        assert (
            "with REAP_KILL against SIGKILL only: the left-out blocks could undo the verdict better" in said
        )


def test_a_claim_over_boots_is_judged_over_boots_again(tmp_path: Path) -> None:
    """The worst of one block of ten changes one boot of five, and no verdict of a single boot."""

    def undone(boots: int) -> int:
        folder = tmp_path / str(boots)
        exclusions, _, _ = report(folder, 10, lambda arm, block: (arm, block) == ("reap-kill", 0), boots)
        return len(exclusions.undone)

    assert (undone(1), undone(5)) == (0, 2)


def test_a_claim_that_they_cannot_undo_is_counted(tmp_path: Path) -> None:
    exclusions, _, text = report(tmp_path, 20, lambda arm, block: arm == "reap-kill" and block < 2)
    assert (exclusions.undone, exclusions.upheld) == ((), 2)
    assert "2 verdicts would stay the same if each left-out block had gone the other way" in text


def test_a_run_without_invalid_trials_says_nothing(tmp_path: Path) -> None:
    exclusions, _, text = report(tmp_path, 12, lambda arm, block: False)
    assert exclusions == Exclusions((), (), 0)
    assert "left out:" not in text
