"""Early stopping: the looks at which a run may stop, and the confidence needed at each.

Stopping as soon as an interval looks narrow enough lowers its true coverage (P. Armitage, C. K. McPherson,
B. C. Rowe, Journal of the Royal Statistical Society A 132, 1969, 235-244). A run that may stop therefore
looks only a few times, at numbers of blocks fixed beforehand, and divides its 5 % among the looks
(Bonferroni). At whichever look it stops, the interval covers the truth in at least 95 % of runs.
"""

from __future__ import annotations

from lmkd_core.statistics.shares import CONFIDENCE

FIRST_LOOK = 8
"""Fewest blocks at which the sign test has an interval for up to six looks."""


def looks(blocks: int) -> tuple[int, ...]:
    """Returns the looks of a run of at most ``blocks`` blocks: each after half as many more, and the end."""
    early_looks, next_look = [], FIRST_LOOK
    while next_look < blocks:
        early_looks.append(next_look)
        next_look += next_look // 2
    return (*early_looks, blocks)


def look_confidence(blocks: int) -> float:
    """Returns the confidence of the interval at each look that gives 95 % over all of them."""
    return 1 - (1 - CONFIDENCE) / len(looks(blocks))
