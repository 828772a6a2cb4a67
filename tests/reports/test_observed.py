"""The device's own lmkd in reports: what it killed and why, how often too late, and who else killed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from synthetic import PATCHED
from synthetic import SyntheticRun
from synthetic import synthetic_death
from synthetic import synthetic_device
from synthetic import synthetic_info
from synthetic import synthetic_observation
from synthetic import synthetic_observations
from test_page import SCRIPT
from test_page import Page

from lmkd_core.records.observation import ObservationRecord
from lmkd_reports import analyse
from lmkd_reports import load_run
from lmkd_reports import render_html
from lmkd_reports import render_summary
from lmkd_reports.analysis.observed import Observed
from pytest_lmkd.cli import main

SUMMARY = """\
pytest-lmkd: what the device's own lmkd does
run synthetic-20260101T000000Z, started 2026-01-01T00:00:00+00:00

== synthetic-reap-kill-v3
   Synthetic phone, Linux 6.12.90, personality reap-kill-v3, x86_64, 4
   CPUs, 980 MB RAM, 512 MB swap, 4 kB pages

-- game, the device's own lmkd: 8 valid observations, 10 apps in the
   background
"""


def observed(records: list[ObservationRecord], folder: Path) -> Observed:
    run = SyntheticRun(synthetic_info([PATCHED]), devices=[synthetic_device(PATCHED)], observations=records)
    (one,) = analyse(load_run(run.write(folder))).devices[0].observed
    return one


def test_the_summary_of_observations_alone(observed_dir: Path) -> None:
    text = (observed_dir / "summary.txt").read_text()
    assert text.startswith(SUMMARY)
    assert "killed        3 (2.2 to 3.8), 3 of them of these apps" in text
    assert "alive         7 of 10 apps at the end" in text
    assert "because       24x low watermark is breached and swap is low" in text


def test_kills_are_counted_with_an_interval_from_six_observations_on(tmp_path: Path) -> None:
    few = observed([synthetic_observation(block) for block in range(5)], tmp_path / "few")
    many = observed([synthetic_observation(block, 2 + block % 3) for block in range(9)], tmp_path / "many")
    assert few.kills is not None
    assert (few.kills.mean, few.kills.low) == (3, None)
    assert many.kills is not None
    assert many.kills.low is not None
    assert many.kills.low < many.kills.mean == 3 < (many.kills.high or 0)


def test_only_lmkds_kills_are_its_own_and_the_others_are_named(tmp_path: Path) -> None:
    deaths = (
        synthetic_death(1),
        synthetic_death(2, ours=False),
        synthetic_death(3, "framework", reason="empty #17"),
        synthetic_death(4, "kernel-oom", reason=""),
        synthetic_death(5, doubts=("exit-info says SIGNALED",)),
    )
    one = observed([synthetic_observation(0, deaths=deaths)], tmp_path)
    assert one.ours == 2
    assert one.reasons == (("low watermark is breached and swap is low", 3),)
    assert one.others == (("framework, empty #17", 1), ("kernel-oom", 1))
    assert one.doubts == 1


def test_shares_of_cascades_and_of_calls_that_came_too_late(tmp_path: Path) -> None:
    records = [
        synthetic_observation(0, 4, cascades=2, mrelease_failures={"ESRCH": 1, "EINTR": 1}),
        synthetic_observation(1, 6, cascades=1, kill_count=7),
    ]
    one = observed(records, tmp_path)
    assert one.cascades is not None
    assert one.esrch is not None
    assert (one.cascades.count, one.cascades.total) == (3, 10)
    assert (one.esrch.count, one.esrch.total) == (1, 10)
    assert one.miscounted == 1


def test_what_is_not_valid_is_left_out_with_its_reason(tmp_path: Path) -> None:
    why = "the demand was not met: org.example.game died before it had its memory"
    records = [synthetic_observation(0, 9, valid=False, invalid_reason=why), synthetic_observation(1, 2)]
    one = observed(records, tmp_path)
    assert (one.valid, one.invalid) == (1, ((why, 1),))
    assert one.kills is not None
    assert one.kills.mean == 2


@pytest.mark.parametrize(
    "records", [[], [synthetic_observation(0, 0)], [synthetic_observation(0, valid=False)]]
)
def test_nothing_killed_or_nothing_valid_is_a_stated_result(
    records: list[ObservationRecord], tmp_path: Path
) -> None:
    run = SyntheticRun(synthetic_info([PATCHED]), devices=[synthetic_device(PATCHED)], observations=records)
    analysis = analyse(load_run(run.write(tmp_path)))
    assert "nan" not in render_summary(analysis)
    assert "nan" not in render_html(analysis)


def test_hostile_names_are_text(tmp_path: Path) -> None:
    run = synthetic_observations((1,))
    death = synthetic_death(1, "lmkd", reason=SCRIPT)
    run.observations = [synthetic_observation(0, 1, deaths=(death,), scenario=SCRIPT)]
    page = Page(render_html(analyse(load_run(run.write(tmp_path)))))
    assert page.words().count(SCRIPT) >= 2
    assert [tag for tag, _ in page.tags].count("script") == 1  # the page's own


def test_two_kernels_are_compared_by_how_many_apps_their_lmkd_killed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = synthetic_observations((5, 6, 5, 6, 5, 6, 5, 6)).write(tmp_path / "base")
    candidate = synthetic_observations((2, 3, 2, 3, 2, 3, 2, 3)).write(tmp_path / "candidate")
    assert main(["compare", str(base), str(candidate), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    (row,) = (row for device in told["devices"] for row in device["comparisons"])
    assert (row["arm"], row["metric"], row["verdict"]) == ("lmkd", "kills_total", "better")
    assert row["estimate"] == {"low": -3, "high": -3}
