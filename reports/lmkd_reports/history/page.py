"""The history as a page: one HTML file that needs nothing outside itself, and no JavaScript."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from markupsafe import Markup

from lmkd_core.statistics.changepoints import FEWEST_ASIDE
from lmkd_reports.analysis.verdicts import Verdict
from lmkd_reports.format.names import place_name
from lmkd_reports.history import words
from lmkd_reports.history.changes import Changes
from lmkd_reports.history.changes import Judged
from lmkd_reports.history.figures import history_figure
from lmkd_reports.history.series import Build
from lmkd_reports.history.series import DeviceHistory
from lmkd_reports.history.series import History
from lmkd_reports.metrics.cells import Place
from lmkd_reports.metrics.metrics import METRICS
from lmkd_reports.metrics.metrics import Metric
from lmkd_reports.presentation.jinja import environment
from lmkd_reports.presentation.marks import MARKS
from lmkd_reports.presentation.palette import Look
from lmkd_reports.presentation.palette import looks

MOST_FIGURE_BYTES = 1_200_000
"""Figures are drawn up to here, those with a change first: a page should fit in a mail. Tables always are."""

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
    figures = _figures(history, changes, arms)
    views = [_device(device, changes, figures) for device in history.devices]
    template = environment("lmkd_reports.history").get_template("history.html.j2")
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
        figures_left_out=len(figures) < len(_groups(changes)),
    )
    return page


Group = tuple[str, Place, str]
"""Device, place and metric: what is in one figure."""


def _group(one: Judged) -> Group:
    return one.series.device, one.series.place, one.series.metric.name


def _groups(changes: Changes) -> dict[Group, list[Judged]]:
    """The arms' series of each figure; those in which something changed come first."""
    groups: dict[Group, list[Judged]] = {}
    for one in changes.judged:
        groups.setdefault(_group(one), []).append(one)
    by_change = sorted(groups, key=lambda group: not any(one.changes for one in groups[group]))
    return {group: groups[group] for group in by_change}


def _figures(history: History, changes: Changes, arms: Mapping[str, Look]) -> dict[Group, Markup]:
    """As many as there is room for."""
    builds = {device.name: len(device.builds) for device in history.devices}
    figures: dict[Group, Markup] = {}
    size = 0
    for number, (group, judged) in enumerate(_groups(changes).items()):
        device, place, metric = group
        title = f"{metric} over {builds[device]} builds: {place_name(place)}"
        figure = history_figure(judged, builds[device], arms, f"figure-{number}", title)
        size += len(figure)
        if size > MOST_FIGURE_BYTES:
            break
        figures[group] = Markup(figure)  # noqa: S704 - our own SVG, escaped
    return figures


def _device(device: DeviceHistory, changes: Changes, figures: Mapping[Group, Markup]) -> DeviceView:
    judged = [one for one in changes.judged if one.series.device == device.name]
    by_place: dict[Place, list[Judged]] = {}
    for one in judged:
        by_place.setdefault(one.series.place, []).append(one)
    all_open = len({(one.series.device, one.series.place) for one in changes.judged}) <= MOST_OPEN
    places = [_place(device, found, figures, all_open=all_open) for found in by_place.values()]
    return DeviceView(device, words.tally(judged), words.untested(judged), places)


def _place(
    device: DeviceHistory, judged: Sequence[Judged], figures: Mapping[Group, Markup], *, all_open: bool
) -> PlaceView:
    order = list(METRICS)
    by_metric = sorted(judged, key=lambda one: order.index(one.series.metric.name))
    metrics = [
        _metric(device, list(found), figures)
        for _, found in groupby(by_metric, lambda one: one.series.metric.name)
    ]
    opened = all_open or any(one.changes for one in judged)
    return PlaceView(place_name(judged[0].series.place), words.tally(judged), opened, metrics)


def _metric(device: DeviceHistory, judged: list[Judged], figures: Mapping[Group, Markup]) -> MetricView:
    metric = judged[0].series.metric
    return MetricView(
        metric=metric,
        typical=metric.kind.typical_name,
        whiskers=metric.kind.spread_name,
        counted=f"{metric.of}s",
        judged=judged,
        rows=list(_rows(device, judged)),
        figure=figures.get(_group(judged[0]), Markup("")),
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
            metric.kind.text(point.measure.value),
            words.spread(metric, point.measure),
            point.measure.values,
            changed.get(point.build.number, ""),
        )
        for point in one.series.points
    }
