"""Renders the history as one HTML file without external resources or JavaScript."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from lmkd_core.statistics.changepoints import FEWEST_ASIDE
from lmkd_core.statistics.changepoints import HIGHEST_CORRELATION
from lmkd_core.statistics.changepoints import LEVEL
from lmkd_core.statistics.changepoints import fewest_values
from lmkd_reports.format.names import place_name
from lmkd_reports.history import words
from lmkd_reports.history.changes import Changes
from lmkd_reports.history.changes import SeriesResult
from lmkd_reports.history.figures import history_figure
from lmkd_reports.history.series import Build
from lmkd_reports.history.series import DeviceHistory
from lmkd_reports.history.series import History
from lmkd_reports.history.series import Series
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

    ``change`` is the label of a change that begins here, or empty.
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
    name: str
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
    dependence: str
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
        headline=words.headline,
        details=words.details,
        place_of=_places_of(changes),
        p_value=words.p_value,
        utc=words.utc,
        fewest_aside=FEWEST_ASIDE,
        highest_correlation=HIGHEST_CORRELATION,
        fewest=lambda series: fewest_values(LEVEL / series),
        figures_left_out=len(figures) < len(_groups(changes)),
    )
    return page


Group = tuple[str, Place, str, bool]
"""The device, place and metric of one figure, and whether it shows the arms' own values."""


def _group(result: SeriesResult) -> Group:
    return _group_of(result.series)


def _group_of(series: Series) -> Group:
    return series.device, series.place, series.metric.name, not series.baseline


def _places_of(changes: Changes) -> Callable[[Series], str]:
    """The id of the part of the page that shows a series."""
    numbers = {group: number for number, group in enumerate(_groups(changes))}
    return lambda series: f"metric-{numbers[_group_of(series)]}"


def _groups(changes: Changes) -> dict[Group, list[SeriesResult]]:
    """The arms' series of each figure; figures with a change come first, then relative values."""
    groups: dict[Group, list[SeriesResult]] = {}
    for result in changes.results:
        groups.setdefault(_group(result), []).append(result)
    by_change = sorted(
        groups, key=lambda group: (not any(result.changes for result in groups[group]), group[-1])
    )
    return {group: groups[group] for group in by_change}


def _figures(history: History, changes: Changes, arms: Mapping[str, Look]) -> dict[Group, Markup]:
    """Draws figures up to ``MOST_FIGURE_BYTES``."""
    builds = {device.name: len(device.builds) for device in history.devices}
    figures: dict[Group, Markup] = {}
    size = 0
    for number, (group, results) in enumerate(_groups(changes).items()):
        device, place, metric, is_own = group
        what = metric if is_own else f"{metric} relative to {results[0].series.baseline}"
        title = f"{what} over {builds[device]} builds: {place_name(place)}"
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
    judged = [result for result in results if result.series.is_judged]
    untested = words.untested(judged)
    return DeviceView(device, words.tally(judged), untested, words.dependence(judged), places)


def _place(
    device: DeviceHistory, results: Sequence[SeriesResult], figures: Mapping[Group, Markup], *, all_open: bool
) -> PlaceView:
    order = list(METRICS)
    groups: dict[Group, list[SeriesResult]] = {}
    for result in sorted(results, key=lambda result: order.index(result.series.metric.name)):
        groups.setdefault(_group(result), []).append(result)
    metrics = [_metric(device, groups[group], figures) for group in sorted(groups, key=_shown_order(order))]
    opened = all_open or any(result.changes for result in results)
    judged = [result for result in results if result.series.is_judged]
    return PlaceView(place_name(results[0].series.place), words.tally(judged), opened, metrics)


def _shown_order(metrics: Sequence[str]) -> Callable[[Group], tuple[int, bool]]:
    """Metrics in their order; of each, the relative values first."""
    return lambda group: (metrics.index(group[2]), group[3])


def _metric(
    device: DeviceHistory, results: list[SeriesResult], figures: Mapping[Group, Markup]
) -> MetricView:
    metric = results[0].series.metric
    return MetricView(
        metric=metric,
        name=words.figure_name(results[0].series),
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
    changed = {change.after.first.number: change.label for change in result.changes}
    return {
        point.build.number: Cell(
            metric.kind.text(point.measure.value),
            words.spread(metric, point.measure),
            point.measure.values,
            changed.get(point.build.number, ""),
        )
        for point in result.series.points
    }
