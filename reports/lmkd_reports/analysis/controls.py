"""What the controls of a device say of its measurement; the page and the run's exit status both use it.

Single kills and kills under pressure are measured by different programs, so each has a test of its own; a
device that has both halves the level of each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lmkd_core.records.arms import kills_by_flag
from lmkd_core.records.arms import kills_then_reaps
from lmkd_core.statistics.controls import FALSE_ALARMS
from lmkd_core.statistics.controls import ControlTally
from lmkd_core.statistics.controls import FalseGain
from lmkd_core.statistics.controls import Pair
from lmkd_core.statistics.controls import false_gains
from lmkd_core.statistics.controls import largest_unseen_gain
from lmkd_reports.analysis.model import ControlCheck
from lmkd_reports.analysis.model import DeviceResult
from lmkd_reports.analysis.model import StratumResult
from lmkd_reports.analysis.pressure import KillComparison
from lmkd_reports.analysis.pressure import PressureResult


def with_controls(device: DeviceResult) -> DeviceResult:
    """Adds the false gains of all controls together to the device, and those of one control to its result."""
    controls = [result for result in device.strata if result.stratum.is_control]
    pressed = [result for result in device.pressure if result.situation.is_control]
    times, kills = _time_tallies(controls), _kill_tallies(pressed)
    level = FALSE_ALARMS / max(1, bool(times) + bool(kills))
    time_gains, kill_gains = false_gains(times, level), false_gains(kills, level)
    return replace(
        device,
        strata=tuple(_marked(result, time_gains) for result in device.strata),
        pressure=tuple(_marked_kills(result, kill_gains) for result in device.pressure),
        controls=ControlCheck(tuple(time_gains), tuple(_unseen(controls))) if controls else None,
        pressure_controls=ControlCheck(tuple(kill_gains)) if pressed else None,
    )


def _time_tallies(controls: Sequence[StratumResult]) -> list[ControlTally]:
    """Blocks with equal times, or with both censored, count against a gain."""
    return [
        ControlTally(result.stratum, comparison.pair, comparison.ratio.faster, comparison.ratio.blocks)
        for result in controls
        for comparison in result.comparisons
        if comparison.ratio is not None
    ]


def _kill_tallies(controls: Sequence[PressureResult]) -> list[ControlTally]:
    """Only blocks in which the arms differ count: most have as many kills with either arm."""
    return [
        ControlTally(result.situation, comparison.pair, total.fewer, total.fewer + total.more)
        for result in controls
        for comparison in result.comparisons
        if _is_under_test(comparison) and (total := comparison.total) is not None
    ]


def _is_under_test(comparison: KillComparison) -> bool:
    return kills_by_flag(comparison.candidate) and kills_then_reaps(comparison.baseline)


def _unseen(controls: Sequence[StratumResult]) -> list[tuple[Pair, float]]:
    lows: dict[Pair, list[float]] = {}
    for comparison in (comparison for result in controls for comparison in result.comparisons):
        if comparison.block_logs is not None:
            lows.setdefault(comparison.pair, []).extend(comparison.block_logs.low)
    unseen = {pair: largest_unseen_gain(np.array(values)) for pair, values in lows.items()}
    return [(pair, gain) for pair, gain in unseen.items() if gain is not None]


def _marked(result: StratumResult, gains: Sequence[FalseGain]) -> StratumResult:
    pairs = {gain.pair for gain in gains if gain.controls == (result.stratum,)}
    return replace(result, false_gains=tuple(one for one in result.comparisons if one.pair in pairs))


def _marked_kills(result: PressureResult, gains: Sequence[FalseGain]) -> PressureResult:
    pairs = {gain.pair for gain in gains if gain.controls == (result.situation,)}
    return replace(result, false_gains=tuple(one for one in result.comparisons if one.pair in pairs))
