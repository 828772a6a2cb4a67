"""Bounds of numbers that are not known exactly, and quantiles of censored times."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

COARSE = 0.1
"""A gap between samples counts if it leaves open more than this share of a time."""


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

    ``timeouts`` may also be the ``least_times`` of coarsely sampled ones. Returns None without data. A
    quantile never falls when a value rises. So setting all times to their least values gives the lower bound,
    and setting the censored ones to infinity the upper bound.
    """
    if len(times) == 0:
        return None
    return Bounds(*(quantile(limits, share) for limits in time_limits(times, timeouts)))


def time_limits(times: Floats, timeouts: Floats) -> tuple[Floats, Floats]:
    """Returns the least and the greatest possible value of each time; NaN means longer than its timeout.

    A time with a lower "timeout" is known to lie between the two (``least_times``).
    """
    return np.fmin(times, timeouts), np.where(np.isnan(times), np.inf, times)


def least_times(times: Floats, timeouts: Floats, after: Floats) -> Floats:
    """Returns the least possible value of each time, given the last sample before it in ``after``.

    A time that is NaN did not come by its timeout. Its least value is the timeout, or the last sample if the
    sampling stopped well before. A known time is its own least value, unless the gap that it was seen after
    is longer than a share ``COARSE`` of it. NaN in ``after`` means that the sample is not known.
    """
    latest = np.where(np.isnan(times), timeouts, times)
    return np.where(latest - after > COARSE * latest, after, latest)
