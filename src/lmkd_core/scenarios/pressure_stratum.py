"""The situations of pressure in which the arms are compared, and what is planned in each.

As with single kills: a block runs every arm once in random order, strata are never pooled, and everything
follows from the seed. All arms of a block get the same apps and the same demand.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field

from lmkd_core.records.plan import arm_order
from lmkd_core.records.plan import derived_seed
from lmkd_core.records.wire import PlannedEpisode
from lmkd_core.records.wire import Regime

SUITE = "pressure"


@dataclass(frozen=True, slots=True)
class PressureStratum:
    """``profile`` names the apps (profiles.py). The demand is a ``burst`` (as fast as it can), a ``ramp``
    over ``rise_ms`` or a ``saw`` of three teeth of ``rise_ms``, and is held for ``hold_ms``.

    Every ``stall_every``-th app is stalled from its kill for ``stall_ms`` (0: to the end of the episode) by
    ``stall`` (``holder``, ``starved``). Noise: ``readers`` threads over /proc, a ``process_madvise`` every
    ``compaction_ms`` (0: none), the first ``frozen`` of the cached apps frozen.
    """

    scenario: str
    title: str
    expectation: str
    regime: Regime
    profile: str = "12-cached"
    demand: str = "burst"
    rise_ms: int = 0
    hold_ms: int = 800
    stall: str = "none"
    stall_ms: int = 0
    stall_every: int = 3
    readers: int = 0
    compaction_ms: int = 0
    frozen: int = 0
    settings: Mapping[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.scenario}-{self.profile}"


def plan_pressure_block(
    stratum: PressureStratum,
    device: str,
    arms: Sequence[str],
    block: int,
    seed: int,
    *,
    warmup: bool = False,
) -> list[PlannedEpisode]:
    """The episodes of one block, in the order in which they are to run."""
    phase = ("warmup",) if warmup else ()
    stratum_seed = derived_seed(seed, device, SUITE, str(stratum), *phase)
    block_seed = derived_seed(stratum_seed, block)
    order = arm_order(arms, block, stratum_seed)
    return [
        PlannedEpisode(
            device=device,
            suite=SUITE,
            scenario=stratum.scenario,
            regime=stratum.regime,
            arm=arm,
            block=block,
            order=place,
            seed=block_seed,
            profile=stratum.profile,
            demand=stratum.demand,
            stall=stratum.stall,
            stall_ms=stratum.stall_ms,
            warmup=warmup,
        )
        for place, arm in enumerate(order)
    ]
