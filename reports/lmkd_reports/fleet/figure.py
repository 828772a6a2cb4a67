"""All devices' intervals in one figure, sorted: drawn as a path a verdict, since a fleet has thousands.

Vega would need a mark a device: 1,000 devices are 150 kB of SVG there, and 20 kB here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from html import escape

import numpy as np
import pandas as pd

from lmkd_reports.analysis.verdicts import Verdict

WIDTH = 720
HEIGHT = 180
LABEL_HEIGHT = 18
"""Room for the label of the lower axis."""

MEASURES = {"times": "ratio of times", "kills": "difference in kills"}
LEFT = 56
COLOURS = {Verdict.BETTER: "var(--better)", Verdict.WORSE: "var(--worse)"}
MOST_TICKS = 6

Place = Callable[[float], float]


def caterpillar(rows: pd.DataFrame, kind: str, name: str, where: str) -> str:
    """An SVG of ``rows``, which are sorted by ``estimate``; empty without any."""
    if rows.empty:
        return ""
    low, high = _range(rows, kind)
    at = _log_place(low, high) if kind == "times" else _place(low, high)
    step = (WIDTH - LEFT) / len(rows)
    drawn = "".join(_path(rows, verdict, at, step) for verdict in dict.fromkeys(rows["verdict"]))
    ticks = "".join(_tick(value, at, kind) for value in _ticks(low, high, kind))
    equal = at(1.0 if kind == "times" else 0.0)
    line = f'<line x1="{LEFT}" x2="{WIDTH}" y1="{equal:.1f}" y2="{equal:.1f}" stroke="var(--ink)"/>'
    title = f"Every device’s interval, sorted: {escape(where)}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT + LABEL_HEIGHT}" role="img" '
        f'aria-labelledby="{name}-title {name}-desc"><title id="{name}-title">{title}</title>'
        f'<desc id="{name}-desc">{_description(rows)}</desc>{ticks}{line}{drawn}{_labels(kind)}</svg>'
    )


def _labels(kind: str) -> str:
    look = 'text-anchor="middle" font-size="11" fill="var(--muted)"'
    middle = f'x="{(LEFT + WIDTH) / 2:.0f}" y="{HEIGHT + 12}"'
    return (
        f"<text {middle} {look}>devices, in the order of their estimates</text>"
        f'<text transform="translate(9,{HEIGHT / 2:.0f}) rotate(-90)" {look}>{MEASURES[kind]}</text>'
    )


def _path(rows: pd.DataFrame, verdict: str, at: Place, step: float) -> str:
    """Upright lines from the low to the high end of each interval, and a dot at each estimate."""
    places = np.flatnonzero(rows["verdict"].to_numpy() == verdict)
    low, high, middle = (rows[column].to_numpy(dtype="float64") for column in ("low", "high", "estimate"))
    lines, dots = [], []
    for place in places:
        x = f"{LEFT + (place + 0.5) * step:.1f}"
        if not np.isnan(low[place]):
            lines.append(f"M{x} {at(high[place]):.1f}V{at(low[place]):.1f}")
        dots.append(f"M{x} {at(middle[place]):.1f}h0")
    colour = COLOURS.get(Verdict(verdict), "var(--plain)")
    width = max(min(step * 0.6, 3), 0.4)
    return (
        f'<path d="{"".join(lines)}" stroke="{colour}" stroke-width="{width:.1f}" opacity=".5" fill="none"/>'
        f'<path d="{"".join(dots)}" stroke="{colour}" stroke-width="{max(width, 1.5):.1f}" '
        'stroke-linecap="round" fill="none"/>'
    )


def _range(rows: pd.DataFrame, kind: str) -> tuple[float, float]:
    ends = rows[["low", "high", "estimate"]].to_numpy(dtype="float64").ravel()
    ends = ends[np.isfinite(ends) & ((ends > 0) | (kind == "kills"))]
    equal = (0.5, 2.0) if kind == "times" else (-1.0, 1.0)
    return float(min([*ends, equal[0]])), float(max([*ends, equal[1]]))


def _place(low: float, high: float) -> Place:
    return lambda value: HEIGHT - 8 - (min(max(value, low), high) - low) / (high - low) * (HEIGHT - 16)


def _log_place(low: float, high: float) -> Place:
    inside = _place(math.log(low), math.log(high))
    return lambda value: inside(math.log(value) if value > 0 else math.log(low))


def _ticks(low: float, high: float, kind: str) -> list[float]:
    if kind == "times":
        powers = range(math.ceil(math.log2(low)), math.floor(math.log2(high)) + 1)
        return [2.0**power for power in powers][:: math.ceil(len(powers) / MOST_TICKS)]
    step = max(1, math.ceil((high - low) / MOST_TICKS))
    return [float(value) for value in range(math.ceil(low), math.floor(high) + 1) if value % step == 0]


def _tick(value: float, at: Place, kind: str) -> str:
    label = f"{value:g}x" if kind == "times" else (f"{value:+g}".replace("-", "−") if value else "0")
    y = at(value)
    text = f'x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end" font-size="11" fill="var(--muted)"'
    return (
        f'<line x1="{LEFT}" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}" stroke="var(--grid)"/>'
        f"<text {text}>{label}</text>"
    )


def _description(rows: pd.DataFrame) -> str:
    median = float(rows["estimate"].median())
    return f"{len(rows)} devices; the middle one is at {median:.3g}"
