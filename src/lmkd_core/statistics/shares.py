"""Shares of trials, with the exact interval of Clopper and Pearson (Biometrika 26, 1934, 404-413).

It covers the true share in at least 95 % of runs for every share and number of trials. Wilson's interval,
the usual choice, is narrower because it covers 95 % only on average: 84 % for a share near 2 % in 10 trials.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import betaincinv
from scipy.special import ndtri

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Share:
    """The share ``count``/``total``, with its 95 % interval from ``low`` to ``high``."""

    count: int
    total: int
    low: float
    high: float


def exact_share(count: int, total: int) -> Share | None:
    """Returns the share ``count``/``total`` with its 95 % interval; None if ``total`` is 0."""
    if total == 0:
        return None
    return Share(count, total, *exact_ends(count, total))


def trials_for(share: float) -> int:
    """Returns the fewest trials whose slowest lies beyond the ``share`` quantile with 95 % confidence.

    These are 29 for 90 %.
    S. S. Wilks, Annals of Mathematical Statistics 12, 1941, 91-96.
    """
    return math.ceil(math.log(1 - CONFIDENCE) / math.log(share))


def trials_for_median() -> int:
    """Returns the fewest trials whose least and greatest enclose the median with 95 % confidence: 6.

    W. R. Thompson, Annals of Mathematical Statistics 7, 1936, 122-128.
    """
    return math.ceil(1 - math.log2(1 - CONFIDENCE))


def exact_ends(count: int, total: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Returns the ends of the exact interval for ``count`` of ``total``, which is positive."""
    tail = (1 - confidence) / 2
    low = 0.0 if count == 0 else float(betaincinv(count, total - count + 1, tail))
    high = 1.0 if count == total else float(betaincinv(count + 1, total - count, 1 - tail))
    return low, high


def wilson_ends(count: int, total: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Returns the ends of E. B. Wilson's interval (JASA 22, 1927, 209-212) for ``count`` of ``total``.

    Newcombe's interval for the difference of two shares is made of these (``independent``).
    """
    z = float(ndtri((1 + confidence) / 2))
    share = count / total
    centre = share + z * z / (2 * total)
    spread = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    low = 0.0 if count == 0 else (centre - spread) / scale
    return low, 1.0 if count == total else (centre + spread) / scale
