"""Draws the timeline: a mark per death in the row of its killer, or discs that count the deaths per slice.

Vega gets only numbers and our own words for killers. No figure mixes times of different clocks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import altair as alt
import pandas as pd

from lmkd_core.logs.clocks import unrolled
from lmkd_core.logs.deaths import KILLERS
from lmkd_core.logs.deaths import Death
from lmkd_reports.format import units
from lmkd_reports.presentation.figures import render

WIDTH = 640
ROW_HEIGHT = 24
MOST_MARKS = 200
"""Up to this number of deaths, each has its own mark."""

SLICES = 80
COLOUR = "var(--arm-2)"
UNITS_MS = (("ms", 1), ("s", 1000), ("minutes", 60_000), ("hours", 3_600_000), ("days", 86_400_000))
"""Units of the x axis with their ms; a figure uses the largest unit that it spans at least thrice."""


def timeline(deaths: Sequence[Death], name: str, title: str) -> str:
    """Draws deaths with known times on one clock; returns SVG, or "" for fewer than two moments."""
    times_ms = unrolled(
        [death.first.time_ms or 0 for death in deaths], deaths[0].first.clock if deaths else ""
    )
    if len(set(times_ms)) < 2:
        return ""
    first_ms, span_ms = min(times_ms), max(times_ms) - min(times_ms)
    unit, unit_ms = next((entry for entry in reversed(UNITS_MS) if span_ms >= 3 * entry[1]), UNITS_MS[0])
    at = [(time_ms - first_ms) / unit_ms for time_ms in times_ms]
    killers = [death.killer for death in deaths]
    rows = [killer for killer in KILLERS if killer in killers]
    end = span_ms / unit_ms
    draw = _marks if len(deaths) <= MOST_MARKS else _counts
    chart = draw(
        at, killers, end, alt.Y("killer:N", title=None, sort=rows, scale=alt.Scale(domain=rows)), unit
    )
    counted = Counter(killers)
    counts = ", ".join(f"{killer} {counted[killer]}" for killer in rows)
    text = f"{units.count(len(deaths), 'death')} within {end:.3g} {unit}: {counts}"
    return render(chart.properties(width=WIDTH, height=ROW_HEIGHT * len(rows)), name, title, text)


def _x(end: float, unit: str) -> alt.X:
    scale = alt.Scale(domain=[0, end], nice=False)
    return alt.X("at:Q", title=f"{unit} since the first", scale=scale, axis=alt.Axis(tickCount=8))


def _marks(at: Sequence[float], killers: Sequence[str], end: float, y: alt.Y, unit: str) -> alt.Chart:
    frame = pd.DataFrame({"at": at, "killer": killers})
    marks: alt.Chart = (
        alt.Chart(frame)
        .mark_tick(color=COLOUR, thickness=2, size=ROW_HEIGHT - 8, opacity=0.75)
        .encode(x=_x(end, unit), y=y)
    )
    return marks


def _counts(at: Sequence[float], killers: Sequence[str], end: float, y: alt.Y, unit: str) -> alt.Chart:
    """Draws discs; the area of each is the number of deaths in a time slice."""
    counted = Counter(
        (min(int(time / end * SLICES), SLICES - 1), killer) for time, killer in zip(at, killers, strict=True)
    )
    rows = [
        {"at": (slice_ + 0.5) / SLICES * end, "killer": killer, "deaths": number}
        for (slice_, killer), number in counted.items()
    ]
    size = alt.Size(
        "deaths:Q", legend=None, scale=alt.Scale(domain=[0, max(counted.values())], range=[0, 260])
    )
    discs: alt.Chart = (
        alt.Chart(pd.DataFrame(rows))
        .mark_point(filled=True, color=COLOUR, opacity=0.75)
        .encode(x=_x(end, unit), y=y, size=size)
    )
    return discs
