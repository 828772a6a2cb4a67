"""What ``pytest-lmkd ingest`` does."""

from __future__ import annotations

import argparse
import sys

import msgspec

from lmkd_reports.logs.reading import Event
from lmkd_reports.logs.reading import Reader
from lmkd_reports.logs.sources import read_lines
from lmkd_reports.logs.summary import summarise
from lmkd_reports.logs.text import ingest_text
from pytest_lmkd.errors import EXIT_OK


def ingest(options: argparse.Namespace) -> int:
    """Raises: UsageProblem: a file cannot be opened."""
    reader, problems = Reader(), list[str]()
    events: list[Event] = []
    for path in options.files:
        for event in reader.read(read_lines(path, problems)):
            events.append(event)
            if options.json:
                print(msgspec.json.encode(event.fields).decode())
    told = ingest_text(reader.account, summarise(events, options.kill_timeout_ms), problems)
    print(told, end="", file=sys.stderr if options.json else sys.stdout)
    return EXIT_OK
