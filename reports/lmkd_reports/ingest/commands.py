"""Carries out ``pytest-lmkd ingest``: reports kills in field logs and bug reports, without a device."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from lmkd_core.base.errors import EXIT_OK
from lmkd_reports.presentation.browser import add_open
from lmkd_reports.presentation.browser import check_open
from lmkd_reports.presentation.browser import open_page

if TYPE_CHECKING:
    from lmkd_core.logs.reading import Event

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
    add_open(parser)
    parser.add_argument(
        "--mask-serials", action="store_true", help="replace a bug report's serials with device-1, …"
    )
    cascade = "a kill this soon after another belongs to its cascade (default %(default)s, as in ro.lmk)"
    parser.add_argument("--kill-timeout-ms", metavar="MS", type=int, default=100, help=cascade)
    parser.set_defaults(run=ingest)


def ingest(options: argparse.Namespace) -> int:
    """Reads kills, killers and reasons from logs of lmkd, ActivityManager and the kernel, and exit-info.

    Reports each death once, with its killer.
    """
    check_open(options)
    # scipy takes a second to load, and the help needs none of these
    from lmkd_core.logs.deaths import with_names  # noqa: PLC0415
    from lmkd_core.logs.json_lines import json_lines  # noqa: PLC0415
    from lmkd_core.logs.reading import Reader  # noqa: PLC0415
    from lmkd_core.logs.sources import read_lines  # noqa: PLC0415
    from lmkd_core.logs.summary import Findings  # noqa: PLC0415
    from lmkd_core.logs.summary import summarise  # noqa: PLC0415
    from lmkd_core.records.masking import Masker  # noqa: PLC0415
    from lmkd_reports.ingest.text import ingest_text  # noqa: PLC0415

    reader, problems = Reader(), list[str]()
    events: list[Event] = []
    for path in options.files:
        events.extend(reader.read(read_lines(path, problems)))
    summary = summarise(events, options.kill_timeout_ms)
    masker = Masker()
    if options.mask_serials:
        masker.learn(sorted(reader.account.serials))
    if options.json:
        lines = json_lines(with_names(events, summary.deaths), summary.deaths)
        print(masker.text(lines.decode()), end="")
    text = masker.text(ingest_text(reader.account, summary, problems))
    print(text, end="", file=sys.stderr if options.json else sys.stdout)
    if options.html:
        from lmkd_reports.ingest.page import render_page  # noqa: PLC0415 - Altair takes another second
        from lmkd_reports.presentation.pages import write_page  # noqa: PLC0415

        write_page(options.html, render_page(Findings(reader.account, summary, events, problems), masker))
        if options.open:
            open_page(options.html)
    return EXIT_OK
