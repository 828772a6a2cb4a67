"""The rules of a run: its blocks and seed, when a stratum may end early, which checks are waived."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Rules:
    """``warmup_blocks`` run before ``blocks``; they are stored, but not counted.

    With ``warmup_after_boot`` one such block precedes the first block after each boot of the device.

    With ``precision_pct`` a stratum ends once every ratio to the baseline is known to that many percent.
    ``suppressed`` names the validity checks that exclude nothing. With ``unstalled_episodes`` the blocks of a
    stalled stratum have an episode without the stall. The blocks are spread over ``boots`` boots of the
    device, and ``warmup_blocks`` run in each of them. Boots and blocks are counted from 0. ``arms`` are those
    of the run that are measured; empty: all.
    """

    blocks: int
    seed: int
    warmup_blocks: int = 0
    precision_pct: int | None = None
    suppressed: tuple[str, ...] = ()
    unstalled_episodes: bool = False
    warmup_after_boot: bool = False
    boots: int = 1
    arms: tuple[str, ...] = ()

    def arms_of(self, available: Sequence[str]) -> Sequence[str]:
        """Those of the ``available`` arms that are measured, in their order."""
        return [arm for arm in available if not self.arms or arm in self.arms]

    def boot_of(self, block: int) -> int:
        """The boot in which the block runs: as evenly as possible, and in order."""
        return block * self.boots // self.blocks

    def blocks_of(self, boot: int) -> range:
        """The blocks that run in the boot."""
        first, end = (-(-number * self.blocks // self.boots) for number in (boot, boot + 1))
        return range(first, end)

    def warmups_of(self, boot: int) -> range:
        """The warm-up blocks that run in the boot, which have numbers of their own."""
        return range(boot * self.warmup_blocks, (boot + 1) * self.warmup_blocks)


@dataclass(frozen=True, slots=True)
class RunRules:
    """The rules for single kills, and those for episodes, which take longer and never end early."""

    trials: Rules
    episodes: Rules

    def of(self, kind: Literal["trials", "episodes"]) -> Rules:
        return self.trials if kind == "trials" else self.episodes
