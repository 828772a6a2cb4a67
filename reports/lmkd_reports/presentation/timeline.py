"""The figure of one pressure episode: free memory and demand over time, and below them each kill.

A kill is a mark at its decision and a bar to the moment when its memory was back; an arrow where it never
was. As in the other figures Vega sees numbers only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt
import pandas as pd

from lmkd_core.records.episode import EpisodeRecord
from lmkd_core.records.episode import KillRecord
from lmkd_reports.format import units
from lmkd_reports.presentation.figures import WIDTH
from lmkd_reports.presentation.figures import render
from lmkd_reports.presentation.kills import episode_title

MEMORY_HEIGHT = 110
KILL_HEIGHT = 11
MOST_POINTS = 300
"""Of the curve, as many as a figure of this width can show."""

DEMAND, THRESHOLD = "var(--muted)", "var(--ink)"
NEEDED, EXTRA = "var(--plain)", "var(--worse)"

Layers = alt.LayerChart | alt.FacetChart
"""Altair's type of layers laid over each other; ours are never facets."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The common axes of one block's figures, so that they can be compared by eye."""

    end_ms: float
    top_mb: float
    kills: int

    @classmethod
    def over(cls, episodes: Sequence[EpisodeRecord]) -> Frame:
        sizes_kb = [max(point[1], point[3]) for episode in episodes for point in episode.curve]
        return cls(
            end_ms=max((episode.duration_ns or 0) for episode in episodes) / units.NS_PER_MS,
            top_mb=max(sizes_kb, default=0) / units.KB_PER_MB,
            kills=max(len(episode.kills) for episode in episodes),
        )

    @property
    def time(self) -> alt.Scale:
        return alt.Scale(domain=[0, self.end_ms], nice=False)


def timeline_figure(episode: EpisodeRecord, frame: Frame, colour: str, name: str) -> str:
    """The episode, its free memory in ``colour``; empty when it has no curve or no length."""
    if not episode.curve or episode.threshold_kb is None or frame.end_ms <= 0 or frame.top_mb <= 0:
        return ""
    charts = [_memory(episode, episode.threshold_kb, frame, colour)]
    if episode.kills:
        charts.append(_kills(episode, frame))
    of_arm = episode_title(episode.arm, unstalled=episode.is_unstalled)
    title = f"Free memory, demand and kills over time: {episode.scenario}, {of_arm}"
    return render(alt.vconcat(*charts, spacing=6), name, title, describe(episode))


def describe(episode: EpisodeRecord) -> str:
    """The figure in a few words, for screen readers too."""
    beyond = f", {episode.kills_extra} beyond the replay's need" if episode.kills_extra else ""
    kills, _, memory = describe_kills(episode).partition("; ")
    return f"{kills}{beyond}; {memory}" if memory else kills


def describe_kills(episode: EpisodeRecord) -> str:
    """``9 kills; memory of 3 not back by the end``."""
    if not episode.kills:
        return "no kills"
    late = sum(not _is_back(kill, episode) for kill in episode.kills)
    memory = f"memory of {late} not back" if late else "all memory back"
    return f"{units.count(len(episode.kills), 'kill')}; {memory} by the end"


def _is_back(kill: KillRecord, episode: EpisodeRecord) -> bool:
    return kill.freed_ns is not None and kill.freed_ns <= (episode.duration_ns or 0)


def _memory_frame(episode: EpisodeRecord, end_ms: float) -> pd.DataFrame:
    points = [point for point in episode.curve if 0 <= point[0] / 1000 <= end_ms]
    step = max(1, len(points) // MOST_POINTS)
    rows = [
        {"ms": at_us / 1000, "free": free_kb / units.KB_PER_MB, "demand": demand_kb / units.KB_PER_MB}
        for at_us, free_kb, _, demand_kb in points[::step]
    ]
    return pd.DataFrame(rows, columns=["ms", "free", "demand"])


def _memory(episode: EpisodeRecord, threshold_kb: int, frame: Frame, colour: str) -> Layers:
    axis = alt.Axis(labels=not episode.kills, tickCount=6)
    x = alt.X("ms:Q", title=None, scale=frame.time, axis=axis)
    scale = alt.Scale(domain=[0, frame.top_mb], nice=True)
    y = alt.Y("free:Q", title="MB", axis=alt.Axis(tickCount=4), scale=scale)
    base = alt.Chart(_memory_frame(episode, frame.end_ms)).encode(x=x)
    free = base.mark_line(color=colour, strokeWidth=1.75).encode(y=y)
    demand = base.mark_line(color=DEMAND, strokeDash=[3, 3], strokeWidth=1.25).encode(y="demand:Q")
    level = pd.DataFrame({"free": [threshold_kb / units.KB_PER_MB]})
    threshold = alt.Chart(level).mark_rule(color=THRESHOLD, strokeWidth=0.75).encode(y="free:Q")
    return alt.layer(demand, threshold, free, width=WIDTH, height=MEMORY_HEIGHT)


def _kill_rows(episode: EpisodeRecord) -> list[dict[str, float]]:
    end_ns = episode.duration_ns or 0
    return [
        {
            "number": number,
            "from": kill.decided_ns / units.NS_PER_MS,
            "to": (min(kill.freed_ns, end_ns) if kill.freed_ns is not None else end_ns) / units.NS_PER_MS,
            "extra": int(kill.extra),
            "open": int(not _is_back(kill, episode)),
        }
        for number, kill in enumerate(episode.kills, start=1)
    ]


def _kills(episode: EpisodeRecord, frame: Frame) -> Layers:
    kills = pd.DataFrame(_kill_rows(episode))
    x = alt.X("from:Q", title="ms since the demand began", scale=frame.time, axis=alt.Axis(tickCount=6))
    rows = alt.Scale(domain=list(range(1, frame.kills + 1)))
    y = alt.Y("number:O", title=None, scale=rows, axis=alt.Axis(labels=False, ticks=False, domain=False))
    kinds = alt.Scale(domain=[0, 1], range=[NEEDED, EXTRA])
    base = alt.Chart(kills).encode(x=x, y=y, color=alt.Color("extra:O", legend=None, scale=kinds))
    bars = base.mark_rule(strokeWidth=3, opacity=0.55).encode(x2="to:Q")
    shapes = alt.Scale(domain=[0, 1], range=["circle", "diamond"])
    marks = base.mark_point(filled=True, opacity=1, size=45).encode(
        shape=alt.Shape("extra:O", legend=None, scale=shapes)
    )
    arrows = (
        base.transform_filter("datum.open == 1")
        .mark_point(filled=True, opacity=1, size=40, shape="triangle-right")
        .encode(x=alt.X("to:Q", scale=frame.time))
    )
    return alt.layer(bars, marks, arrows, width=WIDTH, height=KILL_HEIGHT * (frame.kills + 1))
