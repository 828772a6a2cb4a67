"""One metric over the builds: a point and its whiskers a build, a bar a level, a rule where it changed.

Vega sees numbers only: a build is its number, an arm its place among the looks.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence

import altair as alt
import pandas as pd

from lmkd_reports.format import units
from lmkd_reports.history.changes import Judged
from lmkd_reports.history.words import movement
from lmkd_reports.metrics.metrics import Metric
from lmkd_reports.presentation.figures import HEIGHT
from lmkd_reports.presentation.figures import LOG_FROM
from lmkd_reports.presentation.figures import WIDTH
from lmkd_reports.presentation.figures import render
from lmkd_reports.presentation.palette import Look

ASIDE = 0.12
"""How far arms stand from each other, in builds, so that their whiskers do not hide each other."""

MOST_TICKS = 10
"""Builds up to which each has a tick."""

Row = dict[str, float | str]
Looks = Mapping[str, Look]


def history_figure(judged: Sequence[Judged], builds: int, looks: Looks, name: str, title: str) -> str:
    """The arms' series of one metric in one place, over so many builds, as SVG for a page."""
    metric = judged[0].series.metric
    rows = [row for one in judged for row in _points(one, looks)]
    scale = _scale(metric, rows)
    x = alt.X("build:Q", title="build", scale=_builds(builds), axis=_build_axis(builds))
    y = alt.Y("value:Q", title=None, scale=scale, axis=_axis(metric))
    base = alt.Chart(pd.DataFrame(rows)).encode(x=x, y=y, color=_colour(looks))
    whiskers = base.mark_rule(opacity=0.45, strokeWidth=1.25).encode(
        y=alt.Y("low:Q", scale=scale), y2="high:Q"
    )
    points = base.mark_point(filled=True, opacity=1, size=22)
    chart = _changes(judged, looks) + _levels(judged, looks, scale) + whiskers + points
    return render(chart.properties(width=WIDTH, height=HEIGHT), name, title, _describe(judged, builds))


def _points(one: Judged, looks: Looks) -> Iterable[Row]:
    kind = one.series.metric.kind
    for point in one.series.points:
        measure = point.measure
        yield {
            "arm": _key(one, looks),
            "build": point.build.number + _aside(one, looks),
            "value": kind.drawn(measure.value),
            "low": kind.drawn(measure.low),
            "high": kind.drawn(measure.high),
        }


def _key(one: Judged, looks: Looks) -> str:
    return str(list(looks).index(one.series.arm))


def _aside(one: Judged, looks: Looks) -> float:
    return ASIDE * (list(looks).index(one.series.arm) - (len(looks) - 1) / 2)


def _levels(judged: Sequence[Judged], looks: Looks, scale: alt.Scale) -> alt.Chart:
    rows: list[Row] = [
        {
            "arm": _key(one, looks),
            "build": level.first.number - 0.4,
            "to": level.last.number + 0.4,
            "value": one.series.metric.kind.drawn(level.value),
        }
        for one in judged
        for level in one.levels
    ]
    dashes = [list(look.dash) for look in looks.values()]
    bars: alt.Chart = (
        alt.Chart(pd.DataFrame(rows))
        .mark_rule(strokeWidth=1.25, opacity=0.8)
        .encode(
            x="build:Q",
            x2="to:Q",
            y=alt.Y("value:Q", scale=scale),
            color=_colour(looks),
            strokeDash=alt.StrokeDash("arm:N", legend=None, scale=_by_arm(looks, dashes)),
        )
    )
    return bars


def _changes(judged: Sequence[Judged], looks: Looks) -> alt.Chart:
    rows = [
        {
            "arm": _key(one, looks),
            "build": (change.before.last.number + change.after.first.number) / 2 + _aside(one, looks),
        }
        for one in judged
        for change in one.changes
    ]
    rules: alt.Chart = (
        alt.Chart(pd.DataFrame(rows, columns=["arm", "build"]))
        .mark_rule(strokeWidth=1.5)
        .encode(x="build:Q", color=_colour(looks))
    )
    return rules


def _colour(looks: Looks) -> alt.Color:
    return alt.Color("arm:N", legend=None, scale=_by_arm(looks, [look.colour for look in looks.values()]))


def _by_arm(looks: Looks, values: Sequence[str | list[int]]) -> alt.Scale:
    return alt.Scale(domain=[str(place) for place in range(len(looks))], range=list(values))


def _builds(builds: int) -> alt.Scale:
    return alt.Scale(domain=[0.4, builds + 0.6], nice=False, zero=False)


def _build_axis(builds: int) -> alt.Axis:
    step = -(-builds // MOST_TICKS)
    return alt.Axis(values=list(range(1, builds + 1, step)), format="d", grid=False)


def _scale(metric: Metric, rows: Sequence[Row]) -> alt.Scale:
    axis = metric.kind.axis
    if axis.ends:
        return alt.Scale(domain=list(axis.ends))
    low, high = min(float(row["low"]) for row in rows), max(float(row["high"]) for row in rows)
    if axis.may_be_log and high > LOG_FROM * low:
        return alt.Scale(type="log", nice=False, domain=[low / 1.1, high * 1.1])
    return alt.Scale(zero=axis.zero, nice=True)


def _axis(metric: Metric) -> alt.Axis:
    return alt.Axis(format=metric.kind.axis.format, tickCount=5)


def _describe(judged: Sequence[Judged], builds: int) -> str:
    told = [
        f"{one.series.arm} {movement(change)} at build {change.after.first.number}"
        for one in judged
        for change in one.changes
    ]
    return f"{units.count(builds, 'build')}; " + ("; ".join(told) or "no change was found")
