"""The pressure episodes of one device: how many apps each way of killing cost, situation by situation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lmkd_reports.analysis.verdicts import Verdict
from lmkd_reports.statistics.bounds import Floats
from lmkd_reports.statistics.differences import PairedDifference
from lmkd_reports.statistics.differences import paired_difference
from pytest_lmkd.wire import EpisodeRecord

CLASSES = ("Z", "D", "in-flight", "other")
MAIN_BASELINE = "kill+mrelease"

Blocks = Mapping[str, Mapping[int, EpisodeRecord]]
"""An arm's valid episodes by block."""


@dataclass(frozen=True, slots=True)
class Situation:
    """In what arms are compared; never pooled. Field names as in the records."""

    scenario: str
    profile: str
    regime: str
    demand: str
    stall: str
    stall_ms: int


@dataclass(frozen=True, slots=True)
class PressureArm:
    """One arm in one situation: means over its ``valid`` episodes, medians of what has a long tail.

    The numbers are None where no episode is valid. ``premature`` is by class, those that occur.
    """

    arm: str
    valid: int
    invalid: tuple[tuple[str, int], ...]
    total: float | None = None
    needed: float | None = None
    extra: float | None = None
    premature: tuple[tuple[str, float], ...] = ()
    alive: float | None = None
    started: int = 0
    fault_p99_ns: float | None = None
    psi_some_us: float | None = None


@dataclass(frozen=True, slots=True)
class KillComparison:
    """``candidate`` against ``baseline``: all kills, which need no model, and the extra ones."""

    candidate: str
    baseline: str
    total: PairedDifference | None
    extra: PairedDifference | None
    verdict: Verdict
    extra_verdict: Verdict


@dataclass(frozen=True, slots=True)
class PressureResult:
    """One situation on one device; ``shown`` is the block whose episodes are drawn, one of each arm."""

    situation: Situation
    arms: tuple[PressureArm, ...]
    comparisons: tuple[KillComparison, ...]
    shown_block: int | None
    shown: tuple[EpisodeRecord, ...]


def pressure_of(episodes: Sequence[EpisodeRecord], arms: Sequence[str]) -> tuple[PressureResult, ...]:
    """What the episodes of one device say, situations in the order in which they were run."""
    situations = dict.fromkeys(map(_situation, episodes))
    return tuple(
        _result(situation, [one for one in episodes if _situation(one) == situation], arms)
        for situation in situations
    )


def _situation(episode: EpisodeRecord) -> Situation:
    return Situation(
        scenario=episode.scenario,
        profile=episode.profile,
        regime=episode.regime,
        demand=episode.demand,
        stall=episode.stall,
        stall_ms=episode.stall_ms,
    )


def _result(situation: Situation, episodes: Sequence[EpisodeRecord], arms: Sequence[str]) -> PressureResult:
    last = {(one.arm, one.block): one for one in episodes}  # one that was recorded twice counts once
    names = list(dict.fromkeys([*(arm for arm in arms), *(one.arm for one in episodes)]))
    blocks = {arm: {one.block: one for one in last.values() if one.arm == arm and one.valid} for arm in names}
    present = [arm for arm in names if any(one.arm == arm for one in episodes)]
    block = _typical_block(blocks, present)
    return PressureResult(
        situation=situation,
        arms=tuple(_arm(arm, blocks[arm], list(last.values())) for arm in present),
        comparisons=tuple(_compare(blocks, *pair) for pair in _pairs(present)),
        shown_block=block,
        shown=() if block is None else tuple(blocks[arm][block] for arm in present if block in blocks[arm]),
    )


def _arm(arm: str, valid: Mapping[int, EpisodeRecord], episodes: Sequence[EpisodeRecord]) -> PressureArm:
    reasons = Counter(one.invalid_reason for one in episodes if one.arm == arm and not one.valid)
    invalid = tuple(reasons.most_common())
    if not valid:
        return PressureArm(arm, 0, invalid)
    records = list(valid.values())
    return PressureArm(
        arm=arm,
        valid=len(records),
        invalid=invalid,
        total=_mean(records, lambda one: one.kills_total),
        needed=_mean(records, lambda one: one.kills_needed),
        extra=_mean(records, lambda one: one.kills_extra),
        premature=_premature(records),
        alive=_mean(records, lambda one: one.apps_alive),
        started=max(one.apps_started for one in records),
        fault_p99_ns=_median([one.fg_fault_p99_ns for one in records]),
        psi_some_us=_median([one.psi_some_us for one in records]),
    )


def _mean(records: Sequence[EpisodeRecord], value: Callable[[EpisodeRecord], int]) -> float:
    return sum(map(value, records)) / len(records)


def _median(values: Sequence[int | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.median(known)) if known else None


def _premature(records: Sequence[EpisodeRecord]) -> tuple[tuple[str, float], ...]:
    found = Counter(kill.premature_class for one in records for kill in one.kills if kill.premature)
    return tuple((name, found[name] / len(records)) for name in CLASSES if found[name])  # type: ignore[index]  # its words


def _pairs(arms: Sequence[str]) -> list[tuple[str, str]]:
    """Every arm against the first, then every reaping one against those that kill and reap in two calls."""
    pairs = [(arm, arms[0]) for arm in arms[1:]]
    two_calls = [arm for arm in arms if arm.startswith(MAIN_BASELINE) and arm != arms[0]]
    return pairs + [(arm, other) for other in two_calls for arm in arms if arm.startswith("reap-kill")]


def _compare(blocks: Blocks, candidate: str, baseline: str) -> KillComparison:
    both = sorted(blocks[candidate].keys() & blocks[baseline].keys())
    total = _difference(blocks, candidate, baseline, both, lambda one: one.kills_total)
    extra = _difference(blocks, candidate, baseline, both, lambda one: one.kills_extra)
    usable = bool(blocks[candidate] and blocks[baseline])
    return KillComparison(candidate, baseline, total, extra, _judge(total, usable), _judge(extra, usable))


def _difference(
    blocks: Blocks,
    candidate: str,
    baseline: str,
    both: Sequence[int],
    value: Callable[[EpisodeRecord], int],
) -> PairedDifference | None:
    def values(arm: str) -> Floats:
        return np.array([value(blocks[arm][block]) for block in both], dtype=np.float64)

    return paired_difference(values(candidate), values(baseline))


def _judge(difference: PairedDifference | None, usable: bool) -> Verdict:
    """Fewer kills are better."""
    if not usable:
        return Verdict.INVALID
    if difference is None or difference.low is None:
        return Verdict.NOT_ENOUGH_DATA
    if not difference.is_clear:
        return Verdict.NO_CLEAR_DIFFERENCE
    return Verdict.BETTER if difference.mean < 0 else Verdict.WORSE


def _typical_block(blocks: Blocks, arms: Sequence[str]) -> int | None:
    """The block whose differences between the first arm and the others lie nearest their medians."""
    common = sorted(set.intersection(*(set(blocks[arm]) for arm in arms))) if arms else []
    if not common:
        return None
    first = np.array([blocks[arms[0]][block].kills_extra for block in common], dtype=np.float64)
    distance = np.zeros(len(common))
    for arm in arms[1:]:
        differences = np.array([blocks[arm][block].kills_extra for block in common], dtype=np.float64) - first
        distance += np.abs(differences - np.median(differences))
    return common[int(np.argmin(distance))]
