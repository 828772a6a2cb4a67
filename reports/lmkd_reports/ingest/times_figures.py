"""Draws the times of kills for want of memory: to death by the victim's size, and on to the next kill.

Both axes are logarithmic: times below 1 ms and sizes below 1 MB are drawn at 1. Vega gets only numbers.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt
import pandas as pd
from markupsafe import Markup

from lmkd_core.logs.deaths import KNOWN
from lmkd_core.logs.times import Gap
from lmkd_core.logs.times import TimedDeath
from lmkd_core.logs.times import Times
from lmkd_core.logs.times import kill_to_death
from lmkd_reports.format import units
from lmkd_reports.ingest.sentences import counted
from lmkd_reports.ingest.sentences import times_text
from lmkd_reports.presentation.figures import HEIGHT
from lmkd_reports.presentation.figures import WIDTH
from lmkd_reports.presentation.figures import render

COLOUR = "var(--arm-2)"
MOST_POINTS = 200
"""Up to this number of deaths, each has its own point."""

CELLS_PER_DECADE = 8
"""Of more deaths, those that lie this close together share a disc."""

MOST_STEPS, STEPS_PER_DECADE = 300, 40
"""Of more different times, those within a step of 6 % share one: finer than a pixel."""

SMALLEST_AREA, LARGEST_AREA = 20, 200
"""Areas in square pixels."""

SIZES = {"rss_kb": "resident memory", "swap_kb": "swap"}
MARGIN = 1.3
TICKS_MS = (1, 10, 100, 1000, 10_000, 60_000, 600_000, 3_600_000, 36_000_000, 86_400_000, 864_000_000)
LABEL = (
    "datum.value < 1000 ? datum.value + ' ms' : datum.value < 60000 ? datum.value / 1000 + ' s' : "
    "datum.value < 3600000 ? datum.value / 60000 + ' min' : datum.value < 86400000 ? "
    "datum.value / 3600000 + ' h' : datum.value / 86400000 + ' d'"
)


@dataclass(frozen=True, slots=True)
class TimesFigure:
    """A figure with its caption; ``svg`` is safe."""

    caption: str
    svg: Markup


def dying_figures(timed: Sequence[TimedDeath]) -> Iterator[TimesFigure]:
    """Yields the figures of times to death, those for which there are at least two different times."""
    for size, words in SIZES.items():
        points = list(_points(timed, size))
        if len({time_ms for _, time_ms in points}) > 1:
            yield _by_size(points, size, words)
    times_ms = kill_to_death(timed).values_ms
    if len(set(times_ms)) > 1:
        yield _distribution(times_ms, "dying", "Share of deaths by the time since their kill")


def gap_figures(gaps: Sequence[Gap]) -> Iterator[TimesFigure]:
    """Yields the figure of the gaps, if two of them differ."""
    gaps_ms = sorted(gap.gap_ms for gap in gaps)
    if len(set(gaps_ms)) > 1:
        caption = "Share of next kills by the time since the death before; those before it are at 1 ms"
        yield _distribution(gaps_ms, "gaps", caption)


def _points(timed: Sequence[TimedDeath], size: str) -> Iterator[tuple[float, float]]:
    """Yields MB and ms of the deaths that have both, at least 1 of each."""
    for death in timed:
        size_kb, time_ms = death.death.known(*KNOWN[size]), death.to_death_ms
        if isinstance(size_kb, int) and time_ms is not None:
            yield max(size_kb / units.KB_PER_MB, 1.0), max(float(time_ms), 1.0)


def _by_size(points: Sequence[tuple[float, float]], size: str, words: str) -> TimesFigure:
    caption = f"Kill to death by {words}"
    discs = Counter(points if len(points) <= MOST_POINTS else map(_cell, points))
    rows = [{"mb": mb, "ms": ms, "deaths": number} for (mb, ms), number in discs.items()]
    if len(points) > MOST_POINTS:
        caption += "; the area of a disc is the number of deaths"
    y = alt.Y("ms:Q", title=None, scale=_log([ms for _, ms in points]), axis=_time_ticks())
    x_axis = alt.Axis(values=[1, 4, 16, 64, 256, 1024, 4096, 16384], format="~d")
    chart = (
        alt.Chart(pd.DataFrame(rows))
        .mark_point(filled=True, color=COLOUR, opacity=0.6)
        .encode(
            x=alt.X(
                "mb:Q",
                title=f"MB of {words}, log scale",
                scale=_log([mb for mb, _ in points]),
                axis=x_axis,
            ),
            y=y,
            size=_area(max(discs.values())),
        )
    )
    text = f"{counted(len(points), 'death')} with a time and a size"
    return TimesFigure(caption, _svg(chart, f"{size.removesuffix('_kb')}-dying", caption, text))


def _area(most: int) -> alt.Size:
    """Scales the area of a disc with its number of deaths; one death alone stays visible."""
    largest = SMALLEST_AREA if most == 1 else LARGEST_AREA
    scale = alt.Scale(domain=[1, max(most, 2)], range=[SMALLEST_AREA, largest])
    return alt.Size("deaths:Q", legend=None, scale=scale)


def _cell(point: tuple[float, float]) -> tuple[float, float]:
    mb, ms = (10 ** (round(CELLS_PER_DECADE * math.log10(value)) / CELLS_PER_DECADE) for value in point)
    return mb, ms


def _distribution(times_ms: Sequence[int], name: str, caption: str) -> TimesFigure:
    """Draws the share of times that are at most so long, as steps."""
    at_most = Counter(max(float(time_ms), 1.0) for time_ms in times_ms)
    if len(at_most) > MOST_STEPS:
        at_most = Counter(map(_step_end, at_most.elements()))
    rows, below = [{"ms": min(at_most), "share": 0.0, "place": 0}], 0
    for place, (time_ms, number) in enumerate(sorted(at_most.items()), start=1):
        below += number
        rows.append({"ms": time_ms, "share": below / len(times_ms), "place": place})
    chart = (
        alt.Chart(pd.DataFrame(rows))
        .mark_line(interpolate="step-after", color=COLOUR, strokeWidth=2)
        .encode(
            x=alt.X("ms:Q", title="log scale", scale=_log(list(at_most)), axis=_time_ticks()),
            y=alt.Y(
                "share:Q",
                title=None,
                scale=alt.Scale(domain=[0, 1]),
                axis=alt.Axis(format=".0%", tickCount=5),
            ),
            order="place:Q",
        )
    )
    return TimesFigure(caption, _svg(chart, name, caption, times_text(Times(tuple(times_ms)))))


def _step_end(time_ms: float) -> float:
    """Returns the end of the step that has the time, a little later than it."""
    end_ms: float = 10 ** (math.ceil(STEPS_PER_DECADE * math.log10(time_ms)) / STEPS_PER_DECADE)
    return end_ms


def _log(values: Sequence[float]) -> alt.Scale:
    """Returns a log scale a little wider than the values."""
    return alt.Scale(type="log", nice=False, domain=[min(values) / MARGIN, max(values) * MARGIN])


def _time_ticks() -> alt.Axis:
    return alt.Axis(values=list(TICKS_MS), labelExpr=LABEL)


def _svg(chart: alt.Chart, name: str, title: str, text: str) -> Markup:
    drawn = render(chart.properties(width=WIDTH, height=HEIGHT), name, title, text)
    return Markup(drawn)  # noqa: S704 - our own SVG, escaped
