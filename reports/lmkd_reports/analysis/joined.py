"""Several runs of the same devices as one, so that their boots are the replicates (``report --combine``)."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec
import pandas as pd

from lmkd_core.base.errors import UsageProblem
from lmkd_core.records.device import DeviceRecord
from lmkd_core.records.reading import Problem
from lmkd_reports.analysis.frames import Run

SAME = ("model", "kernel_release", "personality", "abi", "page_size", "mem_total_kb")
"""Fields of a device that all of its runs must share."""


def join_runs(runs: Sequence[Run]) -> Run:
    """One run with the blocks of each of ``runs`` (at least one, of different names), numbered on.

    A block stays within its run and boot. Two runs in one boot of the device count as that one boot.

    Raises:
        UsageProblem: the runs had different arms, or a device differs between them.
    """
    first = runs[0]
    _check_arms(runs)
    _check_devices(runs)
    firsts = list(_first_blocks(runs))
    moved = list(zip(runs, firsts, strict=True))
    info = msgspec.structs.replace(
        first.info,
        run_id=" + ".join(run.info.run_id for run in runs),
        blocks=sum(run.info.blocks for run in runs),
        pressure_blocks=sum(run.info.pressure_blocks for run in runs),
        devices=tuple(dict.fromkeys(name for run in runs for name in run.info.devices)),
    )
    return Run(
        info=info,
        trials=_stacked((run.trials, block) for run, block in moved),
        planned=_stacked((run.planned, block) for run, block in moved),
        warmups=sum(run.warmups for run in runs),
        devices=_all(run.devices for run in runs),
        skips=tuple(dict.fromkeys(_all(run.skips for run in runs))),
        cases=_all(run.cases for run in runs),
        episodes=_all(_renumbered(run.episodes, block) for run, block in moved),
        planned_episodes=sum(run.planned_episodes for run in runs),
        observations=_all(_renumbered(run.observations, block) for run, block in moved),
        states=_all(_renumbered(run.states, block) for run, block in moved),
        problems=tuple(_of_run(run, problem) for run in runs for problem in run.problems),
        lead_ins=_all(_renumbered(run.lead_ins, block) for run, block in moved),
        raw=b"".join(run.raw for run in runs),
    )


def _check_arms(runs: Sequence[Run]) -> None:
    for run in runs:
        if run.info.arms != runs[0].info.arms:
            raise UsageProblem(
                f"runs are combined only if their arms are the same: {runs[0].info.run_id} has "
                f"{', '.join(runs[0].info.arms)}, and {run.info.run_id} has {', '.join(run.info.arms)}"
            )


def _check_devices(runs: Sequence[Run]) -> None:
    known: dict[str, tuple[str, DeviceRecord]] = {}
    for run in runs:
        for device in run.devices:
            run_id, before = known.setdefault(device.device, (run.info.run_id, device))
            for name in SAME:
                values = getattr(before, name), getattr(device, name)
                if values[0] != values[1]:
                    raise UsageProblem(
                        f"runs are combined only if their devices are the same: {device.device} has {name} "
                        f"{values[0]} in {run_id} and {values[1]} in {run.info.run_id}"
                    )


def _first_blocks(runs: Sequence[Run]) -> Iterator[int]:
    """The number that the first block of each run gets: blocks of different runs never share one."""
    first = 0
    for run in runs:
        yield first
        frames = (run.trials["block"], run.planned["block"])
        records: tuple[Any, ...] = (*run.episodes, *run.observations, *run.states)
        numbers = [int(frame.max()) for frame in frames if len(frame)] + [record.block for record in records]
        first += max(numbers, default=-1) + 1


def _stacked(frames: Iterable[tuple[pd.DataFrame, int]]) -> pd.DataFrame:
    moved = [frame.assign(block=frame["block"] + first) for frame, first in frames]
    filled = [frame for frame in moved if len(frame)]  # an empty frame has no types of its own
    return pd.concat(filled or moved[:1], ignore_index=True)


def _renumbered(records: Sequence[Any], first: int) -> tuple[Any, ...]:
    return tuple(msgspec.structs.replace(record, block=record.block + first) for record in records)


def _all(parts: Iterable[Sequence[Any]]) -> tuple[Any, ...]:
    return tuple(item for part in parts for item in part)


def _of_run(run: Run, problem: Problem) -> Problem:
    return replace(problem, file=f"{run.info.run_id}/{problem.file}")
