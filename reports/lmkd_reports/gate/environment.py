"""Other differences of two runs: device, kernel, lmkd's settings, plan, versions and host."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass

from lmkd_core.records.device import DeviceRecord
from lmkd_core.records.run import RunInfo
from lmkd_reports.analysis.frames import Run
from lmkd_reports.analysis.pressure import settings_of
from lmkd_reports.format import units
from lmkd_reports.format.properties import ALWAYS_ANOTHER
from lmkd_reports.format.properties import REPORTED_ELSEWHERE
from lmkd_reports.format.properties import properties
from lmkd_reports.gate.identity import identity_differences
from lmkd_reports.gate.runs import DevicePair
from lmkd_reports.gate.runs import LoadedRun


@dataclass(frozen=True, slots=True)
class Difference:
    """``what`` differs. Values are as shown to readers; a missing one is ``units.NOTHING``."""

    what: str
    base: str
    candidate: str


def run_differences(base: Sequence[RunInfo], candidate: Sequence[RunInfo]) -> list[Difference]:
    """Differences of the runs themselves, except seeds, which always differ.

    A side of several runs has the values of each: four runs of 12 blocks do not differ from one of 12.
    """
    return _differing(_values_of_runs(base), _values_of_runs(candidate))


def device_differences(base: LoadedRun, candidate: LoadedRun, pair: DevicePair) -> list[Difference]:
    """Differences of the devices and of what ran on them."""
    values = _device_values(base.run, pair.base), _device_values(candidate.run, pair.candidate)
    identity = [Difference(*row) for row in identity_differences(base, candidate, pair)]
    return [*_differing(*values), *identity]


def _differing(base: dict[str, str], candidate: dict[str, str]) -> list[Difference]:
    names = dict.fromkeys([*base, *candidate])
    values = [(name, base.get(name, units.NOTHING), candidate.get(name, units.NOTHING)) for name in names]
    return [Difference(*row) for row in values if row[1] != row[2]]


def _values_of_runs(infos: Sequence[RunInfo]) -> dict[str, str]:
    columns = [_run_values(info) for info in infos]
    names = dict.fromkeys(name for column in columns for name in column)
    return {
        name: " and ".join(_distinct(column.get(name, units.NOTHING) for column in columns)) for name in names
    }


def _run_values(info: RunInfo) -> dict[str, str]:
    return {
        "arms": ", ".join(info.arms),
        **({"pressure arms": ", ".join(info.pressure_arms)} if info.pressure_arms else {}),
        "blocks": str(info.blocks),
        "pressure blocks": str(info.pressure_blocks),
        "boots": str(info.boots),
        **{f"version of {name}": value for name, value in info.versions.items()},
        **{f"host's {name}": value for name, value in info.host.items()},
    }


def _device_values(run: Run, device: str) -> dict[str, str]:
    records = [record for record in run.devices if record.device == device]
    return {
        **{setting.name: _joined(setting.values) for setting in properties(records)},
        **_facts(records),
        **settings_of([episode for episode in run.episodes if episode.device == device]),
        **_timeouts(run, device),
        **_meters(run, device),
    }


def _facts(records: Sequence[DeviceRecord]) -> dict[str, str]:
    names = dict.fromkeys(name for record in records for name in record.facts)
    return {
        name: _joined(str(record.facts[name].value) for record in records if name in record.facts)
        for name in names
        if name not in ALWAYS_ANOTHER | REPORTED_ELSEWHERE
    }


def _timeouts(run: Run, device: str) -> dict[str, str]:
    limits = sorted(set(run.trials.loc[run.trials["device"] == device, "timeout_ns"]))
    return {"timeout": _joined(f"{limit / units.NS_PER_MS:g} ms" for limit in limits)} if limits else {}


def _meters(run: Run, device: str) -> dict[str, str]:
    trials = run.trials[run.trials["device"] == device]
    seen_by = sorted(set(trials["suite"] + " by " + trials["meter"]))
    return {"meter": ", ".join(seen_by)} if seen_by else {}


def _joined(values: Iterable[str]) -> str:
    """Each value once: a run that was resumed may have met the device in more than one state."""
    return ", then ".join(_distinct(values))


def _distinct(values: Iterable[str]) -> Iterator[str]:
    yield from dict.fromkeys(values)
