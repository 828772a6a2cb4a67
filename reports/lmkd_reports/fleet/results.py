"""The results of a part of a fleet, and their merge: the same from files, Parquet and Dask."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from lmkd_core.records.reading import Problem
from lmkd_reports.fleet.rows import KILL_ROWS
from lmkd_reports.fleet.rows import TIME_ROWS


@dataclass(frozen=True, slots=True)
class FleetResults:
    """``kills`` and ``times`` are rows (``rows``); ``models`` names each device's model and kernel.

    ``counted`` trials and episodes are valid, with ``kill_count`` kills in them; ``skips`` counts what was
    skipped, by what and why.
    """

    kills: pd.DataFrame
    times: pd.DataFrame
    models: dict[str, str]
    counted: int
    invalid: int
    kill_count: int
    skips: Counter[str]
    problems: tuple[Problem, ...] = ()


def merged(parts: Sequence[FleetResults]) -> FleetResults:
    """The whole of parts that have no device in common, in their order."""
    return FleetResults(
        kills=_joined([part.kills for part in parts], KILL_ROWS),
        times=_joined([part.times for part in parts], TIME_ROWS),
        models={device: model for part in parts for device, model in part.models.items()},
        counted=sum(part.counted for part in parts),
        invalid=sum(part.invalid for part in parts),
        kill_count=sum(part.kill_count for part in parts),
        skips=sum((part.skips for part in parts), Counter()),
        problems=tuple(problem for part in parts for problem in part.problems),
    )


def _joined(frames: Sequence[pd.DataFrame], columns: Sequence[str]) -> pd.DataFrame:
    filled = [frame for frame in frames if len(frame)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=list(columns))


def model_name(model: str, kernel_release: str, personality: str | None) -> str:
    """For example ``Pixel 9, Linux 6.6.30``."""
    name = f"{model}, Linux {kernel_release}"
    return f"{name} ({personality})" if personality else name


def skip_name(what: str, name: str, reason: str) -> str:
    return f"{what} {name}: {reason}"
