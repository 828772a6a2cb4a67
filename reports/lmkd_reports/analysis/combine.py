"""Several runs on one page: their devices side by side, never pooled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from lmkd_core.records.reading import Problem
from lmkd_reports.analysis.model import Analysis
from lmkd_reports.analysis.model import DeviceResult
from lmkd_reports.analysis.together import with_family_p

Item = TypeVar("Item")


def combine(analyses: Sequence[Analysis]) -> Analysis:
    """One analysis with the values of each of ``analyses`` (at least one, of different runs).

    A device that is in several runs is named with its run, and so are the files of problems.
    """
    if len(analyses) == 1:
        return analyses[0]
    combined = replace(
        analyses[0],
        runs=tuple(run for one in analyses for run in one.runs),
        pairs=_each_once(pair for one in analyses for pair in one.pairs),
        control_pairs=_each_once(pair for one in analyses for pair in one.control_pairs),
        devices=tuple(_devices(analyses)),
        problems=tuple(_of_run(one, problem) for one in analyses for problem in one.problems),
        warmups=sum(one.warmups for one in analyses),
        planned=sum(one.planned for one in analyses),
        recorded=sum(one.recorded for one in analyses),
        valid=sum(one.valid for one in analyses),
        comparisons=sum(one.comparisons for one in analyses),
        planned_episodes=sum(one.planned_episodes for one in analyses),
        recorded_episodes=sum(one.recorded_episodes for one in analyses),
        valid_episodes=sum(one.valid_episodes for one in analyses),
        trials_csv=_one_table([one.trials_csv for one in analyses]),
        records=b"".join(one.records for one in analyses),
    )
    return with_family_p(combined)


def _devices(analyses: Sequence[Analysis]) -> Iterable[DeviceResult]:
    runs_with = Counter(device.name for one in analyses for device in one.devices)
    for one in analyses:
        for device in one.devices:
            again = runs_with[device.name] > 1
            yield replace(device, name=f"{device.name} ({one.name})") if again else device


def _of_run(analysis: Analysis, problem: Problem) -> Problem:
    return replace(problem, file=f"{analysis.name}/{problem.file}")


def _one_table(tables: Sequence[str]) -> str:
    """CSV texts of the same columns under one header."""
    header = tables[0].partition("\n")[0]
    return header + "\n" + "".join(table.partition("\n")[2] for table in tables)


def _each_once(items: Iterable[Item]) -> tuple[Item, ...]:
    return tuple(dict.fromkeys(items))
