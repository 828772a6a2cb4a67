"""A folder of results directories as series: each metric of each arm in each place, over a device's builds.

Runs are read one at a time and only a few numbers of each are kept, so that memory does not grow with the
length of the history. A run that cannot be placed in time is left out, and never goes unmentioned.
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
from lmkd_core.records.reading import EVERYTHING
from lmkd_core.records.reading import Reading
from lmkd_core.records.reading import is_run
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

SHOWN = tuple(METRICS[name] for name in ("reclaim_90", "esrch", "kills_total", "kills_extra"))
DEEPEST = 3
"""Levels of folders below the one that is named, down to which runs are looked for."""


@dataclass(frozen=True, slots=True)
class Build:
    """One run as a build of one device; ``number`` counts the device's builds from 1, the oldest first."""

    number: int
    label: str
    run_id: str
    started: datetime


@dataclass(frozen=True, slots=True)
class Measure:
    """A metric in one run: median (ns), mean or share of so many ``values``.

    ``low`` and ``high``: quartiles of the values; of a share its 95 % interval.
    """

    value: Bounds
    low: Bounds
    high: Bounds
    values: int


@dataclass(frozen=True, slots=True)
class Point:
    build: Build
    measure: Measure


@dataclass(frozen=True, slots=True)
class Series:
    """One metric of one arm in one place on one device, over the builds that have a value of it."""

    device: str
    place: Place
    arm: str
    metric: Metric
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class DeviceHistory:
    name: str
    builds: tuple[Build, ...]
    series: tuple[Series, ...]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A results directory that is no part of the history, or a line of one; ``file`` is below the folder."""

    file: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file}: {self.reason}"


@dataclass(frozen=True, slots=True)
class History:
    """``name`` is the folder's; ``runs`` is how many were used."""

    name: str
    runs: int
    devices: tuple[DeviceHistory, ...]
    left_out: tuple[LeftOut, ...]


_Key = tuple[Place, str, str]
"""Place, arm, name of the metric."""


@dataclass(frozen=True, slots=True)
class _Summary:
    """What is kept of a run: by device its build's label and its measures."""

    folder: str
    run_id: str
    started: datetime
    labels: Mapping[str, str]
    measures: Mapping[str, Mapping[_Key, Measure]]


class _Unusable(Exception):
    """This run is no part of the history; the message says why."""


@dataclass(slots=True)
class _Found:
    """What has been read so far; ``problems`` are in what was used."""

    summaries: dict[str, _Summary] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)
    problems: list[LeftOut] = field(default_factory=list)


def load_history(folder: Path, reading: Reading = EVERYTHING) -> History:
    """Every run below ``folder``, in the order in which they were started.

    Raises:
        UsageProblem: there is no folder, no run in it that can be used, or none of a device that is wanted.
    """
    if not folder.is_dir():
        raise UsageProblem(f"--history {folder}: there is no such folder")
    found = _Found()
    for run_dir in _run_dirs(folder, found.left_out):
        _add(found, run_dir, str(run_dir.relative_to(folder)), reading)
    _check(folder, found, reading)
    summaries = sorted(found.summaries.values(), key=lambda one: (one.started, one.run_id))
    left_out = [_masked(one, reading) for one in (*found.left_out, *found.problems)]
    return History(folder.resolve().name, len(summaries), tuple(_devices(summaries)), tuple(left_out))


def _run_dirs(folder: Path, left_out: list[LeftOut]) -> list[Path]:
    """The results directories; a folder right below ``folder`` without any is left out."""
    if is_run(folder):
        return [folder]
    dirs: list[Path] = []
    for child in _children(folder, folder, left_out):
        told = len(left_out)
        below = list(_below(folder, child, DEEPEST - 1, left_out))
        if not below and told == len(left_out):
            left_out.append(LeftOut(child.name, "no run.json in it"))
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
        return sorted(one for one in folder.iterdir() if one.is_dir() and not one.name.startswith("."))
    except OSError as error:
        left_out.append(LeftOut(str(folder.relative_to(top)), f"not readable ({error_text(error)})"))
        return []


