"""Records as data frames: one row per trial or planned trial."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from typing import TypeVar

import msgspec
import numpy as np
import pandas as pd

from lmkd_core.records.arms import BACK_TO_BACK
from lmkd_core.records.arms import FLAG
from lmkd_core.records.arms import TODAY
from lmkd_core.records.case import CaseRecord
from lmkd_core.records.device import DeviceRecord
from lmkd_core.records.device import SkipRecord
from lmkd_core.records.device import StateRecord
from lmkd_core.records.episode import EpisodeRecord
from lmkd_core.records.episode import PlannedEpisode
from lmkd_core.records.observation import ObservationRecord
from lmkd_core.records.reading import EVERYTHING
from lmkd_core.records.reading import ByType
from lmkd_core.records.reading import Problem
from lmkd_core.records.reading import Reading
from lmkd_core.records.reading import read_run
from lmkd_core.records.run import RunInfo
from lmkd_core.records.stratum import EpisodeStratum
from lmkd_core.records.trial import PlannedTrial
from lmkd_core.records.trial import TrialRecord
from lmkd_core.statistics.bounds import Floats
from lmkd_core.statistics.bounds import least_times
from lmkd_reports.format.strata import STRATUM

TRIAL = ("device", *STRATUM, "arm", "block")
"""Columns that name one trial."""

EPISODE = (
    *("device", *EpisodeStratum.__struct_fields__, "arm", "block"),
    *("without_stall", "without_stall_ms"),
)
"""Fields that name one episode."""

MEASURED = tuple(
    name
    for name in TrialRecord.__struct_fields__
    if name.endswith(("_ns", "_kb")) and name not in {"victim_kb", "timeout_ns"}
)
"""Columns of measured numbers: floats, NaN where the trial did not measure it."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run, ready to be analysed.

    ``trials`` and ``planned`` have the columns of ``TrialRecord`` and ``PlannedTrial``; ``warmups`` is how
    many trials and episodes were recorded only to warm the device up; of these, only the ``lead_ins`` of
    blocks are kept. ``raw`` is the record files' content.
    """

    info: RunInfo
    trials: pd.DataFrame
    planned: pd.DataFrame
    warmups: int
    devices: tuple[DeviceRecord, ...]
    skips: tuple[SkipRecord, ...]
    cases: tuple[CaseRecord, ...]
    episodes: tuple[EpisodeRecord, ...]
    planned_episodes: int
    observations: tuple[ObservationRecord, ...]
    states: tuple[StateRecord, ...]
    problems: tuple[Problem, ...]
    raw: bytes
    lead_ins: tuple[TrialRecord, ...] = ()


def load_run(run_dir: Path, reading: Reading = EVERYTHING) -> Run:
    """Reads the wanted part of a results directory; unusable lines become ``problems``.

    Raises:
        UsageProblem: there is no run in ``run_dir``.
    """
    run = read_run(run_dir, reading)
    records, problems = run.records, list(run.problems)
    trials, episodes = counted(records.of(TrialRecord)), counted(records.of(EpisodeRecord))
    recorded = len(records.of(TrialRecord)) + len(records.of(EpisodeRecord))
    return Run(
        info=run.info or _inferred_info(run_dir, records),
        trials=_without_repeats(trial_frame(trials), problems),
        planned=_frame(counted(run.planned.of(PlannedTrial)), PlannedTrial.__struct_fields__),
        warmups=recorded - len(trials) - len(episodes),
        devices=tuple(records.of(DeviceRecord)),
        skips=tuple(records.of(SkipRecord)),
        cases=tuple(records.of(CaseRecord)),
        episodes=_episodes_without_repeats(episodes, problems),
        planned_episodes=len(counted(run.planned.of(PlannedEpisode))),
        observations=tuple(records.of(ObservationRecord)),
        states=tuple(counted(records.of(StateRecord))),
        problems=tuple(problems),
        raw=run.raw,
        lead_ins=tuple(trial for trial in records.of(TrialRecord) if trial.is_lead_in),
    )


class _Line(Protocol):
    @property
    def warmup(self) -> bool: ...


Line = TypeVar("Line", bound=_Line)


def counted(lines: Sequence[Line]) -> list[Line]:
    """Those that do not only warm the device up."""
    return [line for line in lines if not line.warmup]


def trial_frame(trials: Sequence[TrialRecord]) -> pd.DataFrame:
    frame = _frame(trials, TrialRecord.__struct_fields__)
    return frame.astype(dict.fromkeys(MEASURED, "float64"))


def censorable(trials: pd.DataFrame, column: str) -> pd.DataFrame:
    """The trials in which a missing time in ``column`` is censored at the timeout.

    Free memory (``meter`` is ``system``) cannot resolve 99 %: there the time is missing in every trial.
    """
    return trials[trials["meter"] != "system"] if column == "reclaim_99_ns" else trials


def least_ns(trials: pd.DataFrame, column: str, side: str = "") -> Floats:
    """The least possible value of each time in ``column``, if samples were lost or the timeout came first.

    ``side`` is the suffix of the columns of one side of a merged frame.
    """
    times, timeouts = (trials[name + side].to_numpy(dtype="float64") for name in (column, "timeout_ns"))
    sampled = f"{column.removesuffix('_ns')}_after_ns{side}"
    after = trials[sampled].to_numpy(dtype="float64") if sampled in trials else np.full(len(times), np.nan)
    return least_times(times, timeouts, after)


def _frame(records: Sequence[msgspec.Struct], columns: tuple[str, ...]) -> pd.DataFrame:
    rows = [tuple(getattr(record, name) for name in columns) for record in records]
    return pd.DataFrame(rows, columns=list(columns))


def _without_repeats(trials: pd.DataFrame, problems: list[Problem]) -> pd.DataFrame:
    """The trials with only the last record of each: a trial counts once."""
    repeated = trials.duplicated(list(TRIAL), keep="last")
    for device, count in trials.loc[repeated, "device"].value_counts().items():
        problems.append(Problem(f"records of {device}", 0, f"{count} trials recorded twice: the last counts"))
    return trials[~repeated].reset_index(drop=True)


def _episodes_without_repeats(
    episodes: Sequence[EpisodeRecord], problems: list[Problem]
) -> tuple[EpisodeRecord, ...]:
    """The episodes with only the last record of each."""
    last = {tuple(getattr(episode, name) for name in EPISODE): episode for episode in episodes}
    repeated = Counter(episode.device for episode in episodes) - Counter(
        episode.device for episode in last.values()
    )
    for device, count in repeated.items():
        problems.append(
            Problem(f"records of {device}", 0, f"{count} episodes recorded twice: the last counts")
        )
    return tuple(last.values())


def _inferred_info(run_dir: Path, records: ByType) -> RunInfo:
    """Stands in for a lost run.json."""
    seen = {trial.arm for trial in records.of(TrialRecord)}
    seen |= {episode.arm for episode in records.of(EpisodeRecord)}
    likely = [arm for arm in (TODAY, BACK_TO_BACK, FLAG) if arm in seen]
    arms = likely + sorted(seen - set(likely))
    return RunInfo(
        run_id=run_dir.resolve().name,
        folder=run_dir.resolve().name,
        started_utc="unknown",
        command="unknown",
        seed=0,
        arms=tuple(arms),
        blocks=0,
        devices=(),
        versions={},
        host={},
    )
