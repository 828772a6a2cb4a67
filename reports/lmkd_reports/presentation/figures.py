"""The figures, as inline SVG: drawn by Vega-Altair, rendered by vl-convert, which needs no network.

One small figure a stratum instead of one large one: they flow with the page's width. Colours are CSS
variables, text is text, and the page's font is inherited. Vega sees numbers only: an arm is its
place among the looks, so that no text of a record reaches the renderer.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Literal

import altair as alt
import pandas as pd
import vl_convert

from lmkd_reports.analysis.model import ArmResult
from lmkd_reports.analysis.model import Spread
from lmkd_reports.analysis.model import StratumResult
from lmkd_reports.format import units
from lmkd_reports.format.names import stratum_name
from lmkd_reports.presentation.palette import Look
from lmkd_reports.presentation.svg import inline

WIDTH = 300
HEIGHT = 150
VALIDATE = False
"""Checking a chart against Vega-Lite's schema takes a third of a page's time: only the tests do it."""

THEME = {
    "font": "inherit",
    "axis": {
        "gridColor": "var(--grid)",
        "domainColor": "var(--axis)",
        "tickColor": "var(--axis)",
        "labelColor": "var(--muted)",
        "titleColor": "var(--muted)",
        "titleFontWeight": "normal",
        "labelFontSize": 11,
        "titleFontSize": 11,
        "labelFlush": False,
        "tickSize": 4,
    },
}
"""The page's colours and sizes, by Vega-Lite's names; given here because Altair copies a chart for each."""

TIME_TITLE = "ms since the kill"
LOG_FROM = 4
SPARSE_FROM = 30
"""Times that differ by more than these factors get a log axis, and fewer ticks on it."""


def curve_figure(result: StratumResult, looks: dict[str, Look], name: str) -> str:
    """Memory still charged over time: each arm's median as a line, its quartiles as a band. May be empty."""
    rows = [row for arm in result.arms for row in _band_rows(arm, _key(arm, looks))]
    if not rows:
        return ""
    base = alt.Chart(pd.DataFrame(rows)).encode(
        x=alt.X("ms:Q", title=TIME_TITLE, scale=alt.Scale(nice=False), axis=alt.Axis(tickCount=6)),
        color=_colour(looks),
    )
    y_axis = alt.Axis(format=".0%", tickCount=5)
    band = base.mark_area(opacity=0.18).encode(
        y=alt.Y("low:Q", title=None, scale=alt.Scale(domain=[0, 1]), axis=y_axis), y2="high:Q"
    )
    line = _lines(base, looks).encode(y="median:Q")
    title = f"Memory still charged over time: {stratum_name(result.stratum)}"
    return _render(band + line, name, title, _describe_curves(result.arms))


def distribution_figure(result: StratumResult, looks: dict[str, Look], name: str) -> str:
    """Share of trials with 90 % of the memory back, over time: a step line an arm. May be empty."""
    rows = [row for arm in result.arms for row in _step_rows(arm, _key(arm, looks), _end_ns(result))]
    if not rows:
        return ""
    frame = pd.DataFrame(rows)
    chart = _lines(alt.Chart(frame), looks, interpolate="step-after").encode(
        x=_time_axis(float(frame["ms"].min()), float(frame["ms"].max())),
        y=alt.Y(
            "share:Q",
            title=None,
            scale=alt.Scale(domain=[0, 1]),
            axis=alt.Axis(format=".0%", tickCount=5),
        ),
        color=_colour(looks),
        order="place:Q",
    )
    title = f"Share of trials with 90 % of the memory back, over time: {stratum_name(result.stratum)}"
    return _render(chart, name, title, _describe_times(result.arms))


def _band_rows(arm: ArmResult, key: str) -> list[dict[str, str | float]]:
    if arm.band is None:
        return []
    band = arm.band
    moments = zip(band.times_ns, band.low, band.median, band.high, strict=True)
    return [
        {"arm": key, "ms": time / units.NS_PER_MS, "low": low, "median": median, "high": high}
        for time, low, median, high in moments
    ]


