"""Every page held to axe-core's rules (WCAG 2.2 AA and its best practices), in a real browser."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import msgspec
import pytest
from builds import write_nightlies
from chromium import Browser
from synthetic import PATCHED
from synthetic import STOCK
from synthetic import synthetic_pressure
from synthetic import synthetic_run
from test_fleet import fleet_run
from test_ingest_page import log
from test_report_command import run_command

from lmkd_reports.commands import MOST_DEVICES
from pytest_lmkd.cli import main

pytestmark = pytest.mark.browser

LAYOUTS = [(width, dark) for width in (390, 1280) for dark in (False, True)]
PAGES = (
    "run",
    "suite",
    "conformance",
    "pressure",
    "observed",
    "several",
    "compare",
    "fleet",
    "history",
    "ingest",
)
ALL_OPEN = "document.querySelectorAll('details').forEach(each => each.open = true)"
RUN = (
    "axe.run(document, {resultTypes: ['violations']}).then(found => JSON.stringify(found.violations.map("
    "each => [each.id, each.help, each.nodes.length, each.nodes.slice(0, 3).map(node => node.html)])))"
)


@pytest.fixture(scope="session")
def axe() -> str:
    """axe-core as `make test` installs it."""
    places = Path(sys.prefix).glob("axe-core-*/node_modules/axe-core/axe.min.js")
    found = sorted(places)
    if not found:
        pytest.skip("axe-core is not installed: make test does that")
    return found[-1].read_text()


@pytest.fixture(scope="session")
def pages(
    tmp_path_factory: pytest.TempPathFactory,
    run_dir: Path,
    suite_dir: Path,
    conformance_dir: Path,
    observed_dir: Path,
    pressure_dir: Path,
) -> dict[str, Path]:
    """One of each kind of page that we write."""
    folder = tmp_path_factory.mktemp("pages")
    second = synthetic_pressure()
    second.info = msgspec.structs.replace(second.info, run_id="second")
    runs = [synthetic_run([PATCHED, STOCK]).write(folder / "first"), second.write(folder / "second")]
    run_command(*map(str, runs), "--html", str(folder / "several.html"))
    run_command(str(fleet_run(MOST_DEVICES + 1).write(folder / "fleet")))
    run_command("--history", str(write_nightlies(folder / "history")), "--html", str(folder / "history.html"))
    compared = folder / "compare.html"
    assert main(["compare", *map(str, runs[:1]), str(run_dir), "--html", str(compared)]) == 0
    (folder / "log.txt").write_text(log())
    assert main(["ingest", str(folder / "log.txt"), "--html", str(folder / "ingest.html")]) == 0
    return {
        "run": run_dir / "report.html",
        "suite": suite_dir / "report.html",
        "conformance": conformance_dir / "report.html",
        "observed": observed_dir / "report.html",
        "pressure": pressure_dir / "report.html",
        "several": folder / "several.html",
        "compare": compared,
        "fleet": folder / "fleet" / "report.html",
        "history": folder / "history.html",
        "ingest": folder / "ingest.html",
    }


@pytest.mark.parametrize(("width", "dark"), LAYOUTS)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_violates_no_rule(
    browser: Browser, axe: str, pages: dict[str, Path], name: str, width: int, dark: bool
) -> None:
    browser.open(pages[name], width, dark=dark)
    browser.evaluate(axe)
    browser.evaluate(ALL_OPEN)
    assert json.loads(browser.evaluate(RUN)) == []


def test_the_check_sees_what_is_wrong(browser: Browser, axe: str, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("<html><body><img src='data:,'><p style='color:#ccc'>pale</p></body></html>")
    browser.open(page)
    browser.evaluate(axe)
    found = {rule for rule, *_ in json.loads(browser.evaluate(RUN))}
    assert {"image-alt", "html-has-lang", "color-contrast"} <= found
