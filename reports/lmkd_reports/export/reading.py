"""A results directory, one file of records at a time: however many devices, one fits into memory."""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from datetime import datetime
from operator import attrgetter
from pathlib import Path
from typing import TypeVar

import msgspec

from lmkd_core.base.errors import UsageProblem
from lmkd_core.records.case import CaseRecord
from lmkd_core.records.device import DeviceRecord
from lmkd_core.records.device import SkipRecord
from lmkd_core.records.device import StateRecord
from lmkd_core.records.episode import EpisodeRecord
from lmkd_core.records.lines import Record
from lmkd_core.records.lines import decode_record
from lmkd_core.records.observation import ObservationRecord
from lmkd_core.records.reading import EVERYTHING
from lmkd_core.records.reading import ByType
from lmkd_core.records.reading import Problem
from lmkd_core.records.reading import Reading
from lmkd_core.records.reading import RecordFile
from lmkd_core.records.reading import check_run
from lmkd_core.records.reading import read_info
from lmkd_core.records.reading import record_files
from lmkd_core.records.reading import shown_problems
from lmkd_core.records.trial import TrialRecord
from lmkd_reports.export.tables import EPISODE_KEY
from lmkd_reports.export.tables import OBSERVATION_KEY
from lmkd_reports.export.tables import TRIAL_KEY

UNKNOWN_DATE = "unknown"
MANY_DIGITS = re.compile(rb"\d{19}")
"""No number with fewer digits leaves 64 bits."""

trial_key = attrgetter(*(column.name for column in TRIAL_KEY[1:]))
"""The identity of a trial: of two records with the same key, the last counts."""

episode_key = attrgetter(*(column.name for column in EPISODE_KEY[1:]))
"""The same of an episode, except for the stall that an unstalled one lacks."""

observation_key = attrgetter(*(column.name for column in OBSERVATION_KEY[1:]))
"""The same of an observation."""

_boot = attrgetter("boot_id")

One = TypeVar("One")


@dataclass(frozen=True, slots=True)
class RunName:
    """The run's id, and the date of its start in UTC: ``2026-01-31``, or ``unknown``."""

    run_id: str
    date: str


@dataclass(frozen=True, slots=True)
class DeviceRecords:
    """The records of one device in one file, each trial and episode once."""

    run: RunName
    device: str
    devices: Sequence[DeviceRecord]
    trials: Sequence[TrialRecord]
    episodes: Sequence[EpisodeRecord]
    observations: Sequence[ObservationRecord]
    skips: Sequence[SkipRecord]
    cases: Sequence[CaseRecord]
    states: Sequence[StateRecord]


def run_name(run_dir: Path, problems: list[Problem], reading: Reading = EVERYTHING) -> RunName:
    """The run's name; without a usable run.json the folder's name, with a problem.

    Raises:
        UsageProblem: there is no run in ``run_dir``.
    """
    check_run(run_dir)
    info = read_info(run_dir, problems, reading)
    if info is None:
        return RunName(run_dir.resolve().name, UNKNOWN_DATE)
    return RunName(info.run_id, _date(info.started_utc))


def _date(started: str) -> str:
    """A time without a zone is UTC."""
    try:
        moment = datetime.fromisoformat(started)
        return str((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).date())
    except (ValueError, OverflowError):  # the latter at the ends of the calendar
        return UNKNOWN_DATE


def wanted_devices(
    run_dir: Path, run: RunName, problems: list[Problem], reading: Reading
) -> Iterator[tuple[DeviceRecords, Path]]:
    """The records of each wanted device, and the path of their file with serials masked.

    Raises:
        UsageProblem: the run has none of the devices that are named.
    """
    is_empty = True
    for path in record_files(run_dir):
        for device_records in read_devices(path, run, problems, reading):
            is_empty = False
            yield device_records, path.with_name(reading.shown(path.name))
    if is_empty and reading.devices:
        raise UsageProblem(f"the run has no device of the name {' or '.join(reading.devices)}")


def read_devices(
    path: Path, run: RunName, problems: list[Problem], reading: Reading = EVERYTHING
) -> list[DeviceRecords]:
    """The records of the file's wanted devices, usually one. Adds unusable lines to ``problems``."""
    of_file: list[Problem] = []
    file = RecordFile.read(path, of_file, reading)
    by_device: dict[str, ByType] = {}
    for record in file.lines(of_file, _record):
        by_device.setdefault(record.device, ByType()).add(record)
    devices = [_once(run, name, records, file.name, of_file) for name, records in by_device.items()]
    problems += shown_problems(of_file, reading)
    return devices


def _once(run: RunName, device: str, records: ByType, file: str, problems: list[Problem]) -> DeviceRecords:
    """The last record of each trial, as in a report, and one record of the device per boot."""

    def last(name: str, kind: type[One], key: Callable[[One], object]) -> list[One]:
        kept = _last_of(records.of(kind), key)
        repeated = len(records.of(kind)) - len(kept)
        if repeated:
            problems.append(Problem(file, 0, f"{repeated} {name} recorded twice: the last counts"))
        return kept

    return DeviceRecords(
        run=run,
        device=device,
        devices=_last_of(records.of(DeviceRecord), _boot),
        trials=last("trials", TrialRecord, trial_key),
        episodes=last("episodes", EpisodeRecord, attrgetter("identity")),
        observations=last("observations", ObservationRecord, observation_key),
        skips=records.of(SkipRecord),
        cases=records.of(CaseRecord),
        states=records.of(StateRecord),
    )


def _record(line: bytes) -> Record:
    """Raises: ValueError: the line is no record, or holds a number that no table can hold."""
    record = decode_record(line)
    if MANY_DIGITS.search(line):
        for number in _numbers(record):
            if not -(2**63) <= number < 2**63:
                raise ValueError(f"{number} has more than 64 bits")
    return record


def _numbers(value: object) -> Iterator[int]:
    if isinstance(value, int):
        yield value
    elif isinstance(value, msgspec.Struct):
        yield from _numbers([getattr(value, name) for name in value.__struct_fields__])
    elif isinstance(value, dict):
        yield from _numbers(list(value.values()))
    elif isinstance(value, tuple | list):
        for item in value:
            yield from _numbers(item)


def _last_of(records: Iterable[One], key: Callable[[One], object]) -> list[One]:
    return list({key(record): record for record in records}.values())
