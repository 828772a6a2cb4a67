"""The replay of an episode's kills: how many would have been needed if all memory had come back at once.

It follows from the record alone, so it can be recomputed; docs/method.md has a worked example. It is no
measurement of what would have happened: the replay keeps the reclaim that late memory caused.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from lmkd_core.records.episode import EpisodePoint
from lmkd_core.records.episode import EpisodeRecord


def needed_kb(curve: Sequence[EpisodePoint], threshold_kb: int, duration_ns: int) -> int:
    """The largest lack of free memory below ``threshold_kb``, not counting memory returned by victims; >= 0.

    Without the victims' ``returned_kb`` of ``curve``, free memory would have been ``free_kb - returned_kb``.
    Points after ``duration_ns`` do not belong to the demand.
    """
    lacks_kb = (
        threshold_kb - (free_kb - returned_kb)
        for at_us, free_kb, returned_kb, _ in curve
        if at_us * 1000 <= duration_ns
    )
    return max(0, max(lacks_kb, default=0))


def kills_needed(charges_kb: Sequence[int], needed: int) -> int:
    """The fewest kills, in their order, whose charges add up to ``needed`` kB.

    At least 1 if there was any kill (it had some reason), at most all.
    """
    for count, returned_kb in enumerate(accumulate(charges_kb), start=1):
        if returned_kb >= needed:
            return count
    return len(charges_kb)


def least_extra(episode: EpisodeRecord, page_kb: int | None) -> int:
    """The lower end of the replay's range of extra kills; ``kills_extra`` is its upper end.

    Here kills had to bring the memory that was swapped out, too: with memory back at once, none of it might
    have been. An unknown amount leaves no kill that was surely extra.
    """
    if page_kb is None or episode.swapped_out_pages is None:
        return 0
    swapped_out_kb = episode.swapped_out_pages * page_kb
    return len(episode.kills) - kills_needed(_charges_kb(episode), episode.needed_kb + swapped_out_kb)


def excess_kb(episode: EpisodeRecord) -> int:
    """The memory of all victims at their kills beyond ``needed_kb``; negative if kills brought less."""
    return sum(_charges_kb(episode)) - episode.needed_kb


def _charges_kb(episode: EpisodeRecord) -> list[int]:
    return [kill.charged_kb for kill in episode.kills]
