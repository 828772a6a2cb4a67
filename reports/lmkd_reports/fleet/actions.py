"""Writes the page of a fleet, and beside it the rows that it is made of as CSV."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from pathlib import Path

import pandas as pd

from lmkd_core.base.errors import UsageProblem
from lmkd_core.records.masking import Masker
from lmkd_core.records.reading import Problem
from lmkd_core.records.reading import read_info
from lmkd_core.records.run import DEFAULT_EQUIVALENT_PCT
from lmkd_core.records.run import RunInfo
from lmkd_core.records.run import run_names
from lmkd_reports.fleet.notes import notes_of
from lmkd_reports.fleet.notes import run_notes
from lmkd_reports.fleet.notes import set_notes
from lmkd_reports.fleet.page import render_fleet
from lmkd_reports.fleet.reading import read_fleet
from lmkd_reports.fleet.results import FleetResults
from lmkd_reports.fleet.results import merged
from lmkd_reports.fleet.text import fleet_text


@dataclass(frozen=True, slots=True)
class FleetPaths:
    """The paths of the page and its rows; ``text`` reports the verdicts."""

    html: Path
    kills: Path
    times: Path
    text: str


def write_fleet(
    run_dirs: Sequence[Path],
    html: Path | None,
    masker: Masker | None = None,
    equivalent_pct: float | None = None,
) -> FleetPaths:
    """Writes the page of the runs' devices; ``equivalent_pct`` as of ``analyse``.

    Raises:
        UsageProblem: a run.json is not usable, or the page cannot be written.
    """
    infos = [_info(folder) for folder in run_dirs]
    results = [
        read_fleet(folder, info.run_id, info.arms, equivalent_pct or info.equivalent_pct)
        for folder, info in zip(run_dirs, infos, strict=True)
    ]
    names = run_names(infos)
    title = "; ".join(
        f"run {name}, started {info.started_utc}" for name, info in zip(names, infos, strict=True)
    )
    default = run_dirs[0] / "report.html" if len(run_dirs) == 1 else Path("report.html")
    return _write(title, merged(results), run_notes(infos, equivalent_pct), masker, html or default)


def write_fleet_of_parquet(
    folder: Path,
    html: Path | None,
    masker: Masker | None = None,
    scheduler: str | None = None,
    equivalent_pct: float | None = None,
) -> FleetPaths:
    """As ``write_fleet``, of an exported set; with a ``scheduler`` ("": one of this machine) on Dask."""
    from lmkd_reports.fleet import parquet  # noqa: PLC0415 - pyarrow is an extra

    limit = equivalent_pct or DEFAULT_EQUIVALENT_PCT
    if scheduler is None:
        results = parquet.with_pandas(folder, limit)
    else:
        results = parquet.on_dask(folder, scheduler, limit)
    title, notes = f"exported set {folder.resolve().name}", set_notes(parquet.arms_in(folder), equivalent_pct)
    return _write(title, results, notes, masker, html or folder / "report.html")


def _info(run_dir: Path) -> RunInfo:
    problems: list[Problem] = []
    info = read_info(run_dir, problems)
    if info is None:
        raise UsageProblem(f"{run_dir}/{problems[0]}")
    return info


def _write(
    title: str, results: FleetResults, assumed: Sequence[str], masker: Masker | None, html: Path
) -> FleetPaths:
    shown = results if masker is None else _masked(results, masker)
    notes = (*notes_of(shown), *assumed)
    paths = FleetPaths(
        html,
        html.with_name("fleet-kills.csv"),
        html.with_name("fleet-times.csv"),
        fleet_text(title, shown, notes),
    )
    try:
        html.parent.mkdir(parents=True, exist_ok=True)
        html.write_text(render_fleet(title, shown, notes), encoding="utf-8")
        shown.kills.to_csv(paths.kills, index=False, lineterminator="\n")
        shown.times.to_csv(paths.times, index=False, lineterminator="\n")
    except OSError as error:
        raise UsageProblem(f"the report {html} cannot be written: {error.strerror}") from error
    return paths


def _masked(results: FleetResults, masker: Masker) -> FleetResults:
    masker.learn(device for _, device in results.models)
    return replace(
        results,
        kills=_masked_rows(results.kills, masker),
        times=_masked_rows(results.times, masker),
        models={
            (run_id, masker.text(device)): masker.text(model)
            for (run_id, device), model in results.models.items()
        },
        problems=tuple(replace(problem, file=masker.text(problem.file)) for problem in results.problems),
    )


def _masked_rows(rows: pd.DataFrame, masker: Masker) -> pd.DataFrame:
    masks = {device: masker.text(device) for device in rows["device"].unique()}
    return rows.assign(device=rows["device"].map(masks))
