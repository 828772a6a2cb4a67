"""Negative controls: whether the measurement favours an arm where no arm can gain.

The question is about the measurement and not about a stratum, so the blocks of all controls of a device are
pooled: a sign test per pair of arms (W. J. Dixon and A. M. Mood, JASA 41, 1946, 557-566), corrected for the
number of pairs (Holm). An error in one control alone would be diluted, so each control is tested beside it,
corrected for all controls and pairs. The two share ``FALSE_ALARMS``; by the union bound a right measurement
raises the alarm with at most that probability, however the tests depend on each other.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import bdtrc

from lmkd_core.statistics.bounds import Floats
from lmkd_core.statistics.multiplicity import holm
from lmkd_core.statistics.multiplicity import holm_of_testable
from lmkd_core.statistics.paired import interval_rank

FALSE_ALARMS = 0.025
"""Share of right devices that may raise the alarm: the upper half of a 95 % interval."""

POOLED_SHARE = 0.8
"""Share of ``FALSE_ALARMS`` for the pooled test; the rest is for the controls one by one."""

Pair = tuple[str, str]
"""The arm under test, and the arm that it cannot gain over."""


@dataclass(frozen=True, slots=True)
class ControlTally:
    """In ``gained`` of ``blocks`` blocks of one control, the first arm of ``pair`` did better."""

    control: Hashable
    pair: Pair
    gained: int
    blocks: int


@dataclass(frozen=True, slots=True)
class FalseGain:
    """A gain that chance does not explain, in one control or in several together."""

    controls: tuple[Hashable, ...]
    pair: Pair
    gained: int
    blocks: int
    p: float


def false_gains(tallies: Sequence[ControlTally], level: float = FALSE_ALARMS) -> list[FalseGain]:
    """Returns the false gains of one device: those of all its controls together first.

    ``level`` is the probability of any in a right measurement. A pair with a single control is tested once.
    """
    tallies = [tally for tally in tallies if tally.blocks]
    by_pair = [[tally for tally in tallies if tally.pair == pair] for pair in _pairs(tallies)]
    pooled = [_gain(of_pair) for of_pair in by_pair]
    adjusted = holm([gain.p for gain in pooled])
    gains = [gain for gain, p in zip(pooled, adjusted, strict=True) if p <= level * POOLED_SHARE]
    single = [_gain([tally]) for of_pair in by_pair if len(of_pair) > 1 for tally in of_pair]
    single_level = level * (1 - POOLED_SHARE)
    least = [2.0**-gain.blocks for gain in single]
    adjusted = holm_of_testable([gain.p for gain in single], least, single_level)
    return gains + [gain for gain, p in zip(single, adjusted, strict=True) if p <= single_level]


def gain_p(gained: int, blocks: int) -> float:
    """Returns how often chance gives one of two equal arms ``gained`` or more of the blocks."""
    return float(bdtrc(gained - 1, blocks, 0.5)) if gained else 1.0


def largest_unseen_gain(log_ratios: Floats) -> float | None:
    """Returns the gain, as a share of the time, beyond which the pooled blocks of the controls rule it out.

    It is 1 minus the lower end of the sign test's 95 % interval of the median ratio; ``log_ratios`` are the
    lowest possible ones where a time is censored. The interval assumes that the measurement favours the arm
    equally in every control. None for too few blocks; 0 if even equality is ruled out from below.
    """
    rank = interval_rank(len(log_ratios))
    if not rank:
        return None
    return max(0.0, -math.expm1(float(np.sort(log_ratios)[rank - 1])))


def _pairs(tallies: Sequence[ControlTally]) -> list[Pair]:
    return list(dict.fromkeys(tally.pair for tally in tallies))


def _gain(tallies: Sequence[ControlTally]) -> FalseGain:
    """The tallies of one pair, taken together."""
    gained, blocks = sum(tally.gained for tally in tallies), sum(tally.blocks for tally in tallies)
    controls = tuple(tally.control for tally in tallies)
    return FalseGain(controls, tallies[0].pair, gained, blocks, gain_p(gained, blocks))
