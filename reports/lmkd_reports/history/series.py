"""Loads a folder of results directories as series: each metric of each arm in each place over the builds.

An arm has two series of a metric: its values relative to the baseline arm of the same run, and its own.

It reads one run at a time and keeps only a few numbers of each, so memory does not grow with the length of
the history. A run without a known time is left out and listed with the reason.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from datetime import UTC
from datetime import datetime
from pathlib import Path

from lmkd_core.base.errors import UsageProblem
from lmkd_core.base.errors import error_text
from lmkd_core.records.device import DeviceRecord
from lmkd_core.records.kernel import kernel_name
from lmkd_core.records.reading import EVERYTHING
from lmkd_core.records.reading import Reading
from lmkd_core.records.reading import is_run
from lmkd_core.records.run import RunInfo
from lmkd_core.records.run import run_names
from lmkd_core.statistics.bounds import Bounds
from lmkd_reports.analysis.frames import Run
from lmkd_reports.analysis.frames import load_run
from lmkd_reports.metrics.cells import Cells
from lmkd_reports.metrics.cells import Place
from lmkd_reports.metrics.cells import cells_of
from lmkd_reports.metrics.kinds import Kind
from lmkd_reports.metrics.kinds import Sample
from lmkd_reports.metrics.metrics import METRICS
from lmkd_reports.metrics.metrics import Metric
from lmkd_reports.metrics.relative import RELATIVE_METRICS
from lmkd_reports.metrics.relative import relative_cells

SHOWN = ("reclaim_90", "esrch", "kills_total", "kills_extra")
"""The metrics of a history."""

DEEPEST = 3
"""Depth of the search for runs, in levels below the named folder."""


@dataclass(frozen=True, slots=True)
class Build:
    """One run as a build of one device.

    ``number`` counts the builds of the device from 1, oldest first; ``kernel`` names it and the personality,
    ``run`` the run.
    """

    number: int
    kernel: str
    run: str
    started: datetime


@dataclass(frozen=True, slots=True)
class Measure:
    """A metric in one run: the median (ns), mean or share of ``values`` values.

    ``low`` and ``high`` are the quartiles of the values, or the 95 % interval of a share.
    """

    value: Bounds
    low: Bounds
    high: Bounds
    values: int


@dataclass(frozen=True, slots=True)
class Point:
    """The measure of one metric in one build.

    A build without a value has no point.
    """

    build: Build
    measure: Measure


@dataclass(frozen=True, slots=True)
class Series:
    """One metric of one arm in one place on one device.

    ``points`` has the builds with a value, oldest first. ``baseline`` is the arm of the same runs that the
    values are relative to; empty for an arm's own values. ``is_judged``: its changes are reported; an arm's
    own values are judged only if it is the baseline arm, or has none to be relative to.
    """

    device: str
    place: Place
    arm: str
    metric: Metric
    points: tuple[Point, ...]
    baseline: str = ""
    is_judged: bool = True


@dataclass(frozen=True, slots=True)
class DeviceHistory:
    """One device with its builds, oldest first.

    ``series`` is in the order of the first build of each.
    """

    name: str
    builds: tuple[Build, ...]
    series: tuple[Series, ...]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A results directory, or a line of one, outside the history.

    ``file`` is relative to the folder, with ``:LINE`` if there is a line.
    """

    file: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file}: {self.reason}"


@dataclass(frozen=True, slots=True)
class History:
    """All devices of a folder of runs.

    ``name`` is the folder's name, and ``runs`` is the number of runs used.
    """

    name: str
    runs: int
    devices: tuple[DeviceHistory, ...]
    left_out: tuple[LeftOut, ...]


_Key = tuple[Place, str, str, str]
"""The place, the arm, the name of the metric, and the baseline arm or an empty name."""


@dataclass(frozen=True, slots=True)
class _Summary:
    """The part of a run that is kept.

    ``kernels`` are those of its builds, by device; so are ``measures``.
    """

    folder: str
    info: RunInfo
    started: datetime
    kernels: Mapping[str, str]
    measures: Mapping[str, Mapping[_Key, Measure]]


