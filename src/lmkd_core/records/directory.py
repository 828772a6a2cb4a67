"""The results directory: run.json and plan.jsonl first, then append-only records, synced per line.

A run that is cut off at any moment leaves complete lines behind; no record is ever rewritten.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO
from typing import Protocol
from typing import TypeVar

from lmkd_core.base.errors import UsageProblem
from lmkd_core.base.names import file_name
from lmkd_core.records import kernel_config
from lmkd_core.records.lines import decode_record
from lmkd_core.records.lines import decode_run
from lmkd_core.records.lines import encode_line
from lmkd_core.records.lines import encode_lines
from lmkd_core.records.reading import decoded
from lmkd_core.records.run import RunInfo

Kind = TypeVar("Kind")

MEASURED = (b'"type":"case"', b'"type":"observation"', b'"type":"trial"', b'"type":"episode"')


class DeviceLine(Protocol):
    """A record of one device."""

    @property
    def device(self) -> str: ...


class PlannedLine(DeviceLine, Protocol):
    """A line of the plan."""

    @property
    def warmup(self) -> bool: ...

    @property
    def identity(self) -> tuple[str | int, ...]: ...


class ResultStore:
    """One results directory: a new one, or with ``resume`` that of a run to continue."""

    def __init__(self, folder: Path, *, resume: bool = False) -> None:
        self.folder = folder
        if not resume and (folder / "run.json").exists():
            raise UsageProblem(
                f"{folder} already holds a run: continue it with --lmkd-resume, or name another folder"
            )
        try:
            (folder / "records").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageProblem(f"the results folder {folder} cannot be made: {error.strerror}") from error

    def write_run(self, info: RunInfo) -> None:
        """Writes run.json, whole or not at all: several processes may do so, or read it, at once."""
        path = self.folder / f"run.json.{os.getpid()}"
        path.write_bytes(encode_line(info))
        path.replace(self.folder / "run.json")

    def keep_kernel_config(self, text: bytes) -> None:
        """Keeps a device's kernel configuration, once for all devices and boots that have it."""
        path = kernel_config.path_of(self.folder, kernel_config.digest(text))
        assert path is not None  # a digest of ours
        if not text or path.exists():
            return
        path.parent.mkdir(exist_ok=True)
        unfinished = path.with_suffix(f".{os.getpid()}")
        unfinished.write_bytes(kernel_config.pack(text))
        unfinished.replace(path)

    def add_plan(self, planned: Sequence[PlannedLine]) -> None:
        """Adds the plan of devices that have none yet; several processes may do so at once."""
        with (self.folder / "plan.jsonl").open("a+b") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            stream.seek(0)
            before = {_planned_device(line) for line in stream}
            stream.write(encode_lines([trial for trial in planned if trial.device not in before]))

    @property
    def has_measurements(self) -> bool:
        """Whether there is anything to report: a plan, or measurements without one."""
        plan = self.folder / "plan.jsonl"
        if plan.exists() and plan.stat().st_size:
            return True
        files = [path.read_bytes() for path in (self.folder / "records").glob("*.jsonl")]
        return any(kind in text for text in files for kind in MEASURED)

    def records(self, device: str, kind: type[Kind]) -> list[Kind]:
        """The device's records of one type, as they were written; lines that cannot be read are skipped."""
        path = self._path(device)
        content = path.read_bytes() if path.exists() else b""
        return [
            record for record in decoded(content, path.name, decode_record, []) if isinstance(record, kind)
        ]

    def append(self, record: DeviceLine) -> None:
        """Adds the record to its device's file, and returns once it is on storage."""
        with self._path(record.device).open("a+b") as stream:
            if not _ends_with_newline(stream):  # an earlier run was cut in the middle of a line
                stream.write(b"\n")
            stream.write(encode_line(record))
            stream.flush()
            os.fsync(stream.fileno())

    def _path(self, device: str) -> Path:
        return self.folder / "records" / f"{file_name(device)}.jsonl"


def recorded_bytes(folder: Path) -> int:
    """The size of the plan and the records in a results directory; both only grow."""
    files = [folder / "plan.jsonl", *(folder / "records").glob("*.jsonl")]
    return sum(path.stat().st_size for path in files if path.exists())


def read_run(folder: Path) -> RunInfo:
    """The content of ``run.json``. Raises: UsageProblem: the folder holds no run."""
    try:
        return decode_run((folder / "run.json").read_bytes())
    except (OSError, ValueError) as error:
        raise UsageProblem(f"{folder} holds no run to continue ({error})") from error


def _planned_device(line: bytes) -> str | None:
    """The device of a plan line; None if the line was truncated."""
    try:
        return str(json.loads(line)["device"])
    except (ValueError, KeyError, TypeError):
        return None


def _ends_with_newline(stream: BinaryIO) -> bool:
    if stream.seek(0, os.SEEK_END) == 0:
        return True
    stream.seek(-1, os.SEEK_END)
    return stream.read(1) == b"\n"
