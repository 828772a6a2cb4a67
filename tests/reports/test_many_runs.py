"""Several runs and devices on one page: side by side, never pooled, within the size that a mail takes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from synthetic import ARMS
from synthetic import PATCHED
from synthetic import STOCK
from synthetic import SyntheticRun
from synthetic import synthetic_device
from synthetic import synthetic_pressure
from synthetic import synthetic_run
from synthetic import synthetic_suite
from test_page import Page

from lmkd_core.base.errors import UsageProblem
from lmkd_core.records.reading import Reading
from lmkd_reports import analyse
from lmkd_reports import combine
from lmkd_reports import load_run
from lmkd_reports import render_html
from lmkd_reports import write_report
from lmkd_reports.analysis.model import Analysis
from lmkd_reports.presentation.forest import forests

pytestmark = pytest.mark.large


def renamed(run: SyntheticRun, run_id: str, started_utc: str = "2026-02-01T00:00:00+00:00") -> SyntheticRun:
    run.info = msgspec.structs.replace(run.info, run_id=run_id, started_utc=started_utc)
    return run


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two runs: the first with a patched and a stock device, the second with the patched one, and pressed."""
    second = renamed(synthetic_pressure(), "second")
    second.info = msgspec.structs.replace(second.info, arms=(*ARMS, *second.info.arms[:1]))
    second.trials = synthetic_run([PATCHED], seed=7).trials
    return [
        renamed(synthetic_run(), "first").write(tmp_path_factory.mktemp("first")),
        second.write(tmp_path_factory.mktemp("second")),
    ]


@pytest.fixture(scope="module")
def both(folders: list[Path]) -> Analysis:
    return combine([analyse(load_run(folder)) for folder in folders])


@pytest.fixture(scope="module")
def page(both: Analysis) -> Page:
    return Page(render_html(both))


def test_a_device_of_two_runs_is_two_columns(both: Analysis) -> None:
    assert [device.name for device in both.devices] == [f"{PATCHED} (first)", STOCK, f"{PATCHED} (second)"]


def test_nothing_is_pooled(folders: list[Path], both: Analysis) -> None:
    alone = [analyse(load_run(folder)) for folder in folders]
    strata = [device.strata for one in alone for device in one.devices]
    assert [[stratum.arms for stratum in device.strata] for device in both.devices] == [
        [stratum.arms for stratum in of_device] for of_device in strata
    ]
    assert both.recorded == sum(one.recorded for one in alone)


def test_the_data_of_both_are_there_under_one_header(folders: list[Path], both: Analysis) -> None:
    lines = both.trials_csv.splitlines()
    assert len(lines) == 1 + both.recorded
    assert [line.split(",")[0] for line in (lines[0], lines[1], lines[-1])] == ["run_id", "first", "second"]
    assert both.records == b"".join(load_run(folder).raw for folder in folders)


def test_problems_are_named_with_their_run(folders: list[Path]) -> None:
    runs = [analyse(load_run(folder)) for folder in folders]
    broken = replace(runs[1], problems=(*runs[1].problems, *load_broken(folders[1])))
    assert combine([runs[0], broken]).problems[-1].file == "second/records/0.jsonl"


def load_broken(folder: Path) -> tuple[object, ...]:
    copy = folder / "copy"
    (copy / "records").mkdir(parents=True)
    (copy / "records" / "0.jsonl").write_text('{"type": "tri')
    return load_run(copy).problems[-1:]


def test_ids_are_unique_and_links_lead_somewhere(page: Page) -> None:
    ids = page.attributes("id")
    assert len(ids) == len(set(ids))
    assert {link.removeprefix("#") for link in page.attributes("href") if link.startswith("#")} <= set(ids)


def test_the_forest_has_a_row_a_device_that_measured_the_question(both: Analysis) -> None:
    shown = forests(both)
    assert len(shown) == 8
    assert [row.device for row in shown[0].rows] == [f"{PATCHED} (first)", f"{PATCHED} (second)"]
    held = [one for one in shown if one.where.startswith("somebody-holds")]
    assert all(one.tally == "better on 2 of 2 runs" for one in held)  # of one device


