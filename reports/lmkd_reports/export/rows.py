"""Makes the rows of each table from the records of one device."""

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

Rows = Callable[[DeviceRecords], Iterator[Row]]


def table_rows(table: Table, records: DeviceRecords) -> Iterator[Row]:
    """Yields the rows of ``table``, with values in the order of its columns; there may be a million."""
    return _ROWS[table.name](records)


def _trials(records: DeviceRecords) -> Iterator[Row]:
    for trial in records.trials:
        states = [value for state in (trial.before, trial.after) for value in _state(state)]
        key = _trial_key(records, trial)
        meter = _values(trial, (*tables.METER, *tables.SAMPLED))
        yield (*key, *_values(trial, tables.MEASURED), *states, *meter)


def _calls(records: DeviceRecords) -> Iterator[Row]:
    for trial in records.trials:
        key = _trial_key(records, trial)
        for number, call in enumerate(trial.calls):
            yield (*key, number, *_values(call, tables.CALLS.fields[1:]))


def _episodes(records: DeviceRecords) -> Iterator[Row]:
    for episode in records.episodes:
        yield (*_episode_key(records, episode), *_values(episode, tables.EPISODES.fields))


def _kills(records: DeviceRecords) -> Iterator[Row]:
    for episode in records.episodes:
        key = _episode_key(records, episode)
        for number, kill in enumerate(episode.kills):
            yield (*key, number, kill.stall, *_values(kill, tables.KILL), *_values(episode, tables.UNSTALLED))


def _curves(records: DeviceRecords) -> Iterator[Row]:
    for trial in records.trials:
        key = _trial_key(records, trial)
        for point in trial.curve:
            yield (*key, *point)


def _episode_curves(records: DeviceRecords) -> Iterator[Row]:
    for episode in records.episodes:
        key, unstalled = _episode_key(records, episode), _values(episode, tables.UNSTALLED)
        for point in episode.curve:
            yield (*key, *point, *unstalled)


def _observations(records: DeviceRecords) -> Iterator[Row]:
    for observation in records.observations:
        key = _observation_key(records, observation)
        yield (*key, *_values(observation, tables.OBSERVATIONS.fields))


def _per_observed(table: Table, kind: str) -> Rows:
    """Makes rows of tables with a row per record in ``ObservationRecord.kind``."""

    def rows(records: DeviceRecords) -> Iterator[Row]:
        for observation in records.observations:
            key = _observation_key(records, observation)
            for record in getattr(observation, kind):
                yield (*key, *_values(record, table.fields))

    return rows


def _facts(records: DeviceRecords) -> Iterator[Row]:
    for device in records.devices:
        for name, fact in device.facts.items():
            yield (*_device_key(records), device.boot_id, name, _fact(fact.value), fact.source, fact.reason)


def _per_record(table: Table, kind: str) -> Rows:
    """Makes rows of tables with a row per record in ``DeviceRecords.kind`` and the device's key alone."""

    def rows(records: DeviceRecords) -> Iterator[Row]:
        for record in getattr(records, kind):
            yield (*_device_key(records), *_values(record, table.fields))

    return rows


def _device_key(records: DeviceRecords) -> Row:
    return (records.run.run_id, records.device)


def _trial_key(records: DeviceRecords, trial: TrialRecord) -> Row:
    return (records.run.run_id, *trial_key(trial))


def _episode_key(records: DeviceRecords, episode: EpisodeRecord) -> Row:
    return (records.run.run_id, *episode_key(episode))


def _observation_key(records: DeviceRecords, observation: ObservationRecord) -> Row:
    return (records.run.run_id, *observation_key(observation))


_ROWS: dict[str, Rows] = {
    "trials": _trials,
    "curves": _curves,
    "calls": _calls,
    "episodes": _episodes,
    "kills": _kills,
    "episode_curves": _episode_curves,
    "observations": _observations,
    "observed_apps": _per_observed(tables.OBSERVED_APPS, "apps"),
    "observed_deaths": _per_observed(tables.OBSERVED_DEATHS, "deaths"),
    "devices": _per_record(tables.DEVICES, "devices"),
    "facts": _facts,
    "skips": _per_record(tables.SKIPS, "skips"),
    "cases": _per_record(tables.CASES, "cases"),
    "states": _per_record(tables.STATES, "states"),
}


def _state(state: Conditions | None) -> Sequence[Value]:
    return [None] * len(tables.STATE) if state is None else _values(state, tables.STATE)


def _values(record: msgspec.Struct, columns: Columns) -> Sequence[Value]:
    return [_cell(getattr(record, column.name)) for column in columns]


def _cell(value: Any) -> Value:  # noqa: ANN401 - any field of a record
    """Joins flags with spaces, and writes settings as JSON."""
    if isinstance(value, tuple):
        return " ".join(value)
    return msgspec.json.encode(value, order="sorted").decode() if isinstance(value, dict) else value


def _fact(value: Value) -> str | None:
    """For example ``true``, ``17`` or the text; null if unknown."""
    return str(value).lower() if isinstance(value, bool) else None if value is None else str(value)
