"""``run.json``: the run as a whole."""

from __future__ import annotations

import msgspec

from lmkd_core.records.schema import SCHEMA


class RunInfo(msgspec.Struct, frozen=True, tag="run", kw_only=True):
    """``run.json``: who ran what, with which versions, on which host.

    ``warmup_blocks`` precede ``blocks`` in every stratum. With ``warmup_after_boot``, one warm-up block
    precedes the first trial that counts after each boot of a device. At ``precision_pct`` a stratum may stop
    early. ``suppressed`` names the validity checks that excluded nothing.
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
    warmup_after_boot: bool = False
    precision_pct: int | None = None
    suppressed: tuple[str, ...] = ()
    devices: tuple[str, ...]
    versions: dict[str, str]
    host: dict[str, str]
