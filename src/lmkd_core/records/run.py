"""``run.json``: the run as a whole."""

from __future__ import annotations

import msgspec

from lmkd_core.records.schema import SCHEMA

DEFAULT_EQUIVALENT_PCT = 10.0
"""Half of the smallest difference that a run of twenty blocks can find."""


class RunInfo(msgspec.Struct, frozen=True, tag="run", kw_only=True):
    """``run.json``: who ran what, with which versions, on which host.

    ``warmup_blocks`` precede ``blocks`` in every stratum. At ``precision_pct`` a stratum may stop early.
    Arms whose times differ by less than ``equivalent_pct`` percent are called equivalent.
    ``suppressed`` names the validity checks that excluded nothing.
    """

    schema: int = SCHEMA
    run_id: str
    started_utc: str
    command: str
    seed: int
    arms: tuple[str, ...]
    blocks: int
    pressure_blocks: int = 0
    warmup_blocks: int = 0
    precision_pct: int | None = None
    equivalent_pct: float = DEFAULT_EQUIVALENT_PCT
    suppressed: tuple[str, ...] = ()
    devices: tuple[str, ...]
    versions: dict[str, str]
    host: dict[str, str]
