"""One stratum of pressure on the page: its tables and its figures."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from lmkd_core.records.episode import EpisodeRecord
from lmkd_reports.analysis.model import DeviceResult
from lmkd_reports.analysis.pressure import PressureArm
from lmkd_reports.analysis.pressure import PressureResult
from lmkd_reports.format.names import situation_details
from lmkd_reports.format.names import situation_name
from lmkd_reports.presentation import kills
from lmkd_reports.presentation.context import Context
from lmkd_reports.presentation.detail import chosen
from lmkd_reports.presentation.palette import Look
from lmkd_reports.presentation.timeline import Frame
from lmkd_reports.presentation.timeline import describe
from lmkd_reports.presentation.timeline import timeline_figure

Panel = tuple[str, str, str, Markup]
"""An arm, the title of its episode, the figure in words, and safe SVG."""


@dataclass(frozen=True, slots=True)
class PressureView:
    """One situation of pressure; ``place`` is its id on the page."""

    place: str
    result: PressureResult
    name: str
    details: str
    title: str
    expectation: str
    drawn: bool
    figures: list[Panel]
    rows: list[tuple[str, PressureArm]]


def pressure_views(device: DeviceResult, number: int, context: Context) -> list[PressureView]:
    drawn = chosen(device.pressure, context.detail.timelines)
    return [
        _pressure(result, context.looks, f"d{number}p{place}", drawn=place in drawn)
        for place, result in enumerate(device.pressure)
    ]


def _pressure(result: PressureResult, looks: dict[str, Look], place: str, *, drawn: bool) -> PressureView:
    situation = result.situation
    return PressureView(
        place=place,
        result=result,
        name=situation_name(situation),
        details=situation_details(situation),
        title=kills.title(situation),
        expectation=kills.expectation(situation),
        drawn=drawn,
        figures=panels_of(result.shown, looks, place) if drawn else [],
        rows=kills.rows(result),
    )


def panels_of(
    episodes: Sequence[EpisodeRecord],
    looks: dict[str, Look],
    place: str,
    words: Callable[[EpisodeRecord], str] = describe,
) -> list[Panel]:
    """The episodes on common axes, each described in ``words``; those that can be drawn."""
    if not episodes:
        return []
    frame = Frame.over(episodes)
    drawn = [
        (episode, timeline_figure(episode, frame, looks[episode.arm].colour, f"{place}t{number}"))
        for number, episode in enumerate(episodes)
    ]
    return [
        (
            episode.arm,
            kills.episode_title(episode.arm, unstalled=episode.is_unstalled),
            words(episode),
            Markup(svg),  # noqa: S704 - our own SVG, escaped
        )
        for episode, svg in drawn
        if svg
    ]
