"""Two runs: their devices, and the strata of each arm that both have."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lmkd_core.base.errors import UsageProblem
from lmkd_core.records.run import RunInfo
from lmkd_reports.analysis.frames import Run
from lmkd_reports.analysis.frames import load_run
from lmkd_reports.analysis.joined import join_runs
from lmkd_reports.format.plain import plain
from lmkd_reports.metrics.cells import Cell
from lmkd_reports.metrics.cells import Cells
from lmkd_reports.metrics.cells import cells_of
from lmkd_reports.metrics.metrics import METRICS
from lmkd_reports.metrics.metrics import Metric
from lmkd_reports.metrics.relative import RELATIVE_METRICS
from lmkd_reports.metrics.relative import relative_cells

MOST_NAMES = 40
"""Names that a sentence may list: all scenarios and a few devices of one's own."""


@dataclass(frozen=True, slots=True)
class LoadedRun:
    """One results directory, or several taken as one, ready to be compared; ``cells`` are by device name.

    ``to_baseline``: the samples are relative to the baseline arm of the run. ``metrics`` are theirs.
    ``infos`` are those of the single runs.
    """

    folders: tuple[Path, ...]
    infos: tuple[RunInfo, ...]
    run: Run
    cells: Mapping[str, Cells]
    to_baseline: bool = False

    @property
    def metrics(self) -> Mapping[str, Metric]:
        return RELATIVE_METRICS if self.to_baseline else METRICS

    @property
    def folder(self) -> str:
        return " + ".join(map(str, self.folders))

    def boots(self, device: str) -> int:
        """The fewest boots of the device in which any of its values were measured."""
        samples = [sample for measured in self.cells[device].values() for sample in measured.samples.values()]
        return min((len(set(sample.boots)) for sample in samples), default=0)


@dataclass(frozen=True, slots=True)
class DevicePair:
    base: str
    candidate: str

    def __str__(self) -> str:
        return self.base if self.base == self.candidate else f"{self.base} -> {self.candidate}"


def load(folders: Sequence[Path], *, to_baseline: bool = False) -> LoadedRun:
    """Reads a run, or several as one.

    Raises:
        UsageProblem: a folder holds no run, nothing was measured, or the runs cannot be joined; or
            ``to_baseline`` asks for other arms than the baseline arm and there are none.
    """
    runs = [load_run(folder) for folder in folders]
    run = join_runs(runs) if len(runs) > 1 else runs[0]
    names = " + ".join(map(str, folders))
    cells = cells_of(run)
    if not cells:
        raise UsageProblem(f"{names} holds nothing that was measured: there is nothing to compare")
    if to_baseline:
        cells = {name: relative_cells(of_device, run.info.arms) for name, of_device in cells.items()}
        if not any(cells.values()):
            raise UsageProblem(f"--to-baseline: {names} has no arm to compare with its baseline arm")
    return LoadedRun(tuple(folders), tuple(one.info for one in runs), run, cells, to_baseline)


def pair_devices(base: LoadedRun, candidate: LoadedRun, asked: Sequence[str] = ()) -> list[DevicePair]:
    """The pairs of ``asked`` (``BASEDEV=CANDDEV``); else the only device of each run; else equal names.

    Raises:
        UsageProblem: ``asked`` names devices that the runs do not have, or nothing can be paired.
    """
    if asked:
        return list(dict.fromkeys(_asked_pair(text, base, candidate) for text in asked))
    if len(base.cells) == len(candidate.cells) == 1:
        return [DevicePair(*base.cells, *candidate.cells)]
    common = [DevicePair(name, name) for name in base.cells if name in candidate.cells]
    if not common:
        raise UsageProblem(
            f"the runs have no device name in common: {_devices(base, candidate)}; pair them with "
            "--pair-devices BASEDEV=CANDDEV"
        )
    return common


def _asked_pair(text: str, base: LoadedRun, candidate: LoadedRun) -> DevicePair:
    """Device names may hold "=" themselves, so every split is tried."""
    places = [place for place, letter in enumerate(text) if letter == "="]
    for place in places:
        pair = DevicePair(text[:place], text[place + 1 :])
        if pair.base in base.cells and pair.candidate in candidate.cells:
            return pair
    raise UsageProblem(
        f"--pair-devices takes BASEDEV=CANDDEV, which {plain(text)!r} is not: {_devices(base, candidate)}"
    )


def _devices(base: LoadedRun, candidate: LoadedRun) -> str:
    return f"the base has {listed(base.cells)}; the candidate has {listed(candidate.cells)}"


@dataclass(frozen=True, slots=True)
class Selection:
    """The arms, scenarios and metrics that are looked at; empty: all."""

    arms: tuple[str, ...] = ()
    scenarios: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()

    def holds(self, cell: Cell) -> bool:
        place, arm = cell
        return arm in (self.arms or (arm,)) and place.scenario in (self.scenarios or (place.scenario,))


def check_selection(selection: Selection, base: LoadedRun, candidate: LoadedRun) -> None:
    """Raises: UsageProblem: an arm or a scenario is in neither run."""
    cells = [
        cell for loaded in (base, candidate) for of_device in loaded.cells.values() for cell in of_device
    ]
    _check_names("arm", selection.arms, [arm for _, arm in cells])
    _check_names("scenario", selection.scenarios, [place.scenario for place, _ in cells])


def _check_names(what: str, asked: Sequence[str], known: Iterable[str]) -> None:
    names = list(dict.fromkeys(known))
    for name in asked:
        if name not in names:
            raise UsageProblem(f"neither run has the {what} {plain(name)!r}: there are {listed(names)}")


def listed(names: Iterable[str]) -> str:
    """For an error's sentence: each name once, the first ``MOST_NAMES`` of them, in printable ASCII."""
    distinct = list(dict.fromkeys(map(plain, names)))
    more = len(distinct) - MOST_NAMES
    return ", ".join(distinct[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
