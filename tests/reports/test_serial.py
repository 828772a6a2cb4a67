"""Serial dependence of blocks: seldom noted where blocks are independent, noted where it matters.

bench/planning.py is the long form, with 20,000 devices.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from synthetic import synthetic_run

from lmkd_core.statistics.serial import FALSE_NOTES
from lmkd_core.statistics.serial import is_noteworthy
from lmkd_core.statistics.serial import serial_correlation
from lmkd_reports import load_run
from lmkd_reports import render_html
from lmkd_reports import render_summary
from lmkd_reports.analysis.analyse import analyse
from lmkd_reports.presentation.scatter import serial

RUNS = 1000
SEED = 20260303


def series(
    rng: np.random.Generator, strata: int, blocks: int, correlation: float, tails: float = 1e6
) -> np.ndarray:
    """AR(1) log ratios; ``tails`` are the degrees of freedom of their steps."""
    values = rng.standard_t(tails, (strata, blocks))
    for block in range(1, blocks):
        values[:, block] = correlation * values[:, block - 1] + np.sqrt(1 - correlation**2) * values[:, block]
    return values


def noted(strata: int, blocks: int, correlation: float, tails: float = 1e6, runs: int = RUNS) -> float:
    rng = np.random.default_rng(SEED)
    runs_of_strata = (list(series(rng, strata, blocks, correlation, tails)) for _ in range(runs))
    return float(np.mean([is_noteworthy(serial_correlation(strata)) for strata in runs_of_strata]))


@pytest.mark.simulation
@pytest.mark.parametrize(("strata", "blocks"), [(1, 12), (8, 10), (8, 12), (4, 50)])
@pytest.mark.parametrize("tails", [1e6, 2.0])
def test_independent_blocks_seldom_get_a_note(strata: int, blocks: int, tails: float) -> None:
    """1,000 devices: the Monte-Carlo error of 5 % is 0.7 points; three of them are allowed for."""
    assert noted(strata, blocks, 0.0, tails) <= FALSE_NOTES + 0.021


@pytest.mark.simulation
@pytest.mark.parametrize(("strata", "blocks", "correlation"), [(27, 12, 0.3), (8, 50, 0.3), (1, 50, 0.6)])
def test_a_correlation_that_matters_is_noted(strata: int, blocks: int, correlation: float) -> None:
    assert noted(strata, blocks, correlation, runs=200) >= 0.85


def test_the_correlation_is_estimated_without_the_bias_of_short_series() -> None:
    rng = np.random.default_rng(SEED)
    estimated = serial_correlation(list(series(rng, 2000, 12, 0.3)))
    assert estimated is not None
    assert estimated.correlation == pytest.approx(0.3, abs=0.03)


def test_series_that_say_nothing_are_left_out() -> None:
    assert serial_correlation([np.zeros(12), np.arange(5.0)]) is None
    assert not is_noteworthy(None)
    rising = serial_correlation([np.zeros(12), np.arange(12.0)])
    assert rising is not None
    assert rising.series == 1
    assert is_noteworthy(rising)
    assert not is_noteworthy(serial_correlation([np.tile([0.0, 1.0], 6)]))


def test_the_note_is_in_page_and_text(tmp_path: Path) -> None:
    analysis = analyse(load_run(synthetic_run().write(tmp_path)))
    assert "blocks depend on each other" not in render_summary(analysis)
    rising = serial_correlation([np.arange(12.0)])
    dependent = replace(analysis, devices=(replace(analysis.devices[0], serial=rising),))
    note = serial(dependent.devices[0])
    assert note.startswith("blocks depend on each other: the lag-1 correlation")
    assert note in render_html(dependent)
    assert note in " ".join(render_summary(dependent).split())
