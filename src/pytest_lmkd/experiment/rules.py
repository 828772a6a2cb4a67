"""The rules of a run: its blocks and seed, when a stratum may end early, which checks are waived."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rules:
    """``warmup_blocks`` run before ``blocks``; they are stored, but not counted.

    With ``warmup_after_boot`` one such block precedes the first block after each boot of the device.

    With ``precision_pct`` a stratum ends once every ratio to the baseline is known to that many percent.
    ``suppressed`` names the validity checks that exclude nothing.
    """

    blocks: int
    seed: int
    warmup_blocks: int = 0
    precision_pct: int | None = None
    suppressed: tuple[str, ...] = ()
    warmup_after_boot: bool = False


@dataclass(frozen=True, slots=True)
class RunRules:
    """The rules for single kills, and those for episodes, which take longer and never end early."""

    trials: Rules
    episodes: Rules
