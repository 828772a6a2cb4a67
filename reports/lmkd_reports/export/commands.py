"""``pytest-lmkd export``: the records of a run for spreadsheets, data frames and the Perfetto viewer."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from lmkd_core.base.errors import EXIT_OK
from lmkd_core.base.errors import UsageProblem
from lmkd_core.records.masking import Masker
from lmkd_core.records.reading import Reading
from lmkd_reports.format.plain import plain

if TYPE_CHECKING:
    from lmkd_core.records.reading import Problem

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
    """Writes the records of RUN for other tools; docs/records.md tells what the tables hold."""
    to: Path = options.to or options.run_dir / "export" / options.format
    reading = Reading(Masker() if options.mask_serials else None, tuple(options.device))
    writer = _writer(options.format)
    if options.format == "perfetto":
        traces = writer.write_traces(options.run_dir, to, reading)
        _tell(traces.problems)
        print(f"export: {len(traces.paths)} traces in {to}")
    else:
        _tell(writer.write_tables(options.run_dir, to, reading))
        print(f"export: tables in {to}")
    return EXIT_OK


def _writer(name: str) -> ModuleType:
    """The module that writes the format, loaded only now: its libraries take seconds.

    Raises:
        UsageProblem: a package that it needs is not installed.
    """
    try:
        return importlib.import_module(f"lmkd_reports.export.{name}")
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in EXTRA:
            raise
        raise UsageProblem(
            f"--{name} needs {package}, which is not installed: pip install 'pytest-lmkd[export]'"
        ) from error


def _tell(problems: Sequence[Problem]) -> None:
    """On stderr, in printable ASCII: part of a message comes from devices."""
    for problem in problems:
        print(f"pytest-lmkd: {plain(str(problem))}", file=sys.stderr)
