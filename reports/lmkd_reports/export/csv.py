"""A run as CSV: one file a table, by RFC 4180, in UTF-8, harmless to open in a spreadsheet."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from lmkd_core.records.reading import EVERYTHING
from lmkd_core.records.reading import Problem
from lmkd_core.records.reading import Reading
from lmkd_reports.export.files import replaced
from lmkd_reports.export.reading import DeviceRecords
from lmkd_reports.export.rows import rows_of
from lmkd_reports.export.run import export_run
from lmkd_reports.export.tables import TABLES
from lmkd_reports.export.tables import Row
from lmkd_reports.export.tables import Value

if TYPE_CHECKING:
    from _csv import Writer

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


def write_tables(run_dir: Path, to: Path, reading: Reading = EVERYTHING) -> list[Problem]:
    """Writes ``to``/TABLE.csv; returns what of the run could not be used. Raises: as ``export_run``."""
    return export_run(run_dir, to, lambda folder, _: CsvFiles(folder), reading)


class CsvFiles:
    """One file a table in a folder, with the rows of all devices; older ones go when all is written."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files = ExitStack()
        self._writers: dict[str, Writer] = {}

    def __enter__(self) -> CsvFiles:
        with ExitStack() as opened:
            for table in TABLES:
                path = opened.enter_context(replaced(self._folder / f"{table.name}.csv"))
                stream = opened.enter_context(path.open("w", encoding="utf-8", newline=""))
                self._writers[table.name] = csv.writer(stream)
                self._writers[table.name].writerow(column.name for column in table.columns)
            self._files = opened.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return self._files.__exit__(kind, error, trace)

    def add(self, found: DeviceRecords, source: Path) -> None:
        """Adds the rows of one device, whatever file they are from. Raises: OSError."""
        for table in TABLES:
            self._writers[table.name].writerows(map(_cells, rows_of(table, found)))


def _cells(row: Row) -> Iterable[str | int | None]:
    return map(_cell, row)


def _cell(value: Value) -> str | int | None:
    """What a spreadsheet would take for a formula gets an apostrophe: part of it comes from devices."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and value.startswith(FORMULA_STARTS) and not NUMBER.fullmatch(value):
        return f"'{value}"
    return value
