"""Many devices: counted and sorted, judged as on their own pages; files, Parquet and Dask say the same."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest
from chromium import Browser
from distributed import LocalCluster
from identities import digest
from identities import identified
from synthetic import ARMS
from synthetic import SyntheticRun
from synthetic import synthetic_device
from synthetic import synthetic_episode
from synthetic import synthetic_info
from synthetic import synthetic_run
from synthetic import synthetic_suite
from test_page import Page
from test_report_command import run_command

from lmkd_core.base.errors import UsageProblem
from lmkd_core.records.reading import record_files
from lmkd_reports import analyse
from lmkd_reports import load_run
from lmkd_reports.analysis.pressure import PressureResult
from lmkd_reports.analysis.verdicts import Verdict
from lmkd_reports.commands import MOST_DEVICES
from lmkd_reports.export.parquet import write_tables
from lmkd_reports.fleet import parquet
from lmkd_reports.fleet.actions import write_fleet
from lmkd_reports.fleet.reading import read_files
from lmkd_reports.fleet.reading import read_fleet
from lmkd_reports.fleet.results import FleetResults
from lmkd_reports.fleet.results import merged
from lmkd_reports.format.strata import episode_stratum_from

pytestmark = pytest.mark.large

KILL_ARMS = ("kill+mrelease@lmkd", "reap-kill")
BLOCKS = 8


def fleet_run(devices: int, name: str = "phone-{}") -> SyntheticRun:
    """Half of the devices lose kills to late memory, one in five was tried with too few blocks."""
    names = [name.format(number) for number in range(devices)]
    run = SyntheticRun(synthetic_info(names, KILL_ARMS, BLOCKS))
    for number, device in enumerate(names):
        run.devices.append(synthetic_device(device, model=f"Model {number % 3}"))
        for block in range(4 if number % 5 == 4 else BLOCKS):
            for arm in KILL_ARMS:
                extra = 1 + block % 2 if arm == KILL_ARMS[0] and number % 2 == 0 else 0
                place: dict[str, object] = {"device": device, "arm": arm, "block": block}
                control: dict[str, object] = {"scenario": "undisturbed", "regime": "control", "stall": "none"}
                run.episodes += [
                    synthetic_episode(extra=extra, **place),
                    synthetic_episode(extra=(number + block) % 2, **control, **place),
                ]
    return run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten devices with kills and times. One has a warm-up, an unstalled, an invalid and a repeated one."""
    run = fleet_run(10)
    run.trials = [
        msgspec.structs.replace(trial, device="phone-3", arm=arm)
        for trial in synthetic_run(["phone-3"], BLOCKS).trials
        for arm in [{"kill": KILL_ARMS[0]}.get(trial.arm, trial.arm)]
        if trial.arm != "kill+mrelease"
    ]
    first = run.episodes[0]
    run.episodes += [
        msgspec.structs.replace(first, warmup=True, kills_total=99),
        msgspec.structs.replace(first, stall="none", without_stall="holder", kills_total=99),
        msgspec.structs.replace(first, block=99, valid=False, invalid_reason="made up"),
        first,
    ]
    return run.write(tmp_path_factory.mktemp("fleet"))


