"""Tells which kills of an episode were premature: decided while earlier victims held enough memory."""

from __future__ import annotations

from lmkd_core.records.episode import PrematureClass
from pytest_lmkd.devices.messages import AgentKill


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
