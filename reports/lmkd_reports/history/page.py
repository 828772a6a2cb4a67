"""Renders the history as one HTML file without external resources or JavaScript."""

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
from lmkd_reports.history.changes import SeriesResult
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
"""Limit of all figures together, so that the page fits in a mail; figures with a change are drawn first."""

MOST_OPEN = 12
"""Up to this number of places, all are unfolded; beyond it, only those with a change."""


@dataclass(frozen=True, slots=True)
class Cell:
    """An arm's point in one build, from so many ``values`` (trials, calls or episodes).

    ``change`` is the verdict of a change that begins here, or empty.
    """

    value: str
    spread: str
    values: int
    change: str


@dataclass(frozen=True, slots=True)
class Row:
    """A build and the point of each arm in it, or None."""

    build: Build
    cells: list[Cell | None]


@dataclass(frozen=True, slots=True)
class MetricView:
    """One metric in one place: its figure (safe SVG, or empty) and all its numbers."""

    metric: Metric
    typical: str
    whiskers: str
    counted: str
    results: list[SeriesResult]
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
    """Returns the HTML. Jinja2 or ElementTree escapes all text that came from a device."""
    arms = looks(list(dict.fromkeys(result.series.arm for result in changes.results)))
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
"""The device, place and metric of one figure."""


def _group(result: SeriesResult) -> Group:
    return result.series.device, result.series.place, result.series.metric.name


def _groups(changes: Changes) -> dict[Group, list[SeriesResult]]:
    """The arms' series of each figure; figures with a change come first."""
    groups: dict[Group, list[SeriesResult]] = {}
    for result in changes.results:
        groups.setdefault(_group(result), []).append(result)
    by_change = sorted(groups, key=lambda group: not any(result.changes for result in groups[group]))
    return {group: groups[group] for group in by_change}


def _figures(history: History, changes: Changes, arms: Mapping[str, Look]) -> dict[Group, Markup]:
    """Draws figures up to ``MOST_FIGURE_BYTES``."""
    builds = {device.name: len(device.builds) for device in history.devices}
    figures: dict[Group, Markup] = {}
    size = 0
    for number, (group, results) in enumerate(_groups(changes).items()):
        device, place, metric = group
        title = f"{metric} over {builds[device]} builds: {place_name(place)}"
        figure = history_figure(results, builds[device], arms, f"figure-{number}", title)
        size += len(figure)
        if size > MOST_FIGURE_BYTES:
            break
        figures[group] = Markup(figure)  # noqa: S704 - our own SVG, escaped
    return figures


def _device(device: DeviceHistory, changes: Changes, figures: Mapping[Group, Markup]) -> DeviceView:
    results = [result for result in changes.results if result.series.device == device.name]
    by_place: dict[Place, list[SeriesResult]] = {}
    for result in results:
        by_place.setdefault(result.series.place, []).append(result)
    all_open = len({(result.series.device, result.series.place) for result in changes.results}) <= MOST_OPEN
    places = [_place(device, in_place, figures, all_open=all_open) for in_place in by_place.values()]
    return DeviceView(device, words.tally(results), words.untested(results), places)


def _place(
    device: DeviceHistory, results: Sequence[SeriesResult], figures: Mapping[Group, Markup], *, all_open: bool
) -> PlaceView:
    order = list(METRICS)
    by_metric = sorted(results, key=lambda result: order.index(result.series.metric.name))
    metrics = [
        _metric(device, list(metric_results), figures)
        for _, metric_results in groupby(by_metric, lambda result: result.series.metric.name)
    ]
    opened = all_open or any(result.changes for result in results)
    return PlaceView(place_name(results[0].series.place), words.tally(results), opened, metrics)


def _metric(
    device: DeviceHistory, results: list[SeriesResult], figures: Mapping[Group, Markup]
) -> MetricView:
    metric = results[0].series.metric
    return MetricView(
        metric=metric,
        typical=metric.kind.typical_name,
        whiskers=metric.kind.spread_name,
        counted=f"{metric.of}s",
        results=results,
        rows=list(_rows(device, results)),
        figure=figures.get(_group(results[0]), Markup("")),
    )


def _rows(device: DeviceHistory, results: Sequence[SeriesResult]) -> Iterator[Row]:
    cells = [_cells(result) for result in results]
    for build in device.builds:
        yield Row(build, [arm_cells.get(build.number) for arm_cells in cells])


def _cells(result: SeriesResult) -> dict[int, Cell]:
    """The cells of one arm by the number of the build."""
    metric = result.series.metric
    changed: dict[int, Verdict] = {change.after.first.number: change.verdict for change in result.changes}
    return {
        point.build.number: Cell(
            metric.kind.text(point.measure.value),
            words.spread(metric, point.measure),
            point.measure.values,
            changed.get(point.build.number, ""),
        )
        for point in result.series.points
    }
