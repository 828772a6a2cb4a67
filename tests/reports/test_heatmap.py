"""All devices at a glance: a cell each, with the verdict and numbers of the device's own part."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest
from synthetic import PATCHED
from synthetic import STOCK
from synthetic import synthetic_pressure
from synthetic import synthetic_run
from test_page import Page

from lmkd_reports import analyse
from lmkd_reports import load_run
from lmkd_reports import render_html
from lmkd_reports.analysis.model import Analysis
from lmkd_reports.analysis.verdicts import Verdict
from lmkd_reports.presentation import differences
from lmkd_reports.presentation.heatmap import LOG_STEPS
from lmkd_reports.presentation.heatmap import glance
from lmkd_reports.presentation.palette import heat
from lmkd_reports.presentation.wording import device_comparisons

DEVICES = (PATCHED, STOCK, "synthetic-third")


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    """Three devices with times, of which the first has kills too."""
    run, pressed = synthetic_run(DEVICES), synthetic_pressure()
    run.info = msgspec.structs.replace(run.info, arms=(*run.info.arms, "kill+mrelease@lmkd"))
    run.episodes = pressed.episodes
    return analyse(load_run(run.write(tmp_path_factory.mktemp("three"))))


def test_a_cell_says_what_the_device_says(three: Analysis) -> None:
    situations = glance(three).situations
    for number, device in enumerate(three.devices):
        cells = [one.cells[number] for one in situations if number in one.cells][: len(device.strata)]
        compared = [one for _, one in device_comparisons(device, three.pairs[0])]
        assert [(cell.verdict, cell.says) for cell in cells] == [
            (one.verdict, differences.ratio_with_interval(one) if one.is_judged else "") for one in compared
        ]


def test_pressure_is_beside_the_strata_and_controls_are_not(three: Analysis) -> None:
    names = [one.name for one in glance(three).situations if one.measure.startswith("difference")]
    assert names == ["held-beyond-burst, 12-cached", "starved-victims, 12-cached"]


def test_hatched_is_undecided_and_nothing_else(three: Analysis) -> None:
    cells = [cell for one in glance(three).situations for cell in one.cells.values()]
    assert {cell.verdict for cell in cells if "hatched" in cell.look} <= {Verdict.NO_CLEAR_DIFFERENCE}
    assert {cell.look for cell in cells if cell.verdict is Verdict.NOT_ENOUGH_DATA} == {"none"}


@pytest.mark.parametrize(
    ("effect", "look"), [(0.0, "even"), (-0.1, "gain-1"), (0.3, "loss-2"), (-0.6, "gain-3"), (2.0, "loss-4")]
)
def test_the_colour_is_the_size_of_the_effect(effect: float, look: str) -> None:
    assert heat(effect, LOG_STEPS) == look


def test_the_map_is_drawn_from_three_devices_on(three: Analysis, tmp_path: Path) -> None:
    source = render_html(three)
    assert source.index('id="heatmap"') < source.index('id="devices"')
    assert source.count('<table class="map">') == 1
    assert len(re.findall(r'<td class="(?:gain|loss|even|none)', source)) == sum(
        len(one.cells) for one in glance(three).situations
    )
    two = render_html(analyse(load_run(synthetic_run().write(tmp_path))))
    assert '<table class="map">' not in two
    assert '<table class="contents glance">' in two
    assert "All devices" in Page(two).words()
