"""Several runs of the same devices as one, so that their boots are the replicates (``report --combine``)."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from typing import Any

import msgspec
import pandas as pd

from lmkd_core.base.errors import UsageProblem
from lmkd_core.records.device import DeviceRecord
from lmkd_core.records.kernel import fact_text
from lmkd_core.records.kernel import other_fact
from lmkd_core.records.run import run_names
from lmkd_reports.analysis.combine import of_run
from lmkd_reports.analysis.frames import Run

SAME = ("model", "kernel_release", "personality", "abi", "page_size")
"""Fields of a device that all of its runs must share."""

MEMORY_TOLERANCE = 0.01
"""The kernel reserves a few kB more or less from boot to boot."""


def join_runs(runs: Sequence[Run]) -> Run:
    """One run with the blocks of each of ``runs`` (at least one, of different names), numbered on.

    A block stays within its run and boot. Two runs in one boot of the device count as that one boot.

    Raises:
        UsageProblem: a run is named twice, the runs had different arms, or a device or a scenario's holds or
            sizes differ between them.
    """
    first = runs[0]
    check_names(runs)
    _check_arms(runs)
    _check_devices(runs)
    _check_systems(runs)
    _check_strata(runs)
    firsts = list(_first_blocks(runs))
    moved = list(zip(runs, firsts, strict=True))
    names = run_names([run.info for run in runs])
    info = msgspec.structs.replace(
        first.info,
        run_id=" + ".join(run.info.run_id for run in runs),
        label=" + ".join(names),
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
        problems=tuple(
            of_run(name, problem) for name, run in zip(names, runs, strict=True) for problem in run.problems
        ),
        lead_ins=_all(_renumbered(run.lead_ins, block) for run, block in moved),
        raw=b"".join(run.raw for run in runs),
    )


def check_names(runs: Sequence[Run]) -> None:
    """Raises: UsageProblem: a run is there twice, perhaps as a copy of its folder."""
    names = [run.info.run_id for run in runs]
    for name in names:
        if names.count(name) > 1:
            raise UsageProblem(f"the run {name} is named twice: name each results directory once")


def _check_arms(runs: Sequence[Run]) -> None:
    for run in runs:
        if run.info.arms != runs[0].info.arms:
            raise UsageProblem(
                f"runs are combined only if their arms are the same: {runs[0].info.name} has "
                f"{', '.join(runs[0].info.arms)}, and {run.info.name} has {', '.join(run.info.arms)}"
            )


def _check_devices(runs: Sequence[Run]) -> None:
    known: dict[str, tuple[str, DeviceRecord]] = {}
    for run in runs:
        for device in run.devices:
            run_name, before = known.setdefault(device.device, (run.info.name, device))
            if abs(device.mem_total_kb - before.mem_total_kb) > MEMORY_TOLERANCE * before.mem_total_kb:
                raise _differs(device.device, "mem_total_kb", (run_name, before), (run.info.name, device))
            for name in SAME:
                if getattr(before, name) != getattr(device, name):
                    raise _differs(device.device, name, (run_name, before), (run.info.name, device))


def _differs(device: str, name: str, *sides: tuple[str, DeviceRecord]) -> UsageProblem:
    values = " and ".join(f"{getattr(record, name)} in {run_name}" for run_name, record in sides)
    return UsageProblem(f"runs are combined only if their devices are the same: {device} has {name} {values}")


def _check_systems(runs: Sequence[Run]) -> None:
    """Raises: UsageProblem: the runs differ in the build of a device's kernel, in accelerator or host CPU."""
    known: dict[str, tuple[str, DeviceRecord]] = {}
    for run in runs:
        for device in run.devices:
            where, before = known.setdefault(device.device, (run.info.run_id, device))
            if name := other_fact(before, device):
                raise UsageProblem(
                    f"runs are combined only if their devices are the same: {device.device} has {name} "
                    f"{fact_text(before, name)} in {where} and {fact_text(device, name)} in {run.info.run_id}"
                )


def _check_strata(runs: Sequence[Run]) -> None:
    """A scenario with other holds or sizes in each run has no stratum that the runs share.

    Raises:
        UsageProblem: there is such a scenario; the sentence names it and both values.
    """
    known: dict[tuple[str, str, str], tuple[str, set[int]]] = {}
    for run in runs:
        for (device, scenario), trials in run.trials.groupby(["device", "scenario"], sort=False):
            for name in ("hold_ms", "victim_kb"):
                values = {int(value) for value in trials[name]}
                run_name, before = known.setdefault((device, scenario, name), (run.info.name, values))
                if not before & values:
                    raise UsageProblem(
                        f"runs are combined only if they measured the same: {scenario} on {device} has "
                        f"{name} {_listed(before)} in {run_name} and {_listed(values)} in {run.info.name}"
                    )


def _listed(values: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(values)))


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
