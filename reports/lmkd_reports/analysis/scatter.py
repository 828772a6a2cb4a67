"""How the block ratios of a device scatter: the blocks a difference would need, and serial dependence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lmkd_core.records.stratum import Stratum
from lmkd_core.statistics.bounds import Floats
from lmkd_core.statistics.paired import MIN_BLOCKS
from lmkd_core.statistics.planning import BlockRange
from lmkd_core.statistics.planning import blocks_for_ratio
from lmkd_core.statistics.scale import scale_limits
from lmkd_core.statistics.serial import SerialCorrelation
from lmkd_core.statistics.serial import serial_correlation
from lmkd_reports.analysis.model import Comparison
from lmkd_reports.analysis.model import StratumResult

Pair = tuple[str, str]

MAX_CENSORED = 0.25
"""Share of blocks with a censored time beyond which the scatter is not known."""


def with_blocks_needed(strata: Sequence[StratumResult], ratio: float) -> tuple[StratumResult, ...]:
    """The strata of one device with the blocks that each comparison would need to detect ``ratio``.

    The scatter of one pair of arms in all strata is judged together.
    """
    by_pair: dict[Pair, dict[Stratum, Floats]] = {}
    for result in strata:
        for comparison in result.comparisons:
            if comparison.block_logs and _is_known(comparison):
                by_pair.setdefault(comparison.pair, {})[result.stratum] = comparison.block_logs.known
    needed: dict[tuple[Stratum, Pair], BlockRange | None] = {}
    for pair, logs in by_pair.items():
        for stratum, scale in zip(logs, scale_limits(list(logs.values())), strict=True):
            needed[stratum, pair] = blocks_for_ratio(scale, ratio) if scale else None
    return tuple(
        replace(
            result,
            comparisons=tuple(
                replace(one, blocks_needed=needed.get((result.stratum, one.pair)))
                for one in result.comparisons
            ),
        )
        for result in strata
    )


def serial_of(strata: Sequence[StratumResult]) -> SerialCorrelation | None:
    """How much consecutive blocks resemble each other, by the first comparison of each stratum.

    Comparisons over boots are left out: there the boots are judged, and blocks of one boot may be alike.
    """
    firsts = [result.comparisons[0] for result in strata if result.comparisons]
    over_blocks = [one for one in firsts if one.block_logs and not _is_over_boots(one)]
    return serial_correlation([one.block_logs.known for one in over_blocks if one.block_logs])


def _is_over_boots(comparison: Comparison) -> bool:
    return comparison.evidence is not None and comparison.evidence.is_over_boots


def _is_known(comparison: Comparison) -> bool:
    """Over boots the number of boots counts, not that of the blocks (``Evidence.scatter``)."""
    logs = comparison.block_logs
    if logs is None or len(logs.known) < MIN_BLOCKS or _is_over_boots(comparison):
        return False
    censored = sum(low != high for low, high in zip(logs.low, logs.high, strict=True))
    return censored <= MAX_CENSORED * len(logs.low)
