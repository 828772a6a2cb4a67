"""Shares of trials, with the interval of E. B. Wilson (JASA 22, 1927, 209-212).

Unlike the textbook interval, it keeps its coverage for few trials and for shares of 0 and 1 (L. D. Brown,
T. T. Cai, A. DasGupta, Statistical Science 16, 2001, 101-133).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import ndtri

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Share:
    """The share ``count``/``total``, with its 95 % interval from ``low`` to ``high``."""

    count: int
    total: int
    low: float
    high: float


def wilson(count: int, total: int) -> Share | None:
    """Returns the share ``count``/``total`` with its 95 % interval; None if ``total`` is 0."""
    if total == 0:
        return None
    return Share(count, total, *wilson_ends(count, total))


def wilson_ends(count: int, total: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Returns the ends of Wilson's interval for ``count`` of ``total``, which is positive."""
    z = float(ndtri((1 + confidence) / 2))
    share = count / total
    centre = share + z * z / (2 * total)
    spread = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    low = 0.0 if count == 0 else (centre - spread) / scale
    return low, 1.0 if count == total else (centre + spread) / scale
