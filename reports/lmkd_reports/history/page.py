"""The history as a page: one HTML file that needs nothing outside itself, and no JavaScript."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import jinja2
from markupsafe import Markup

from lmkd_reports.analysis.verdicts import Verdict
from lmkd_reports.gate.metrics import METRICS
from lmkd_reports.gate.metrics import Metric
from lmkd_reports.gate.words import place_name
from lmkd_reports.history import words
from lmkd_reports.history.changes import Changes
from lmkd_reports.history.changes import Judged
from lmkd_reports.history.figures import history_figure
from lmkd_reports.history.series import Build
from lmkd_reports.history.series import DeviceHistory
from lmkd_reports.history.series import History
from lmkd_reports.presentation.html import MARKS
from lmkd_reports.presentation.palette import Look
from lmkd_reports.presentation.palette import looks
from lmkd_reports.statistics.changepoints import FEWEST_ASIDE

MOST_FIGURES = 100
"""Of a page, those with a change first: more would take minutes and megabytes. Their tables are all there."""

MOST_OPEN = 12
"""Places on a page up to which all are unfolded; of more, those in which something changed."""


@dataclass(frozen=True, slots=True)
class Cell:
    """An arm's point in one build; ``change`` is the verdict of a change that begins there, or empty."""

    value: str
    spread: str
    values: int
    change: str


@dataclass(frozen=True, slots=True)
class Row:
    """A build, and each arm's point in it; None where the arm has none."""

    build: Build
    cells: list[Cell | None]


@dataclass(frozen=True, slots=True)
class MetricView:
    """One metric in one place: a figure (safe SVG, or empty) and all its numbers."""

    metric: Metric
    typical: str
    whiskers: str
    counted: str
    judged: list[Judged]
    rows: list[Row]
    figure: Markup


@dataclass(frozen=True, slots=True)
class PlaceView:
    """A stratum or situation; ``opened`` unfolds it."""

    name: str
    tally: str
    opened: bool
    metrics: list[MetricView]


@dataclass(frozen=True, slots=True)
class DeviceView:
    device: DeviceHistory
    tally: str
    untested: list[str]
    places: list[PlaceView]


def render_page(history: History, changes: Changes) -> str:
    """The whole page. Everything that came from a device is escaped by jinja2 or ElementTree."""
    arms = looks(list(dict.fromkeys(one.series.arm for one in changes.judged)))
    drawn = _drawn(changes)
    views = [_device(number, device, changes, arms, drawn) for number, device in enumerate(history.devices)]
    template = _environment().get_template("history.html.j2")
    page: str = template.render(
        history=history,
        changes=changes,
        devices=views,
        looks=arms,
        marks=MARKS,
        sentence=words.sentence,
        p_value=words.p_value,
        utc=words.utc,
        fewest_aside=FEWEST_ASIDE,
        figures_left_out=any(
            not metric.figure for view in views for place in view.places for metric in place.metrics
        ),
    )
    return page


def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.ChoiceLoader(
            [jinja2.PackageLoader("lmkd_reports.history"), jinja2.PackageLoader("lmkd_reports.presentation")]
        ),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


Group = tuple[str, str, str]
"""Device, name of the place, metric: what is in one figure."""


def _group(one: Judged) -> Group:
    return one.series.device, place_name(one.series.place), one.series.metric.name


def _drawn(changes: Changes) -> set[Group]:
    groups = dict.fromkeys(_group(one) for one in sorted(changes.judged, key=lambda one: not one.changes))
    return set(list(groups)[:MOST_FIGURES])


def _device(
    number: int, device: DeviceHistory, changes: Changes, arms: Mapping[str, Look], drawn: set[Group]
) -> DeviceView:
    judged = [one for one in changes.judged if one.series.device == device.name]
    by_place: dict[object, list[Judged]] = {}
    for one in judged:
        by_place.setdefault(one.series.place, []).append(one)
    all_open = len({(one.series.device, one.series.place) for one in changes.judged}) <= MOST_OPEN
    places = [
        _place(f"d{number}p{place}", device, found, arms, drawn, all_open=all_open)
        for place, found in enumerate(by_place.values())
    ]
    return DeviceView(device, words.tally(judged), words.untested(judged), places)


def _place(
    name: str,
    device: DeviceHistory,
    judged: Sequence[Judged],
    arms: Mapping[str, Look],
    drawn: set[Group],
    *,
    all_open: bool,
) -> PlaceView:
    order = list(METRICS)
    by_metric = sorted(judged, key=lambda one: order.index(one.series.metric.name))
    metrics = [
        _metric(f"{name}-{metric}", device, list(found), arms, drawn)
        for metric, found in groupby(by_metric, lambda one: one.series.metric.name)
    ]
    opened = all_open or any(one.changes for one in judged)
    return PlaceView(place_name(judged[0].series.place), words.tally(judged), opened, metrics)


def _metric(
    name: str, device: DeviceHistory, judged: list[Judged], arms: Mapping[str, Look], drawn: set[Group]
) -> MetricView:
    metric = judged[0].series.metric
    builds = len(device.builds)
    title = f"{metric.name} over {builds} builds: {place_name(judged[0].series.place)}"
    wanted = _group(judged[0]) in drawn
    figure = history_figure(judged, builds, arms, name, title) if wanted else ""
    return MetricView(
        metric,
        words.TYPICAL[metric.kind],
        words.WHISKERS[metric.kind],
        f"{metric.of}s",
        judged,
        list(_rows(device, judged)),
        Markup(figure),  # noqa: S704 - made by vl-convert and ElementTree
    )


def _rows(device: DeviceHistory, judged: Sequence[Judged]) -> Iterator[Row]:
    cells = [_cells(one) for one in judged]
    for build in device.builds:
        yield Row(build, [of_arm.get(build.number) for of_arm in cells])


def _cells(one: Judged) -> dict[int, Cell]:
    """By the build's number."""
    metric = one.series.metric
    changed: dict[int, Verdict] = {change.after.first.number: change.verdict for change in one.changes}
    return {
        point.build.number: Cell(
            words.number(metric.kind, point.measure.value),
            words.spread(metric, point.measure),
            point.measure.values,
            changed.get(point.build.number, ""),
        )
        for point in one.series.points
    }
