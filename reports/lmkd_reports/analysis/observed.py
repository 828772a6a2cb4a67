"""Observations of the device's own lmkd with real apps, scenario by scenario."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lmkd_core.records.observation import ObservationRecord
from lmkd_core.records.observation import ObservedDeath
from lmkd_core.statistics.differences import PairedDifference
from lmkd_core.statistics.differences import paired_difference
from lmkd_core.statistics.shares import Share
from lmkd_core.statistics.shares import exact_share

Counts = tuple[tuple[str, int], ...]
"""Something by name and how often, most often first."""

LMKD = "lmkd"


@dataclass(frozen=True, slots=True)
class Observed:
    """One scenario on one device, over its ``valid`` observations; None without a value.

    ``kills``: lmkd's kills an observation, as a difference to none. ``ours``: mean number of them that hit
    the apps that were started. ``reasons``: of lmkd's kills; ``others``: who else killed what.
    ``cascades``: the share of kills that followed another within lmkd's patience with it; ``esrch``: the
    share for which process_mrelease came too late. ``miscounted``: observations in which lmkd's own number
    of kills is not that of its log.
    """

    scenario: str
    valid: int
    invalid: Counts
    started: int = 0
    alive: float | None = None
    kills: PairedDifference | None = None
    ours: float | None = None
    reasons: Counts = ()
    others: Counts = ()
    cascades: Share | None = None
    esrch: Share | None = None
    psi_some_ms: float | None = None
    doubts: int = 0
    miscounted: int = 0


def observed_of(records: Sequence[ObservationRecord]) -> tuple[Observed, ...]:
    """By scenario, in the order of the records; a block that was recorded again counts once."""
    counted = {(record.scenario, record.block): record for record in records if not record.warmup}
    by_scenario: dict[str, list[ObservationRecord]] = {}
    for record in counted.values():
        by_scenario.setdefault(record.scenario, []).append(record)
    return tuple(_observed(scenario, of_it) for scenario, of_it in by_scenario.items())


def _observed(scenario: str, records: Sequence[ObservationRecord]) -> Observed:
    valid = [record for record in records if record.valid]
    invalid = _counts(record.invalid_reason for record in records if not record.valid)
    if not valid:
        return Observed(scenario, 0, invalid)
    kills = np.array([record.kills_total for record in valid], dtype=float)
    deaths = [death for record in valid for death in record.deaths]
    total = int(kills.sum())
    psi = [record.psi_some_us / 1000 for record in valid if record.psi_some_us is not None]
    return Observed(
        scenario=scenario,
        valid=len(valid),
        invalid=invalid,
        started=max(record.apps_started for record in valid),
        alive=float(np.mean([record.apps_alive for record in valid])),
        kills=paired_difference(kills, np.zeros(len(valid))),
        ours=sum(death.ours for death in deaths if death.killer == LMKD) / len(valid),
        reasons=_counts(death.reason for death in deaths if death.killer == LMKD),
        others=_counts(_other(death) for death in deaths if death.killer != LMKD),
        cascades=_share(sum(record.cascades for record in valid), total),
        esrch=_share(sum(record.mrelease_failures.get("ESRCH", 0) for record in valid), total),
        psi_some_ms=float(np.mean(psi)) if psi else None,
        doubts=sum(bool(death.doubts) for death in deaths),
        miscounted=sum(record.kill_count not in {None, record.kills_total} for record in valid),
    )


def _other(death: ObservedDeath) -> str:
    return f"{death.killer}, {death.reason}" if death.reason else death.killer


def _share(part: int, total: int) -> Share | None:
    return exact_share(part, total) if total > 0 and part <= total else None


def _counts(names: Iterable[str]) -> Counts:
    return tuple(Counter(names).most_common())
