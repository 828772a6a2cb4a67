"""The pressure episodes of one device: the apps lost to each arm, stratum by stratum.

The kills of the arms are compared. Extra kills are measured: those of an episode minus those of the unstalled
episode of its block. The replay of each episode gives a range beside that, and no verdict.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lmkd_core.records.arms import kills_by_flag
from lmkd_core.records.arms import kills_then_reaps
from lmkd_core.records.arms import once
from lmkd_core.records.episode import EpisodeRecord
from lmkd_core.records.replay import excess_kb
from lmkd_core.records.replay import least_extra
from lmkd_core.records.stratum import EpisodeStratum
from lmkd_core.statistics.boots import MIN_BOOTS
from lmkd_core.statistics.bounds import Floats
from lmkd_core.statistics.differences import PairedDifference
from lmkd_core.statistics.differences import difference_by_boots
from lmkd_core.statistics.planning import BlockRange
from lmkd_core.statistics.planning import blocks_for_difference
from lmkd_reports.analysis.claims import Claim
from lmkd_reports.analysis.verdicts import Verdict
from lmkd_reports.format.strata import stalled_stratum_of

CLASSES = ("Z", "D", "in-flight", "other")

Blocks = Mapping[str, Mapping[int, EpisodeRecord]]
"""An arm's valid episodes by block."""


@dataclass(frozen=True, slots=True)
class Replay:
    """The needed and the extra kills by the replay: means over episodes (``lmkd_core.records.replay``).

    ``excess_kb`` is the memory killed beyond what was needed.
    """

    needed: float
    least_extra: float
    most_extra: float
    excess_kb: float


@dataclass(frozen=True, slots=True)
class PressureArm:
    """One arm in one situation: means over its ``valid`` episodes, and medians of values with a long tail.

    The numbers are None where no episode is valid. ``extra`` is measured: kills minus those of the unstalled
    episodes, by block; None without such blocks. ``premature`` is by class, those that occur. ``refaults``
    are pages.
    """

    arm: str
    valid: int
    invalid: tuple[tuple[str, int], ...]
    total: float | None = None
    extra: PairedDifference | None = None
    replay: Replay | None = None
    premature: tuple[tuple[str, float], ...] = ()
    alive: float | None = None
    started: int = 0
    fault_p99_ns: float | None = None
    refaults: float | None = None
    psi_some_us: float | None = None


@dataclass(frozen=True, slots=True)
class KillComparison(Claim):
    """``candidate`` against ``baseline``: the difference of all kills, which needs no model."""

    candidate: str
    baseline: str
    total: PairedDifference | None
    verdict: Verdict
    blocks_needed: BlockRange | None = None
    p_page: float | None = None

    @property
    def p(self) -> float | None:
        return self.total.p if self.total else None

    @property
    def least_p(self) -> float:
        return self.total.least_p if self.total else 1.0

    @property
    def replicates(self) -> str:
        """``8 blocks``, or ``7 boots``: below three boots the interval is over blocks."""
        if self.total is None:
            return "0 blocks"
        boots, blocks = self.total.boots, self.total.blocks
        return f"{boots} boots" if boots >= MIN_BOOTS else f"{blocks} blocks"


@dataclass(frozen=True, slots=True)
class PressureResult:
    """One situation on one device; ``shown`` is the block whose episodes are drawn, one of each arm.

    ``arms`` are all of the device's, also those without an episode here. ``unstalled`` are the episodes
    without the stall; None if there are none. The last of ``shown`` may be one of them. ``false_gains`` are
    the comparisons in which this control alone shows an impossible gain (``controls``).
    """

    situation: EpisodeStratum
    arms: tuple[PressureArm, ...]
    unstalled: PressureArm | None
    comparisons: tuple[KillComparison, ...]
    shown_block: int | None
    shown: tuple[EpisodeRecord, ...]
    false_gains: tuple[KillComparison, ...] = ()


