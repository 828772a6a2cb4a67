"""From the records of one device to the rows of each table."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from typing import Any

import msgspec

from lmkd_core.records.device import Conditions
from lmkd_core.records.episode import EpisodeRecord
from lmkd_core.records.observation import ObservationRecord
from lmkd_core.records.trial import TrialRecord
from lmkd_reports.export import tables
from lmkd_reports.export.reading import DeviceRecords
from lmkd_reports.export.reading import episode_key
from lmkd_reports.export.reading import observation_key
from lmkd_reports.export.reading import trial_key
from lmkd_reports.export.tables import Columns
from lmkd_reports.export.tables import Row
from lmkd_reports.export.tables import Table
from lmkd_reports.export.tables import Value


def rows_of(table: Table, found: DeviceRecords) -> Iterator[Row]:
    """The rows of ``table``, in the order of its columns; lazily, as there may be a million."""
    return _ROWS[table.name](found)


def _trials(found: DeviceRecords) -> Iterator[Row]:
    for trial in found.trials:
        states = [value for state in (trial.before, trial.after) for value in _state(state)]
        yield (*_trial(found, trial), *_told(trial, tables.MEASURED), *states, *_told(trial, tables.METER))


def _curves(found: DeviceRecords) -> Iterator[Row]:
    for trial in found.trials:
        key = _trial(found, trial)
        for point in trial.curve:
            yield (*key, *point)


def _calls(found: DeviceRecords) -> Iterator[Row]:
    for trial in found.trials:
        key = _trial(found, trial)
        for number, call in enumerate(trial.calls):
            yield (*key, number, *_told(call, tables.CALLS.told[1:]))


def _episodes(found: DeviceRecords) -> Iterator[Row]:
    for episode in found.episodes:
        yield (*_episode(found, episode), *_told(episode, tables.EPISODES.told))


def _kills(found: DeviceRecords) -> Iterator[Row]:
    for episode in found.episodes:
        key = _episode(found, episode)
        for number, kill in enumerate(episode.kills):
            yield (*key, number, kill.stall, *_told(kill, tables.KILLS.told))


def _episode_curves(found: DeviceRecords) -> Iterator[Row]:
    for episode in found.episodes:
        key = _episode(found, episode)
        for point in episode.curve:
            yield (*key, *point)


def _observations(found: DeviceRecords) -> Iterator[Row]:
    for one in found.observations:
        yield (*_observation(found, one), *_told(one, tables.OBSERVATIONS.told))


def _of_observation(table: Table, records: str) -> Callable[[DeviceRecords], Iterator[Row]]:
    """For tables with a row for each of an observation's ``records``."""

    def rows(found: DeviceRecords) -> Iterator[Row]:
        for one in found.observations:
            key = _observation(found, one)
            for record in getattr(one, records):
                yield (*key, *_told(record, table.told))

    return rows


def _facts(found: DeviceRecords) -> Iterator[Row]:
    for device in found.devices:
        for name, fact in device.facts.items():
            yield (*_device(found), device.boot_id, name, _fact(fact.value), fact.source, fact.reason)


def _of_device(table: Table, records: str) -> Callable[[DeviceRecords], Iterator[Row]]:
    """For tables with a row a record that have no key but the device's."""

    def rows(found: DeviceRecords) -> Iterator[Row]:
        for record in getattr(found, records):
            yield (*_device(found), *_told(record, table.told))

    return rows


_ROWS: dict[str, Callable[[DeviceRecords], Iterator[Row]]] = {
    "trials": _trials,
    "curves": _curves,
    "calls": _calls,
    "episodes": _episodes,
    "kills": _kills,
    "episode_curves": _episode_curves,
    "observations": _observations,
    "observed_apps": _of_observation(tables.OBSERVED_APPS, "apps"),
    "observed_deaths": _of_observation(tables.OBSERVED_DEATHS, "deaths"),
    "devices": _of_device(tables.DEVICES, "devices"),
    "facts": _facts,
    "skips": _of_device(tables.SKIPS, "skips"),
    "cases": _of_device(tables.CASES, "cases"),
    "states": _of_device(tables.STATES, "states"),
}


def _device(found: DeviceRecords) -> Row:
    return (found.run.run_id, found.device)


def _trial(found: DeviceRecords, trial: TrialRecord) -> Row:
    return (found.run.run_id, *trial_key(trial))


def _episode(found: DeviceRecords, episode: EpisodeRecord) -> Row:
    return (found.run.run_id, *episode_key(episode))


def _observation(found: DeviceRecords, one: ObservationRecord) -> Row:
    return (found.run.run_id, *observation_key(one))


def _state(state: Conditions | None) -> Sequence[Value]:
    return [None] * len(tables.STATE) if state is None else _told(state, tables.STATE)


def _told(record: msgspec.Struct, columns: Columns) -> Sequence[Value]:
    return [_cell(getattr(record, column.name)) for column in columns]


def _cell(value: Any) -> Value:  # noqa: ANN401 - any field of a record
    """Flags with spaces between them, settings as JSON."""
    if isinstance(value, tuple):
        return " ".join(value)
    return msgspec.json.encode(value, order="sorted").decode() if isinstance(value, dict) else value


def _fact(value: Value) -> str | None:
    """``true``, ``17``, or the text; null: unknown."""
    return str(value).lower() if isinstance(value, bool) else None if value is None else str(value)
