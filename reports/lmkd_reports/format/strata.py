"""Strata in reports and exports: the order of their fields, and strata as values.

The fields are those of ``lmkd_core.records.stratum``. The two orders below arrange the first of them. A later
field needs no entry: it comes last, and ``unusual`` names it.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

import msgspec

from lmkd_core.records.episode import Episode
from lmkd_core.records.parts import record_of
from lmkd_core.records.stratum import EpisodeStratum
from lmkd_core.records.stratum import Stratum
from lmkd_core.records.trial import Trial

LIMITS = frozenset({"timeout_ns"})
"""Fields that end a measurement. Trials that differ only in them belong to one stratum."""

TRIAL_ORDER = (
    *("suite", "scenario", "stall", "hold_ms", "regime", "victim_kb", "threads"),
    *("shape", "dirty_pct", "compress_pct"),
)
EPISODE_ORDER = ("suite", "scenario", "profile", "regime", "demand", "stall", "stall_ms")


def _ordered(kind: type[msgspec.Struct], order: Sequence[str]) -> tuple[str, ...]:
    return (*order, *(name for name in kind.__struct_fields__ if name not in {*order, *LIMITS}))


STRATUM = _ordered(Stratum, TRIAL_ORDER)
"""The fields that set strata of trials apart, in the order in which tables show them."""

EPISODE_STRATUM = _ordered(EpisodeStratum, EPISODE_ORDER)
"""The fields that set strata of episodes apart."""

DEFAULTS = {
    field.name: field.default
    for kind in (Stratum, EpisodeStratum)
    for field in msgspec.structs.fields(kind)
    if field.default is not msgspec.NODEFAULT
}
"""The values of fields that older records and exports lack."""


def stratum_of(record: Trial) -> Stratum:
    """The record's stratum. Its limits are the default ones, so that they set no strata apart."""
    return stratum_from({name: getattr(record, name) for name in STRATUM})


def stratum_from(values: Mapping[str, Any]) -> Stratum:
    """The stratum of a table's row; NumPy's numbers become Python's."""
    return Stratum(**{name: _plain(values[name]) for name in STRATUM})


def episode_stratum_of(record: Episode) -> EpisodeStratum:
    return record_of(EpisodeStratum, record)


def stalled_stratum_of(record: Episode) -> EpisodeStratum:
    """The stratum in which the record counts: an unstalled episode counts in that of its stall."""
    if not record.is_unstalled:
        return episode_stratum_of(record)
    return record_of(EpisodeStratum, record, stall=record.without_stall, stall_ms=record.without_stall_ms)


def episode_stratum_from(values: Mapping[str, Any]) -> EpisodeStratum:
    """As ``stratum_from``."""
    return EpisodeStratum(**{name: _plain(values[name]) for name in EPISODE_STRATUM})


def _plain(value: Any) -> Any:  # noqa: ANN401 - a field's value
    return value.item() if hasattr(value, "item") else value


def stratum_values(stratum: Stratum | EpisodeStratum) -> dict[str, str | int]:
    """The fields that set the stratum apart, by name."""
    names = STRATUM if isinstance(stratum, Stratum) else EPISODE_STRATUM
    return {name: getattr(stratum, name) for name in names}


def unusual(stratum: Stratum | EpisodeStratum) -> list[str]:
    """Later fields that differ from their defaults, such as ``locked_pct 50``."""
    known = {*TRIAL_ORDER, *EPISODE_ORDER}
    later = {name: value for name, value in stratum_values(stratum).items() if name not in known}
    return [f"{name} {value}" for name, value in later.items() if value != DEFAULTS.get(name)]


def place_on_page(stratum: Stratum, scenarios: Sequence[str]) -> tuple[str | int, ...]:
    """Sorts strata: scenarios in the order of ``scenarios``, unstalled victims first, small victims first."""
    return (
        stratum.suite,
        scenarios.index(stratum.scenario),
        int(stratum.stall != "none"),
        stratum.stall,
        stratum.hold_ms,
        stratum.regime,
        stratum.shape,
        stratum.dirty_pct,
        stratum.compress_pct,
        stratum.victim_kb,
        stratum.threads,
        *(getattr(stratum, name) for name in STRATUM if name not in TRIAL_ORDER),
    )
