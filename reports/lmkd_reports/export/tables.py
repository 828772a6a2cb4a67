"""Defines every table and column of an export: names, order and types are public (docs/records.md).

A column has the name of its field in the record. Only add columns: existing ones keep name and type.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace
from typing import Literal

import msgspec

from lmkd_core.records.stratum import EpisodeStratum
from lmkd_core.records.stratum import Stratum
from lmkd_reports.format.strata import STRATUM

Kind = Literal["text", "integer", "boolean"]
"""The type of a column; ``integer`` is signed and has 64 bits."""

KINDS: dict[object, Kind] = {int: "integer", bool: "boolean"}
"""By the type of a struct's field; every other type is text."""

Value = str | int | bool | None
Row = tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A column; if ``nullable``, it is null where the record has no such number or text."""

    name: str
    kind: Kind
    nullable: bool = False


Columns = tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table; its rows have the columns of ``key``, which name the record, and then those of ``fields``."""

    name: str
    key: Columns
    fields: Columns

    @property
    def columns(self) -> Columns:
        return (*self.key, *self.fields)


def _text(*names: str) -> Columns:
    return tuple(Column(name, "text") for name in names)


def _integers(*names: str) -> Columns:
    return tuple(Column(name, "integer") for name in names)


def _booleans(*names: str) -> Columns:
    return tuple(Column(name, "boolean") for name in names)


def _or_null(columns: Columns) -> Columns:
    return tuple(replace(column, nullable=True) for column in columns)


def _prefixed(prefix: str, columns: Columns) -> Columns:
    return tuple(replace(column, name=prefix + column.name) for column in columns)


def _of_struct(kind: type[msgspec.Struct], names: Sequence[str]) -> Columns:
    """The columns of a struct's fields, by their types."""
    types = {field.name: field.type for field in msgspec.structs.fields(kind)}
    return tuple(Column(name, KINDS.get(types[name], "text")) for name in names)


DEVICE_KEY = _text("run_id", "device")
"""The first columns of every row."""

TRIAL_KEY = (
    *DEVICE_KEY,
    *_of_struct(Stratum, STRATUM),
    *_text("arm"),
    *_integers("block"),
    *_booleans("warmup"),
    *_integers("order"),
)

EPISODE_KEY = (
    *DEVICE_KEY,
    *_of_struct(EpisodeStratum, EpisodeStratum.__struct_fields__),
    *_text("arm"),
    *_integers("block"),
    *_booleans("warmup"),
)

UNSTALLED = (*_text("without_stall"), *_integers("without_stall_ms"))
"""The stall that an unstalled episode lacks: part of its identity, in the last columns of its tables."""

OBSERVATION_KEY = (
    *DEVICE_KEY,
    *_text("suite", "scenario", "regime", "arm"),
    *_integers("block"),
    *_booleans("warmup"),
)

STATE = _or_null(
    _integers("hottest_mc", "cooling", "cpu_limit_khz", "battery_pct", "discharging", "oom_kills", "free_kb")
)
"""The state of a device (``Conditions``)."""

MEASURED = (
    *_integers("seed", "timeout_ns"),
    *_text("boot_id"),
    *_or_null(_integers("returns_kb")),
    *_text("torn_down_by"),
    *_or_null(_integers("stall_late_ns")),
    *_text("mrelease_errno"),
    *_or_null(_integers("kill_to_mrelease_ns", "syscall_ns", "charged_at_kill_kb", "charged_at_return_kb")),
    *_or_null(_integers("reclaim_50_ns", "reclaim_90_ns", "reclaim_99_ns", "exit_ns")),
    *_text("stall_class"),
    *_or_null(_integers("clock_resolution_ns")),
    *_integers("samples"),
    *_or_null(_integers("gap_median_ns", "gap_max_ns", "released_ns")),
    *_text("flags"),
    *_booleans("valid"),
    *_text("invalid_reason"),
)
"""The results of a trial."""

METER = (*_text("meter"), *_or_null(_integers("noise_kb")), *_text("returns_from", "killed_as"))
"""The method by which a trial was measured."""

SAMPLED = _or_null(_integers("reclaim_50_after_ns", "reclaim_90_after_ns", "reclaim_99_after_ns"))
"""The last samples at which the shares were not back."""

TRIALS = Table(
    "trials",
    TRIAL_KEY,
    (*MEASURED, *_prefixed("before_", STATE), *_prefixed("after_", STATE), *METER, *SAMPLED),
)

CURVES = Table("curves", TRIAL_KEY, _integers("t_us", "charged_kb"))

CALLS = Table(
    "calls",
    TRIAL_KEY,
    (
        *_integers("call"),
        *_text("name"),
        *_integers("start_ns", "took_ns"),
        *_text("errno"),
        *_or_null(_integers("charged_kb")),
    ),
)

