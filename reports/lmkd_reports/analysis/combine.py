"""Several runs on one page: their devices side by side, never pooled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from lmkd_core.records.reading import Problem
from lmkd_core.records.run import run_names
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
    names = run_names([analysis.runs[0] for analysis in analyses])
    combined = replace(
        analyses[0],
        runs=tuple(run for analysis in analyses for run in analysis.runs),
        pairs=_each_once(pair for analysis in analyses for pair in analysis.pairs),
        devices=tuple(_devices(analyses, names)),
        problems=tuple(
            of_run(name, problem)
            for name, analysis in zip(names, analyses, strict=True)
            for problem in analysis.problems
        ),
        warmups=sum(analysis.warmups for analysis in analyses),
        planned=sum(analysis.planned for analysis in analyses),
        recorded=sum(analysis.recorded for analysis in analyses),
        valid=sum(analysis.valid for analysis in analyses),
        comparisons=sum(analysis.comparisons for analysis in analyses),
        planned_episodes=sum(analysis.planned_episodes for analysis in analyses),
        recorded_episodes=sum(analysis.recorded_episodes for analysis in analyses),
        valid_episodes=sum(analysis.valid_episodes for analysis in analyses),
        trials_csv=_one_table([analysis.trials_csv for analysis in analyses]),
        records=b"".join(analysis.records for analysis in analyses),
    )
    return with_family_p(combined)


def _devices(analyses: Sequence[Analysis], names: Sequence[str]) -> Iterable[DeviceResult]:
    runs_with = Counter(device.name for analysis in analyses for device in analysis.devices)
    for name, analysis in zip(names, analyses, strict=True):
        for device in analysis.devices:
            again = runs_with[device.name] > 1
            yield replace(device, name=f"{device.name} ({name})") if again else device


def of_run(name: str, problem: Problem) -> Problem:
    """The problem with its file named under its run."""
    return replace(problem, file=f"{name}/{problem.file}")


def _one_table(tables: Sequence[str]) -> str:
    """CSV texts of the same columns under one header."""
    header = tables[0].partition("\n")[0]
    return header + "\n" + "".join(table.partition("\n")[2] for table in tables)


def _each_once(items: Iterable[Item]) -> tuple[Item, ...]:
    return tuple(dict.fromkeys(items))
