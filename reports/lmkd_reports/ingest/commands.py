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
        help="print one JSON object per record and per death; the summary goes to standard error",
    )
    parser.add_argument("--html", metavar="FILE", type=Path, help="write everything as a page")
    parser.add_argument(
        "--mask-serials", action="store_true", help="replace a bug report's serials with device-1, …"
    )
    parser.add_argument(
        "--kill-timeout-ms",
        metavar="MS",
        type=int,
        default=100,
        help="a kill this soon after another belongs to its cascade (default %(default)s, as in ro.lmk)",
    )
    parser.set_defaults(run=ingest)


def ingest(options: argparse.Namespace) -> int:
    """Reads kills, killers and reasons from logs of lmkd, ActivityManager and the kernel, and exit-info.

    Reports each death once, with its killer.
    """
    from lmkd_reports.ingest import actions  # noqa: PLC0415 - scipy takes a second to load

    return actions.ingest(options)
