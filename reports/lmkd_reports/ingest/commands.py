"""Carries out ``pytest-lmkd ingest``: reports kills in field logs and bug reports, without a device."""

from __future__ import annotations

import argparse
import codecs
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from typing import TextIO

from lmkd_core.base.errors import EXIT_CHECK_FAILED
from lmkd_core.base.errors import EXIT_OK
from lmkd_reports.presentation.browser import add_open
from lmkd_reports.presentation.browser import check_open
from lmkd_reports.presentation.browser import open_page

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]


NOT_ASCII = re.compile(r"[^\x00-\x7f]")


def add_parsers(subparsers: Subparsers) -> None:
    parser = subparsers.add_parser(
        "ingest", help="read kills from logs and bug reports", description=ingest.__doc__
    )
    parser.add_argument(
        "files",
        metavar="INPUT",
        type=Path,
        nargs="+",
        help="text of logcat, dumpsys or dmesg, an archive, a folder, or - for standard input",
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

    Reports each death once, with its killer. Exit status 1: of one of the inputs, nothing could be read.
    """
    check_open(options)
    # scipy takes a second to load, and the help needs none of these
    from lmkd_core.logs.deaths import with_names  # noqa: PLC0415
    from lmkd_core.logs.json_lines import json_lines  # noqa: PLC0415
    from lmkd_core.logs.reading import Reader  # noqa: PLC0415
    from lmkd_core.logs.summary import Findings  # noqa: PLC0415
    from lmkd_core.logs.summary import summarise  # noqa: PLC0415
    from lmkd_core.records.masking import Masker  # noqa: PLC0415
    from lmkd_reports.ingest.inputs import Inputs  # noqa: PLC0415
    from lmkd_reports.ingest.text import ingest_text  # noqa: PLC0415

    reader, inputs = Reader(), Inputs(options.files)
    events = list(reader.read_blocks(inputs.blocks(reader.account)))
    summary = summarise(events, options.kill_timeout_ms)
    masker = Masker()
    if options.mask_serials:
        masker.learn(sorted(reader.account.serials))
    if options.json:
        lines = json_lines(with_names(events, summary.deaths), summary.deaths)
        _write(sys.stdout, _ascii_json(masker.text(lines.decode())))
    text = masker.text(ingest_text(reader.account, summary, inputs.problems))
    _write(sys.stderr if options.json else sys.stdout, text)
    if options.html:
        from lmkd_reports.ingest.page import render_page  # noqa: PLC0415 - Altair takes another second
        from lmkd_reports.presentation.pages import write_page  # noqa: PLC0415

        findings = Findings(reader.account, summary, events, inputs.problems)
        write_page(options.html, render_page(findings, masker))
        if options.open:
            open_page(options.html)
    return EXIT_CHECK_FAILED if inputs.unread else EXIT_OK


def _ascii_json(text: str) -> str:
    """Returns JSON as every output can carry it; in UTF-8 it stays as it is."""
    if codecs.lookup(sys.stdout.encoding or "utf-8").name == "utf-8":
        return text
    return NOT_ASCII.sub(lambda match: json.dumps(match[0])[1:-1], text)


def _write(stream: TextIO, text: str) -> None:
    """Writes text; what the stream's encoding lacks is escaped."""
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
