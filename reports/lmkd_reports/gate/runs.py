"""What two runs hold and have in common: devices, and on them the strata and situations of each arm."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from lmkd_core.base.errors import UsageProblem
from lmkd_core.records.episode import EpisodeRecord
from lmkd_core.records.observation import ObservationRecord
from lmkd_core.records.stratum import AnyStratum
from lmkd_core.records.stratum import EpisodeStratum
from lmkd_reports.analysis.arms import floats
from lmkd_reports.analysis.frames import Run
from lmkd_reports.analysis.frames import load_run
from lmkd_reports.analysis.frames import telling
from lmkd_reports.format.plain import plain
from lmkd_reports.gate.metrics import METRICS
from lmkd_reports.gate.metrics import Kind
from lmkd_reports.gate.metrics import Metric
from lmkd_reports.gate.metrics import Sample
from lmkd_reports.strata import STRATUM
from lmkd_reports.strata import episode_stratum_of
from lmkd_reports.strata import stratum_from

Place = AnyStratum
Cell = tuple[Place, str]
"""Where, and by which arm."""

MOST_NAMES = 40
"""Names that a sentence may list: all scenarios and a few devices of one's own."""

APPS = "apps"
OBSERVED = "kills_total"
"""Real apps as a situation's profile, and the metric that their observation has."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What one arm left in one place on one device; ``samples`` are by metric, of valid records only."""

    valid: int
    invalid: int
    samples: Mapping[str, Sample]


Cells = Mapping[Cell, Measured]


@dataclass(frozen=True, slots=True)
class LoadedRun:
    """One results directory, ready to be compared; ``cells`` are by device name."""

    folder: Path
    run: Run
    cells: Mapping[str, Cells]


@dataclass(frozen=True, slots=True)
class DevicePair:
    base: str
    candidate: str

    def __str__(self) -> str:
        return self.base if self.base == self.candidate else f"{self.base} -> {self.candidate}"


def load(folder: Path) -> LoadedRun:
    """Raises: UsageProblem: there is no run in ``folder``, or one without anything measured."""
    run = load_run(folder)
    cells = cells_of(run)
    if not cells:
        raise UsageProblem(f"{folder} holds nothing that was measured: there is nothing to compare")
    return LoadedRun(folder, run, cells)


def cells_of(run: Run) -> dict[str, Cells]:
    """What each device left, by its name."""
    cells: dict[str, dict[Cell, Measured]] = {}
    episodes = (*_episode_cells(run.episodes), *_observation_cells(run.observations))
    for device, cell, measured in (*_trial_cells(run.trials), *episodes):
        cells.setdefault(device, {})[cell] = measured
    return dict(cells)


Found = Iterable[tuple[str, Cell, Measured]]


def _trial_cells(trials: pd.DataFrame) -> Found:
    for key, group in trials.groupby(["device", *STRATUM, "arm"], sort=False):
        device, *values, arm = key
        stratum = stratum_from(dict(zip(STRATUM, values, strict=True)))
        yield device, (stratum, arm), _of_trials(group)


def _of_trials(group: pd.DataFrame) -> Measured:
    valid = group[group["valid"].astype(bool)]
    times = [metric for metric in METRICS.values() if metric.of == "trial" and metric.kind is Kind.TIME]
    samples = {}
    for metric in times:
        told = telling(valid, metric.field)
        if len(told) or valid.empty:
            samples[metric.name] = Sample(floats(told, metric.field), floats(told, "timeout_ns"))
    called = valid[valid["kill_to_mrelease_ns"].notna()]
    late = (called["mrelease_errno"] == "ESRCH").to_numpy(dtype="float64")
    if len(called):
        samples["esrch"] = Sample(late, np.empty(0))
    return Measured(len(valid), len(group) - len(valid), samples)


def _episode_cells(episodes: Sequence[EpisodeRecord]) -> Found:
    last = {(one.device, episode_stratum_of(one), one.arm, one.block): one for one in episodes}
    groups: dict[tuple[str, EpisodeStratum, str], list[EpisodeRecord]] = {}
    for (device, situation, arm, _), episode in last.items():  # one that was recorded twice counts once
        groups.setdefault((device, situation, arm), []).append(episode)
    for (device, situation, arm), group in groups.items():
        yield device, (situation, arm), _of_episodes(group)


def _observation_cells(observations: Sequence[ObservationRecord]) -> Found:
    """The device's own lmkd, of whose kills there is nothing but their number."""
    last = {(one.device, one.scenario, one.arm, one.block): one for one in observations}
    groups: dict[tuple[str, str, str], list[ObservationRecord]] = {}
    for (device, scenario, arm, _), one in last.items():
        groups.setdefault((device, scenario, arm), []).append(one)
    for (device, scenario, arm), group in groups.items():
        valid = [one for one in group if one.valid]
        kills = np.array([one.kills_total for one in valid], dtype=np.float64)
        place = EpisodeStratum(
            group[0].suite, scenario, group[0].regime, APPS, demand="app", stall="none", stall_ms=0
        )
        samples = {OBSERVED: Sample(kills, kills)}
        yield device, (place, arm), Measured(len(valid), len(group) - len(valid), samples)


def _of_episodes(group: Sequence[EpisodeRecord]) -> Measured:
    valid = [one for one in group if one.valid]
    metrics = [metric for metric in METRICS.values() if metric.of == "episode"]
    samples = {metric.name: _episode_sample(metric, valid) for metric in metrics}
    return Measured(len(valid), len(group) - len(valid), samples)


def _episode_sample(metric: Metric, episodes: Sequence[EpisodeRecord]) -> Sample:
    """A time that an episode did not measure is none of its values: it has no bound either."""
    found = [getattr(one, metric.field) for one in episodes]
    values = np.array([one for one in found if one is not None], dtype=np.float64)
    return Sample(values, values)


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
