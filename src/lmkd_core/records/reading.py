"""Reads a results directory into typed records; what cannot be read is named by file and line.

A run may have ended at any moment, and files get damaged on their way: a bad line never stops a
report, and never goes unmentioned.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import msgspec

from lmkd_core.base.errors import UsageProblem
from lmkd_core.base.errors import error_text
from lmkd_core.records.case import CaseRecord
from lmkd_core.records.device import DeviceRecord
from lmkd_core.records.device import SkipRecord
from lmkd_core.records.device import StateRecord
from lmkd_core.records.episode import EpisodeRecord
from lmkd_core.records.episode import PlannedEpisode
from lmkd_core.records.lines import decode_planned
from lmkd_core.records.lines import decode_record
from lmkd_core.records.masking import Masker
from lmkd_core.records.observation import ObservationRecord
from lmkd_core.records.run import RunInfo
from lmkd_core.records.schema import SCHEMA
from lmkd_core.records.trial import PlannedTrial
from lmkd_core.records.trial import TrialRecord

LARGEST = 2**53
"""Numbers up to here survive as floating point; no time in ns or size in kB of ours comes near."""

Line = TypeVar("Line")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in the results directory that could not be used. ``line`` counts from 1; 0 is the file."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.message}"


@dataclass(slots=True)
class RunRecords:
    """The records of one run, in the order in which they were written."""

    info: RunInfo | None = None
    planned: list[PlannedTrial] = field(default_factory=list)
    planned_episodes: list[PlannedEpisode] = field(default_factory=list)
    devices: list[DeviceRecord] = field(default_factory=list)
    trials: list[TrialRecord] = field(default_factory=list)
    skips: list[SkipRecord] = field(default_factory=list)
    cases: list[CaseRecord] = field(default_factory=list)
    episodes: list[EpisodeRecord] = field(default_factory=list)
    observations: list[ObservationRecord] = field(default_factory=list)
    states: list[StateRecord] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    raw: bytes = b""
    """The record files as they are, one after the other."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How to read: by a ``masker`` without the devices' serials; only the named ``devices`` (none: all)."""

    masker: Masker | None = None
    devices: tuple[str, ...] = ()

    def content(self, path: Path) -> bytes:
        """Raises: OSError."""
        return self.masker.lines(path.read_bytes()) if self.masker else path.read_bytes()

    def shown(self, name: str) -> str:
        """The name of a file as it may be told."""
        return self.masker.text(name) if self.masker else name

    def wants(self, device: str) -> bool:
        return not self.devices or device in self.devices


EVERYTHING = Reading()


def read_run(run_dir: Path, reading: Reading = EVERYTHING) -> RunRecords:
    """Reads everything in ``run_dir`` that can be read and is wanted.

    Raises:
        UsageProblem: there is no run in ``run_dir``.
    """
    if not (run_dir / "run.json").is_file() and not (run_dir / "records").is_dir():
        raise UsageProblem(f"{run_dir} holds no run: name a folder in which there is a run.json")
    run = RunRecords()
    run.info = _read_info(run_dir / "run.json", reading, run.problems)
    _read_plan(run_dir / "plan.jsonl", reading, run)
    for path in record_files(run_dir):
        _read_records(path, reading, run)
    run.problems = [replace(one, file=reading.shown(one.file)) for one in run.problems]
    return run


def record_files(run_dir: Path) -> list[Path]:
    """A file a device, as a rule."""
    return sorted((run_dir / "records").glob("*.jsonl"))


def _read_info(path: Path, reading: Reading, problems: list[Problem]) -> RunInfo | None:
    try:
        info = msgspec.json.decode(reading.content(path), type=RunInfo)
        return msgspec.structs.replace(info, devices=tuple(filter(reading.wants, info.devices)))
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        problems.append(Problem("run.json", 0, f"not usable ({error_text(error)})"))
        return None


def _read_plan(path: Path, reading: Reading, run: RunRecords) -> None:
    content = _content(path, path.name, reading, run.problems)
    for one in decoded(content, path.name, decode_planned, run.problems):
        if not reading.wants(one.device):
            continue
        if isinstance(one, PlannedTrial):
            run.planned.append(one)
        else:
            run.planned_episodes.append(one)


def _read_records(path: Path, reading: Reading, run: RunRecords) -> None:
    name = f"records/{path.name}"
    content = _content(path, name, reading, run.problems)
    records = list(decoded(content, name, decode_record, run.problems))
    wanted = [record for record in records if reading.wants(record.device)]
    for record in wanted:
        if isinstance(record, TrialRecord):
            run.trials.append(record)
        elif isinstance(record, DeviceRecord):
            run.devices.append(record)
        elif isinstance(record, SkipRecord):
            run.skips.append(record)
        elif isinstance(record, CaseRecord):
            run.cases.append(record)
        elif isinstance(record, EpisodeRecord):
            run.episodes.append(record)
        elif isinstance(record, ObservationRecord):
            run.observations.append(record)
        else:
            run.states.append(record)
    if content and (wanted or not reading.devices):
        run.raw += content.rstrip(b"\n") + b"\n"


def _content(path: Path, name: str, reading: Reading, problems: list[Problem]) -> bytes:
    """What is in the file; empty, with a problem, where it cannot be read."""
    try:
        return reading.content(path)
    except OSError as error:
        problems.append(Problem(name, 0, f"not readable ({error_text(error)})"))
        return b""


def decoded(
    content: bytes, name: str, decode: Callable[[bytes], Line], problems: list[Problem]
) -> Iterator[Line]:
    """The lines of the file ``name`` that can be used; the others become ``problems``."""
    for number, line in enumerate(content.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            message = decode(line)
            _check(message)
        except (msgspec.DecodeError, ValueError) as error:
            problems.append(Problem(name, number, f"left out ({error})"))
        else:
            yield message


def _check(message: object) -> None:
    """Raises: ValueError when the record is of a newer schema, or holds a number that cannot be."""
    schema = getattr(message, "schema", SCHEMA)
    if schema > SCHEMA:
        raise ValueError(f"written with schema {schema}; this version reads {SCHEMA}")
    for name in getattr(message, "__struct_fields__", ()):
        value = getattr(message, name)
        if isinstance(value, int) and name != "seed" and not 0 <= value < LARGEST:
            raise ValueError(f"{name} is {value}")
