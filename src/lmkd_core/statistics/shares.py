"""Shares of trials, with the interval of E. B. Wilson (JASA 22, 1927, 209-212).

Chosen over the textbook interval because it keeps its coverage at few trials and at shares of 0 and 1
(L. D. Brown, T. T. Cai, A. DasGupta, Statistical Science 16, 2001, 101-133).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import ndtri

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Share:
    """``count`` of ``total``, and the 95 % interval of the share behind it."""

    count: int
    total: int
    low: float
    high: float


def wilson(count: int, total: int) -> Share | None:
    """The share ``count``/``total`` with its interval; None when there was nothing to count."""
    if total == 0:
        return None
    z = float(ndtri(1 - (1 - CONFIDENCE) / 2))
    share = count / total
    centre = share + z * z / (2 * total)
    spread = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    low = 0.0 if count == 0 else (centre - spread) / scale
    high = 1.0 if count == total else (centre + spread) / scale
    return Share(count, total, low, high)
