"""Writes a run as CSV (RFC 4180, UTF-8), one file per table, without formulas for a spreadsheet to run."""

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
from lmkd_reports.export.rows import table_rows
from lmkd_reports.export.run import export_run
from lmkd_reports.export.tables import TABLES
from lmkd_reports.export.tables import Row
from lmkd_reports.export.tables import Value

if TYPE_CHECKING:
    from _csv import Writer

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


def write_tables(run_dir: Path, to: Path, reading: Reading = EVERYTHING) -> list[Problem]:
    """Writes ``to``/TABLE.csv; returns the unusable parts of the run. Raises: as ``export_run``."""
    return export_run(run_dir, to, lambda folder, _: CsvFiles(folder), reading)


class CsvFiles:
    """One file per table with the rows of all devices; they replace older files once all is written."""

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

    def add(self, records: DeviceRecords, source: Path) -> None:
        """Adds the rows of one device, whatever file of records they are from. Raises: OSError."""
        for table in TABLES:
            self._writers[table.name].writerows(map(_cells, table_rows(table, records)))


def _cells(row: Row) -> Iterable[str | int | None]:
    return map(_cell, row)


def _cell(value: Value) -> str | int | None:
    """Puts an apostrophe before texts that a spreadsheet would run as a formula: devices supply some."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and value.startswith(FORMULA_STARTS) and not NUMBER.fullmatch(value):
        return f"'{value}"
    return value
