"""Times over all deaths for want of memory: kill to death, by size, and from a death to the next kill."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from lmkd_core.logs.clocks import unrolled
from lmkd_core.logs.deaths import KNOWN
from lmkd_core.logs.deaths import Death
from lmkd_core.logs.dying import Dying
from lmkd_core.logs.dying import dying_of
from lmkd_core.logs.joins import archive_of
from lmkd_core.logs.victims import for_memory
from lmkd_core.statistics.bounds import quantile
from lmkd_core.statistics.shares import trials_for
from lmkd_core.statistics.shares import trials_for_median

MEDIAN = 0.5
KB_PER_MB = 1024
CLASSES_KB = {
    "rss_kb": (0, 64 * KB_PER_MB, 256 * KB_PER_MB, 1024 * KB_PER_MB),
    "swap_kb": (0, 1, 64 * KB_PER_MB, 256 * KB_PER_MB),
}
"""The lower ends of the size classes; a victim without swap is in one of its own."""


@dataclass(frozen=True, slots=True)
class TimedDeath:
    """A death for want of memory; ``dying`` is None if no kill is dated to the millisecond."""

    death: Death
    dying: Dying | None

    @property
    def to_death_ms(self) -> int | None:
        return self.dying.to_death_ms if self.dying else None


@dataclass(frozen=True, slots=True)
class Times:
    """Times in ms, the shortest first; ``untimed`` deaths have none."""

    values_ms: tuple[int, ...]
    untimed: int = 0

    def quantile(self, share: float) -> float | None:
        """Returns the quantile, or None if too few times for it (``fewest_for``)."""
        if len(self.values_ms) < fewest_for(share):
            return None
        return quantile(np.array(self.values_ms, dtype=np.float64), share)


@dataclass(frozen=True, slots=True)
class SizeClass:
    """The times to death of victims with ``low_kb`` to below ``high_kb`` of resident memory or swap."""

    low_kb: int
    high_kb: float
    times: Times


@dataclass(frozen=True, slots=True)
class Gap:
    """The time from a death to the next kill; below 0 if that was made before the death was logged."""

    death: Death
    gap_ms: int


def fewest_for(share: float) -> int:
    """Returns the fewest times for a quantile: 6 for the median, 29 for 90 %, 299 for 99 %."""
    return trials_for_median() if share == MEDIAN else trials_for(share)


def timed_deaths(deaths: Iterable[Death]) -> list[TimedDeath]:
    return [TimedDeath(death, dying_of(death.records)) for death in for_memory(deaths)]


def kill_to_death(timed: Iterable[TimedDeath]) -> Times:
    """Returns the times from the kill to the first notice of the death."""
    return _times([death.to_death_ms for death in timed])


def kill_to_end(timed: Iterable[TimedDeath], kind: str) -> Times:
    """Returns the times from the kill to one kind of end (``dying.ENDS``)."""
    return _times([death.dying.to_end_ms.get(kind) if death.dying else None for death in timed])


def reaping(timed: Iterable[TimedDeath]) -> Times:
    """Returns how long process_mrelease took by lmkd's own clock, whose step is a tick of the kernel's."""
    values = [death.death.known("reaped_ms") for death in timed]
    return _times([value if isinstance(value, int) else None for value in values])


def by_size(timed: Iterable[TimedDeath], size: str) -> list[SizeClass]:
    """Returns the times to death by class of ``rss_kb`` or ``swap_kb``, without empty classes."""
    lows = CLASSES_KB[size]
    classes: dict[int, list[int | None]] = defaultdict(list)
    for death in timed:
        size_kb = death.death.known(*KNOWN[size])
        if isinstance(size_kb, int) and size_kb >= 0:
            classes[bisect_right(lows, size_kb) - 1].append(death.to_death_ms)
    highs = (*lows[1:], math.inf)
    return [SizeClass(lows[place], highs[place], _times(times)) for place, times in sorted(classes.items())]


def gaps(timed: Iterable[TimedDeath]) -> list[Gap]:
    """Returns the time from each death to the next kill on its clock, where death and kill have a time."""
    by_clock: dict[tuple[str, str], list[TimedDeath]] = defaultdict(list)
    for death in timed:
        if death.dying:
            by_clock[archive_of(death.death.first), death.dying.clock].append(death)
    return [gap for (_, clock), group in sorted(by_clock.items()) for gap in _gaps(group, clock)]


def _gaps(group: Sequence[TimedDeath], clock: str) -> list[Gap]:
    kills_ms = unrolled([death.dying.kill_ms if death.dying else 0 for death in group], clock)
    ordered = sorted(zip(kills_ms, group, strict=True), key=lambda pair: pair[0])
    return [
        Gap(death.death, next_ms - kill_ms - to_death_ms)
        for (kill_ms, death), (next_ms, _) in pairwise(ordered)
        if (to_death_ms := death.to_death_ms) is not None
    ]


def _times(values_ms: Sequence[int | None]) -> Times:
    known = sorted(value for value in values_ms if value is not None)
    return Times(tuple(known), len(values_ms) - len(known))
