"""Stopping early: when a run may look at its data to stop, and how sure each interval must then be.

Whoever looks often and stops when the interval pleases has an interval that covers less than it says. A run
that may stop looks a few times only, at numbers of blocks fixed beforehand, and shares its 5 % among the
looks (Bonferroni; that repeated looks need it: P. Armitage, C. K. McPherson, B. C. Rowe, Journal of the Royal
Statistical Society A 132, 1969, 235-244): at whichever look it stops, the interval covers the truth in at
least 95 % of runs.
"""

from __future__ import annotations

from lmkd_core.statistics.shares import CONFIDENCE

FIRST_LOOK = 8
"""Fewest blocks at which the sign test has an interval for up to six looks."""


def looks(blocks: int) -> tuple[int, ...]:
    """After how many blocks a run of at most ``blocks`` looks: at half as many again, and at the end."""
    found, next_look = [], FIRST_LOOK
    while next_look < blocks:
        found.append(next_look)
        next_look += next_look // 2
    return (*found, blocks)


def look_confidence(blocks: int) -> float:
    """The confidence of the interval at each look, for 95 % over all of them."""
    return 1 - (1 - CONFIDENCE) / len(looks(blocks))
