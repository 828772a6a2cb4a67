"""Draws one metric over the builds: points with whiskers, a bar per level and a rule per change.

Vega gets numbers only, never names: the number of a build, and the index of an arm among the looks.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence

import altair as alt
import pandas as pd

from lmkd_reports.format import units
from lmkd_reports.history.changes import SeriesResult
from lmkd_reports.history.words import movement
from lmkd_reports.metrics.metrics import Metric
from lmkd_reports.presentation.figures import HEIGHT
from lmkd_reports.presentation.figures import LOG_FROM
from lmkd_reports.presentation.figures import render
from lmkd_reports.presentation.palette import Look

WIDTH = 400
"""Wider than a stratum's figure: two of these fill the page."""

ASIDE = 0.12
"""Horizontal distance between arms, in builds: it keeps their whiskers apart."""

MOST_TICKS = 10
"""Up to this number, every build has a tick."""

Row = dict[str, float | str]
Looks = Mapping[str, Look]


def history_figure(results: Sequence[SeriesResult], builds: int, looks: Looks, name: str, title: str) -> str:
    """Draws the arms' series of one metric in one place over ``builds`` builds; returns SVG for a page."""
    metric = results[0].series.metric
    rows = [row for result in results for row in _points(result, looks)]
    scale = _scale(metric, rows)
    x = alt.X("build:Q", title="build", scale=_builds(builds), axis=_build_axis(builds))
    y = alt.Y("value:Q", title=metric.kind.typical_name, scale=scale, axis=_axis(metric))
    base = alt.Chart(pd.DataFrame(rows)).encode(x=x, y=y, color=_colour(looks))
    whiskers = base.mark_rule(opacity=0.45, strokeWidth=1.25).encode(
        y=alt.Y("low:Q", scale=scale), y2="high:Q"
    )
    points = base.mark_point(filled=True, opacity=1, size=22)
    chart = _changes(results, looks) + _levels(results, looks, scale) + whiskers + points
    return render(chart.properties(width=WIDTH, height=HEIGHT), name, title, _describe(results, builds))


def _points(result: SeriesResult, looks: Looks) -> Iterable[Row]:
    kind = result.series.metric.kind
    for point in result.series.points:
        measure = point.measure
        yield {
            "arm": _key(result, looks),
            "build": point.build.number + _aside(result, looks),
            "value": kind.drawn(measure.value),
            "low": kind.drawn(measure.low),
            "high": kind.drawn(measure.high),
        }


def _key(result: SeriesResult, looks: Looks) -> str:
    return str(list(looks).index(result.series.arm))


def _aside(result: SeriesResult, looks: Looks) -> float:
    return ASIDE * (list(looks).index(result.series.arm) - (len(looks) - 1) / 2)


def _levels(results: Sequence[SeriesResult], looks: Looks, scale: alt.Scale) -> alt.Chart:
    rows: list[Row] = [
        {
            "arm": _key(result, looks),
            "build": level.first.number - 0.4,
            "to": level.last.number + 0.4,
            "value": result.series.metric.kind.drawn(level.value),
        }
        for result in results
        for level in result.levels
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


def _changes(results: Sequence[SeriesResult], looks: Looks) -> alt.Chart:
    rows = [
        {
            "arm": _key(result, looks),
            "build": (change.before.last.number + change.after.first.number) / 2 + _aside(result, looks),
        }
        for result in results
        for change in result.changes
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


def _describe(results: Sequence[SeriesResult], builds: int) -> str:
    sentences = [
        f"{result.series.arm} {movement(change)} at build {change.after.first.number}"
        for result in results
        for change in result.changes
    ]
    return f"{units.count(builds, 'build')}; " + ("; ".join(sentences) or "no change was found")
