"""A results directory, one file of records at a time: however many devices, one fits into memory."""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from datetime import UTC
from datetime import datetime
from operator import attrgetter
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
from lmkd_core.records.lines import Record
from lmkd_core.records.lines import decode_record
from lmkd_core.records.lines import decode_run
from lmkd_core.records.observation import ObservationRecord
from lmkd_core.records.reading import EVERYTHING
from lmkd_core.records.reading import Problem
from lmkd_core.records.reading import Reading
from lmkd_core.records.reading import decoded
from lmkd_core.records.reading import record_files
from lmkd_core.records.trial import TrialRecord
from lmkd_reports.export.tables import EPISODE_KEY
from lmkd_reports.export.tables import OBSERVATION_KEY
from lmkd_reports.export.tables import TRIAL_KEY

UNKNOWN_DATE = "unknown"
MANY_DIGITS = re.compile(rb"\d{19}")
"""No number with fewer digits leaves 64 bits."""

trial_key = attrgetter(*(column.name for column in TRIAL_KEY[1:]))
"""What names one trial of a run: two records with the same tell of the same trial."""

episode_key = attrgetter(*(column.name for column in EPISODE_KEY[1:]))
"""The same of an episode."""

observation_key = attrgetter(*(column.name for column in OBSERVATION_KEY[1:]))
"""The same of an observation."""

_boot = attrgetter("boot_id")

One = TypeVar("One")


@dataclass(frozen=True, slots=True)
class RunName:
    """The run's id, and the date of its start in UTC: ``2026-01-31``, or ``unknown``."""

    run_id: str
    date: str


@dataclass(slots=True)
class DeviceRecords:
    """What one file tells of one device, each trial and episode once."""

    run: RunName
    device: str
    devices: list[DeviceRecord] = field(default_factory=list)
    trials: list[TrialRecord] = field(default_factory=list)
    episodes: list[EpisodeRecord] = field(default_factory=list)
    observations: list[ObservationRecord] = field(default_factory=list)
    skips: list[SkipRecord] = field(default_factory=list)
    cases: list[CaseRecord] = field(default_factory=list)
    states: list[StateRecord] = field(default_factory=list)


def run_name(run_dir: Path, problems: list[Problem], reading: Reading = EVERYTHING) -> RunName:
    """Of a run without a usable run.json the folder's name, with a problem.

    Raises:
        UsageProblem: there is no run in ``run_dir``.
    """
    if not (run_dir / "run.json").is_file() and not (run_dir / "records").is_dir():
        raise UsageProblem(f"{run_dir} holds no run: name a folder in which there is a run.json")
    try:
        info = decode_run(reading.content(run_dir / "run.json"))
    except (OSError, ValueError) as error:
        problems.append(Problem("run.json", 0, f"not usable ({error_text(error)})"))
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
    """What the run tells of each wanted device, and the file it is from, by the name that may be told.

    Raises:
        UsageProblem: the run has none of the devices that are named.
    """
    is_empty = True
    for path in record_files(run_dir):
        for found in read_devices(path, run, problems, reading):
            is_empty = False
            yield found, path.with_name(reading.shown(path.name))
    if is_empty and reading.devices:
        raise UsageProblem(f"the run has no device of the name {' or '.join(reading.devices)}")


def read_devices(
    path: Path, run: RunName, problems: list[Problem], reading: Reading = EVERYTHING
) -> list[DeviceRecords]:
    """What the file tells of wanted devices: one as a rule. What cannot be used is added to ``problems``."""
    told: list[Problem] = []
    found = _read_devices(path, run, told, reading)
    problems += [replace(one, file=reading.shown(one.file)) for one in told]
    return found


def _read_devices(path: Path, run: RunName, problems: list[Problem], reading: Reading) -> list[DeviceRecords]:
    name = f"records/{path.name}"
    try:
        content = reading.content(path)
    except OSError as error:
        problems.append(Problem(name, 0, f"not readable ({error_text(error)})"))
        return []
    found: dict[str, DeviceRecords] = {}
    for record in decoded(content, name, _record, problems):
        if not reading.wants(record.device):
            continue
        of_device = found.setdefault(record.device, DeviceRecords(run, record.device))
        _add(of_device, record)
    for of_device in found.values():
        _drop_repeats(of_device, name, problems)
    return list(found.values())


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
        for one in value:
            yield from _numbers(one)


def _add(of_device: DeviceRecords, record: Record) -> None:
    match record:
        case TrialRecord():
            of_device.trials.append(record)
        case EpisodeRecord():
            of_device.episodes.append(record)
        case ObservationRecord():
            of_device.observations.append(record)
        case DeviceRecord():
            of_device.devices.append(record)
        case SkipRecord():
            of_device.skips.append(record)
        case CaseRecord():
            of_device.cases.append(record)
        case StateRecord():
            of_device.states.append(record)


def _drop_repeats(of_device: DeviceRecords, name: str, problems: list[Problem]) -> None:
    """The last record of a trial counts, as in a report; a device is told once a boot."""
    before = len(of_device.trials), len(of_device.episodes), len(of_device.observations)
    of_device.trials = _last_of(of_device.trials, trial_key)
    of_device.episodes = _last_of(of_device.episodes, episode_key)
    of_device.observations = _last_of(of_device.observations, observation_key)
    of_device.devices = _last_of(of_device.devices, _boot)
    after = len(of_device.trials), len(of_device.episodes), len(of_device.observations)
    for what, had, has in zip(("trials", "episodes", "observations"), before, after, strict=True):
        if had != has:
            problems.append(Problem(name, 0, f"{had - has} {what} recorded twice: the last counts"))


def _last_of(records: Iterable[One], key: Callable[[One], object]) -> list[One]:
    return list({key(record): record for record in records}.values())
