"""How a run is conducted: its blocks and its seed, when a stratum may end early, which checks are waived."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rules:
    """``warmup_blocks`` are run before ``blocks``, and kept, but not counted.

    With ``precision_pct`` a stratum ends once every ratio to the baseline is known to that many percent.
    ``suppressed`` are the validity checks by which nothing is left out.
    """

    blocks: int
    seed: int
    warmup_blocks: int = 0
    precision_pct: int | None = None
    suppressed: tuple[str, ...] = ()