@pytest.fixture(scope="module")
def exported(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    to = tmp_path_factory.mktemp("exported")
    assert [problem.message for problem in write_tables(folder, to)] == [
        "1 episodes recorded twice: the last counts"
    ]
    return to


@pytest.fixture(scope="module")
def found(folder: Path) -> FleetResults:
    return read_fleet(folder, synthetic_info([]).run_id, KILL_ARMS)


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    """Two worker processes that speak over loopback."""
    with LocalCluster(  # type: ignore[no-untyped-call]  # distributed annotates little
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
    ) as two:
        yield two


def of_device(results: tuple[PressureResult, ...], row: dict[str, Any]) -> PressureResult:
    matching = [one for one in results if one.situation == episode_stratum_from(row)]
    assert len(matching) == 1
    return matching[0]


def test_every_device_is_judged_as_on_its_own_page(folder: Path, found: FleetResults) -> None:
    devices = {device.name: device for device in analyse(load_run(folder)).devices}
    rows = found.kills.to_dict("records")
    assert len(rows) == 10 * 2
    for row in rows:
        compared = of_device(devices[row["device"]].pressure, row).comparisons[0]
        assert (row["candidate"], row["baseline"]) == (compared.candidate, compared.baseline)
        assert compared.total is not None
        assert row["blocks"] == compared.total.blocks
        assert row["estimate"] == pytest.approx(compared.total.mean)
        assert row["verdict"] == compared.verdict
        if compared.total.low is not None:
            ends = (compared.total.low, compared.total.high, compared.total.p)
            assert (row["low"], row["high"], row["p"]) == pytest.approx(ends)
        arms = {arm.arm: arm for arm in of_device(devices[row["device"]].pressure, row).arms}
        for side in ("candidate", "baseline"):
            told = arms[row[side]]
            assert told.replay is not None
            means = told.total, told.replay.most_extra
            assert (row[f"{side}_total"], row[f"{side}_extra"]) == pytest.approx(means)
            assert row[f"{side}_premature_z"] == pytest.approx(dict(told.premature).get("Z", 0))


def test_times_are_judged_as_on_their_own_page(tmp_path: Path) -> None:
    run = synthetic_suite()
    folder = run.write(tmp_path)
    strata = analyse(load_run(folder)).devices[0].strata
    rows = read_fleet(folder, run.info.run_id, ARMS).times.to_dict("records")
    compared = [(stratum, one) for stratum in strata for one in stratum.comparisons]
    assert len(rows) == len(compared) > 100
    keys = ("scenario", "threads", "shape", "candidate", "baseline")
    told = {tuple(row[name] for name in keys): row for row in rows}
    for stratum, one in compared:
        place = stratum.stratum
        row = told[place.scenario, place.threads, place.shape, one.candidate, one.baseline]
        assert row["verdict"] == one.verdict
        assert row["p"] == one.p
        numbers = (row["estimate"], row["low"], row["high"])
        if one.single_ratio is None or one.single_ratio.interval is None:
            assert np.isnan(numbers).all()
            continue
        interval = one.single_ratio.interval
        assert numbers == pytest.approx((one.single_ratio.estimate.low, interval.low, interval.high))


def test_the_limit_of_equivalence_is_that_of_the_run_or_the_command(tmp_path: Path) -> None:
    run = synthetic_suite()
    run.info = msgspec.structs.replace(run.info, equivalent_pct=30)
    folder = run.write(tmp_path)
    for equivalent_pct in (None, 1):
        rows = pd.read_csv(
            write_fleet([folder], tmp_path / "fleet.html", equivalent_pct=equivalent_pct).times
        )
        analysis = analyse(load_run(folder), equivalent_pct=equivalent_pct)
        own = [one.verdict for stratum in analysis.devices[0].strata for one in stratum.comparisons]
        assert sorted(rows["verdict"]) == sorted(own)
        assert (Verdict.EQUIVALENT in own) == (equivalent_pct is None)


def test_the_whole_is_its_parts(folder: Path, found: FleetResults) -> None:
    files, run_id = record_files(folder), synthetic_info([]).run_id
    halves = [read_files(part, run_id, KILL_ARMS, 10) for part in (files[:3], files[3:])]
    assert_same(merged(halves), found)


def test_warm_ups_repeats_and_invalid_ones_are_not_counted(found: FleetResults) -> None:
    assert found.invalid == 1
    episodes = (8 * BLOCKS + 2 * 4) * 2 * 2
    assert found.counted == episodes + 8 * 2 * BLOCKS
    assert found.kills["baseline_total"].max() < 10


def assert_same(one: FleetResults, other: FleetResults) -> None:
    for name in ("kills", "times"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name), check_dtype=False)
    assert (one.models, one.skips) == (other.models, other.skips)
    counts = [(fleet.counted, fleet.invalid, fleet.kill_count) for fleet in (one, other)]
    assert counts[0] == counts[1]


def test_two_builds_of_one_kernel_are_two_kernels(tmp_path: Path) -> None:
    run = fleet_run(4)
    old, *others = [
        msgspec.structs.replace(device, model="Pixel", personality=None) for device in run.devices
    ]
    run.devices = [old, *(identified(device, build) for device, build in zip(others, (1, 1, 2), strict=True))]
    folder = run.write(tmp_path / "run")
    models = read_files(record_files(folder), run.info.run_id, KILL_ARMS, 10).models
    first, second = (f"Pixel, Linux 6.12.90 (image {digest(f'image {build}')[:12]})" for build in (1, 2))
    assert list(models.values()) == ["Pixel, Linux 6.12.90", first, first, second]
    write_tables(folder, tmp_path / "exported")
    assert parquet.with_pandas(tmp_path / "exported").models == models


def test_the_exported_set_says_the_same(exported: Path, found: FleetResults) -> None:
    assert_same(parquet.with_pandas(exported), found)


def test_dask_with_two_workers_says_the_same(
    exported: Path, cluster: LocalCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = parquet.with_pandas(exported)
    monkeypatch.setattr(parquet, "DEVICES_A_PARTITION", 3)
    on_two = parquet.on_dask(exported, cluster.scheduler_address)
    assert_same(on_two, alone)
    assert len(cluster.workers) == 2


def test_arms_are_told_in_lmkds_order(exported: Path) -> None:
    assert parquet.arms_in(exported) == KILL_ARMS


def test_a_folder_without_a_set_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="holds no exported run: make one by pytest-lmkd export"):
        parquet.with_pandas(tmp_path)


def test_a_scheduler_that_is_not_there_is_named(exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "CONNECT_S", 1)
    with pytest.raises(UsageProblem, match=r"no Dask scheduler answers at 127\.0\.0\.1:9"):
        parquet.on_dask(exported, "127.0.0.1:9")


