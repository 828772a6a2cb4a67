"""The reader of results directories: typed records; unreadable lines are reported by file and line.

A run may end at any moment, and files get damaged. A bad line never stops a report and is always reported.
Reports, exports and fleets share ``RecordFile``, which decodes one file at a time and line by line.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from pathlib import Path
from typing import Any
from typing import Protocol
from typing import TypeVar

import msgspec

from lmkd_core.base.errors import UsageProblem
from lmkd_core.base.errors import error_text
from lmkd_core.records.lines import Record
from lmkd_core.records.lines import decode_planned
from lmkd_core.records.lines import decode_record
from lmkd_core.records.lines import decode_run
from lmkd_core.records.masking import Masker
from lmkd_core.records.plan import LEAD_IN
from lmkd_core.records.run import RunInfo
from lmkd_core.records.schema import SCHEMA

LARGEST = 2**53
"""Numbers up to here survive as floating point; no time in ns or size in kB of ours comes near."""

Line = TypeVar("Line")
Kind = TypeVar("Kind")


class DeviceLine(Protocol):
    """A line about one device."""

    @property
    def device(self) -> str: ...


OfDevice = TypeVar("OfDevice", bound=DeviceLine)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in the results directory that could not be used. ``line`` counts from 1; 0 is the file."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.message}"


class ByType:
    """Records by type, each type in the order in which it was written."""

    def __init__(self, records: Iterable[object] = ()) -> None:
        self._records: dict[type, list[Any]] = {}
        for record in records:
            self.add(record)

    def add(self, record: object) -> None:
        self._records.setdefault(type(record), []).append(record)

    def of(self, kind: type[Kind]) -> list[Kind]:
        return list(self._records.get(kind, ()))


@dataclass(slots=True)
class RunRecords:
    """The records and planned lines of one run; ``raw``: its record files, one after the other."""

    info: RunInfo | None = None
    planned: ByType = field(default_factory=ByType)
    records: ByType = field(default_factory=ByType)
    problems: list[Problem] = field(default_factory=list)
    raw: bytes = b""


@dataclass(frozen=True, slots=True)
class Reading:
    """Options: a ``masker`` replaces serials; of ``devices`` only the named ones are read (none: all)."""

    masker: Masker | None = None
    devices: tuple[str, ...] = ()

    def content(self, path: Path) -> bytes:
        """Raises: OSError."""
        return self.masker.lines(path.read_bytes()) if self.masker else path.read_bytes()

    def shown(self, name: str) -> str:
        """A file's name with serials masked."""
        return self.masker.text(name) if self.masker else name

    def wants(self, device: str) -> bool:
        return not self.devices or device in self.devices


EVERYTHING = Reading()


def is_run(folder: Path) -> bool:
    """Whether ``folder`` is a results directory; ``run.json`` may be lost."""
    return (folder / "run.json").is_file() or (folder / "records").is_dir()


def check_run(folder: Path) -> None:
    """Raises: UsageProblem: ``folder`` is no results directory."""
    if not is_run(folder):
        raise UsageProblem(f"{folder} holds no run: name a folder in which there is a run.json")


def read_run(run_dir: Path, reading: Reading = EVERYTHING) -> RunRecords:
    """Reads all wanted lines of ``run_dir`` that are usable.

    Raises:
        UsageProblem: there is no run in ``run_dir``.
    """
    check_run(run_dir)
    run, problems = RunRecords(), list[Problem]()
    run.info = read_info(run_dir, problems, reading)
    plan = RecordFile.read(run_dir / "plan.jsonl", problems, reading, folder="")
    run.planned = ByType(plan.lines(problems, decode_planned))
    for path in record_files(run_dir):
        _add_file(run, RecordFile.read(path, problems, reading), problems)
    run.problems = shown_problems(problems, reading)
    return run


def record_files(run_dir: Path) -> list[Path]:
    """The record files of the run, usually one per device."""
    return sorted((run_dir / "records").glob("*.jsonl"))


def read_info(run_dir: Path, problems: list[Problem], reading: Reading = EVERYTHING) -> RunInfo | None:
    """The content of ``run.json`` with the wanted devices; None, with a problem, if it is not usable."""
    try:
        info = decode_run(reading.content(run_dir / "run.json"))
    except (OSError, ValueError) as error:
        problems.append(Problem("run.json", 0, f"not usable ({error_text(error)})"))
        return None
    folder, devices = reading.shown(run_dir.resolve().name), tuple(filter(reading.wants, info.devices))
    return msgspec.structs.replace(info, folder=folder, devices=devices)


def shown_problems(problems: Iterable[Problem], reading: Reading) -> list[Problem]:
    """The problems with serials masked in names of files. Call it last: a masker learns while it reads."""
    return [replace(problem, file=reading.shown(problem.file)) for problem in problems]


@dataclass(frozen=True, slots=True)
class RecordFile:
    """One file of records; ``name`` is relative to the results directory."""

    name: str
    content: bytes
    reading: Reading

    @classmethod
    def read(
        cls, path: Path, problems: list[Problem], reading: Reading = EVERYTHING, folder: str = "records/"
    ) -> RecordFile:
        """The file below ``folder``; empty, with a problem, if it is not readable."""
        name = folder + path.name
        try:
            return cls(name, reading.content(path), reading)
        except OSError as error:
            problems.append(Problem(name, 0, f"not readable ({error_text(error)})"))
            return cls(name, b"", reading)

    def lines(self, problems: list[Problem], decode: Callable[[bytes], OfDevice]) -> Iterator[OfDevice]:
        """The usable lines of wanted devices."""
        lines = decoded(self.content, self.name, decode, problems)
        return (line for line in lines if self.reading.wants(line.device))

    def records(self, problems: list[Problem]) -> Iterator[Record]:
        return self.lines(problems, decode_record)


def _add_file(run: RunRecords, file: RecordFile, problems: list[Problem]) -> None:
    is_wanted = not file.reading.devices
    for record in file.records(problems):
        is_wanted = True
        run.records.add(record)
    if file.content and is_wanted:
        run.raw += file.content.rstrip(b"\n") + b"\n"


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
        least = LEAD_IN if name == "order" else 0
        if isinstance(value, int) and name != "seed" and not least <= value < LARGEST:
            raise ValueError(f"{name} is {value}")