def test_the_forest_tells_the_same_as_each_device(both: Analysis, page: Page) -> None:
    for forest in forests(both):
        for row in forest.rows:
            assert f"{row.device} {row.says}" in page.words()


def test_kills_have_a_forest_too(tmp_path: Path) -> None:
    run = synthetic_pressure()
    other = "synthetic-exit-mm"
    run.info = msgspec.structs.replace(run.info, devices=(PATCHED, other))
    run.devices.append(synthetic_device(other))
    run.episodes += [msgspec.structs.replace(one, device=other) for one in run.episodes]
    analysis = analyse(load_run(run.write(tmp_path)))
    shown = forests(analysis)
    assert [one.where for one in shown] == [
        "held-beyond-burst, 12-cached",
        "starved-victims, 12-cached",
        "undisturbed, 12-cached",
    ]
    assert shown[0].tally == "better on 2 of 2 devices"
    assert {row.strip.dot for row in shown[0].rows if row.strip} == {round(50 - 50 * 2.5 / 4, 1)}
    assert shown[0].equal == 50


def test_one_device_alone_has_no_forest(tmp_path: Path) -> None:
    analysis = analyse(load_run(synthetic_run([PATCHED]).write(tmp_path)))
    assert forests(analysis) == []
    assert "Device by device" not in render_html(analysis)


def ten_devices(devices: int = 10) -> SyntheticRun:
    """Every device with the forty strata of a whole suite, and with pressure episodes."""
    suite, pressed = synthetic_suite(), synthetic_pressure()
    names = [f"phone-{number}" for number in range(devices)]
    run = SyntheticRun(msgspec.structs.replace(suite.info, devices=tuple(names)))
    for name in names:
        run.devices.append(synthetic_device(name))
        run.trials += [msgspec.structs.replace(one, device=name) for one in suite.trials]
        run.episodes += [msgspec.structs.replace(one, device=name) for one in pressed.episodes]
    return run


def test_ten_devices_with_the_whole_suite_fit_into_two_megabytes(tmp_path: Path) -> None:
    analysis = analyse(load_run(ten_devices().write(tmp_path)))
    source = render_html(analysis)
    assert len(source.encode()) <= 2_000_000
    words = Page(source).words()
    assert "5 of 40 strata are shown" in words
    assert "too large for this page" in words
    for device in analysis.devices:  # every stratum of every device keeps its verdict
        for stratum in device.strata:
            assert words.count(stratum.stratum.scenario) >= len(analysis.devices)


def test_one_device_of_a_run_has_a_page_of_its_own(tmp_path: Path) -> None:
    folder = ten_devices(3).write(tmp_path)
    paths = write_report(folder, tmp_path / "one.html", reading=Reading(devices=("phone-1",)))
    page = Page(paths.html.read_text())
    assert "phone-1" in page.words()
    assert "phone-0" not in page.words()
    assert "40 of 40" not in page.words()
    assert paths.html.read_text().count("<figure>") >= 2 * 40


def test_an_unknown_device_is_wrong_usage(folders: list[Path], tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="no run has a device of the name nonsense"):
        write_report(folders, tmp_path / "r.html", reading=Reading(devices=("nonsense",)))


def test_a_run_named_twice_is_wrong_usage(folders: list[Path], tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="the run first is named twice"):
        write_report([folders[0], folders[0]], tmp_path / "r.html")


def test_the_reports_of_several_runs_leave_those_of_each_alone(
    folders: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    paths = write_report([folder.resolve() for folder in folders])
    assert (paths.html, paths.summary) == (Path("report.html"), Path("summary.txt"))
    assert not [folder for folder in folders if (folder / "summary.txt").exists()]
    assert paths.html.exists()
    assert Path("summary.txt").read_text() == paths.text
    assert "run first, started" in paths.text
    assert max(map(len, paths.text.splitlines())) <= 72
