"""Counts an episode's kills: the needed ones, the extra ones and the premature ones.

``kills_extra`` is the number under test: apps that died only because memory came late. It follows from the
record alone, so it can be recomputed. docs/method.md has a worked example.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from lmkd_core.records.episode import EpisodePoint
from lmkd_core.records.episode import PrematureClass
from pytest_lmkd.devices.messages import AgentKill


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


def premature_class(kill: AgentKill) -> PrematureClass:
    """The earlier victims with most memory if they held at least the shortfall at the decision, else "".

    ``Z``: zombies; ``D``: victims that lmkd no longer waited for; ``in-flight``: victims still exiting. A
    premature kill may be needed a moment later: it is a sign, not a count.
    """
    held_kb: dict[PrematureClass, int] = {
        "Z": kill.condemned_zombie_kb,
        "D": kill.condemned_late_kb,
        "in-flight": kill.condemned_exiting_kb,
    }
    condemned_kb = sum(held_kb.values())
    if condemned_kb <= 0 or condemned_kb < kill.shortfall_kb:
        return ""
    return max(held_kb, key=lambda name: held_kb[name])
