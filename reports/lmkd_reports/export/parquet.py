"""Writes a run as Parquet: one dataset per table, with Hive partitions by date and device, for many runs."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from types import TracebackType

import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq

from lmkd_core.records.reading import EVERYTHING
from lmkd_core.records.reading import Problem
from lmkd_core.records.reading import Reading
from lmkd_reports.export.files import replaced
from lmkd_reports.export.files import safe_name
from lmkd_reports.export.reading import DeviceRecords
from lmkd_reports.export.reading import RunName
from lmkd_reports.export.rows import table_rows
from lmkd_reports.export.run import export_run
from lmkd_reports.export.tables import TABLES
from lmkd_reports.export.tables import Row
from lmkd_reports.export.tables import Table

TYPES = {"text": pa.string(), "integer": pa.int64(), "boolean": pa.bool_()}
BATCH_ROWS = 32_768

PARTITIONS = pa.schema([pa.field("date", pa.string()), pa.field("device", pa.string())])
"""The columns in the names of the folders, ``date=…/device=…``, and not in the files."""


def write_tables(run_dir: Path, to: Path, reading: Reading = EVERYTHING) -> list[Problem]:
    """Adds the run to ``to``; returns its unusable parts. Raises: as ``export_run``."""
    return export_run(run_dir, to, ParquetFiles, reading)


def file_schema(table: Table) -> pa.Schema:
    """Returns the columns of every file of ``table``."""
    columns = [column for column in table.columns if column.name != "device"]
    return pa.schema(
        [pa.field(column.name, TYPES[column.kind], nullable=column.nullable) for column in columns]
    )


def open_table(folder: Path, table: Table) -> pyarrow.dataset.Dataset:
    """Opens ``table`` of all runs exported to ``folder``, with the types of ``docs/records.md``.

    Raises:
        FileNotFoundError: no exported run has a row of it.
    """
    partitions = pyarrow.dataset.partitioning(PARTITIONS, flavor="hive")
    columns = pa.schema([*file_schema(table), *PARTITIONS])
    return pyarrow.dataset.dataset(folder / table.name, columns, format="parquet", partitioning=partitions)


class ParquetFiles:
    """The files of one run in a folder of many; they replace older files of the same run."""

    def __init__(self, folder: Path, run: RunName) -> None:
        self._folder = folder
        self._date = f"date={safe_name(run.date)}"
        self._prefix = (
            f"run-{safe_name(run.run_id)}@"  # encoded names have no @, so no run is a prefix of another
        )
        self._written: set[Path] = set()

    def __enter__(self) -> ParquetFiles:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._remove_older()

    def add(self, records: DeviceRecords, source: Path) -> None:
        """Writes the records of one device in ``source``, one file per table with rows. Raises: OSError."""
        place = Path(self._date, f"device={safe_name(records.device)}", self._name(source))
        for table in TABLES:
            path = self._folder / table.name / place
            if _write(path, table, table_rows(table, records)):
                self._written.add(path)

    def _name(self, source: Path) -> str:
        return f"{self._prefix}{safe_name(source.stem)}.parquet"

    def _remove_older(self) -> None:
        for table in TABLES:
            for path in (self._folder / table.name).glob(f"date=*/device=*/{self._prefix}*.parquet"):
                if path not in self._written:
                    path.unlink()


def _write(path: Path, table: Table, rows: Iterator[Row]) -> bool:
    """Writes ``rows`` in batches; returns whether there were any. Raises: OSError."""
    batch = list(islice(rows, BATCH_ROWS))
    if not batch:
        return False
    schema = file_schema(table)
    with replaced(path) as part, pq.ParquetWriter(part, schema, compression="zstd") as writer:
        while batch:
            writer.write_batch(_batch(table, schema, batch))
            batch = list(islice(rows, BATCH_ROWS))
    return True


def _batch(table: Table, schema: pa.Schema, rows: Sequence[Row]) -> pa.RecordBatch:
    """Raises: pyarrow.ArrowInvalid: a value does not have its column's type, which is a bug."""
    columns = zip(table.columns, zip(*rows, strict=True), strict=True)
    arrays = [pa.array(values, TYPES[column.kind]) for column, values in columns if column.name != "device"]
    return pa.record_batch(arrays, schema=schema)