def settings_of(episodes: Sequence[EpisodeRecord]) -> dict[str, str]:
    """The settings of lmkd's policy in the valid episodes, and the watermark below which it kills."""
    values_by_name: dict[str, dict[str, None]] = {}
    for episode in episodes:
        if episode.valid:
            for name, value in episode.settings.items():
                values_by_name.setdefault(f"lmkd's {name}", {})[str(value)] = None
            if episode.threshold_kb is not None:
                values_by_name.setdefault("low watermark", {})[f"{episode.threshold_kb} kB"] = None
    return {name: ", then ".join(values) for name, values in values_by_name.items()}


def pressure_of(
    episodes: Sequence[EpisodeRecord],
    arms: Sequence[str],
    detectable_kills: float = 1.0,
    page_kb: int | None = None,
) -> tuple[PressureResult, ...]:
    """The results of one device's episodes, situations in the order in which they ran.

    ``arms`` are those of the run, its baseline first; those without any episode on the device are left out.
    ``detectable_kills`` is the difference for which the needed blocks are estimated. ``page_kb`` is the
    device's page size; None: not known.
    """
    seen = dict.fromkeys(episode.arm for episode in episodes)
    names = [arm for arm in arms if arm in seen] + [arm for arm in seen if arm not in arms]
    pairs = kill_pairs_of(names, [*arms, *names][0]) if names else []
    situations: dict[EpisodeStratum, list[EpisodeRecord]] = {}
    for episode in episodes:
        situations.setdefault(stalled_stratum_of(episode), []).append(episode)
    return tuple(
        _result(situation, same_situation, names, pairs, detectable_kills, page_kb)
        for situation, same_situation in situations.items()
    )


def _result(
    situation: EpisodeStratum,
    episodes: Sequence[EpisodeRecord],
    names: Sequence[str],
    pairs: Sequence[tuple[str, str]],
    detectable_kills: float,
    page_kb: int | None,
) -> PressureResult:
    unstalled = [episode for episode in episodes if episode.is_unstalled]
    of_arms = {
        arm: [episode for episode in episodes if episode.arm == arm and not episode.is_unstalled]
        for arm in names
    }
    blocks = {arm: _valid_blocks(of_arm) for arm, of_arm in of_arms.items()}
    references = _valid_blocks(unstalled)
    arms = {arm: _arm(arm, of_arm, references, page_kb) for arm, of_arm in of_arms.items()}
    block = _typical_block(blocks, names)
    return PressureResult(
        situation=situation,
        arms=tuple(arms.values()),
        unstalled=_arm(unstalled[0].arm, unstalled, {}, page_kb) if unstalled else None,
        comparisons=tuple(
            _compare(blocks, arms[candidate], arms[base], detectable_kills) for candidate, base in pairs
        ),
        shown_block=block,
        shown=() if block is None else _shown(blocks, references, block),
    )


def _valid_blocks(episodes: Sequence[EpisodeRecord]) -> dict[int, EpisodeRecord]:
    return {episode.block: episode for episode in episodes if episode.valid}


def _shown(blocks: Blocks, references: Mapping[int, EpisodeRecord], block: int) -> tuple[EpisodeRecord, ...]:
    unstalled = (references[block],) if block in references else ()
    return (*(of_arm[block] for of_arm in blocks.values()), *unstalled)


def _arm(
    arm: str,
    episodes: Sequence[EpisodeRecord],
    references: Mapping[int, EpisodeRecord],
    page_kb: int | None,
) -> PressureArm:
    """``references``: the unstalled episodes by block, which ``episodes`` are compared with."""
    reasons = Counter(episode.invalid_reason for episode in episodes if not episode.valid)
    invalid = tuple(reasons.most_common())
    valid = _valid_blocks(episodes)
    if not valid:
        return PressureArm(arm, 0, invalid)
    records = list(valid.values())
    return PressureArm(
        arm=arm,
        valid=len(records),
        invalid=invalid,
        total=_mean(records, lambda episode: episode.kills_total),
        extra=_difference(valid, references),
        replay=_replay(records, page_kb),
        premature=_premature(records),
        alive=_mean(records, lambda episode: episode.apps_alive),
        started=max(episode.apps_started for episode in records),
        fault_p99_ns=_median([episode.fg_fault_p99_ns for episode in records]),
        refaults=_median([_refaults(episode) for episode in records]),
        psi_some_us=_median([episode.psi_some_us for episode in records]),
    )


