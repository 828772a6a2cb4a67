"""``pytest-lmkd report``: writes the reports of a run again, from its records."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from lmkd_reports.gate import commands as gate_commands
from lmkd_reports.write import write_report
from pytest_lmkd.errors import EXIT_OK

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]


def add_parser(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "report", help="write report.html and summary.txt of a run", description=report.__doc__
    )
    parser.add_argument("run_dir", metavar="RUN", type=Path, help="results directory of the run")
    parser.add_argument(
        "--html", metavar="FILE", type=Path, help="write the page there (default: RUN/report.html)"
    )
    parser.set_defaults(run=report)
    gate_commands.add_parsers(subparsers)


def report(options: argparse.Namespace) -> int:
    """Writes report.html and summary.txt from a run's records, and prints the summary."""
    paths = write_report(options.run_dir, options.html)
    print(paths.summary.read_text(encoding="utf-8"))
    print(f"report: {paths.html}")
    return EXIT_OK
