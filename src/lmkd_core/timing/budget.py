"""Chooses blocks and boots that fit into a time (``--lmkd-budget``).

A claim needs six blocks, and one about the device and not just its present boot, six boots (docs/method.md).
So boots come first, as many as usual; then blocks, as many as fit.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from dataclasses import replace

from lmkd_core.statistics.paired import MIN_BLOCKS
from lmkd_core.timing.size import MOST_BLOCKS
from lmkd_core.timing.size import Given
from lmkd_core.timing.size import Size

TotalTime = Callable[[Size], float]
"""The expected seconds of a run of that size."""


def fit(budget_s: float, total_s: TotalTime, usual_boots: int, given: Given) -> Size | None:
    """The largest run that fits; None if not even a block of every stratum does.

    ``usual_boots``: those of a run without a budget, 1 where the device is not restarted.
    """
    for size in _least_sizes(usual_boots, given):
        if total_s(size) <= budget_s:
            return _grown(size, budget_s, total_s, given)
    return None


def least(given: Given) -> Size:
    """The smallest run: as many blocks as boots, one if none were named."""
    boots = given.boots or 1
    return given.filled(boots, boots, boots)


def _least_sizes(usual_boots: int, given: Given) -> Iterator[Size]:
    """The smallest runs of each number of boots, the most wanted first.

    With fewer than six boots there is one: restarts cost time, and gain no claim. A run of one boot has six
    blocks if it can, else at least its single kills have.
    """
    most = min(n for n in (usual_boots, given.blocks, given.pressure_blocks) if n is not None)
    boots = [given.boots] if given.boots else [*range(most, MIN_BLOCKS - 1, -1), 1]
    for count in boots:
        enough = max(count, MIN_BLOCKS)
        for blocks, pressure_blocks in ((enough, enough), (enough, count), (count, count)):
            yield given.filled(blocks, pressure_blocks, count)


def _grown(size: Size, budget_s: float, total_s: TotalTime, given: Given) -> Size:
    """``size`` with as many more blocks as fit: of both kinds alike, then of the cheaper one."""

    def fits(candidate: Size) -> bool:
        return given.holds(candidate) and total_s(candidate) <= budget_s

    def alike(blocks: int) -> Size:
        return given.filled(max(blocks, size.blocks), max(blocks, size.pressure_blocks), size.boots)

    size = alike(_most(min(size.blocks, size.pressure_blocks), lambda n: fits(alike(n))))
    blocks = _most(size.blocks, lambda n: fits(replace(size, blocks=n)))
    size = replace(size, blocks=blocks)
    pressure_blocks = _most(size.pressure_blocks, lambda n: fits(replace(size, pressure_blocks=n)))
    return replace(size, pressure_blocks=pressure_blocks)


def _most(least_number: int, fits: Callable[[int], bool]) -> int:
    """The largest number up to ``MOST_BLOCKS`` that fits, with all below it; ``least_number`` does."""
    low, high = least_number, MOST_BLOCKS
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low
