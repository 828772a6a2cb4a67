"""The results of a part of a fleet, and their merge: the same from files, Parquet and Dask."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from lmkd_core.records.reading import Problem
from lmkd_reports.fleet.rows import KILL_ROWS
from lmkd_reports.fleet.rows import TIME_ROWS
from lmkd_reports.fleet.rows import kill_rows
from lmkd_reports.fleet.rows import time_rows

Place = tuple[str, str]
"""A run's id and a device."""


@dataclass(frozen=True, slots=True)
class FleetResults:
    """``kills`` and ``times`` are rows (``rows``); ``models`` names each device's model and kernel, by run:
    they may differ between the runs of a device.

    ``counted`` trials and episodes are valid, with ``kill_count`` kills in them; ``skips`` counts what was
    skipped, by what and why.
    """

    kills: pd.DataFrame
    times: pd.DataFrame
    models: dict[Place, str]
    counted: int
    invalid: int
    kill_count: int
    skips: Counter[str]
    problems: tuple[Problem, ...] = ()

    @property
    def devices(self) -> int:
        return len({device for _, device in self.models})

    @property
    def several_runs(self) -> int:
        """The number of devices with several runs; each run is judged separately."""
        runs = Counter(device for _, device in self.models)
        return sum(count > 1 for count in runs.values())


def results_of_frames(
    episodes: pd.DataFrame,
    trials: pd.DataFrame,
    arms: Sequence[str],
    equivalent_pct: float,
    *,
    models: dict[Place, str],
    skips: Counter[str],
    problems: tuple[Problem, ...] = (),
) -> FleetResults:
    """The results of whole devices; ``episodes`` and ``trials`` as ``frames.EPISODES`` and ``TRIALS``."""
    valid = int(episodes["valid"].sum()) + int(trials["valid"].sum())
    return FleetResults(
        kills=kill_rows(episodes, arms),
        times=time_rows(trials, arms, equivalent_pct),
        models=models,
        counted=valid,
        invalid=len(episodes) + len(trials) - valid,
        kill_count=int(episodes.loc[episodes["valid"], "kills_total"].sum()),
        skips=skips,
        problems=problems,
    )


def merged(parts: Sequence[FleetResults]) -> FleetResults:
    """The whole of parts that have no device of one run in common, in their order."""
    return FleetResults(
        kills=_joined([part.kills for part in parts], KILL_ROWS),
        times=_joined([part.times for part in parts], TIME_ROWS),
        models={place: model for part in parts for place, model in part.models.items()},
        counted=sum(part.counted for part in parts),
        invalid=sum(part.invalid for part in parts),
        kill_count=sum(part.kill_count for part in parts),
        skips=sum((part.skips for part in parts), Counter()),
        problems=tuple(problem for part in parts for problem in part.problems),
    )


def _joined(frames: Sequence[pd.DataFrame], columns: Sequence[str]) -> pd.DataFrame:
    filled = [frame for frame in frames if len(frame)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=list(columns))


def model_name(model: str, kernel: str, personality: str | None) -> str:
    """For example ``Pixel 9, Linux 6.6.30 (build id 0123456789ab)``; ``kernel`` is ``kernel_name``."""
    name = f"{model}, Linux {kernel}"
    return f"{name} ({personality})" if personality else name


def skip_name(what: str, name: str, reason: str) -> str:
    return f"{what} {name}: {reason}"
