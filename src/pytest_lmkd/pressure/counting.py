"""Counts an episode's kills: how many were needed, which were extra, which were premature.

``kills_extra`` is the claim that the product tests: apps that died only because memory came late. It is
computed from the record alone, and can be computed again from it. docs/method.md has a worked example.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from lmkd_core.records.episode import EpisodePoint
from lmkd_core.records.episode import PrematureClass
from pytest_lmkd.devices.messages import AgentKill


def needed_kb(curve: Sequence[EpisodePoint], threshold_kb: int, duration_ns: int) -> int:
    """What kills had to bring, had it come at once: the largest lack of free memory without what came.

    ``curve`` holds ``returned_kb``, which killed victims had given back by then: without it free memory would
    have been ``free_kb - returned_kb``. Never below 0. Points after ``duration_ns`` are not of the demand.
    """
    lacks = (
        threshold_kb - (free_kb - returned_kb)
        for at_us, free_kb, returned_kb, _ in curve
        if at_us * 1000 <= duration_ns
    )
    return max(0, max(lacks, default=0))


def kills_needed(charges_kb: Sequence[int], needed: int) -> int:
    """The fewest of the kills, in their order, whose charges add up to ``needed`` kB.

    At least 1 when any kill was made (it had a reason, if not this one), at most all of them.
    """
    for count, brought_kb in enumerate(accumulate(charges_kb), start=1):
        if brought_kb >= needed:
            return count
    return len(charges_kb)


def premature_class(kill: AgentKill) -> PrematureClass:
    """Of a kill decided while earlier victims held as much as free memory lacked: by what; "": it was not.

    ``Z``: by zombies, ``D``: by those that lmkd had stopped waiting for, ``in-flight``: by those still
    exiting; the one that held most. A premature kill may be needed a moment later: it is a sign, no count.
    """
    held: dict[PrematureClass, int] = {
        "Z": kill.condemned_zombie_kb,
        "D": kill.condemned_late_kb,
        "in-flight": kill.condemned_exiting_kb,
    }
    condemned_kb = sum(held.values())
    if condemned_kb <= 0 or condemned_kb < kill.shortfall_kb:
        return ""
    return max(held, key=lambda name: held[name])