def _add(found: _Found, run_dir: Path, name: str, reading: Reading) -> None:
    """Reads one run; all of it but its summary is forgotten on return."""
    try:
        run = _load(run_dir, reading)
        _check_new(run, found)
        summary = _summary(name, run, reading)
    except _Unusable as reason:
        found.left_out.append(LeftOut(name, str(reason)))
        return
    found.problems += [LeftOut(f"{name}/{_place(one.file, one.line)}", one.message) for one in run.problems]
    if summary.measures:  # else it is of devices that are not wanted
        found.summaries[summary.run_id] = summary


def _check_new(run: Run, found: _Found) -> None:
    """A copied folder is no second run."""
    known = found.summaries.get(run.info.run_id)
    if known is not None:
        raise _Unusable(f"the same run as {known.folder}")


def _place(file: str, line: int) -> str:
    return f"{file}:{line}" if line else file


def _load(run_dir: Path, reading: Reading) -> Run:
    if not (run_dir / "run.json").is_file():
        raise _Unusable("no run.json, so that its time is not known")
    run = load_run(run_dir, reading)
    unusable = [one.message for one in run.problems if one.file == "run.json"]
    if unusable:
        raise _Unusable(f"run.json: {unusable[0]}")
    return run


def _summary(name: str, run: Run, reading: Reading) -> _Summary:
    cells = cells_of(run)
    if not cells and not reading.devices:
        raise _Unusable("no trial and no episode")
    labels = {device: _label([one for one in run.devices if one.device == device]) for device in cells}
    measures = {device: _measures(of_device) for device, of_device in cells.items()}
    return _Summary(name, run.info.run_id, _started(run.info.started_utc), labels, measures)


def _started(text: str) -> datetime:
    try:
        started = datetime.fromisoformat(text)
    except ValueError:
        raise _Unusable(f"run.json: started_utc is {text!r}, which is no time") from None
    return started if started.tzinfo else started.replace(tzinfo=UTC)


def _label(records: Sequence[DeviceRecord]) -> str:
    """The kernel and its personality; a run that went on with another kernel has both."""
    labels = [f"{one.kernel_release} {one.personality or ''}".rstrip() for one in records]
    return " and ".join(dict.fromkeys(labels)) or "kernel not recorded"


def _measures(cells: Cells) -> dict[_Key, Measure]:
    found: dict[_Key, Measure] = {}
    for (place, arm), measured in cells.items():
        for metric in SHOWN:
            measure = _measure(metric.kind, measured.samples.get(metric.name))
            if measure is not None:
                found[place, arm, metric.name] = measure
    return found


def _measure(kind: Kind, sample: Sample | None) -> Measure | None:
    value = kind.typical(sample) if sample is not None else None
    if sample is None or value is None:
        return None
    low, high = kind.spread(sample)
    return Measure(value, low, high, len(sample))


def _check(folder: Path, found: _Found, reading: Reading) -> None:
    """Raises: UsageProblem: nothing is left to be shown."""
    if found.summaries:
        return
    if found.left_out:
        first = _masked(found.left_out[0], reading)
        raise UsageProblem(f"--history {folder} holds no run that can be used: {first}")
    if reading.devices:
        raise UsageProblem(f"no run in {folder} has a device of the name {' or '.join(reading.devices)}")
    raise UsageProblem(f"--history {folder} holds no run: name a folder of results directories")


def _masked(one: LeftOut, reading: Reading) -> LeftOut:
    masker = reading.masker
    return LeftOut(masker.text(one.file), masker.text(one.reason)) if masker else one


def _devices(summaries: Sequence[_Summary]) -> Iterator[DeviceHistory]:
    for name in dict.fromkeys(device for one in summaries for device in one.measures):
        runs = [one for one in summaries if name in one.measures]
        builds = [
            Build(number, one.labels[name], one.run_id, one.started)
            for number, one in enumerate(runs, start=1)
        ]
        measures = [one.measures[name] for one in runs]
        yield DeviceHistory(name, tuple(builds), tuple(_series(name, builds, measures)))


def _series(
    device: str, builds: Sequence[Build], measures: Sequence[Mapping[_Key, Measure]]
) -> Iterable[Series]:
    for key in dict.fromkeys(key for of_build in measures for key in of_build):
        points = [Point(build, one[key]) for build, one in zip(builds, measures, strict=True) if key in one]
        place, arm, metric = key
        yield Series(device, place, arm, METRICS[metric], tuple(points))
