"""The figure of one pressure episode: free memory and demand over time, and below them each kill.

A kill is a mark at its decision and a bar to the moment when its memory was back. As in the other figures
Vega sees numbers only.
"""

from __future__ import annotations

import altair as alt
import pandas as pd

from lmkd_reports.presentation import units
from lmkd_reports.presentation.figures import WIDTH
from lmkd_reports.presentation.figures import render
from pytest_lmkd.wire import EpisodeRecord
from pytest_lmkd.wire import KillRecord

MEMORY_HEIGHT = 110
KILL_HEIGHT = 11
MOST_POINTS = 300
"""Of the curve, as many as a figure of this width can show."""

FREE, DEMAND, THRESHOLD = "var(--arm-2)", "var(--muted)", "var(--worse)"
Layers = alt.LayerChart | alt.FacetChart
"""What Altair calls layers laid over each other; ours are never facets."""

NEEDED, EXTRA = "var(--plain)", "var(--worse)"


def timeline_figure(episode: EpisodeRecord, end_ms: float, name: str) -> str:
    """The episode up to ``end_ms``; empty when it has no curve."""
    memory = _memory_frame(episode, end_ms)
    if memory.empty or episode.threshold_kb is None:
        return ""
    x_axis = alt.Scale(domain=[0, end_ms], nice=False)
    charts = [_memory(memory, episode.threshold_kb, x_axis)]
    if episode.kills:
        charts.append(_kills(episode, end_ms, x_axis))
    chart = alt.vconcat(*charts, spacing=6)
    title = f"Free memory, demand and kills over time: {episode.scenario}, {episode.arm}"
    return render(chart, name, title, describe(episode))


def describe(episode: EpisodeRecord) -> str:
    """The figure in a sentence, for who cannot see it."""
    late = [kill for kill in episode.kills if not _is_back(kill, episode)]
    return (
        f"{units.count(episode.kills_total, 'kill')}, {episode.kills_extra} of them extra; "
        f"the memory of {len(late)} was not back before the demand ended"
    )


def end_of(episodes: tuple[EpisodeRecord, ...]) -> float:
    """Where a common time axis ends, in ms."""
    return max((one.duration_ns or 0) for one in episodes) / units.NS_PER_MS


def _is_back(kill: KillRecord, episode: EpisodeRecord) -> bool:
    return kill.freed_ns is not None and kill.freed_ns <= (episode.duration_ns or 0)


def _memory_frame(episode: EpisodeRecord, end_ms: float) -> pd.DataFrame:
    points = [point for point in episode.curve if 0 <= point[0] / 1000 <= end_ms]
    step = max(1, len(points) // MOST_POINTS)
    rows = [
        {"ms": at_us / 1000, "free": free_kb / units.KB_PER_MB, "demand": demand_kb / units.KB_PER_MB}
        for at_us, free_kb, _, demand_kb in points[::step]
    ]
    return pd.DataFrame(rows)


def _memory(memory: pd.DataFrame, threshold_kb: int, x_scale: alt.Scale) -> Layers:
    x = alt.X("ms:Q", title=None, scale=x_scale, axis=alt.Axis(labels=False, tickCount=6))
    y = alt.Y("free:Q", title="MB", axis=alt.Axis(tickCount=4), scale=alt.Scale(zero=True))
    base = alt.Chart(memory).encode(x=x)
    free = base.mark_line(color=FREE, strokeWidth=1.75).encode(y=y)
    demand = base.mark_line(color=DEMAND, strokeDash=[3, 3], strokeWidth=1.25).encode(y="demand:Q")
    level = pd.DataFrame({"free": [threshold_kb / units.KB_PER_MB]})
    threshold = alt.Chart(level).mark_rule(color=THRESHOLD, strokeWidth=1).encode(y="free:Q")
    return alt.layer(demand, free, threshold, width=WIDTH, height=MEMORY_HEIGHT)


def _kill_rows(episode: EpisodeRecord, end_ms: float) -> list[dict[str, float]]:
    return [
        {
            "number": number,
            "from": kill.decided_ns / units.NS_PER_MS,
            "to": kill.freed_ns / units.NS_PER_MS if kill.freed_ns and _is_back(kill, episode) else end_ms,
            "extra": int(kill.extra),
        }
        for number, kill in enumerate(episode.kills, start=1)
    ]


def _kills(episode: EpisodeRecord, end_ms: float, x_scale: alt.Scale) -> Layers:
    frame = pd.DataFrame(_kill_rows(episode, end_ms))
    x = alt.X("from:Q", title="ms since the demand began", scale=x_scale, axis=alt.Axis(tickCount=6))
    y = alt.Y("number:O", title=None, axis=alt.Axis(labels=False, ticks=False, domain=False))
    kinds = alt.Scale(domain=[0, 1], range=[NEEDED, EXTRA])
    base = alt.Chart(frame).encode(x=x, y=y, color=alt.Color("extra:O", legend=None, scale=kinds))
    bars = base.mark_rule(strokeWidth=3, opacity=0.55).encode(x2="to:Q")
    shapes = alt.Scale(domain=[0, 1], range=["circle", "diamond"])
    marks = base.mark_point(filled=True, opacity=1, size=45).encode(
        shape=alt.Shape("extra:O", legend=None, scale=shapes)
    )
    height = KILL_HEIGHT * len(frame) + KILL_HEIGHT
    return alt.layer(bars, marks, width=WIDTH, height=height)
