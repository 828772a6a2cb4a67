"""What is said of a device that was not the same before and after a block."""

from __future__ import annotations

import pytest
from synthetic import PATCHED
from synthetic import SyntheticRun
from synthetic import synthetic_device
from synthetic import synthetic_info
from synthetic import synthetic_states

from lmkd_core.records.device import StateRecord
from lmkd_reports.analysis.analyse import analyse
from lmkd_reports.analysis.frames import load_run
from lmkd_reports.analysis.unsteady import Unsteady
from lmkd_reports.analysis.unsteady import unsteady_of
from lmkd_reports.presentation.html import render_html

PLACE = ("reclaim", "natural-64MB-1t", 1, "")


def found(*states: list[StateRecord]) -> tuple[Unsteady, ...]:
    return unsteady_of([state for block in states for state in block])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"screen": "Asleep"}, "the screen went on or off"),
        ({"on_power": False}, "the charger was plugged in or pulled"),
        ({"thermal_status": 2}, "the device was hot"),
        ({"governors": "performance"}, "another CPU frequency governor took over"),
        ({"clock_s": 1_013}, "the clock was set"),
        ({"clock_s": 900}, "the clock was set"),
    ],
)
def test_each_change_is_told_with_its_first_block(change: dict[str, object], said: str) -> None:
    (one,) = found(synthetic_states(0), synthetic_states(1, **change), synthetic_states(2, **change))
    assert one.change.startswith(said)
    assert (one.times, one.known, one.first) == (2, 3, PLACE)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"thermal_status": 1},
        {"battery_pct": 79, "cpu_khz": 300_000},
        {"clock_s": 1_012},
        {"screen": None, "on_power": None, "thermal_status": None, "governors": None, "clock_s": None},
    ],
)
def test_what_is_usual_or_not_told_is_no_change(change: dict[str, object]) -> None:
    assert found(synthetic_states(0, **change)) == ()


def test_a_block_that_cannot_tell_is_not_counted() -> None:
    silent = synthetic_states(0, screen=None)
    (one,) = found(silent, synthetic_states(1, screen="Asleep"))
    assert (one.times, one.known) == (1, 1)


def test_states_of_two_boots_are_no_pair() -> None:
    assert found(synthetic_states(0, screen="Asleep", boot_id="boot-2")) == ()


def test_of_a_block_that_was_measured_again_the_last_counts() -> None:
    cut, *_ = synthetic_states(0)
    assert found([cut], synthetic_states(0, screen="Asleep"), synthetic_states(0)) == ()


def test_the_page_says_it(tmp_path) -> None:
    run = SyntheticRun(synthetic_info([PATCHED]), devices=[synthetic_device(PATCHED)])
    run.states = [*synthetic_states(0), *synthetic_states(1, screen="<b>Asleep</b>")]
    page = render_html(analyse(load_run(run.write(tmp_path))))
    assert "not steady: the screen went on or off in 1 of 2 blocks or episodes" in page
    assert "<b>Asleep" not in page
