"""Bounds of numbers that are not known exactly, and quantiles of censored times."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Bounds:
    """A number in ``[low, high]``: exact if both are equal, unbounded above if ``high`` is infinite."""

    low: float
    high: float

    @property
    def exact(self) -> bool:
        return self.low == self.high

    @property
    def known(self) -> bool:
        """Whether the bounds say anything about a positive number."""
        return self.low > 0 or math.isfinite(self.high)


def quantile(values: Floats, share: float) -> float:
    """Returns the ``share`` quantile of ``values``, interpolated linearly between order statistics.

    ``values`` may contain infinities.
    """
    ordered = np.sort(values)
    position = share * (len(ordered) - 1)
    below, weight = int(position), position - int(position)
    if weight == 0 or ordered[below] == ordered[below + 1]:
        return float(ordered[below])
    return float((1 - weight) * ordered[below] + weight * ordered[below + 1])


def censored_quantile(times: Floats, timeouts: Floats, share: float) -> Bounds | None:
    """Returns bounds of a quantile of ``times``, in which NaN means "longer than its timeout".

    Returns None without data. A quantile never falls when a value rises. So setting all censored times to
    their timeouts gives the lower bound, and setting them to infinity the upper bound.
    """
    if len(times) == 0:
        return None
    return Bounds(*(quantile(limits, share) for limits in time_limits(times, timeouts)))


def time_limits(times: Floats, timeouts: Floats) -> tuple[Floats, Floats]:
    """Returns the least and the greatest possible value of each time; NaN means longer than its timeout."""
    censored = np.isnan(times)
    return np.where(censored, timeouts, times), np.where(censored, np.inf, times)
