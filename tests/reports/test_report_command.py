"""``pytest-lmkd report``, and what loading the package costs and may know."""

from __future__ import annotations

import argparse
import ast
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest
from synthetic import PATCHED
from synthetic import synthetic_run

import lmkd_reports
from lmkd_core.base.errors import UsageProblem
from lmkd_reports import ReportPaths
from lmkd_reports import commands
from lmkd_reports import write_report

LAYERS = ("format", "analysis", "metrics", "presentation", "gate", "history")
"""From the bottom up; ``write`` and ``commands`` are above them all."""


def run_command(*words: str) -> int:
    parser = argparse.ArgumentParser()
    commands.add_parser(parser.add_subparsers())
    options = parser.parse_args(["report", *words])
    code: int = options.run(options)
    return code


def test_with_a_file_for_the_page_nothing_else_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = synthetic_run([PATCHED], blocks=6).write(tmp_path / "run")
    elsewhere = tmp_path / "new folder" / "page.html"
    assert run_command(str(folder), "--html", str(elsewhere)) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("pytest-lmkd: how long until")
    assert f"report: {elsewhere}" in printed
    assert elsewhere.read_text().startswith("<!DOCTYPE html>")
    assert not (folder / "report.html").exists()
    assert not (folder / "summary.txt").exists()


def test_writes_both_reports_and_prints_the_summary(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = synthetic_run([PATCHED], blocks=6).write(tmp_path / "run")
    assert run_command(str(folder)) == 0
    assert (folder / "summary.txt").read_text() in capsys.readouterr().out
    assert (folder / "report.html").read_text().startswith("<!DOCTYPE html>")


@pytest.mark.parametrize(
    ("form", "beginning"), [("--lkml", f"{PATCHED}: With REAP_KILL, "), ("--markdown", "### ")]
)
def test_a_short_text_is_printed_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str, beginning: str
) -> None:
    folder = synthetic_run([PATCHED], blocks=6).write(tmp_path / "run")
    before = sorted(folder.rglob("*"))
    assert run_command(str(folder), form) == 0
    assert capsys.readouterr().out.startswith(beginning)
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize("words", [["--history", "x"], ["RUN", "--html", "page.html"], ["RUN", "--open"]])
def test_a_short_text_is_of_runs_and_no_page(words: list[str]) -> None:
    with pytest.raises(UsageProblem, match="--lkml prints runs"):
        run_command("--lkml", *words)


def test_a_folder_without_a_run_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="holds no run"):
        run_command(str(tmp_path))


def test_paths(tmp_path: Path) -> None:
    folder = synthetic_run([PATCHED], blocks=1).write(tmp_path)
    assert write_report(folder) == ReportPaths(folder / "report.html", folder / "summary.txt")


def loaded_by(statement: str) -> set[str]:
    script = f"{statement}; import sys; print(' '.join({{name.partition('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_the_package_loads_nothing_heavy() -> None:
    heavy = {"pandas", "scipy", "numpy", "altair", "vl_convert", "jinja2"}
    assert not heavy & loaded_by("import lmkd_reports.commands; from lmkd_reports import write_report")


def test_all_of_it_needs_neither_pytest_nor_adbutils() -> None:
    names = [module.name for module in pkgutil.walk_packages(lmkd_reports.__path__, "lmkd_reports.")]
    assert len(names) > 20
    assert not {"pytest", "_pytest", "adbutils"} & loaded_by(f"import {', '.join(names)}")


def test_every_export_is_there() -> None:
    assert all(callable(getattr(lmkd_reports, name)) for name in lmkd_reports.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        lmkd_reports.nonsense  # noqa: B018 - that is the test


def test_layers_know_only_those_below(checkout: Path) -> None:
    package = checkout / "reports" / "lmkd_reports"
    for place, layer in enumerate(LAYERS):
        allowed = set(LAYERS[: place + 1])
        files = [package / f"{layer}.py", *(package / layer).rglob("*.py")]
        for path in filter(Path.is_file, files):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("lmkd_reports."):
                    assert (node.module or "").split(".")[1] in allowed, path


def test_statistics_know_no_records(checkout: Path) -> None:
    for path in (checkout / "reports" / "lmkd_reports" / "statistics").rglob("*.py"):
        text = path.read_text()
        assert "pytest_lmkd" not in text
        assert "pandas" not in text
