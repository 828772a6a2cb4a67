"""Fixtures of the report's tests: synthetic runs, and a browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from chromium import Browser
from chromium import running
from synthetic import synthetic_conformance
from synthetic import synthetic_observations
from synthetic import synthetic_pressure
from synthetic import synthetic_run
from synthetic import synthetic_suite

from lmkd_reports import load_run
from lmkd_reports import write_report
from lmkd_reports.analysis import Analysis
from lmkd_reports.analysis import analyse
from lmkd_reports.presentation import figures


@pytest.fixture(autouse=True)
def figures_are_checked(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Checks each chart against Vega-Lite's schema, except on large pages: it takes a third of their time."""
    monkeypatch.setattr(figures, "VALIDATE", request.node.get_closest_marker("large") is None)


@pytest.fixture(scope="session")
def run_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A written synthetic run over two devices, with its reports."""
    folder = synthetic_run().write(tmp_path_factory.mktemp("synthetic"))
    write_report(folder)
    return folder


@pytest.fixture(scope="session")
def suite_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A written synthetic run of forty strata, controls among them, with its reports."""
    folder = synthetic_suite().write(tmp_path_factory.mktemp("suite"))
    write_report(folder)
    return folder


@pytest.fixture(scope="session")
def observed_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A written synthetic run in which the device's own lmkd was observed, with its reports."""
    folder = synthetic_observations().write(tmp_path_factory.mktemp("observed"))
    write_report(folder)
    return folder


@pytest.fixture(scope="session")
def conformance_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A written synthetic run of conformance cases alone, with its reports."""
    folder = synthetic_conformance().write(tmp_path_factory.mktemp("conformance"))
    write_report(folder)
    return folder


@pytest.fixture(scope="session")
def pressure_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A written synthetic run of pressure episodes alone, with its reports."""
    folder = synthetic_pressure().write(tmp_path_factory.mktemp("pressure"))
    write_report(folder)
    return folder


@pytest.fixture(scope="session")
def analysis(run_dir: Path) -> Analysis:
    return analyse(load_run(run_dir))


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("no chromium on this machine: install the package of that name")
    with running(program, tmp_path_factory.mktemp("profile")) as running_browser:
        yield running_browser
