"""The samples of each arm in each stratum on each device of a run, by metric."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import pandas as pd

from lmkd_core.records.episode import EpisodeRecord
from lmkd_core.records.observation import ObservationRecord
from lmkd_core.records.stratum import AnyStratum
from lmkd_core.records.stratum import EpisodeStratum
from lmkd_reports.analysis.frames import Run
from lmkd_reports.format.strata import STRATUM
from lmkd_reports.format.strata import episode_stratum_of
from lmkd_reports.format.strata import stratum_from
from lmkd_reports.metrics.kinds import Sample
from lmkd_reports.metrics.metrics import METRICS
from lmkd_reports.metrics.metrics import samples_of

Place = AnyStratum
Cell = tuple[Place, str]
"""A place and an arm."""

APPS = "apps"
"""The profile of an observation of real apps."""

OBSERVED = "kills_total"
"""The only metric of an observation."""


@dataclass(frozen=True, slots=True)
class Measured:
    """The records of one arm in one place on one device; valid ones give the ``samples`` by metric."""

    valid: int
    invalid: int
    samples: Mapping[str, Sample]


Cells = Mapping[Cell, Measured]
DeviceCell = tuple[str, Cell, Measured]


def cells_of(run: Run) -> dict[str, Cells]:
    """The cells of each device, by its name."""
    cells: dict[str, dict[Cell, Measured]] = {}
    for device, cell, measured in (*_trial_cells(run.trials), *_episode_cells(run)):
        cells.setdefault(device, {})[cell] = measured
    return dict(cells)


def _trial_cells(trials: pd.DataFrame) -> Iterator[DeviceCell]:
    for key, group in trials.groupby(["device", *STRATUM, "arm"], sort=False):
        device, *values, arm = key
        stratum = stratum_from(dict(zip(STRATUM, values, strict=True)))
        valid = group[group["valid"].astype(bool)]
        measured = Measured(len(valid), len(group) - len(valid), samples_of(valid, "trial", list(METRICS)))
        yield device, (stratum, arm), measured


Episode = TypeVar("Episode", EpisodeRecord, ObservationRecord)


def _episode_cells(run: Run) -> Iterator[DeviceCell]:
    stalled = [episode for episode in run.episodes if not episode.is_unstalled]
    for (device, cell), episodes in _by_cell(stalled, episode_stratum_of).items():
        yield device, cell, _measured(episodes, list(METRICS))
    for (device, cell), observations in _by_cell(run.observations, _observed_stratum).items():
        yield device, cell, _measured(observations, [OBSERVED])


def _by_cell(
    records: Sequence[Episode], stratum_of: Callable[[Episode], EpisodeStratum]
) -> dict[tuple[str, Cell], list[Episode]]:
    """The last record of each block, by device and cell."""
    blocks: dict[tuple[str, Cell], dict[int, Episode]] = {}
    for record in records:
        cell = stratum_of(record), record.arm
        blocks.setdefault((record.device, cell), {})[record.block] = record
    return {cell: list(of_cell.values()) for cell, of_cell in blocks.items()}


def _measured(records: Sequence[Episode], metrics: Sequence[str]) -> Measured:
    valid = [record for record in records if record.valid]
    return Measured(len(valid), len(records) - len(valid), samples_of(valid, "episode", metrics))


def _observed_stratum(observation: ObservationRecord) -> EpisodeStratum:
    return EpisodeStratum(
        suite=observation.suite,
        scenario=observation.scenario,
        regime=observation.regime,
        profile=APPS,
        demand="app",
        stall="none",
        stall_ms=0,
    )