def _step_rows(arm: ArmResult, key: str, end_ns: float) -> list[dict[str, str | float]]:
    """The steps of an arm, from 0 at its first time to the figure's right end."""
    if arm.steps is None or not arm.steps.times_ns:
        return []
    times = (arm.steps.times_ns[0], *arm.steps.times_ns, end_ns)
    shares = (0.0, *arm.steps.shares, arm.steps.shares[-1])
    return [
        {"arm": key, "ms": time / units.NS_PER_MS, "share": share, "place": place}
        for place, (time, share) in enumerate(zip(times, shares, strict=True))
    ]


def _end_ns(result: StratumResult) -> float:
    """The last time of all arms, or the timeout when some trial reached it."""
    ends = [arm.steps.times_ns[-1] for arm in result.arms if arm.steps and arm.steps.times_ns]
    timeouts = [float(arm.timeout_ns) for arm in result.arms if arm.censored]
    return max([*ends, *timeouts], default=0.0)


def _lines(
    base: alt.Chart, looks: dict[str, Look], interpolate: Literal["linear", "step-after"] = "linear"
) -> alt.Chart:
    dashes = [list(look.dash) for look in looks.values()]
    widths = [look.width for look in looks.values()]
    lines: alt.Chart = base.mark_line(interpolate=interpolate).encode(
        strokeDash=alt.StrokeDash("arm:N", legend=None, scale=_by_arm(looks, dashes)),
        strokeWidth=alt.StrokeWidth("arm:N", legend=None, scale=_by_arm(looks, widths)),
    )
    return lines


def _colour(looks: dict[str, Look]) -> alt.Color:
    colours = [look.colour for look in looks.values()]
    return alt.Color("arm:N", legend=None, scale=_by_arm(looks, colours))


def _by_arm(looks: dict[str, Look], values: Sequence[str | float | list[int]]) -> alt.Scale:
    return alt.Scale(domain=[str(place) for place in range(len(looks))], range=list(values))


def _key(arm: ArmResult, looks: dict[str, Look]) -> str:
    return str(list(looks).index(arm.arm))


def _time_axis(first_ms: float, last_ms: float) -> alt.X:
    """Linear while times lie close together: its ticks are finer."""
    if last_ms < LOG_FROM * first_ms:
        margin_ms = 0.05 * (last_ms - first_ms) or 0.05 * last_ms
        scale = alt.Scale(nice=False, zero=False, domain=[first_ms - margin_ms, last_ms + margin_ms])
        return alt.X("ms:Q", title=TIME_TITLE, scale=scale, axis=alt.Axis(tickCount=6))
    scale = alt.Scale(type="log", nice=False, domain=[first_ms / 1.1, last_ms * 1.1])
    digits = (1, 2, 3, 5, 7) if last_ms < SPARSE_FROM * first_ms else (1, 2, 5)
    values = [digit * 10.0**power for power in range(-4, 6) for digit in digits]
    axis = alt.Axis(values=values, format=".4~g")
    return alt.X("ms:Q", title=TIME_TITLE + ", log scale", scale=scale, axis=axis)


def _render(chart: alt.Chart | alt.LayerChart, name: str, title: str, description: str) -> str:
    return render(chart.properties(width=WIDTH, height=HEIGHT), name, title, description)


def render(
    chart: alt.Chart | alt.LayerChart | alt.VConcatChart, name: str, title: str, description: str
) -> str:
    """The chart as SVG for a page, in the page's colours; ``name`` is unique in the page."""
    specification = chart.to_dict(validate=VALIDATE) | {"background": "transparent"}
    config = specification.get("config", {})
    specification["config"] = config | THEME | {"view": config.get("view", {}) | {"stroke": None}}
    svg: str = vl_convert.vegalite_to_svg(json.dumps(specification), allowed_base_urls=[])
    return inline(svg, name, title, description)


def _describe_curves(arms: Sequence[ArmResult]) -> str:
    times = [f"{_median(arm.reclaim_50_ns)} ms with {arm.arm}" for arm in arms if arm.band]
    return "Half of the memory is back at the median after " + "; ".join(times)


def _describe_times(arms: Sequence[ArmResult]) -> str:
    times = [f"{_median(arm.reclaim_90_ns)} ms with {arm.arm}" for arm in arms if arm.reclaim_90_ns]
    return "Median times: " + "; ".join(times)


def _median(spread: Spread | None) -> str:
    return units.ms(spread.median if spread else None)
