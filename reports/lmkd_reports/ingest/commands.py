"""``pytest-lmkd ingest``: kills in field logs and bug reports, without any device."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]


def add_parsers(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "ingest", help="read kills from logs and bug reports", description=ingest.__doc__
    )
    parser.add_argument(
        "files",
        metavar="FILE",
        type=Path,
        nargs="+",
        help="logcat, dumpsys or dmesg text, gzip, or a zip such as a bug report",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="print a JSON object a record and one a death, the summary on standard error",
    )
    parser.add_argument("--html", metavar="FILE", type=Path, help="write a page that tells it all")
    parser.add_argument(
        "--mask-serials", action="store_true", help="say device-1 for serials that a bug report names"
    )
    parser.add_argument(
        "--kill-timeout-ms",
        metavar="MS",
        type=int,
        default=100,
        help="a kill within this time of the last belongs to a cascade (default %(default)s, as ro.lmk's)",
    )
    parser.set_defaults(run=ingest)


def ingest(options: argparse.Namespace) -> int:
    """Reads who killed what and why from FILEs: logs of lmkd, ActivityManager and the kernel, and exit-info.

    Each death is told once, with who killed.
    """
    from lmkd_reports.ingest import actions  # noqa: PLC0415 - scipy takes a second to load

    return actions.ingest(options)
