"""Early stopping: the looks at which a run may stop because its intervals are narrow.

Stopping as soon as a difference looks clear would claim too many (P. Armitage, C. K. McPherson, B. C. Rowe,
Journal of the Royal Statistical Society A 132, 1969, 235-244). Stopping as soon as an interval is narrow does
not, because its width says nothing about its place (Y. S. Chow and H. Robbins, Annals of Mathematical
Statistics 36, 1965, 457-462). So every look uses the plain 95 % interval: tests/reports/test_sequential.py
checks that it covers the truth at the stop, and that equal arms are seldom called different there.
"""

from __future__ import annotations

FIRST_LOOK = 8
"""Fewer blocks say little about the width: the interval of 6 is their whole range."""


def looks(blocks: int) -> tuple[int, ...]:
    """Returns the looks of a run of at most ``blocks`` blocks: each after half as many more, and the end."""
    early_looks, next_look = [], FIRST_LOOK
    while next_look < blocks:
        early_looks.append(next_look)
        next_look += next_look // 2
    return (*early_looks, blocks)