def test_without_dask_its_extra_is_named(exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageProblem, match=r"pip install 'pytest-lmkd\[dask\]'"):
        parquet.on_dask(exported, "")


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """More devices than a page tells one by one, with its report."""
    folder = fleet_run(MOST_DEVICES + 1).write(tmp_path_factory.mktemp("large"))
    assert run_command(str(folder)) == 0
    return folder


def test_many_devices_get_the_page_of_a_fleet(large: Path) -> None:
    page = Page((large / "report.html").read_text())
    assert "41 devices: who gains, and who does not" in page.words()
    # 21 devices gain, of which every fifth has too few blocks
    assert "better on 17 of 41 devices, no clear difference on 16, not enough data on 8" in page.words()
    assert page.attributes("id").count("verdict") == 1


def test_its_rows_lie_beside_it(large: Path) -> None:
    with (large / "fleet-kills.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 41 * 2
    assert {row["device"] for row in rows} == {f"phone-{number}" for number in range(41)}


def test_one_of_them_still_has_a_page_of_its_own(large: Path, tmp_path: Path) -> None:
    assert run_command(str(large), "--device", "phone-7", "--html", str(tmp_path / "one.html")) == 0
    assert "Kills under memory pressure" in Page((tmp_path / "one.html").read_text()).words()


def test_few_devices_do_not(folder: Path, tmp_path: Path) -> None:
    run_command(str(folder), "--html", str(tmp_path / "few.html"))
    assert "who gains" not in (tmp_path / "few.html").read_text()


@pytest.mark.parametrize(("width", "dark"), [(390, False), (1280, True)])
@pytest.mark.browser
def test_the_page_shows_in_a_browser(
    browser: Browser, large: Path, tmp_path: Path, width: int, dark: bool
) -> None:
    observed = browser.open(large / "report.html", width, dark=dark)
    assert observed.errors == []
    assert [url for url in observed.requests if not url.startswith("data:")] == [
        (large / "report.html").as_uri()
    ]
    assert browser.evaluate("document.documentElement.scrollWidth") == width
    drawn = "document.querySelectorAll('figure path[stroke=\"var(--better)\"]').length"
    assert browser.evaluate(drawn) > 0
    browser.screenshot(tmp_path / "fleet.png")


def test_hostile_names_are_text(tmp_path: Path) -> None:
    run = fleet_run(MOST_DEVICES + 1, "<script>alert({})</script>")
    folder = run.write(tmp_path)
    run_command(str(folder))
    source = (folder / "report.html").read_text()
    assert "<script" not in source
    assert "&lt;script&gt;alert(0)&lt;/script&gt;" in source


def test_serials_can_be_masked(tmp_path: Path) -> None:
    folder = fleet_run(MOST_DEVICES + 1, "SERIAL{}").write(tmp_path)
    run_command(str(folder), "--mask-serials")
    for name in ("report.html", "fleet-kills.csv", "fleet-times.csv"):
        assert "SERIAL" not in (folder / name).read_text()
    assert "device-41" in (folder / "fleet-kills.csv").read_text()


def test_what_cannot_be_read_is_named_and_the_rest_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = fleet_run(MOST_DEVICES + 1).write(tmp_path)
    with (folder / "records" / "5.jsonl").open("ab") as stream:
        stream.write(b'{"type": "episode", "devi')
    run_command(str(folder))
    assert "not used: records/5.jsonl:34: left out" in capsys.readouterr().out
    assert "records/5.jsonl:34" in Page((folder / "report.html").read_text()).words()


def test_a_device_with_one_arm_alone_is_compared_with_nothing(found: FleetResults, tmp_path: Path) -> None:
    run = fleet_run(2)
    run.episodes = [one for one in run.episodes if one.device != "phone-1" or one.arm == "reap-kill"]
    rows = read_fleet(run.write(tmp_path), run.info.run_id, KILL_ARMS).kills
    assert set(rows["device"]) == {"phone-0"}
    assert list(rows.columns) == list(found.kills.columns)


def test_nothing_at_all_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = fleet_run(MOST_DEVICES + 1)
    run.episodes = []
    folder = run.write(tmp_path)
    run_command(str(folder))
    assert "Nothing could be compared" in (folder / "report.html").read_text()
    assert "0 valid trials and episodes" in capsys.readouterr().out


def test_parts_without_rows_make_a_whole(found: FleetResults) -> None:
    empty = replace(found, kills=found.kills[:0], times=found.times[:0])
    assert len(merged([empty, empty]).kills) == 0
    assert list(merged([empty]).kills.columns) == list(found.kills.columns)


@pytest.mark.parametrize(
    "words",
    [[], ["RUN", "--parquet", "DIR"], ["--history", "DIR", "--parquet", "DIR"], ["RUN", "--dask"]],
)
def test_sources_that_exclude_each_other_are_wrong_usage(words: list[str]) -> None:
    with pytest.raises(UsageProblem):
        run_command(*words)
