"""``pytest-lmkd export``: the records of a run for spreadsheets, data frames and the Perfetto viewer."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lmkd_core.base.errors import EXIT_OK
from lmkd_core.base.errors import UsageProblem
from lmkd_core.records.masking import Masker
from lmkd_core.records.reading import Problem
from lmkd_core.records.reading import Reading
from lmkd_reports.format.plain import plain

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

FORMATS = {
    "csv": "one CSV file per table, for spreadsheets",
    "parquet": "Parquet, partitioned by date and device; many runs can be added to one folder",
    "perfetto": "one trace per trial or episode, for the Perfetto viewer",
}
EXTRA = {"pyarrow", "perfetto"}
"""Packages that only an export needs."""


def add_parsers(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "export", help="write a run's records as CSV, Parquet or Perfetto traces", description=export.__doc__
    )
    parser.add_argument("run_dir", metavar="RUN", type=Path, help="results directory of the run")
    formats = parser.add_mutually_exclusive_group(required=True)
    for name, what in FORMATS.items():
        formats.add_argument(f"--{name}", dest="format", action="store_const", const=name, help=what)
    parser.add_argument(
        "--to", metavar="DIR", type=Path, help="write below this folder (default: RUN/export/FORMAT)"
    )
    parser.add_argument(
        "--device", metavar="NAME", action="append", default=[], help="only this device; can be repeated"
    )
    parser.add_argument("--mask-serials", action="store_true", help="replace serials with device-1, …")
    parser.set_defaults(run=export)


def export(options: argparse.Namespace) -> int:
    """Writes the records of RUN for other tools; docs/records.md describes the tables."""
    to: Path = options.to or options.run_dir / "export" / options.format
    reading = Reading(Masker() if options.mask_serials else None, tuple(options.device))
    with _needs_extra(options.format):
        exported = WRITERS[options.format](options.run_dir, to, reading)
    for problem in exported.problems:  # part of a message comes from devices
        print(f"pytest-lmkd: {plain(str(problem))}", file=sys.stderr)
    print(f"export: {exported.content} in {to}")
    return EXIT_OK


@dataclass(frozen=True, slots=True)
class Exported:
    """``content``: the written files in words."""

    content: str
    problems: Sequence[Problem]


def _csv(run_dir: Path, to: Path, reading: Reading) -> Exported:
    from lmkd_reports.export.csv import write_tables  # noqa: PLC0415 - one writer at a time

    return Exported("tables", write_tables(run_dir, to, reading))


def _parquet(run_dir: Path, to: Path, reading: Reading) -> Exported:
    from lmkd_reports.export.parquet import write_tables  # noqa: PLC0415 - pyarrow is an extra

    return Exported("tables", write_tables(run_dir, to, reading))


def _perfetto(run_dir: Path, to: Path, reading: Reading) -> Exported:
    from lmkd_reports.export.perfetto import write_traces  # noqa: PLC0415 - perfetto is an extra

    traces = write_traces(run_dir, to, reading)
    return Exported(f"{len(traces.paths)} traces", traces.problems)


WRITERS: dict[str, Callable[[Path, Path, Reading], Exported]] = {
    "csv": _csv,
    "parquet": _parquet,
    "perfetto": _perfetto,
}


@contextmanager
def _needs_extra(name: str) -> Iterator[None]:
    """Raises: UsageProblem: a package that only this export needs is not installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in EXTRA:
            raise
        raise UsageProblem(
            f"--{name} needs {package}, which is not installed: pip install 'pytest-lmkd[export]'"
        ) from error
