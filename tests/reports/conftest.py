"""Fixtures of the report's tests: synthetic runs, and a browser."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import pytest
from chromium import Browser
from chromium import running
from synthetic import SyntheticRun
from synthetic import synthetic_conformance
from synthetic import synthetic_observations
from synthetic import synthetic_pressure
from synthetic import synthetic_run
from synthetic import synthetic_suite

from lmkd_reports import load_run
from lmkd_reports import write_report
from lmkd_reports.analysis.analyse import analyse
from lmkd_reports.analysis.model import Analysis
from lmkd_reports.presentation import figures


@pytest.fixture(autouse=True)
def figures_are_checked(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Checks each chart against Vega-Lite's schema, except on large pages: it takes a third of their time."""
    monkeypatch.setattr(figures, "VALIDATE", request.node.get_closest_marker("large") is None)


def reported(name: str, make: Callable[[], SyntheticRun]) -> Callable[[pytest.TempPathFactory], Path]:
    """A fixture: the folder of a synthetic run with its reports."""

    @pytest.fixture(scope="session", name=name)
    def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
        folder = make().write(tmp_path_factory.mktemp(name))
        write_report(folder)
        return folder

    return folder


run_dir = reported("run_dir", synthetic_run)
suite_dir = reported("suite_dir", synthetic_suite)
observed_dir = reported("observed_dir", synthetic_observations)
conformance_dir = reported("conformance_dir", synthetic_conformance)
pressure_dir = reported("pressure_dir", synthetic_pressure)


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