class _Unusable(Exception):
    """The run is not part of the history; the message is the reason."""


@dataclass(slots=True)
class _Collected:
    """The runs read so far; ``problems`` are unusable lines of runs that are used."""

    summaries: dict[str, _Summary] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)
    problems: list[LeftOut] = field(default_factory=list)


def load_history(folder: Path, reading: Reading = EVERYTHING) -> History:
    """Loads every run below ``folder``, in the order of their starts.

    Raises:
        UsageProblem: the folder is missing, has no usable run, or none of a wanted device.
    """
    if not folder.is_dir():
        raise UsageProblem(f"--history {folder}: no such folder")
    collected = _Collected()
    for run_dir in _run_dirs(folder, collected.left_out):
        _add(collected, run_dir, str(run_dir.relative_to(folder)), reading)
    _check(folder, collected, reading)
    summaries = sorted(
        collected.summaries.values(), key=lambda summary: (summary.started, summary.info.run_id)
    )
    left_out = [_masked(entry, reading) for entry in (*collected.left_out, *collected.problems)]
    return History(folder.resolve().name, len(summaries), tuple(_devices(summaries)), tuple(left_out))


def _run_dirs(folder: Path, left_out: list[LeftOut]) -> list[Path]:
    """Returns the results directories; a child of ``folder`` that holds none is added to ``left_out``."""
    if is_run(folder):
        return [folder]
    dirs: list[Path] = []
    for child in _children(folder, folder, left_out):
        left_out_before = len(left_out)
        below = list(_below(folder, child, DEEPEST - 1, left_out))
        if not below and left_out_before == len(left_out):
            left_out.append(LeftOut(child.name, "contains no run.json"))
        dirs += below
    return dirs


def _below(top: Path, folder: Path, deeper: int, left_out: list[LeftOut]) -> Iterator[Path]:
    if is_run(folder):
        yield folder
    elif deeper:
        for child in _children(top, folder, left_out):
            yield from _below(top, child, deeper - 1, left_out)


def _children(top: Path, folder: Path, left_out: list[LeftOut]) -> list[Path]:
    try:
        return sorted(
            child
            for child in folder.iterdir()
            if child.is_dir() and not child.name.startswith(".") and not _leads_back(top, child)
        )
    except OSError as error:
        left_out.append(LeftOut(str(folder.relative_to(top)), f"not readable ({error_text(error)})"))
        return []


def _leads_back(top: Path, child: Path) -> bool:
    """Whether it is a link, such as ``latest``, to a folder that the search visits anyway."""
    return child.is_symlink() and child.resolve().is_relative_to(top.resolve())


def _add(collected: _Collected, run_dir: Path, name: str, reading: Reading) -> None:
    """Reads one run and keeps only its summary."""
    try:
        run = _load(run_dir, reading)
        _check_new(run, collected)
        summary = _summary(name, run, reading)
    except _Unusable as reason:
        collected.left_out.append(LeftOut(name, str(reason)))
        return
    collected.problems += [
        LeftOut(f"{name}/{_file_and_line(problem.file, problem.line)}", problem.message)
        for problem in run.problems
    ]
    if summary.measures:  # empty if no wanted device took part
        collected.summaries[summary.info.run_id] = summary


def _check_new(run: Run, collected: _Collected) -> None:
    """Raises: _Unusable: the folder is a copy of a run already read."""
    known = collected.summaries.get(run.info.run_id)
    if known is not None:
        raise _Unusable(f"the same run as {known.folder}")


def _file_and_line(file: str, line: int) -> str:
    return f"{file}:{line}" if line else file


def _load(run_dir: Path, reading: Reading) -> Run:
    if not (run_dir / "run.json").is_file():
        raise _Unusable("no run.json, so the time of the run is unknown")
    run = load_run(run_dir, reading)
    unusable = [problem.message for problem in run.problems if problem.file == "run.json"]
    if unusable:
        raise _Unusable(f"run.json: {unusable[0]}")
    return run


