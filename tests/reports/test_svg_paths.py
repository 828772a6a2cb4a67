"""Shorter paths draw the same line: checked by walking along both."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmkd_reports.presentation.svg_paths import short_number
from lmkd_reports.presentation.svg_paths import short_path
from lmkd_reports.presentation.svg_paths import tick_path

Point = tuple[int, int]

points = st.lists(st.tuples(st.integers(-3000, 3000), st.integers(-3000, 3000)), min_size=2, max_size=30)


def absolute(line: list[Point]) -> str:
    """The path as Vega writes it, of points in tenths."""
    return "M" + "L".join(f"{x / 10},{y / 10}" for x, y in line)


def walked(path: str) -> list[Point]:
    """The points of a path of ``M``, ``l``, ``h`` and ``v``, in tenths."""
    at, line = (0, 0), []
    for command, text in re.findall(r"([Mlhv])([^Mlhv]*)", path):
        numbers = [round(10 * float(number)) for number in re.findall(r"-?\d*\.?\d+", text)]
        if command in "hv":
            steps = [(number, 0) if command == "h" else (0, number) for number in numbers]
        else:
            steps = list(zip(numbers[::2], numbers[1::2], strict=True))
        for right, down in steps:
            at = (right, down) if command == "M" else (at[0] + right, at[1] + down)
            line.append(at)
    return line


def on_the_way(start: Point, middle: Point, end: Point) -> bool:
    (ax, ay), (bx, by) = (
        (middle[0] - start[0], middle[1] - start[1]),
        (end[0] - middle[0], end[1] - middle[1]),
    )
    return ax * by == ay * bx and ax * bx + ay * by >= 0


@given(points)
def test_a_short_path_passes_every_point_in_order(line: list[Point]) -> None:
    corners = walked(short_path(absolute(line)))
    assert (corners[0], corners[-1]) == (line[0], line[-1])
    corner = 0
    for point in line:
        while not on_the_way(corners[corner], point, corners[min(corner + 1, len(corners) - 1)]):
            corner += 1
            assert corner < len(corners), f"{point} is not on the path"
    assert set(corners) <= set(line)


@pytest.mark.parametrize(
    ("path", "short"),
    [
        ("M0,0L3.8,0L7.6,0L11.4,3.7", "M0 0h7.6l3.8 3.7"),
        ("M0,0L1,0L1,-2.5L0,0Z", "M0 0h1v-2.5l-1 2.5z"),
        ("M0,0L5,0L2,0", "M0 0h5-3"),
        ("M1,1L1,1", "M1 1h0"),
        ("M2.6,0A2.6,2.6,0,1,1,-2.6,0", "M2.6,0A2.6,2.6,0,1,1,-2.6,0"),
        ("M0,0L1,1M5,5L6,5", "M0 0l1 1M5 5h1"),
    ],
)
def test_by_hand(path: str, short: str) -> None:
    assert short_path(path) == short


def test_ticks_are_one_path() -> None:
    ticks = [("", "0", "4"), ("translate(39,0)", "0", "4"), ("translate(0,-150)", "300", "0")]
    assert tick_path(ticks) == "M0 0v4M39 0v4M0-150h300"
    assert tick_path([("rotate(90)", "0", "4")]) is None


@pytest.mark.parametrize(
    ("number", "short"), [("39.25", "39.2"), ("-0.5", "-.5"), ("10.0", "10"), ("-0.0", "0")]
)
def test_numbers(number: str, short: str) -> None:
    assert short_number(number) == short
