"""Fixtures of the report's tests: synthetic runs and a browser."""

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


def report_folder(name: str, make_run: Callable[[], SyntheticRun]) -> Callable[..., Path]:
    """Makes the fixture ``name``: the folder of a written synthetic run with its reports, once a session."""

    @pytest.fixture(scope="session", name=name)
    def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
        folder = make_run().write(tmp_path_factory.mktemp("synthetic"))
        write_report(folder)
        return folder

    return folder


run_dir = report_folder("run_dir", synthetic_run)
"""Trials and episodes on two devices."""

suite_dir = report_folder("suite_dir", synthetic_suite)
"""Forty strata, controls among them."""

observed_dir = report_folder("observed_dir", synthetic_observations)
"""Observations of the device's own lmkd."""

conformance_dir = report_folder("conformance_dir", synthetic_conformance)
"""Conformance cases alone."""

pressure_dir = report_folder("pressure_dir", synthetic_pressure)
"""Pressure episodes alone."""


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