def _summary(name: str, run: Run, reading: Reading) -> _Summary:
    cells = cells_of(run)
    if not cells and not reading.devices:
        raise _Unusable("no trial and no episode")
    kernels = {
        device: _kernel([record for record in run.devices if record.device == device]) for device in cells
    }
    arms = run.info.arms
    measures = {
        device: {
            **_measures(relative_cells(of_device, arms), RELATIVE_METRICS),
            **_measures(of_device, METRICS),
        }
        for device, of_device in cells.items()
    }
    return _Summary(name, run.info, _started(run.info.started_utc), kernels, measures)


def _started(text: str) -> datetime:
    try:
        started = datetime.fromisoformat(text)
    except ValueError:
        raise _Unusable(f"run.json: started_utc is {text!r}, which is not a time") from None
    return started if started.tzinfo else started.replace(tzinfo=UTC)


def _kernel(records: Sequence[DeviceRecord]) -> str:
    """The kernel's name and its personality; a run resumed on another kernel has both."""
    kernels = [f"{kernel_name(record)} {record.personality or ''}".rstrip() for record in records]
    return " and ".join(dict.fromkeys(kernels)) or "kernel not recorded"


def _measures(cells: Cells, metrics: Mapping[str, Metric]) -> dict[_Key, Measure]:
    measures: dict[_Key, Measure] = {}
    for (place, arm), arm_cells in cells.items():
        for name in SHOWN:
            sample = arm_cells.samples.get(name)
            measure = _measure(metrics[name].kind, sample)
            if sample is not None and measure is not None:
                measures[place, arm, name, sample.baseline] = measure
    return measures


def _measure(kind: Kind, sample: Sample | None) -> Measure | None:
    value = kind.typical(sample) if sample is not None else None
    if sample is None or value is None:
        return None
    low, high = kind.spread(sample)
    return Measure(value, low, high, len(sample))


def _check(folder: Path, collected: _Collected, reading: Reading) -> None:
    """Raises: UsageProblem: no run can be used."""
    if collected.summaries:
        return
    if collected.left_out:
        first = _masked(collected.left_out[0], reading)
        raise UsageProblem(f"--history {folder} contains no usable run: {first}")
    if reading.devices:
        raise UsageProblem(f"no run in {folder} has a device named {' or '.join(reading.devices)}")
    raise UsageProblem(f"--history {folder} contains no run: name a folder of results directories")


def _masked(entry: LeftOut, reading: Reading) -> LeftOut:
    masker = reading.masker
    return LeftOut(masker.text(entry.file), masker.text(entry.reason)) if masker else entry


def _devices(summaries: Sequence[_Summary]) -> Iterator[DeviceHistory]:
    infos = [summary.info for summary in summaries]
    names = dict(zip((info.run_id for info in infos), run_names(infos), strict=True))
    for name in dict.fromkeys(device for summary in summaries for device in summary.measures):
        runs = [summary for summary in summaries if name in summary.measures]
        builds = [
            Build(number, summary.kernels[name], names[summary.info.run_id], summary.started)
            for number, summary in enumerate(runs, start=1)
        ]
        measures = [summary.measures[name] for summary in runs]
        yield DeviceHistory(name, tuple(builds), tuple(_series(name, builds, measures)))


def _series(
    device: str, builds: Sequence[Build], measures: Sequence[Mapping[_Key, Measure]]
) -> Iterable[Series]:
    keys = list(dict.fromkeys(key for build_measures in measures for key in build_measures))
    relative = {(place, arm, metric) for place, arm, metric, baseline in keys if baseline}
    for key in keys:
        points = [
            Point(build, build_measures[key])
            for build, build_measures in zip(builds, measures, strict=True)
            if key in build_measures
        ]
        place, arm, name, baseline = key
        metric = (RELATIVE_METRICS if baseline else METRICS)[name]
        is_judged = bool(baseline) or (place, arm, name) not in relative
        yield Series(device, place, arm, metric, tuple(points), baseline, is_judged)
