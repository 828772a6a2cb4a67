"""The metrics by which runs are compared. Less is better in all of them."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lmkd_core.records.episode import EpisodeRecord
from lmkd_core.records.observation import ObservationRecord
from lmkd_core.statistics.bounds import Floats
from lmkd_reports.analysis.arms import floats
from lmkd_reports.analysis.frames import censorable
from lmkd_reports.analysis.frames import least_ns
from lmkd_reports.metrics.kinds import COUNT
from lmkd_reports.metrics.kinds import SHARE
from lmkd_reports.metrics.kinds import TIME
from lmkd_reports.metrics.kinds import Kind
from lmkd_reports.metrics.kinds import Sample

Records = Sequence[EpisodeRecord] | Sequence[ObservationRecord]


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. ``of``: a value belongs to a ``trial`` or an ``episode``.

    ``sample`` takes an arm's valid trials (a frame) or episodes (records), and returns None if they lack the
    metric. ``is_partial``: trials without a value are usual and need no note. ``valued_by`` follows the name
    where a note says what a value takes.
    """

    name: str
    kind: Kind
    of: str
    meaning: str
    sample: Callable[[Any], Sample | None]
    is_partial: bool = False
    valued_by: str = ""


def _sample(trials: pd.DataFrame, values: Floats, timeouts: Floats) -> Sample:
    return Sample(values, timeouts, tuple(trials["boot_id"]), floats(trials, "block"))


def _time(column: str) -> Callable[[pd.DataFrame], Sample | None]:
    def sample(valid: pd.DataFrame) -> Sample | None:
        trials = censorable(valid, column)
        if trials.empty and not valid.empty:
            return None
        return _sample(trials, floats(trials, column), least_ns(trials, column))

    return sample


def _lost_races(valid: pd.DataFrame) -> Sample | None:
    """1 for each call that came too late, 0 for the others."""
    called = valid[valid["kill_to_mrelease_ns"].notna()]
    late = (called["mrelease_errno"] == "ESRCH").to_numpy(dtype="float64")
    return _sample(called, late, np.empty(0)) if len(called) else None


def _values(field: str) -> Callable[[Records], Sample]:
    """An unmeasured time of an episode has no bound either, so it is no value."""

    def sample(valid: Records) -> Sample:
        measured = [record for record in valid if getattr(record, field) is not None]
        values = np.array([getattr(record, field) for record in measured], dtype=np.float64)
        boots = tuple(record.boot_id for record in measured)
        blocks = np.array([record.block for record in measured], dtype=np.float64)
        return Sample(values, values, boots, blocks)

    return sample


METRICS = {
    metric.name: metric
    for metric in (
        Metric("reclaim_50", TIME, "trial", "until 50 % of the memory was back", _time("reclaim_50_ns")),
        Metric("reclaim_90", TIME, "trial", "until 90 % of the memory was back", _time("reclaim_90_ns")),
        Metric("reclaim_99", TIME, "trial", "until 99 % of the memory was back", _time("reclaim_99_ns")),
        Metric("exit", TIME, "trial", "until the pidfd was readable", _time("exit_ns")),
        Metric("esrch", SHARE, "trial", "process_mrelease came too late", _lost_races, is_partial=True),
        Metric("kills_total", COUNT, "episode", "apps killed", _values("kills_total")),
        Metric(
            "kills_extra",
            COUNT,
            "episode",
            "apps killed beyond the need, by the replay",
            _values("kills_extra"),
        ),
        Metric(
            "fg_fault_p99",
            TIME,
            "episode",
            "99 % quantile of the foreground's faults",
            _values("fg_fault_p99_ns"),
        ),
    )
}
"""By name, in the order of all tables."""


def samples_of(valid: pd.DataFrame | Records, of: str, names: Sequence[str]) -> dict[str, Sample]:
    """The samples in ``valid`` of those metrics of trials or episodes that are named."""
    samples = {name: METRICS[name].sample(valid) for name in names if METRICS[name].of == of}
    return {name: sample for name, sample in samples.items() if sample is not None}
