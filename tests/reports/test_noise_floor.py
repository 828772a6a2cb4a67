"""A/A runs: an arm against itself shows no difference, and tells how much is noise."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
from synthetic import PATCHED
from synthetic import SyntheticRun
from synthetic import synthetic_episode
from synthetic import synthetic_info
from synthetic import synthetic_run
from test_page import Page

from lmkd_core.records.trial import TrialRecord
from lmkd_reports import analyse
from lmkd_reports import load_run
from lmkd_reports import render_html
from lmkd_reports import render_summary
from lmkd_reports.analysis.comparisons import control_pairs_of
from lmkd_reports.analysis.comparisons import pairs_of
from lmkd_reports.analysis.model import Analysis
from lmkd_reports.presentation.wording import noise_floor


def kills_of(seed: int) -> list[TrialRecord]:
    return [trial for trial in synthetic_run([PATCHED], seed=seed).trials if trial.arm == "kill"]


def same_again(blocks: int = 10) -> SyntheticRun:
    run = synthetic_run([PATCHED], blocks)
    run.info = synthetic_info([PATCHED], ("kill", "kill#2"), blocks)
    run.planned = []
    run.trials = kills_of(1) + [msgspec.structs.replace(trial, arm="kill#2") for trial in kills_of(2)]
    return run


@pytest.fixture(scope="module")
def analysis(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    return analyse(load_run(same_again().write(tmp_path_factory.mktemp("again"))))


@pytest.mark.parametrize(
    ("arms", "pairs"),
    [
        (("kill", "kill#2"), [("kill#2", "kill")]),
        (
            ("kill", "kill+mrelease", "reap-kill", "reap-kill#2"),
            [
                ("reap-kill", "kill"),
                ("reap-kill", "kill+mrelease"),
                ("kill+mrelease", "kill"),
                ("reap-kill#2", "reap-kill"),
            ],
        ),
        (("kill#2",), []),
        (("kill",), []),
    ],
)
def test_an_arm_run_again_is_compared_with_itself_only(
    arms: tuple[str, ...], pairs: list[tuple[str, str]]
) -> None:
    assert list(pairs_of(arms)) == pairs


def test_controls_compare_what_reaps_with_what_reaps() -> None:
    arms = ("kill", "kill#2", "kill+mrelease", "kill+mrelease#2", "reap-kill")
    assert control_pairs_of(arms) == (("reap-kill", "kill+mrelease"),)


def test_the_same_arm_shows_no_clear_difference(analysis: Analysis) -> None:
    compared = [one for stratum in analysis.devices[0].strata for one in stratum.comparisons]
    assert len(compared) == 8
    assert {one.verdict for one in compared} <= {"no clear difference", "equivalent"}


def test_the_noise_floor_is_how_far_the_intervals_reach(analysis: Analysis) -> None:
    reaches = []
    for stratum in analysis.devices[0].strata:
        ratio = stratum.comparisons[0].ratio
        assert ratio is not None and ratio.interval is not None
        reaches.append(float(np.exp(max(abs(np.log([ratio.interval.low, ratio.interval.high]))))))
    told = noise_floor(analysis.devices[0])
    assert told.startswith(f"noise floor: the same arm lies within {min(reaches):.2f}x (")
    assert f"to {max(reaches):.2f}x (" in told


def test_the_page_and_the_mail_tell_it(analysis: Analysis) -> None:
    told = noise_floor(analysis.devices[0])
    assert told in Page(render_html(analysis)).words()
    assert told.split("; ")[0] in " ".join(render_summary(analysis).split())
    assert "SIGKILL only against itself (the same arm again)" in Page(render_html(analysis)).words()


def test_without_an_arm_run_again_there_is_none(tmp_path: Path) -> None:
    plain = analyse(load_run(synthetic_run([PATCHED]).write(tmp_path)))
    assert noise_floor(plain.devices[0]) == ""
    assert "noise floor" not in render_summary(plain)


def test_kills_have_one_too(tmp_path: Path) -> None:
    run = SyntheticRun(synthetic_info([PATCHED], ("kill", "kill#2")))
    for block in range(8):
        run.episodes += [
            synthetic_episode(extra=block % 2, arm="kill", block=block),
            synthetic_episode(extra=(block + 1) % 2, arm="kill#2", block=block),
        ]
    device = analyse(load_run(run.write(tmp_path))).devices[0]
    total = device.pressure[0].comparisons[0].total
    assert total is not None and total.low is not None and total.high is not None
    reach = max(-total.low, total.high)
    assert 0 < reach < 2
    assert f"noise floor: within {reach:.2g} kills an episode of itself" in noise_floor(device)
