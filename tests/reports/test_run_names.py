"""What reports call a run: its label, else its folder's name."""

from __future__ import annotations

import argparse
from pathlib import Path

import msgspec
import pytest
from synthetic import PATCHED
from synthetic import synthetic_info
from synthetic import synthetic_run

from lmkd_core.base.errors import UsageProblem
from lmkd_core.records.directory import ResultStore
from lmkd_core.records.reading import read_run
from lmkd_core.records.run import RunInfo
from lmkd_core.records.run import run_names
from lmkd_reports import commands
from lmkd_reports.fleet.actions import write_fleet
from lmkd_reports.gate.comparison import compare_runs
from lmkd_reports.gate.runs import Selection
from lmkd_reports.gate.runs import load
from lmkd_reports.gate.text import comparison_text
from lmkd_reports.history.series import load_history


def info(run_id: str, label: str = "", folder: str = "") -> RunInfo:
    return msgspec.structs.replace(synthetic_info([PATCHED]), run_id=run_id, label=label, folder=folder)


def run_in(folder: Path, label: str = "", run_id: str = "", blocks: int = 6) -> Path:
    """A run whose folder gives its name, unless it has a label."""
    run = synthetic_run([PATCHED], blocks=blocks)
    written = run.write(folder)
    ResultStore(folder, resume=True).write_run(
        msgspec.structs.replace(run.info, run_id=run_id or folder.name + "-id", label=label)
    )
    return written


def report(*words: str) -> None:
    parser = argparse.ArgumentParser()
    commands.add_parser(parser.add_subparsers())
    options = parser.parse_args(words)
    options.run(options)


def test_a_run_is_called_by_its_label_else_its_folder_else_its_id() -> None:
    assert info("id", "label", "folder").name == "label"
    assert info("id", folder="folder").name == "folder"
    assert info("id").name == "id"


def test_runs_of_the_same_name_are_told_apart_by_their_ids() -> None:
    assert run_names([info("a", "same"), info("b", "other"), info("c", "same")]) == [
        "same (a)",
        "other",
        "same (c)",
    ]


def test_the_folder_is_the_one_that_the_run_was_read_from(tmp_path: Path) -> None:
    moved = run_in(tmp_path / "run").rename(tmp_path / "moved")
    latest = tmp_path / "latest"
    latest.symlink_to("moved")
    for folder in (moved, latest):
        read = read_run(folder).info
        assert read is not None
        assert read.name == "moved"


def test_the_summary_has_the_name_at_its_head_and_the_id_at_its_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report("report", str(run_in(tmp_path / "run", "new kernel")))
    lines = (tmp_path / "run" / "summary.txt").read_text().splitlines()
    assert lines[1].startswith("run new kernel, started ")
    assert lines[-1] == "run id: run-id"


def test_on_a_page_of_several_runs_devices_are_named_with_the_names_of_their_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    report("report", str(run_in(tmp_path / "old")), str(run_in(tmp_path / "b", "new kernel")))
    printed = capsys.readouterr().out
    assert f"== {PATCHED} (old)" in printed
    assert f"== {PATCHED} (new kernel)" in printed


def test_a_run_that_is_named_by_its_link_too_is_named_twice(tmp_path: Path) -> None:
    run_in(tmp_path / "run")
    (tmp_path / "latest").symlink_to("run")
    with pytest.raises(UsageProblem, match="is named twice"):
        report("report", str(tmp_path / "run"), str(tmp_path / "latest"))


def test_compare_names_both(tmp_path: Path) -> None:
    base, candidate = (load([run_in(tmp_path / name, f"the {name}")]) for name in ("base", "candidate"))
    text = comparison_text(compare_runs(base, candidate, (), Selection(), 0.95))
    assert "base: the base, in" in text
    assert "candidate: the candidate, in" in text


def test_a_fleet_names_its_runs(tmp_path: Path) -> None:
    paths = write_fleet([run_in(tmp_path / "a", "lab"), run_in(tmp_path / "b")], tmp_path / "fleet.html")
    assert "run lab, started" in paths.text.replace("\n", " ")
    assert "run b, started" in paths.html.read_text()


def test_a_history_names_its_builds_and_has_the_linked_one_once(tmp_path: Path) -> None:
    for name, label in (("one", "nightly 1"), ("two", "")):
        run_in(tmp_path / name, label)
    (tmp_path / "latest").symlink_to("two")
    history = load_history(tmp_path)
    assert history.left_out == ()
    assert {build.run for build in history.devices[0].builds} == {"nightly 1", "two"}


def test_a_history_follows_links_to_runs_elsewhere(tmp_path: Path) -> None:
    run_in(tmp_path / "elsewhere" / "run")
    (tmp_path / "history").mkdir()
    (tmp_path / "history" / "linked").symlink_to(tmp_path / "elsewhere" / "run")
    assert load_history(tmp_path / "history").runs == 1


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file to which the user's browser, a script, writes what it was asked to open."""
    browser, opened = tmp_path / "browser", tmp_path / "opened"
    browser.write_text(f'#!/bin/sh\necho "$1" > "{opened}"\n')
    browser.chmod(0o755)
    use_browser(monkeypatch, f"{browser} %s")
    return opened


def use_browser(monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    """``webbrowser`` reads $BROWSER once per process: here it does so again."""
    monkeypatch.setenv("BROWSER", command)
    for name, value in (("_browsers", {}), ("_tryorder", None), ("_os_preferred_browser", None)):
        monkeypatch.setattr(f"webbrowser.{name}", value)


def test_open_shows_the_page_in_the_users_browser(tmp_path: Path, opened: Path) -> None:
    run = run_in(tmp_path / "a run")
    report("report", str(run), "--open")
    assert opened.read_text().strip() == (run / "report.html").as_uri()


def test_without_a_browser_open_says_where_the_page_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use_browser(monkeypatch, "false %s")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    run = run_in(tmp_path / "run")
    report("report", str(run), "--open")
    sentence = f"no browser could be started; the page is {run / 'report.html'}\n"
    assert capsys.readouterr().err == sentence


def test_compare_opens_its_page_and_needs_one(tmp_path: Path, opened: Path) -> None:
    runs = [str(run_in(tmp_path / name)) for name in ("base", "candidate")]
    page = tmp_path / "compared.html"
    report("compare", *runs, "--html", str(page), "--open")
    assert opened.read_text().strip() == page.as_uri()
    with pytest.raises(UsageProblem, match="--open needs a page"):
        report("compare", *runs, "--open")


def test_ingest_opens_its_page_and_needs_one(tmp_path: Path, opened: Path) -> None:
    log = tmp_path / "log.txt"
    log.write_text("01-01 00:00:00.000  1000  1000 I lowmemorykiller: Kill 'com.a' (1), uid 1, oom_adj 900\n")
    page = tmp_path / "kills.html"
    report("ingest", str(log), "--html", str(page), "--open")
    assert opened.read_text().strip() == page.as_uri()
    with pytest.raises(UsageProblem, match="--open needs a page"):
        report("ingest", str(log), "--open")
