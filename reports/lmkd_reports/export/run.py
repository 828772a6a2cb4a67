"""From a results directory to files of tables, device by device."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Protocol
from typing import Self

from lmkd_core.base.errors import UsageProblem
from lmkd_core.base.errors import error_text
from lmkd_core.records.reading import EVERYTHING
from lmkd_core.records.reading import Problem
from lmkd_core.records.reading import Reading
from lmkd_reports.export.reading import DeviceRecords
from lmkd_reports.export.reading import RunName
from lmkd_reports.export.reading import run_name
from lmkd_reports.export.reading import wanted_devices


class TableFiles(Protocol):
    """The files of an export; they replace older ones at the end of the context."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None: ...

    def add(self, device_records: DeviceRecords, source: Path) -> None:
        """Adds the records of one device from the file ``source``. Raises: OSError."""


def export_run(
    run_dir: Path,
    to: Path,
    files_of: Callable[[Path, RunName], TableFiles],
    reading: Reading = EVERYTHING,
) -> list[Problem]:
    """Writes the run's tables below ``to``, and returns the problems in the run.

    Raises:
        UsageProblem: there is no run in ``run_dir``, no device that is wanted, or nothing can be written.
    """
    problems: list[Problem] = []
    run = run_name(run_dir, problems, reading)
    try:
        with files_of(to, run) as files:
            for device_records, path in wanted_devices(run_dir, run, problems, reading):
                files.add(device_records, path)
    except OSError as error:
        raise UsageProblem(
            f"the export to {to} failed ({error_text(error)}): name a folder that can be written with --to"
        ) from error
    return problems
