"""Numbers that may be known only to lie between two others, and quantiles of censored times."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Bounds:
    """A number in ``[low, high]``; exact when they are equal, unknown above when ``high`` is infinite."""

    low: float
    high: float

    @property
    def exact(self) -> bool:
        return self.low == self.high

    @property
    def known(self) -> bool:
        """Whether anything at all is known of it, given that it is positive."""
        return self.low > 0 or math.isfinite(self.high)


def quantile(values: Floats, share: float) -> float:
    """The ``share`` quantile of ``values``, which may hold infinities (linear between order statistics)."""
    ordered = np.sort(values)
    place = share * (len(ordered) - 1)
    below, weight = int(place), place - int(place)
    if weight == 0 or ordered[below] == ordered[below + 1]:
        return float(ordered[below])
    return float((1 - weight) * ordered[below] + weight * ordered[below + 1])


def censored_quantile(times: Floats, timeouts: Floats, share: float) -> Bounds | None:
    """Bounds of a quantile of times of which NaN means "longer than its timeout"; None without data.

    The true quantile lies between that of the times with every censored one at its timeout and that
    with every censored one at infinity, because a quantile never falls when a value rises.
    """
    if len(times) == 0:
        return None
    return Bounds(*(quantile(column, share) for column in time_limits(times, timeouts)))


def time_limits(times: Floats, timeouts: Floats) -> tuple[Floats, Floats]:
    """The least and the greatest that each time can have been."""
    censored = np.isnan(times)
    return np.where(censored, timeouts, times), np.where(censored, np.inf, times)
