"""The rules of a run: its blocks and seed, when a stratum may end early, which checks are waived."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rules:
    """``warmup_blocks`` run before ``blocks``; they are stored, but not counted.

    With ``precision_pct`` a stratum ends once every ratio to the baseline is known to that many percent.
    ``suppressed`` names the validity checks that exclude nothing. With ``unstalled_episodes`` the blocks of a
    stalled stratum have an episode without the stall.
    """

    blocks: int
    seed: int
    warmup_blocks: int = 0
    precision_pct: int | None = None
    suppressed: tuple[str, ...] = ()
    unstalled_episodes: bool = False


@dataclass(frozen=True, slots=True)
class RunRules:
    """The rules for single kills, and those for episodes, which take longer and never end early."""

    trials: Rules
    episodes: Rules
