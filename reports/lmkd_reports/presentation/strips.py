"""Intervals as small strips beside their sentences: places on a common scale, in percent of its width."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from lmkd_core.statistics.differences import PairedDifference
from lmkd_core.statistics.paired import PairedRatio

MOST_TICKS = 5


@dataclass(frozen=True, slots=True)
class Strip:
    """``left`` and ``width`` of the interval, ``dot`` for the estimate (None where it is only a bound)."""

    left: float
    width: float
    dot: float | None


@dataclass(frozen=True, slots=True)
class Tick:
    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Scale:
    """A log scale over ratios that always holds 1/2 to 2."""

    low: float
    high: float

    @classmethod
    def over(cls, ratios: Iterable[PairedRatio]) -> Scale:
        """The scale of whole powers of two that holds every interval end that is a number."""
        ends = [0.5, 2.0]
        for ratio in ratios:
            if ratio.interval is not None:
                ends += [end for end in (ratio.interval.low, ratio.interval.high) if 0 < end < math.inf]
        return cls(2.0 ** math.floor(math.log2(min(ends))), 2.0 ** math.ceil(math.log2(max(ends))))

    def at(self, value: float) -> float:
        """The place of ``value``, 0 to 100; values beyond the scale lie at its end."""
        inside = min(max(value, self.low), self.high)
        return round(100 * math.log(inside / self.low) / math.log(self.high / self.low), 1)

    def strip(self, ratio: PairedRatio) -> Strip | None:
        if ratio.interval is None:
            return None
        left, right = self.at(ratio.interval.low), self.at(ratio.interval.high)
        dot = self.at(ratio.estimate.low) if ratio.estimate.exact else None
        return Strip(left, round(right - left, 1), dot)

    @property
    def one(self) -> float:
        """Where equal times lie."""
        return self.at(1.0)

    @property
    def ticks(self) -> list[Tick]:
        octaves = round(math.log2(self.high / self.low))
        step = math.ceil(octaves / (MOST_TICKS - 1))
        first = -(round(-math.log2(self.low)) // step) * step
        powers = range(first, round(math.log2(self.high)) + 1, step)
        return [Tick(self.at(2.0**power), _label(power)) for power in powers]


@dataclass(frozen=True, slots=True)
class DifferenceScale:
    """A linear scale over differences, the same to both sides of 0 and at least to 1."""

    reach: float

    @classmethod
    def over(cls, differences: Iterable[PairedDifference]) -> DifferenceScale:
        """The scale of a whole number that holds every mean and every interval end."""
        ends = [1.0]
        for difference in differences:
            ends += [
                abs(end) for end in (difference.mean, difference.low, difference.high) if end is not None
            ]
        return cls(float(math.ceil(max(ends))))

    def at(self, value: float) -> float:
        """Where ``value`` lies, 0 to 100."""
        return round(50 + 50 * value / self.reach, 1)

    def strip(self, difference: PairedDifference | None) -> Strip | None:
        if difference is None or difference.low is None or difference.high is None:
            return None
        left, right = self.at(difference.low), self.at(difference.high)
        return Strip(left, round(right - left, 1), self.at(difference.mean))

    @property
    def zero(self) -> float:
        """Where equal counts lie."""
        return self.at(0.0)

    @property
    def ticks(self) -> list[Tick]:
        return [
            Tick(self.at(value), f"{value:+g}" if value else "0") for value in (-self.reach, 0, self.reach)
        ]


def _label(power: int) -> str:
    """``1x``, ``4x``, ``1/8x``."""
    return f"{2**power}x" if power >= 0 else f"1/{2**-power}x"
