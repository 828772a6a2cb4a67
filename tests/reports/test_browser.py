"""The page in a real browser: no request to anything outside the file, no error, at any width and theme."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from chromium import LAYOUTS
from chromium import Browser
from chromium import check_page

pytestmark = pytest.mark.browser

RATIO = re.compile(r"(\d+(?:\.\d+)?)x")


@pytest.mark.parametrize(("width", "dark"), LAYOUTS)
@pytest.mark.parametrize(
    "fixture", ["run_dir", "suite_dir", "conformance_dir", "pressure_dir", "observed_dir"]
)
def test_asks_for_nothing_and_complains_of_nothing(
    browser: Browser, fixture: str, request: pytest.FixtureRequest, tmp_path: Path, width: int, dark: bool
) -> None:
    folder: Path = request.getfixturevalue(fixture)
    page = folder / "report.html"
    check_page(browser, page, width, dark=dark)
    browser.screenshot(tmp_path / "page.png")
    assert (tmp_path / "page.png").stat().st_size > 50_000


def test_figures_are_drawn_in_the_themes_colours(browser: Browser, run_dir: Path) -> None:
    line = "getComputedStyle(document.querySelector('figure path[stroke=\"var(--arm-2)\"]')).stroke"
    browser.open(run_dir / "report.html", dark=False)
    light = browser.evaluate(line)
    browser.open(run_dir / "report.html", dark=True)
    assert (light, browser.evaluate(line)) == ("rgb(0, 114, 178)", "rgb(92, 184, 240)")


ROWS = "[...document.querySelector('table.contents').tBodies[0].rows]"
NAMES = f"{ROWS}.map(row => row.cells[0].textContent)"
RATIOS = f"{ROWS}.map(row => row.cells[1].querySelector('small')?.textContent ?? '')"
HEADER = "document.querySelector('table.contents thead').rows[0].cells[{}]"


def test_a_table_is_sorted_by_a_click(browser: Browser, suite_dir: Path) -> None:
    browser.open(suite_dir / "report.html")
    before = browser.evaluate(NAMES)
    browser.evaluate(f"{HEADER.format(1)}.querySelector('button').click()")
    ratios = [float(found[1]) for text in browser.evaluate(RATIOS) if (found := RATIO.search(text))]
    assert len(ratios) > 30
    assert ratios == sorted(ratios)
    assert browser.evaluate(f"{HEADER.format(1)}.ariaSort") == "ascending"
    browser.evaluate(f"{HEADER.format(1)}.querySelector('button').click()")
    assert browser.evaluate(f"{HEADER.format(1)}.ariaSort") == "descending"
    assert sorted(browser.evaluate(NAMES)) == sorted(before)


def test_a_figure_is_enlarged_by_a_click(browser: Browser, run_dir: Path) -> None:
    width = "document.querySelector('figure svg').getBoundingClientRect().width"
    browser.open(run_dir / "report.html")
    small = browser.evaluate(width)
    browser.evaluate("document.querySelector('figure .zoom').click()")
    assert browser.evaluate(width) > 1.5 * small
    browser.evaluate("document.querySelector('figure .zoom').click()")
    assert browser.evaluate(width) == small


SHOWN = (
    "[...document.querySelectorAll('section, figure svg, .verdict')].filter(each => each.checkVisibility())"
    ".map(each => each.getBoundingClientRect().height)"
)


def test_everything_shows_without_javascript(browser: Browser, run_dir: Path) -> None:
    browser.open(run_dir / "report.html", scripts=False)
    heights = browser.evaluate(SHOWN)
    assert len(heights) > 50
    assert min(heights) > 10


def test_a_folded_stratum_opens_by_its_link_without_javascript(browser: Browser, suite_dir: Path) -> None:
    browser.open(suite_dir / "report.html", scripts=False)
    shown = "document.querySelector('#d0s30 figure svg').checkVisibility()"
    assert browser.evaluate(shown) is False
    link = "document.querySelector('a[href=\"#d0s30\"]')"
    assert browser.evaluate(f"{link}.click() === undefined") is True
    assert browser.evaluate(shown) is True


@pytest.mark.parametrize(
    ("body", "requests", "errors"),
    [
        ('<img src="http://outside.invalid/a.png">', 1, 1),
        ("<script>console.error('on purpose')</script>", 0, 1),
        ("<script>throw new Error('on purpose')</script>", 0, 1),
        ('<style>@import "http://outside.invalid/a.css";</style>', 1, 1),
        ("<p>nothing</p>", 0, 0),
    ],
)
def test_the_browser_would_have_noticed(
    browser: Browser, tmp_path: Path, body: str, requests: int, errors: int
) -> None:
    page = tmp_path / "page.html"
    page.write_text(f'<!DOCTYPE html><link rel="icon" href="data:,">{body}')
    observed = browser.open(page)
    outside = [url for url in observed.requests if not url.startswith("data:") and url != page.as_uri()]
    assert len(outside) == requests
    assert (len(observed.errors) > 0) == (errors > 0)