EPISODES = Table(
    "episodes",
    EPISODE_KEY,
    (
        *_integers("order", "seed", "demand_kb"),
        *_text("boot_id"),
        *_booleans("demand_met"),
        *_or_null(_integers("duration_ns", "risen_ns", "clock_resolution_ns")),
        *_or_null(_integers("threshold_kb", "free_at_start_kb")),
        *_integers("kills_total", "needed_kb", "kills_needed", "kills_extra", "kills_premature"),
        *_or_null(_integers("psi_some_us", "psi_full_us")),
        *_or_null(_integers("fg_fault_p50_ns", "fg_fault_p99_ns", "fg_fault_max_ns")),
        *_or_null(_integers("direct_stalls", "refaults_anon", "refaults_file")),
        *_or_null(_integers("swapped_in_pages", "swapped_out_pages")),
        *_integers("apps_started", "apps_alive", "evaluations", "psi_events", "skipped_wakeups"),
        *_text("settings", "flags"),
        *_booleans("valid"),
        *_text("invalid_reason"),
        *UNSTALLED,
    ),
)

KILL = (
    *_integers("pid", "app", "adj", "rss_kb", "charged_kb", "decided_ns"),
    *_or_null(_integers("reaped_ns", "killed_ns", "exited_ns", "freed_ns")),
    *_text("reason"),
    *_integers("min_score_adj", "free_kb", "shortfall_kb", "swap_free_kb", "thrashing_pct"),
    *_integers("condemned_kb", "condemned_zombie_kb", "condemned_late_kb", "condemned_exiting_kb"),
    *_booleans("by_reaper"),
    *_text("mrelease_errno"),
    *_or_null(_integers("charged_at_return_kb")),
    *_booleans("premature"),
    *_text("premature_class"),
    *_booleans("extra"),
)
"""The results of a kill."""

KILLS = Table("kills", (*EPISODE_KEY, *_integers("kill"), *_text("victim_stall")), (*KILL, *UNSTALLED))

EPISODE_CURVES = Table(
    "episode_curves", EPISODE_KEY, (*_integers("t_us", "free_kb", "returned_kb", "touched_kb"), *UNSTALLED)
)

OBSERVATIONS = Table(
    "observations",
    OBSERVATION_KEY,
    (
        *_integers("order", "seed"),
        *_text("boot_id", "demand_package"),
        *_integers("demand_kb"),
        *_booleans("demand_met"),
        *_integers("kills_total"),
        *_or_null(_integers("kill_count", "kills_told")),
        *_integers("cascades"),
        *_text("mrelease_failures"),
        *_integers("apps_started", "apps_alive"),
        *_or_null(_integers("psi_some_us", "psi_full_us")),
        *_text("flags"),
        *_booleans("valid"),
        *_text("invalid_reason"),
    ),
)

OBSERVED_APPS = Table(
    "observed_apps",
    OBSERVATION_KEY,
    (*_text("package"), *_integers("pid", "oom_score_adj", "size_kb")),
)

OBSERVED_DEATHS = Table(
    "observed_deaths",
    OBSERVATION_KEY,
    (
        *_integers("pid"),
        *_text("process", "killer", "reason"),
        *_or_null(_integers("oom_score_adj", "rss_kb", "after_ms")),
        *_text("sources", "doubts"),
        *_booleans("ours"),
    ),
)

DEVICES = Table(
    "devices",
    DEVICE_KEY,
    (
        *_text("boot_id", "model", "kernel_release"),
        *_or_null(_text("personality")),
        *_text("abi"),
        *_integers("page_size", "cpus", "mem_total_kb", "swap_total_kb"),
        *_booleans("root"),
        *_text("agent_sha256"),
    ),
)

FACTS = Table(
    "facts",
    DEVICE_KEY,
    (*_text("boot_id", "fact"), *_or_null(_text("value")), *_text("source", "reason")),
)

SKIPS = Table("skips", DEVICE_KEY, _text("what", "name", "suite", "reason"))

CASES = Table(
    "cases",
    DEVICE_KEY,
    (
        *_text("suite", "case"),
        *_integers("flags"),
        *_text("variant", "answer", "expected"),
        *_booleans("passed"),
        *_text("boot_id"),
    ),
)

STATES = Table(
    "states",
    DEVICE_KEY,
    (
        *_text("suite", "scenario", "arm"),
        *_integers("block"),
        *_booleans("warmup"),
        *_text("when", "boot_id"),
        *_integers("waited_s"),
        *_or_null(_integers("thermal_status", "battery_pct")),
        *_or_null(_booleans("on_power")),
        *_or_null(_text("screen", "governors")),
        *_or_null(_integers("cpu_khz", "clock_s", "uptime_s")),
    ),
)

TABLES = (
    *(TRIALS, CURVES, CALLS),
    *(EPISODES, KILLS, EPISODE_CURVES),
    *(OBSERVATIONS, OBSERVED_APPS, OBSERVED_DEATHS),
    *(DEVICES, FACTS, SKIPS, CASES, STATES),
)
