"""What ``pytest-lmkd ingest`` does."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from lmkd_core.base.errors import EXIT_OK
from lmkd_core.base.errors import UsageProblem
from lmkd_core.base.errors import error_text
from lmkd_core.logs.deaths import with_names
from lmkd_core.logs.json_lines import json_lines
from lmkd_core.logs.reading import Event
from lmkd_core.logs.reading import Reader
from lmkd_core.logs.sources import read_lines
from lmkd_core.logs.summary import Findings
from lmkd_core.logs.summary import summarise
from lmkd_core.records.masking import Masker
from lmkd_reports.ingest.text import ingest_text


def ingest(options: argparse.Namespace) -> int:
    """Raises: UsageProblem: a file cannot be opened, or the page not be written."""
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
    told = masker.text(ingest_text(reader.account, summary, problems))
    print(told, end="", file=sys.stderr if options.json else sys.stdout)
    if options.html:
        _write_page(options.html, Findings(reader.account, summary, events, problems), masker)
    return EXIT_OK


def _write_page(path: Path, findings: Findings, masker: Masker) -> None:
    from lmkd_reports.ingest.page import render_page  # noqa: PLC0415 - Altair takes a second to load

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(render_page(findings, masker), encoding="utf-8")
    except OSError as error:
        raise UsageProblem(f"the page {path} cannot be written: {error_text(error)}") from error
