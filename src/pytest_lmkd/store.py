"""The results directory: run.json and plan.jsonl first, then append-only records, synced per line.

A run that ends at any moment leaves whole lines behind; nothing is ever rewritten.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from pytest_lmkd.errors import UsageProblem
from pytest_lmkd.wire import PlannedTrial
from pytest_lmkd.wire import Record
from pytest_lmkd.wire import RunInfo
from pytest_lmkd.wire import encode_line
from pytest_lmkd.wire import encode_lines


class ResultStore:
    """One results directory, made new: a directory that holds another run is refused."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if (folder / "run.json").exists():
            raise UsageProblem(
                f"{folder} already holds a run: name another folder with --lmkd-results, or delete it"
            )
        try:
            (folder / "records").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageProblem(f"the results folder {folder} cannot be made: {error.strerror}") from error

    def write_run(self, info: RunInfo) -> None:
        (self.folder / "run.json").write_bytes(encode_line(info))

    def write_plan(self, trials: Sequence[PlannedTrial]) -> None:
        (self.folder / "plan.jsonl").write_bytes(encode_lines(trials))

    def append(self, record: Record) -> None:
        """Adds the record to its device's file and returns once it is on storage."""
        path = self.folder / "records" / f"{file_name(record.device)}.jsonl"
        with path.open("ab") as stream:
            stream.write(encode_line(record))
            stream.flush()
            os.fsync(stream.fileno())


def file_name(device: str) -> str:
    """``device`` with everything that could mean something to a file system replaced."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", device).lstrip(".") or "_"
