"""From a results directory to a fleet's frames: only the needed fields of each line are decoded.

A device is a file; files are read by as many processes as there are CPUs, each holding one file at a time, so
that memory grows with the devices and not with their records.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Any
from typing import get_args

import msgspec

from lmkd_core.records.device import DeviceRecord
from lmkd_core.records.device import SkipRecord
from lmkd_core.records.episode import Episode
from lmkd_core.records.episode import EpisodeRecord
from lmkd_core.records.kernel import kernel_name
from lmkd_core.records.lines import Record
from lmkd_core.records.reading import ByType
from lmkd_core.records.reading import DeviceLine
from lmkd_core.records.reading import Problem
from lmkd_core.records.reading import RecordFile
from lmkd_core.records.reading import record_files
from lmkd_core.records.run import DEFAULT_EQUIVALENT_PCT
from lmkd_core.records.trial import Trial
from lmkd_core.records.trial import TrialRecord
from lmkd_reports.analysis.frames import counted
from lmkd_reports.fleet.frames import CLASSES
from lmkd_reports.fleet.frames import episode_frame
from lmkd_reports.fleet.frames import trial_frame
from lmkd_reports.fleet.results import FleetResults
from lmkd_reports.fleet.results import merged
from lmkd_reports.fleet.results import model_name
from lmkd_reports.fleet.results import results_of_frames
from lmkd_reports.fleet.results import skip_name
from lmkd_reports.format.strata import EPISODE_STRATUM
from lmkd_reports.format.strata import STRATUM

FILES_A_TASK = 8


class Kill(msgspec.Struct, frozen=True):
    """The fields of a ``KillRecord`` that are counted."""

    premature: bool
    premature_class: str


class EpisodeCounts(Episode, frozen=True, tag="episode", kw_only=True):
    """The fields of an ``EpisodeRecord`` that a fleet's page needs."""

    boot_id: str
    kills: tuple[Kill, ...] = ()
    kills_total: int = 0
    kills_needed: int = 0
    kills_extra: int = 0
    valid: bool


class TrialTimes(Trial, frozen=True, tag="trial", kw_only=True):
    """The fields of a ``TrialRecord`` that a fleet's page needs."""

    boot_id: str
    reclaim_90_ns: int | None = None
    reclaim_90_after_ns: int | None = None
    valid: bool


SHORT: dict[object, type[msgspec.Struct]] = {EpisodeRecord: EpisodeCounts, TrialRecord: TrialTimes}
"""Long records, and the short form that is decoded."""

LINE: Any = reduce(or_, (SHORT.get(kind, kind) for kind in get_args(Record)))
"""As ``Record``, with the short forms."""

_decode: Callable[[bytes], DeviceLine] = msgspec.json.Decoder(LINE).decode


def read_fleet(
    run_dir: Path, run_id: str, arms: Sequence[str], equivalent_pct: float = DEFAULT_EQUIVALENT_PCT
) -> FleetResults:
    """Reads the run's record files. ``arms`` and ``equivalent_pct`` are the run's, the baseline first."""
    files = record_files(run_dir)
    tasks = [files[start : start + FILES_A_TASK] for start in range(0, len(files), FILES_A_TASK)]
    read = partial(read_files, run_id=run_id, arms=tuple(arms), equivalent_pct=equivalent_pct)
    with ProcessPoolExecutor(min(os.cpu_count() or 1, max(len(tasks), 1))) as pool:
        return merged(list(pool.map(read, tasks)))


def read_files(
    files: Sequence[Path], run_id: str, arms: Sequence[str], equivalent_pct: float
) -> FleetResults:
    """Reads ``files`` one after the other."""
    return merged([_read_file(path, run_id, arms, equivalent_pct) for path in files])


def _read_file(path: Path, run_id: str, arms: Sequence[str], equivalent_pct: float) -> FleetResults:
    problems: list[Problem] = []
    lines = ByType(RecordFile.read(path, problems).lines(problems, _decode))
    stalled = [line for line in counted(lines.of(EpisodeCounts)) if not line.is_unstalled]
    return results_of_frames(
        episode_frame([_episode_row(run_id, line) for line in stalled]),
        trial_frame([_trial_row(run_id, line) for line in counted(lines.of(TrialTimes))]),
        arms,
        equivalent_pct,
        models={
            (run_id, line.device): model_name(line.model, kernel_name(line), line.personality)
            for line in lines.of(DeviceRecord)
        },
        skips=Counter(skip_name(line.what, line.name, line.reason) for line in lines.of(SkipRecord)),
        problems=tuple(problems),
    )


def _episode_row(run_id: str, episode: EpisodeCounts) -> tuple[Any, ...]:
    classes = Counter(kill.premature_class for kill in episode.kills if kill.premature)
    return (
        run_id,
        episode.device,
        *(getattr(episode, name) for name in EPISODE_STRATUM),
        episode.arm,
        episode.block,
        episode.boot_id,
        episode.valid,
        episode.kills_total,
        episode.kills_needed,
        episode.kills_extra,
        *(classes[name] for name in CLASSES),
    )


def _trial_row(run_id: str, trial: TrialTimes) -> tuple[Any, ...]:
    stratum = (getattr(trial, name) for name in STRATUM)
    times = (trial.reclaim_90_ns, trial.timeout_ns, trial.reclaim_90_after_ns)
    return (run_id, trial.device, *stratum, trial.arm, trial.block, trial.boot_id, trial.valid, *times)
