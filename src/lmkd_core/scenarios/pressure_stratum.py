"""The situations of pressure in which the arms are compared.

As with single kills: a block runs every arm once in random order, strata are never pooled, and everything
follows from the seed. All arms of a block get the same apps and the same demand.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from lmkd_core.records.stratum import EpisodeStratum

SUITE = "pressure"


class PressureStratum(EpisodeStratum, frozen=True, kw_only=True):
    """An ``EpisodeStratum`` and its recipe. ``profile`` is a name in ``pytest_lmkd.pressure.profiles``.

    The demand is a ``burst`` (as fast as it can), a ``ramp`` over ``rise_ms`` or a ``saw`` of three teeth of
    ``rise_ms``, and is held for ``hold_ms``. Every ``stall_every``-th app is stalled by ``stall``
    (``holder``, ``starved``). Noise: ``readers`` threads over /proc, a ``process_madvise`` every
    ``compaction_ms`` (0: none), the first ``frozen`` of the cached apps frozen.
    """

    suite: str = SUITE
    profile: str = "12-cached"
    demand: str = "burst"
    stall: str = "none"
    stall_ms: int = 0
    title: str
    expectation: str
    rise_ms: int = 0
    hold_ms: int = 800
    stall_every: int = 3
    readers: int = 0
    compaction_ms: int = 0
    frozen: int = 0
    settings: Mapping[str, int] = msgspec.field(default_factory=dict)