def _replay(records: Sequence[EpisodeRecord], page_kb: int | None) -> Replay:
    return Replay(
        needed=_mean(records, lambda episode: episode.kills_needed),
        least_extra=_mean(records, lambda episode: least_extra(episode, page_kb)),
        most_extra=_mean(records, lambda episode: episode.kills_extra),
        excess_kb=_mean(records, excess_kb),
    )


def _refaults(episode: EpisodeRecord) -> int | None:
    known = [pages for pages in (episode.refaults_anon, episode.refaults_file) if pages is not None]
    return sum(known) if known else None


def _mean(records: Sequence[EpisodeRecord], value: Callable[[EpisodeRecord], int]) -> float:
    return sum(map(value, records)) / len(records)


def _median(values: Sequence[int | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.median(known)) if known else None


def _premature(records: Sequence[EpisodeRecord]) -> tuple[tuple[str, float], ...]:
    counts = Counter(kill.premature_class for episode in records for kill in episode.kills if kill.premature)
    return tuple((name, counts[name] / len(records)) for name in CLASSES if counts[name])  # type: ignore[index]  # its words


def kill_pairs_of(arms: Sequence[str], baseline: str) -> list[tuple[str, str]]:
    """Arms with one call against arms with two; every arm against the baseline; arms against themselves."""
    against_first = [(arm, baseline) for arm in arms if arm != baseline and baseline in arms]
    others = [arm for arm in arms if arm != baseline]
    again = [(arm, once(arm)) for arm in others if arm != once(arm) and once(arm) in others]
    subjects = [arm for arm in others if kills_by_flag(arm) and arm == once(arm)]
    two_calls = [arm for arm in others if kills_then_reaps(arm) and arm == once(arm)]
    pairs = [*((arm, other) for other in two_calls for arm in subjects), *against_first, *again]
    return sorted(pairs, key=lambda pair: once(pair[0]) == once(pair[1]))


def _compare(
    blocks: Blocks, candidate: PressureArm, baseline: PressureArm, detectable_kills: float
) -> KillComparison:
    pair = candidate.arm, baseline.arm
    total = _difference(blocks[candidate.arm], blocks[baseline.arm])
    usable = not any(arm.invalid and not arm.valid for arm in (candidate, baseline))
    needed = None
    if total and total.p is not None:
        needed = blocks_for_difference(total.blocks, total.deviation, detectable_kills)
    return KillComparison(*pair, total, judge_kills(total, usable=usable), needed)


def _difference(
    candidate: Mapping[int, EpisodeRecord], baseline: Mapping[int, EpisodeRecord]
) -> PairedDifference | None:
    """The difference of all kills in the blocks that both have."""
    both = sorted(candidate.keys() & baseline.keys())

    def kills(episodes: Mapping[int, EpisodeRecord]) -> Floats:
        return np.array([episodes[block].kills_total for block in both], dtype=np.float64)

    boots = [candidate[block].boot_id for block in both]
    return difference_by_boots(kills(candidate), kills(baseline), boots)


def judge_kills(difference: PairedDifference | None, *, usable: bool) -> Verdict:
    """The verdict on all kills: fewer are better. ``usable``: no arm has only invalid episodes."""
    if not usable:
        return Verdict.INVALID
    if difference is None or difference.high is None:
        return Verdict.NOT_ENOUGH_DATA
    if not difference.is_clear:
        return Verdict.NO_CLEAR_DIFFERENCE
    return Verdict.BETTER if difference.high < 0 else Verdict.WORSE


def _typical_block(blocks: Blocks, arms: Sequence[str]) -> int | None:
    """The block whose differences between the first arm and the others lie nearest their medians."""
    common = sorted(set.intersection(*(set(blocks[arm]) for arm in arms)))
    if not common:
        return None
    first = np.array([blocks[arms[0]][block].kills_total for block in common], dtype=np.float64)
    distance = np.zeros(len(common))
    for arm in arms[1:]:
        differences = np.array([blocks[arm][block].kills_total for block in common], dtype=np.float64) - first
        distance += np.abs(differences - np.median(differences))
    return common[int(np.argmin(distance))]
