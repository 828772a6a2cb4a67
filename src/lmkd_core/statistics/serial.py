"""Whether consecutive blocks depend on each other: the lag-1 correlation of their log ratios, by ranks.

Intervals take blocks as independent. Where consecutive ratios resemble each other, they are too narrow:
with a correlation of 0.3 (AR(1)) the sign test's 95 % interval covers about 90 %, with 0.6 about 77 %.
One comparison of 12 blocks does not show a correlation of 0.3, all strata of a device together do.
The test is the rank version of J. von Neumann's ratio (R. Bartels, JASA 77, 1982, 40-46).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from lmkd_core.statistics.bounds import Floats

MATTERS = 0.15
"""From here on the 95 % interval covers less than 93 % of a series in the long run."""

FALSE_NOTES = 0.05
"""Share of devices with independent blocks that may get a note."""

LEVEL = 0.04
"""The largest p of a note; below ``FALSE_NOTES``, as the normal approximation errs with few blocks."""

FEWEST = 6
"""Fewest blocks of a series that counts."""


@dataclass(frozen=True, slots=True)
class SerialCorrelation:
    """The lag-1 correlation of ``series`` series of blocks, as one for all."""

    correlation: float
    series: int
    p: float


def serial_correlation(series: Sequence[Floats]) -> SerialCorrelation | None:
    """Returns the correlation over independent series of log ratios, each in the order of its blocks.

    ``p`` is one-sided, for correlations above 0. Series shorter than ``FEWEST`` or of equal values are left
    out; None if none remains. Equal values in a series share their mean rank.
    """
    used = [values for values in series if len(values) >= FEWEST and np.ptp(values) > 0]
    if not used:
        return None
    lengths = np.array([len(values) for values in used], dtype=np.float64)
    ratios = np.array([_von_neumann(values) for values in used])
    # Under independence the ratio has the mean 2 and this variance, which is nearly 4 / n (Bartels, eq. 1).
    variances = 4 * (lengths - 2) * (5 * lengths**2 - 2 * lengths - 9)
    variances /= 5 * lengths * (lengths + 1) * (lengths - 1) ** 2
    z = (lengths * (2 - ratios)).sum() / math.sqrt((lengths**2 * variances).sum())
    # Around a series' own mean a correlation shows only by a share of about 1 - 4 / n (M. G. Kendall,
    # Biometrika 41, 1954, 403-404).
    correlation = (lengths * (1 - ratios / 2)).sum() / (lengths - 4).sum()
    return SerialCorrelation(min(1.0, float(correlation)), len(used), float(ndtr(-z)))


def is_noteworthy(found: SerialCorrelation | None) -> bool:
    """Whether the correlation is both beyond chance and large enough to matter."""
    return found is not None and found.p <= LEVEL and found.correlation >= MATTERS


def _von_neumann(values: Floats) -> float:
    """The mean square of successive rank differences over the variance of the ranks; 2 on average."""
    ordered = np.sort(values)
    ranks = np.searchsorted(ordered, values) + np.searchsorted(ordered, values, "right")
    return float((np.diff(ranks) ** 2).sum() / ((ranks - ranks.mean()) ** 2).sum())
